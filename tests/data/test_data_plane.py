"""The plane of the decision surface: a true cut through feature space, in true units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nnviz.data.bundled.digits import Digits
from nnviz.data.bundled.iris import Iris
from nnviz.data.dataset import SplitData
from nnviz.data.generators.noisy_sine import NoisySine
from nnviz.data.plane import make_plane
from nnviz.data.settings import DataSettings, PlaneSettings
from nnviz.data.split import prepare


@pytest.fixture(scope="module")
def iris() -> SplitData:
    return prepare(DataSettings(source=Iris(), standardize=True))


@pytest.mark.parametrize("source", [Iris(), Digits(samples=60), Digits(samples=400)])
def test_principal_plane_is_that_of_scikit_learn(source: Iris | Digits) -> None:
    from sklearn.decomposition import PCA

    data = prepare(DataSettings(source=source))
    plane = make_plane(PlaneSettings(mode="principal"), data)
    pca = PCA(2, svd_solver="full").fit(data.train.x.astype(np.float64))
    for ours, theirs in zip((plane.across, plane.up), pca.components_, strict=True):
        np.testing.assert_allclose(ours * np.sign(ours @ theirs), theirs, atol=1e-6)
        assert ours[np.abs(ours).argmax()] > 0
    for label, share in zip(plane.labels, pca.explained_variance_ratio_, strict=True):
        assert f"({share:.0%} of variance)" in label
    signs = np.sign([plane.across @ pca.components_[0], plane.up @ pca.components_[1]])
    np.testing.assert_allclose(plane.project(data.test.x) * signs, pca.transform(data.test.x), atol=1e-4)


def test_feature_plane_passes_through_the_mean_in_units_of_the_source(iris: SplitData) -> None:
    plane = make_plane(PlaneSettings(first=2, second=0), iris)
    assert plane.labels == ("petal length (cm)", "sepal length (cm)")
    original = iris.scaling.unscaled(iris.train.x)
    np.testing.assert_allclose(plane.project(iris.train.x), original[:, [2, 0]], atol=1e-5)
    grid = plane.grid(10)
    assert grid.shape == (100, 4)
    np.testing.assert_allclose(grid[:, [1, 3]], np.broadcast_to(iris.train.x.mean(axis=0)[[1, 3]], (100, 2)), atol=1e-6)


def test_bounds_hold_all_samples(iris: SplitData) -> None:
    for mode in ("features", "principal"):
        plane = make_plane(PlaneSettings(mode=mode), iris)  # type: ignore[arg-type]
        left, right, bottom, top = plane.display_bounds
        for part in (iris.train, iris.test):
            u, v = plane.project(part.x).T
            assert left < u.min() <= u.max() < right
            assert bottom < v.min() <= v.max() < top


def test_grid_points_are_cell_centres_from_the_bottom(iris: SplitData) -> None:
    plane = make_plane(PlaneSettings(), iris)
    left, right, bottom, top = plane.display_bounds
    u, v = plane.project(plane.grid(4)).T
    across = left + (right - left) * (np.arange(4) + 0.5) / 4
    up = bottom + (top - bottom) * (np.arange(4) + 0.5) / 4
    np.testing.assert_allclose(u, np.tile(across, 4), rtol=1e-4)
    np.testing.assert_allclose(v, np.repeat(up, 4), rtol=1e-4)


def test_line_runs_from_bound_to_bound() -> None:
    data = prepare(DataSettings(source=NoisySine()))
    plane = make_plane(PlaneSettings(), data)
    line = plane.line(50)
    assert line.shape == (50, 1)
    np.testing.assert_allclose([line[0, 0], line[-1, 0]], plane.bounds[:2], rtol=1e-5)
    assert plane.labels == ("x", "y")
    assert not plane.up.any()


@pytest.mark.parametrize(("first", "second"), [(9, 9), (3, 3), (0, 0), (1, 70)])
def test_features_beyond_the_last_are_taken_as_the_last_and_stay_two(iris: SplitData, first: int, second: int) -> None:
    plane = make_plane(PlaneSettings(first=first, second=second), iris)
    assert plane.across.sum() == plane.up.sum() == 1
    assert plane.across @ plane.up == 0


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_training_samples_still_span_a_plane(iris: SplitData, n: int) -> None:
    few = replace(iris, train=replace(iris.train, x=iris.train.x[:n]))
    plane = make_plane(PlaneSettings(mode="principal"), few)
    assert np.isfinite(plane.grid(3)).all()
    assert abs(plane.across @ plane.up) < 1e-9
