"""Intervals of errors, against SciPy, published numbers and repeated draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2

from nnviz.analysis.intervals import Interval, difference_interval, error_interval, rmse_interval


@given(st.integers(1, 2_000), st.floats(0.0, 1.0), st.floats(0.5, 0.999))
def test_wilson_is_that_of_scipy(samples: int, share: float, confidence: float) -> None:
    wrong = round(share * samples)
    expected = binomtest(wrong, samples).proportion_ci(confidence, method="wilson")
    interval = error_interval(wrong, samples, confidence)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert wrong / samples in interval


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.4])
def test_95_of_100_intervals_hold_the_rate(rate: float) -> None:
    wrong = np.random.default_rng(0).binomial(50, rate, 4_000)
    held = np.mean([rate in error_interval(int(k), 50) for k in wrong])
    assert 0.91 < held < 0.985, "it wavers about 95 %, as counts are whole"


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_of_a_difference_is_as_published(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    interval = difference_interval(*counts)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize("samples", [4, 8, 20, 200])
def test_the_interval_of_an_rmse_is_that_of_chi_squared(samples: int) -> None:
    low, high = (np.sqrt(samples / chi2.ppf(q, samples)) for q in (0.975, 0.025))
    interval = rmse_interval(3.0, samples)
    close = 0.01 if samples >= 8 else 0.04
    assert (interval.low, interval.high) == pytest.approx((3.0 * low, 3.0 * high), rel=close)


def test_a_width_is_that_from_end_to_end() -> None:
    assert Interval(0.25, 1.0).width == 0.75
    assert 0.5 in Interval(0.25, 1.0)
    assert "0.5" not in Interval(0.25, 1.0)


@pytest.mark.parametrize(("wrong", "samples"), [(-1, 5), (6, 5), (0, 0)])
def test_counts_that_cannot_be_are_refused(wrong: int, samples: int) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        error_interval(wrong, samples)


def test_a_confidence_lies_between_0_and_1() -> None:
    for wrong in (0.0, 1.0, 95.0):
        with pytest.raises(ValueError, match="between 0 and 1"):
            error_interval(1, 5, wrong)
    with pytest.raises(ValueError, match="at least 2"):
        rmse_interval(1.0, 1)
