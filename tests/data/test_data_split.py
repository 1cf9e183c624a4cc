"""The split: nothing lost, nothing leaked, and nothing moves when it should stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.data.dataset import DataError, Dataset
from nnviz.data.settings import DataSettings
from nnviz.data.split import fit_scaling, prepare, split, split_indices, with_gaps_filled, with_label_noise

rng = np.random.default_rng(0)


def classes(n: int = 300, k: int = 3, d: int = 4) -> Dataset:
    features = rng.normal(3.0, 2.0, (n, d)) * np.arange(1, d + 1)
    names = tuple(f"f{i}" for i in range(d))
    return Dataset(features, np.arange(n) % k, "classification", names, "class", tuple("ABCDEFGH"[:k]))


def values(n: int = 300, d: int = 4) -> Dataset:
    features = rng.normal(size=(n, d))
    return Dataset(features, (100 + 7 * features[:, 0]).astype(np.float32), "regression", tuple("abcdefgh"[:d]), "y")


@given(
    n=st.integers(20, 400),
    k=st.integers(2, 6),
    train=st.floats(0.1, 0.8),
    validation=st.floats(0.0, 0.5),
    seed=st.integers(0, 2**31 - 1),
)
@settings(deadline=None, max_examples=60)
def test_parts_are_a_stratified_partition(n: int, k: int, train: float, validation: float, seed: int) -> None:
    data = classes(n, k)
    parts = split_indices(data, DataSettings(train_share=train, validation_share=validation, seed=seed))
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(n))
    shares = (train, min(train + validation, max(train, 0.99)) - train)
    for part, share in zip(parts, shares, strict=False):
        counts = np.bincount(data.targets[part], minlength=k)
        np.testing.assert_allclose(counts, share * np.bincount(data.targets, minlength=k), atol=1.0 + 1e-6)


def test_the_seed_decides_who_is_on_which_side() -> None:
    data = classes()
    first, again, other = (split_indices(data, DataSettings(seed=s))[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert len(np.intersect1d(first, other)) < len(first)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(DataError, match=r"leave 0 for training"):
        split(classes(3, 3), DataSettings(train_share=0.05))


def test_arrays_of_a_split_are_read_only() -> None:
    data = prepare(DataSettings())
    for part in data.parts().values():
        for array in (part.x, part.targets, part.noisy):
            assert not array.flags.writeable
        assert part.x.dtype == np.float32


# ---------------------------------------------------------------- label noise


@pytest.mark.parametrize("share", [0.0, 0.13, 0.2, 1.0])
def test_label_noise_is_exact_and_only_in_training(share: float) -> None:
    data = classes(1_000, 4)
    options = DataSettings(label_noise=share)
    train, _, test = split_indices(data, options)
    targets, noisy = with_label_noise(data, train, options)
    assert noisy.sum() == round(share * len(train))
    assert not noisy[test].any()
    np.testing.assert_array_equal(targets[test], data.targets[test])
    np.testing.assert_array_equal(targets != data.targets, noisy)


def test_a_noisy_label_is_any_other_class_alike() -> None:
    data = classes(30_000, 4)
    train = np.arange(data.n_samples)
    targets, _ = with_label_noise(data, train, DataSettings(label_noise=1.0))
    offsets = np.bincount((targets - data.targets) % 4, minlength=4)
    assert offsets[0] == 0
    np.testing.assert_allclose(offsets[1:] / len(train), 1 / 3, atol=0.015)


def test_regression_has_no_label_noise() -> None:
    data = split(values(), DataSettings(label_noise=0.5))
    assert not data.train.noisy.any()


# ---------------------------------------------------------------- scaling


def test_scaling_is_fitted_on_the_training_part_alone() -> None:
    from sklearn.preprocessing import StandardScaler

    data = classes()
    options = DataSettings(standardize=True, train_share=0.6)
    train, _, test = split_indices(data, options)
    scaler = StandardScaler().fit(data.features[train])
    parts = split(data, options)
    np.testing.assert_allclose(parts.train.x, scaler.transform(data.features[train]), atol=1e-5)
    np.testing.assert_allclose(parts.test.x, scaler.transform(data.features[test]), atol=1e-5)
    np.testing.assert_allclose(parts.scaling.unscaled(parts.test.x), data.features[test], rtol=1e-5, atol=1e-5)


def test_a_regression_target_is_scaled_and_comes_back() -> None:
    data = values()
    options = DataSettings(standardize=True)
    train = split_indices(data, options)[0]
    parts = split(data, options)
    assert abs(parts.train.targets.mean()) < 1e-5
    assert abs(parts.train.targets.std() - 1) < 1e-5
    assert parts.train.targets.dtype == np.float32
    np.testing.assert_allclose(parts.scaling.unscaled_target(parts.train.targets), data.targets[train], rtol=1e-5)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e6 / 3, -7.3e-8])
def test_constant_columns_are_only_shifted(constant: float) -> None:
    data = values(301)
    data.features[:, 2] = constant
    scaling = fit_scaling(replace(data, targets=np.full(301, constant)), np.full(301, constant), np.arange(301))
    assert scaling.scale[2] == 1.0
    assert scaling.target_scale == 1.0
    assert abs(scaling.scaled(data.features)[:, 2]).max() < 1e-6


def test_pixels_share_one_scale() -> None:
    data = replace(classes(d=4), image_shape=(1, 2, 2))
    scaling = fit_scaling(data, data.targets, np.arange(data.n_samples))
    assert len(set(scaling.scale)) == len(set(scaling.shift)) == 1


def test_without_standardize_numbers_stay() -> None:
    data = classes()
    train = split_indices(data, DataSettings())[0]
    np.testing.assert_array_equal(split(data, DataSettings()).train.x, data.features[train].astype(np.float32))


def test_features_of_unlike_size_are_pointed_out() -> None:
    data = classes()
    data.features[:, 0] *= 1e4
    assert any("Standardize" in note for note in split(data, DataSettings()).notes)
    assert split(data, DataSettings(standardize=True)).notes == ()


# ---------------------------------------------------------------- gaps


def test_gaps_are_filled_with_the_mean_of_the_training_part() -> None:
    from sklearn.impute import SimpleImputer

    data = classes()
    data.features[rng.random(data.features.shape) < 0.1] = np.nan
    train = split_indices(data, DataSettings())[0]
    filled = with_gaps_filled(data, train)
    imputer = SimpleImputer().fit(data.features[train])
    np.testing.assert_allclose(filled.features, imputer.transform(data.features))
    assert "filled with the mean of the feature in the training part" in filled.notes[-1]


def test_a_feature_unknown_in_training_becomes_zero() -> None:
    data = classes(20)
    data.features[:, 1] = np.nan
    assert (with_gaps_filled(data, np.arange(10)).features[:, 1] == 0).all()


def test_samples_without_gaps_pass_unchanged() -> None:
    data = classes()
    assert with_gaps_filled(data, np.arange(10)) is data


# ---------------------------------------------------------------- identities


def drawn(n: int, first: int = 0) -> Dataset:
    return replace(classes(n), identities=np.arange(first, first + n, dtype=np.uint32))


@given(n=st.integers(20, 300), extra=st.integers(1, 200), seed=st.integers(0, 2**31 - 1), erased=st.integers(0, 19))
@settings(deadline=None, max_examples=50)
def test_identified_samples_never_change_sides(n: int, extra: int, seed: int, erased: int) -> None:
    options = DataSettings(seed=seed, validation_share=0.2, label_noise=0.3)
    before, after = drawn(n), drawn(n - erased + extra, first=erased)
    assert before.identities is not None
    assert after.identities is not None
    parts = zip(split_indices(before, options), split_indices(after, options), strict=True)
    for old, new in parts:
        kept = before.identities[old]
        np.testing.assert_array_equal(kept[kept >= erased], (ids := after.identities[new])[ids < n])
    noisy = [
        set(data.identities[with_label_noise(data, split_indices(data, options)[0], options)[1]].tolist())
        for data in (before, after)
    ]
    shared = set(range(erased, n))
    assert noisy[0] & shared == noisy[1] & shared


def test_identities_split_by_share_and_noise_by_share() -> None:
    data = drawn(20_000)
    options = DataSettings(train_share=0.6, validation_share=0.1, label_noise=0.25)
    train, validation, test = split_indices(data, options)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, validation, test])), np.arange(20_000))
    np.testing.assert_allclose([len(train), len(validation), len(test)], [12_000, 2_000, 6_000], rtol=0.06)
    targets, noisy = with_label_noise(data, train, options)
    np.testing.assert_allclose(noisy.sum() / len(train), 0.25, atol=0.02)
    np.testing.assert_array_equal(targets != data.targets, noisy)
    assert not noisy[test].any()
