"""Histograms and densities against numpy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnviz.analysis.density import bandwidth, density, histogram


@settings(deadline=None)
@given(arrays(np.int64, st.integers(0, 50), elements=st.integers(-20, 20)), st.integers(1, 40))
def test_histogram_is_numpys(values: np.ndarray, bins: int) -> None:
    """On whole numbers and edges that floats represent, so that no rounding decides."""
    low, high = -bins / 2, bins / 2
    np.testing.assert_array_equal(histogram(values, low, high, bins), np.histogram(values, bins, (low, high))[0])


def test_histogram_of_random_numbers_is_numpys() -> None:
    values = np.random.default_rng(0).normal(size=50_000)
    np.testing.assert_array_equal(histogram(values, -2.0, 3.0, 64), np.histogram(values, 64, (-2.0, 3.0))[0])


def test_histogram_leaves_out_what_is_not_finite() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 0.5, 1.0])
    np.testing.assert_array_equal(histogram(values, 0.0, 1.0, 2), [0, 2])


def test_bandwidth_is_silvermans() -> None:
    values = np.random.default_rng(1).normal(2.0, 3.0, 1_000)
    spread = min(values.std(ddof=1), np.subtract(*np.percentile(values, (75, 25))) / 1.34)
    assert bandwidth(values) == pytest.approx(0.9 * spread * 1_000**-0.2, rel=0.01)


@pytest.mark.parametrize(("values", "expected"), [([], 0.0), ([3.0], 0.0), ([2.0] * 9, 0.0)])
def test_bandwidth_of_nothing_spread(values: list[float], expected: float) -> None:
    assert bandwidth(np.array(values)) == expected


def test_bandwidth_when_half_of_the_values_are_equal() -> None:
    values = np.concatenate([np.zeros(80), np.linspace(-1, 1, 20)])
    assert bandwidth(values) == pytest.approx(0.9 * values.std(ddof=1) * 100**-0.2)


@pytest.mark.parametrize("count", [10, 300, 20_000])
def test_density_is_scipys(count: int) -> None:
    from scipy.stats import gaussian_kde

    rng = np.random.default_rng(count)
    values = np.concatenate([rng.normal(-1.0, 0.5, count // 2), rng.normal(1.5, 0.8, count - count // 2)])
    points, low, high = 192, -4.0, 5.0
    grid = low + (np.arange(points) + 0.5) * (high - low) / points
    reference = gaussian_kde(values, bw_method=bandwidth(values) / values.std(ddof=1))(grid)
    np.testing.assert_allclose(density(values, low, high, points), reference, atol=0.02 * reference.max())


@pytest.mark.parametrize("points", [3, 20, 500])
@pytest.mark.parametrize("values", [[0.1], [0.0, 0.0, 0.0], [-0.4, 0.3, 0.35], list(np.linspace(-0.5, 0.5, 100))])
def test_density_integrates_to_one(values: list[float], points: int) -> None:
    found = density(np.array(values), -4.0, 4.0, points)
    assert found.shape == (points,)
    assert (found >= 0).all()
    assert found.sum() * 8.0 / points == pytest.approx(1.0, abs=0.25 if points == 3 else 1e-3)


def test_density_of_nothing() -> None:
    for values in ([], [np.nan], [np.inf, np.nan]):
        np.testing.assert_array_equal(density(np.array(values), -1.0, 1.0, 8), np.zeros(8))
    np.testing.assert_array_equal(density(np.array([9.0]), -1.0, 1.0, 8), np.zeros(8))
