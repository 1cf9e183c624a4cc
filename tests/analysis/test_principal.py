"""Principal components against scikit-learn, and the turning of their plane against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz.analysis.principal import principal, turned


def samples(n: int, d: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ np.diag(np.linspace(3.0, 0.5, d)) @ np.linalg.qr(rng.normal(size=(d, d)))[0] + 5.0


@pytest.mark.parametrize(("n", "d"), [(50, 2), (50, 3), (20, 40), (600, 64), (600, 65), (300, 300), (100, 700)])
def test_components_are_scikit_learns(n: int, d: int) -> None:
    from sklearn.decomposition import PCA

    x = samples(n, d)
    x[:, 0] *= 4.0  # two components that stand out, so that they are determined
    x[:, 1] *= 3.0
    found, reference = principal(x), PCA(2, svd_solver="full").fit(x)
    np.testing.assert_allclose(np.abs((found.axes * reference.components_).sum(axis=1)), 1.0, atol=1e-6)
    np.testing.assert_allclose(found.shares, reference.explained_variance_ratio_, rtol=1e-5)
    np.testing.assert_allclose(np.abs(found.project(x)), np.abs(reference.transform(x)), atol=1e-3 * np.abs(x).max())


@pytest.mark.parametrize("d", [2, 5, 200])
def test_axes_are_orthonormal_and_their_sign_is_fixed(d: int) -> None:
    x = samples(100, d)
    found, mirrored = principal(x), principal(x[::-1])
    np.testing.assert_allclose(found.axes @ found.axes.T, np.eye(2), atol=1e-9)
    np.testing.assert_allclose(found.axes, mirrored.axes, atol=1e-3)
    largest = found.axes[[0, 1], np.abs(found.axes).argmax(axis=1)]
    assert (largest > 0).all()


@pytest.mark.parametrize("x", [np.zeros((5, 3)), np.ones((1, 4)), np.tile([1.0, 2.0], (9, 1)), np.zeros((200, 100))])
def test_no_variance(x: np.ndarray) -> None:
    found = principal(x)
    assert found.axes.shape == (2, x.shape[1])
    np.testing.assert_array_equal(found.shares, 0.0)
    assert np.isfinite(found.project(x)).all()


def test_a_start_that_is_near_changes_nothing_but_time() -> None:
    x = samples(400, 150)
    cold = principal(x)
    warm = principal(x, start=cold.axes + 1e-3 * np.random.default_rng(0).normal(size=cold.axes.shape))
    np.testing.assert_allclose(warm.shares, cold.shares, rtol=1e-4)
    gap = warm.axes - (warm.axes @ cold.axes.T) @ cold.axes
    assert np.linalg.norm(gap, 2) < 1e-2


def test_a_start_from_another_layer_is_ignored() -> None:
    x = samples(300, 120)
    np.testing.assert_allclose(principal(x, start=np.ones((2, 7))).shares, principal(x).shares, rtol=1e-4)


@pytest.mark.parametrize("angle", [0.3, 2.0, np.pi])
@pytest.mark.parametrize("mirror", [1.0, -1.0])
def test_turning_undoes_a_turn(angle: float, mirror: float) -> None:
    found = principal(samples(60, 4))
    c, s = np.cos(angle), np.sin(angle)
    reference = np.array([[c, -s], [mirror * s, mirror * c]]) @ found.axes
    result = turned(found, reference)
    np.testing.assert_allclose(result.axes, reference, atol=1e-9)
    assert result.shares.sum() == pytest.approx(found.shares.sum())


def test_turning_is_the_best_of_all_turns() -> None:
    found = principal(samples(60, 4))
    reference = np.linalg.qr(np.random.default_rng(3).normal(size=(4, 2)))[0].T
    best = np.linalg.norm(turned(found, reference).axes - reference)
    for angle in np.linspace(0, 2 * np.pi, 720):
        c, s = np.cos(angle), np.sin(angle)
        for mirror in (1.0, -1.0):
            other = np.array([[c, -s], [mirror * s, mirror * c]]) @ found.axes
            assert np.linalg.norm(other - reference) >= best - 1e-9


def test_shares_of_turned_axes_are_those_of_the_projected_samples() -> None:
    x = samples(500, 6)
    found = principal(x)
    result = turned(found, np.linalg.qr(np.random.default_rng(5).normal(size=(6, 2)))[0].T)
    variances = result.project(x).var(axis=0) / x.var(axis=0).sum()
    np.testing.assert_allclose(result.shares, variances, rtol=1e-9)
