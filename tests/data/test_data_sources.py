"""Every source that needs no file: the same seed gives the same samples, and they are what they claim to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnviz.data.bundled import from_sklearn
from nnviz.data.bundled.diabetes import Diabetes
from nnviz.data.bundled.digits import Digits
from nnviz.data.bundled.iris import Iris
from nnviz.data.dataset import DataError, Dataset
from nnviz.data.drawings.drawing import Drawing
from nnviz.data.generators.blobs import Blobs
from nnviz.data.generators.checkerboard import Checkerboard
from nnviz.data.generators.circles import Circles
from nnviz.data.generators.moons import Moons
from nnviz.data.generators.multi_gaussian import CENTRES, HEIGHTS, MultiGaussian
from nnviz.data.generators.noisy_sine import NoisySine
from nnviz.data.generators.plane import TiltedPlane
from nnviz.data.generators.spirals import Spirals
from nnviz.data.generators.xor import Xor
from nnviz.data.readers.table import Table
from nnviz.data.settings import DataSettings
from nnviz.data.source import Source
from nnviz.data.split import prepare
from nnviz.settings import decode, encode, fields

ALL = list(Source.registry)
MADE = [cls for cls in ALL if cls.family == "generator"]
CARRIED = [cls for cls in ALL if cls.family == "bundled"]
READY = MADE + CARRIED


def same(a: Dataset, b: Dataset) -> bool:
    return a.features.tobytes() == b.features.tobytes() and a.targets.tobytes() == b.targets.tobytes()


def test_all_sources_are_found_in_their_families() -> None:
    assert {cls.__name__ for cls in MADE} == {
        "Circles", "Xor", "Spirals", "Moons", "Blobs", "Checkerboard", "TiltedPlane", "MultiGaussian", "NoisySine",
        "ModularAddition",
    }  # fmt: skip
    assert {cls.__name__ for cls in CARRIED} == {"Digits", "Iris", "Wine", "BreastCancer", "Diabetes"}
    assert {cls.family for cls in ALL} == {"generator", "bundled", "file", "drawing"}
    assert Table in ALL
    assert Drawing in ALL


@pytest.mark.parametrize("cls", ALL)
def test_describes_itself(cls: type[Source]) -> None:
    assert cls.title
    assert cls.help.endswith(".")
    assert all(field.title and field.help for field in fields(cls))  # type: ignore[type-var]


@pytest.mark.parametrize("cls", ALL)
def test_survives_encoding(cls: type[Source]) -> None:
    settings = DataSettings(source=cls())
    assert decode(DataSettings, encode(settings)) == settings


@pytest.mark.parametrize("cls", READY)
def test_samples_are_sound(cls: type[Source]) -> None:
    data = cls().load(0)
    assert data.features.ndim == 2
    assert data.features.shape == (data.n_samples, len(data.feature_names))
    assert len(data.targets) == data.n_samples
    assert np.issubdtype(data.features.dtype, np.floating)
    assert np.isfinite(data.features).all()
    assert np.isfinite(data.targets).all()
    assert len(set(data.feature_names)) == data.n_features
    if data.task == "classification":
        assert data.targets.dtype == np.int64
        assert set(np.unique(data.targets)) == set(range(data.n_classes))
        assert len(set(data.class_names)) == data.n_classes >= 2
    else:
        assert data.class_names == ()
        assert np.issubdtype(data.targets.dtype, np.floating)
    if data.image_shape:
        assert np.prod(data.image_shape) == data.n_features


@pytest.mark.parametrize("cls", READY)
def test_same_seed_same_samples(cls: type[Source]) -> None:
    assert same(cls().load(3), cls().load(3))


@pytest.mark.parametrize("cls", MADE)
def test_other_seed_other_samples(cls: type[Source]) -> None:
    assert not same(cls().load(3), cls().load(4))


@pytest.mark.parametrize("cls", MADE)
@pytest.mark.parametrize("seed", range(3))
def test_generators_stay_in_the_frame_and_balance_classes(cls: type[Source], seed: int) -> None:
    data = cls().load(seed)
    assert np.abs(data.features).max() < 6.8
    assert np.mean(np.abs(data.features) > 6.0) < 0.01
    if data.task == "classification":
        counts = np.bincount(data.targets)
        assert counts.max() - counts.min() <= 1
    else:
        assert np.abs(data.targets).max() < 1.6
        assert data.targets.std() > 0.25


@pytest.mark.parametrize("cls", MADE)
@pytest.mark.parametrize("samples", [10, 11, 1_001])
def test_generators_make_as_many_as_asked(cls: type[Source], samples: int) -> None:
    assert cls().replace(samples=samples).load(0).n_samples == samples


@pytest.mark.parametrize("cls", READY)
def test_can_be_split(cls: type[Source]) -> None:
    data = prepare(DataSettings(source=cls(), standardize=True))
    assert len(data.train) > 0
    assert len(data.test) > 0


def test_noise_free_samples_follow_their_formulas() -> None:
    x, y = (d := Circles(noise=0.0).load(1)).features, d.targets
    radius = np.hypot(*x.T)
    assert (radius[y == 0] <= 2.5001).all()
    assert ((radius[y == 1] >= 3.4999) & (radius[y == 1] <= 5.0001)).all()
    x, y = (d := Xor(noise=0.0).load(1)).features, d.targets
    assert ((x[:, 0] * x[:, 1] < 0) == (y == 1)).all()
    x, y = (d := Checkerboard(noise=0.0, squares=3).load(1)).features, d.targets
    assert (np.floor((x + 5) * 0.3).sum(axis=1) % 2 == y).all()
    x, y = (d := TiltedPlane(noise=0.0, angle=30.0).load(1)).features, d.targets
    np.testing.assert_allclose(y, (x @ [np.cos(np.pi / 6), np.sin(np.pi / 6)]) / 6, atol=1e-6)
    x, y = (d := NoisySine(noise=0.0, periods=2.0).load(1)).features, d.targets
    np.testing.assert_allclose(y, 0.8 * np.sin(2 * np.pi * 2 * x[:, 0] / 12), atol=1e-5)
    x, y = (d := MultiGaussian(noise=0.0, width=1.0, samples=10).load(1)).features, d.targets
    expected = [sum(h * np.exp(-((p - c) ** 2).sum() / 2) for c, h in zip(CENTRES, HEIGHTS, strict=True)) for p in x]
    np.testing.assert_allclose(y, expected, atol=1e-6)


def test_moons_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import make_moons

    ours = Moons(noise=0.0, samples=200).load(0)
    theirs, label = make_moons(20_000)
    theirs = 3.0 * (theirs - [0.5, 0.25])
    for k in (0, 1):
        gaps = np.linalg.norm(ours.features[ours.targets == k][:, None] - theirs[label == k], axis=2).min(axis=1)
        assert gaps.max() < 1e-3


@pytest.mark.parametrize("arms", [2, 3, 5])
def test_spirals_are_turned_copies_of_one_arm(arms: int) -> None:
    data = Spirals(noise=0.0, arms=arms, turns=1.5).load(0)
    radius = np.hypot(*data.features.T)
    angle = np.arctan2(data.features[:, 0], data.features[:, 1]) / (2 * np.pi)
    along = (radius - 0.3) / 5.2
    off = (angle - 1.5 * along - data.targets / arms + 0.5) % 1.0 - 0.5
    assert np.abs(off).max() < 1e-5
    assert data.n_classes == arms


def test_blobs_have_the_means_and_deviation_that_they_claim() -> None:
    data = Blobs(samples=40_000, classes=4, noise=0.5).load(0)
    for k, angle in enumerate(np.pi / 2 + np.arange(4) * np.pi / 2):
        cloud = data.features[data.targets == k]
        np.testing.assert_allclose(cloud.mean(axis=0), [3.5 * np.cos(angle), 3.5 * np.sin(angle)], atol=0.03)
        np.testing.assert_allclose(cloud.std(axis=0), 0.5, atol=0.02)


def test_digits_are_shuffled_by_seed_and_limited() -> None:
    some, more = Digits(samples=200).load(1), Digits(samples=300).load(1)
    assert some.features.shape == (200, 64)
    assert some.image_shape == (1, 8, 8)
    assert some.features.max() == 1.0
    np.testing.assert_array_equal(some.features, more.features[:200])
    assert not same(some, Digits(samples=200).load(2))


def test_bundled_sets_carry_real_names_and_units() -> None:
    iris = Iris().load(0)
    assert iris.class_names == ("setosa", "versicolor", "virginica")
    assert iris.feature_names[0] == "sepal length (cm)"
    diabetes = Diabetes().load(0)
    assert diabetes.task == "regression"
    assert diabetes.features[:, 0].min() == 19  # years, not the scaled form
    assert (diabetes.targets.min(), diabetes.targets.max()) == (25, 346)


@pytest.mark.parametrize("name", ["breast_cancer", "diabetes", "digits", "iris", "wine"])
def test_bundled_samples_are_those_of_scikit_learn(name: str) -> None:
    from sklearn import datasets

    theirs = getattr(datasets, f"load_{name}")(**({"scaled": False} if name == "diabetes" else {}))
    ours = from_sklearn(name, "regression" if name == "diabetes" else "classification", "target")
    np.testing.assert_array_equal(ours.features, theirs.data)
    np.testing.assert_array_equal(ours.targets, theirs.target)
    assert ours.feature_names == tuple(str(each).replace("_", " ") for each in theirs.feature_names)
    assert ours.class_names == tuple(map(str, theirs.get("target_names", ())))


def test_missing_data_files_are_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("nnviz.resources.folder", lambda: tmp_path)
    with pytest.raises(DataError, match="'iris' is missing from this installation"):
        Iris().load(0)
