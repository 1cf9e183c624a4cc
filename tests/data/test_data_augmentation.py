"""Changed copies: what they are made of, and what they leave alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.stats

from nnviz.data.augmentation import changed_copies
from nnviz.data.dataset import Dataset, Part, SplitData
from nnviz.data.settings import DataSettings
from nnviz.data.source import Source
from nnviz.data.split import prepare, split, split_indices
from nnviz.engines.choose import make_engine
from nnviz.experiment import Experiment, bundled, bundled_names
from nnviz.settings import decode, fields

rng = np.random.default_rng(3)

DIGITS = decode(Source, {"kind": "digits", "samples": 200})


def classes(n: int = 200, d: int = 3) -> Dataset:
    features = rng.normal(3.0, [1.0, 10.0, 100.0][:d], (n, d))
    return Dataset(features, np.arange(n) % 2, "classification", tuple("abc"[:d]), "class", ("A", "B"))


def same(a: Part, b: Part) -> None:
    np.testing.assert_array_equal(a.x, b.x)
    np.testing.assert_array_equal(a.targets, b.targets)
    np.testing.assert_array_equal(a.noisy, b.noisy)


def sets_of(data: SplitData) -> Any:
    """Return the training part as (1 + copies, n, d): the samples themselves first."""
    return data.train.x.reshape(1 + data.copies, -1, data.n_features)


@pytest.mark.parametrize("name", bundled_names())
def test_they_leave_everything_else_alone(name: str) -> None:
    settings = bundled(name).data.replace(label_noise=0.2, validation_share=0.1, copies=0)
    plain, joined = prepare(settings), prepare(settings.replace(copies=2))
    same(plain.test, joined.test)
    same(plain.validation, joined.validation)
    same(plain.train, plain.real_train)
    same(plain.train, joined.real_train)
    np.testing.assert_array_equal(plain.scaling.shift, joined.scaling.shift)
    np.testing.assert_array_equal(plain.scaling.scale, joined.scaling.scale)
    assert len(joined.train) == 3 * len(plain.train)
    assert [len(part) for part in joined.real_parts().values()] == [len(part) for part in plain.parts().values()]
    for array in (joined.train.x, joined.train.targets, joined.train.noisy):
        assert not array.flags.writeable
    assert joined.train.x.dtype == np.float32
    assert joined.train.targets.dtype == plain.train.targets.dtype


def test_without_copies_jitter_and_shift_mean_nothing() -> None:
    settings = DataSettings(source=DIGITS)
    same(prepare(settings).train, prepare(settings.replace(jitter=2.0, shift=5)).train)


def test_a_copy_carries_the_label_of_its_sample_be_it_wrong() -> None:
    data = split(classes(), DataSettings(label_noise=0.3, copies=3))
    targets, noisy = data.train.targets.reshape(4, -1), data.train.noisy.reshape(4, -1)
    assert noisy[0].sum() == round(0.3 * noisy.shape[1])
    for copy in range(1, 4):
        np.testing.assert_array_equal(targets[copy], targets[0])
        np.testing.assert_array_equal(noisy[copy], noisy[0])


def test_noise_is_normal_and_measured_by_the_deviation_of_each_feature() -> None:
    data = classes(4_000)
    made = split(data, DataSettings(copies=5, jitter=0.25))
    real = sets_of(made)[0].astype(np.float64)
    noise = (sets_of(made)[1:] - real) / real.std(axis=0)
    for feature in range(3):
        assert scipy.stats.kstest(noise[..., feature].ravel(), "norm", (0.0, 0.25)).pvalue > 0.001
    flat = noise.reshape(-1, 3)
    correlations = [np.corrcoef(flat.T)[np.triu_indices(3, 1)], np.corrcoef(noise[..., 0])[np.triu_indices(5, 1)]]
    assert np.abs(np.concatenate(correlations)).max() < 0.08, "features and copies have noise of their own"
    neighbours = np.corrcoef(noise[0, :-1, 0], noise[0, 1:, 0])[0, 1]
    assert abs(neighbours) < 0.08, "so have samples"


def test_the_deviation_is_that_of_the_training_part() -> None:
    data = classes(60)
    settings = DataSettings(copies=1)
    distant = replace(data, features=data.features.copy())
    distant.features[split_indices(data, settings)[2]] *= 1_000.0
    same(split(data, settings).train, split(distant, settings).train)


def test_a_constant_feature_stays_constant() -> None:
    data = classes()
    data.features[:, 1] = 4.0
    assert (split(data, DataSettings(copies=2, jitter=1.0)).train.x[:, 1] == 4.0).all()


def test_standardized_copies_use_the_scaling_of_the_samples() -> None:
    data = classes(2_000)
    joined = split(data, DataSettings(copies=4, jitter=0.5, standardize=True))
    real = sets_of(joined)[0]
    np.testing.assert_allclose(real.std(axis=0), 1.0, atol=1e-5)
    np.testing.assert_allclose((sets_of(joined)[1:] - real).std(axis=(0, 1)), 0.5, atol=0.02)


# ---------------------------------------------------------------- random numbers of their own


def test_the_seed_of_the_data_decides() -> None:
    data = classes()
    first, again, other = (
        changed_copies(data.features, np.arange(200), DataSettings(seed=seed, copies=1), None) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


def test_more_copies_leave_the_first_ones_as_they_are() -> None:
    data = classes()
    few, many = (sets_of(split(data, DataSettings(copies=copies))) for copies in (2, 5))
    np.testing.assert_array_equal(few, many[:3])
    assert len({each.tobytes() for each in many}) == 6


def test_a_sample_keeps_the_noise_of_its_copies_while_others_come_and_go() -> None:
    """Also in the drawing under the pen, where identities tell samples apart."""
    settings = DataSettings(copies=2, jitter=0.3, train_share=0.5)
    identities = np.arange(200, dtype=np.uint32)
    before = replace(classes(), identities=identities)
    after = replace(before, features=before.features[30:], targets=before.targets[30:], identities=identities[30:])

    def noise(data: Dataset) -> Any:
        made = split(data, settings)
        return (sets_of(made)[1:] - sets_of(made)[0]) / sets_of(made)[0].std(axis=0)

    stayed = noise(after).shape[1]
    np.testing.assert_allclose(noise(before)[:, -stayed:], noise(after), atol=1e-4)


def test_a_larger_training_part_keeps_the_noise_of_the_smaller_one() -> None:
    data = classes()
    small, large = (DataSettings(copies=1, train_share=share) for share in (0.3, 0.6))
    noise = []
    for settings in (small, large):
        made = split(data, settings)
        noise.append((sets_of(made)[1] - sets_of(made)[0]) / sets_of(made)[0].std(axis=0))
    rows = np.searchsorted(split_indices(data, large)[0], split_indices(data, small)[0])
    np.testing.assert_allclose(noise[1][rows], noise[0], atol=1e-4)


# ---------------------------------------------------------------- pictures


def pictures(**settings: Any) -> Any:
    made = prepare(DataSettings(source=DIGITS, train_share=0.8, **settings))
    return sets_of(made).reshape(1 + made.copies, -1, 8, 8)


def moved(picture: Any, down: int, right: int) -> Any:
    """Return a picture moved pixel by pixel, with zeros in the gap."""
    result = np.zeros_like(picture)
    for i in range(8):
        for j in range(8):
            if 0 <= i - down < 8 and 0 <= j - right < 8:
                result[i, j] = picture[i - down, j - right]
    return result


@pytest.mark.parametrize("most", [1, 2])
def test_pictures_are_shifted_by_whole_pixels_both_ways(most: int) -> None:
    real, *copies = pictures(copies=3, jitter=0.0, shift=most)
    steps = range(-most, most + 1)
    seen = []
    for copy in copies:
        for before, after in zip(real, copy, strict=True):
            found = [(i, j) for i in steps for j in steps if np.array_equal(moved(before, i, j), after)]
            assert found
            seen.append(found[0])
    counts = np.array([seen.count((i, j)) for i in steps for j in steps])
    assert scipy.stats.chisquare(counts).pvalue > 0.001, "every shift is as likely as any other"


def test_without_shift_pictures_stay_where_they_are() -> None:
    real, copy = pictures(copies=1, jitter=0.0, shift=0)
    np.testing.assert_array_equal(real, copy)


def test_pixels_share_one_deviation() -> None:
    real, *copies = pictures(copies=10, jitter=0.2, shift=0)
    assert (real[:, 4, 0] == real[0, 4, 0]).all(), "a pixel that is always the same has noise too"
    deviations = (np.stack(copies) - real).std(axis=(0, 1))
    np.testing.assert_allclose(deviations, 0.2 * real.std(), rtol=0.1)


def test_channels_of_a_picture_move_together() -> None:
    x = rng.integers(1, 9, (50, 2 * 5 * 4)).astype(np.float64)
    x[:, 20:] = 2 * x[:, :20]
    copies = changed_copies(x, np.arange(50), DataSettings(copies=2, jitter=0.0, shift=2), (2, 5, 4))
    np.testing.assert_array_equal(copies[:, 20:], 2 * copies[:, :20])
    assert (copies[:50] != x).any()


def test_a_shift_beyond_the_picture_leaves_it_empty() -> None:
    copies = changed_copies(np.ones((400, 9)), np.arange(400), DataSettings(copies=1, jitter=0.0, shift=16), (1, 3, 3))
    assert set(np.unique(copies)) == {0.0, 1.0}
    assert (copies.sum(axis=1) == 0).any()


@pytest.mark.parametrize("name", ["compiled", "torch"])
def test_they_apply_to_a_run_that_is_going_on(name: str) -> None:
    live = {field.name: field.live for field in fields(DataSettings)}
    assert live["copies"]
    assert live["jitter"]
    assert live["shift"]
    experiment = Experiment().with_settings([f"training.engine={name}", "training.batch_size=25"])
    plain, joined = prepare(experiment.data), prepare(experiment.data.replace(copies=3))
    engine = make_engine(experiment.network, experiment.training, plain, 0)
    assert engine.name == name
    for data, steps in ((plain, 10), (joined, 40), (plain, 10)):
        engine.set_data(data)
        before = engine.step
        engine.train_epochs(2)
        assert engine.step - before == 2 * steps
