"""The exact risk of least squares without a penalty, and the solution it is about."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg

from nnviz.analysis.least_squares import ridgeless_risk, smallest_solution


@pytest.mark.parametrize(
    ("p", "expected"), [(12, 0.0638), (30, 0.2586), (48, 1.0909), (72, 1.530), (120, 0.7542), (300, 0.8628)]
)
def test_the_published_values(p: int, expected: float) -> None:
    assert ridgeless_risk(60, p, 1.0, 0.25) == pytest.approx(expected, rel=5e-4)


@pytest.mark.parametrize("p", [59, 60, 61])
def test_at_the_threshold_the_mean_does_not_exist(p: int) -> None:
    assert ridgeless_risk(60, p, 1.0, 0.25) == math.inf


def test_its_limits() -> None:
    assert ridgeless_risk(60, 0, 1.0, 0.25) == 0.0
    assert ridgeless_risk(60, 10**9, 1.0, 0.25) == pytest.approx(1.0), "nothing is learned: all of the signal remains"
    assert ridgeless_risk(60, 30, 7.0, 0.25) == ridgeless_risk(60, 30, 1.0, 0.25), "no bias below the threshold"
    assert ridgeless_risk(60, 120, 1.0, 0.0) == 0.5


@pytest.mark.parametrize("p", [5, 14, 26, 60])
def test_the_formula_is_the_mean_of_the_inverse_wishart_matrix(p: int) -> None:
    """The variance term without any target: noise · E tr((XᵀX)⁺), by singular values."""
    n, rng = 20, np.random.default_rng(p)
    traces = [np.sum(np.linalg.svd(rng.normal(size=(n, p)), compute_uv=False) ** -2.0) for _ in range(4_000)]
    error = np.std(traces) / math.sqrt(len(traces))
    assert ridgeless_risk(n, p, 0.0, 1.0) == pytest.approx(np.mean(traces), abs=4 * error)


@pytest.mark.parametrize("shape", [(20, 7), (20, 20), (7, 20), (1, 5), (5, 1)])
def test_the_solution_is_that_of_the_pseudoinverse(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(shape))
    x, y = rng.normal(size=shape), rng.normal(size=shape[0])
    np.testing.assert_allclose(smallest_solution(x, y), scipy.linalg.pinv(x) @ y, rtol=1e-9, atol=1e-10)
