"""The largest eigenvalue from products alone, against dense eigenvalues."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.analysis.lanczos import largest_eigenpair


def symmetric(values: np.ndarray, seed: int) -> np.ndarray:
    """Return a symmetric matrix with these eigenvalues."""
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))
    return (q * values) @ q.T


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(0, 10_000), st.floats(-3.0, 3.0))
def test_it_is_the_largest_dense_eigenvalue(size: int, seed: int, shift: float) -> None:
    h = np.random.default_rng(seed).normal(size=(size, size))
    h = h + h.T + shift * np.eye(size)
    found = largest_eigenpair(lambda v: h @ v, size, tolerance=1e-10, seed=seed + 1)
    dense = np.linalg.eigvalsh(h)
    assert found.value == pytest.approx(dense[-1], abs=1e-8 * np.abs(dense).max())
    np.testing.assert_allclose(h @ found.vector, found.value * found.vector, atol=1e-6 * max(1.0, np.abs(dense).max()))
    assert np.linalg.norm(found.vector) == pytest.approx(1.0)
    assert found.products <= size


@pytest.mark.parametrize(
    "values",
    [
        np.r_[np.linspace(-50.0, 1.0, 299), 1.3],  # the largest by size is negative
        np.r_[np.zeros(290), np.linspace(0.1, 4.0, 10)],  # few directions that matter, as of a loss
        np.r_[np.linspace(0.0, 1.0, 297), 5.0, 5.0, 5.0],  # one that comes several times
        np.full(300, 2.5),
        np.linspace(-9.0, -4.0, 300),
        np.geomspace(1e-9, 1e3, 300),
        np.zeros(300),
    ],
    ids=["negative outlier", "low rank", "multiple", "identity", "all negative", "wide", "zero"],
)
def test_hard_spectra(values: np.ndarray) -> None:
    h = symmetric(values, 3)
    found = largest_eigenpair(lambda v: h @ v, 300, tolerance=1e-7, most=300)
    assert found.value == pytest.approx(values.max(), rel=1e-6, abs=1e-9)
    true_residual = float(np.linalg.norm(h @ found.vector - found.value * found.vector))
    assert true_residual == pytest.approx(found.error, abs=1e-7 * max(1.0, float(np.abs(values).max())))


def test_the_error_that_it_tells_is_a_bound_before_convergence() -> None:
    values = np.linspace(0.0, 1.0, 400)  # no gap: slow
    h = symmetric(values, 5)
    for most in (5, 15, 40):
        found = largest_eigenpair(lambda v: h @ v, 400, tolerance=1e-14, most=most)
        assert found.products == most
        assert 0.0 < np.abs(values - found.value).min() <= found.error + 1e-12
        assert found.value <= values.max() + 1e-12


def test_it_stops_early_where_one_eigenvalue_stands_out() -> None:
    values = np.r_[np.linspace(0.0, 1.0, 1_999), 20.0]
    found = largest_eigenpair(lambda v: values * v, 2_000, tolerance=1e-6)
    assert found.value == pytest.approx(20.0, rel=1e-9)
    assert found.products <= 15


def test_what_is_not_finite_and_what_is_not_there() -> None:
    assert np.isnan(largest_eigenpair(lambda v: v * np.nan, 5).value)
    with pytest.raises(ValueError, match="no eigenvalue"):
        largest_eigenpair(lambda v: v, 0)
