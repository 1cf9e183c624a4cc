"""Paired differences against SciPy, their coverage, and the words for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats

from nnviz.analysis.paired import paired_difference, sentence, t_quantile


@pytest.mark.parametrize("confidence", [0.01, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.999999])
def test_quantiles_of_student(confidence: float) -> None:
    for degrees in (*range(1, 40), 99, 100, 1_000, 1_001):
        expected = scipy.stats.t.ppf((1 + confidence) / 2, degrees)
        assert t_quantile(degrees, confidence) == pytest.approx(expected, rel=1e-8), degrees


def test_quantiles_in_every_table() -> None:
    assert [round(t_quantile(k), 3) for k in (1, 2, 4, 9, 30)] == [12.706, 4.303, 2.776, 2.262, 2.042]
    assert t_quantile(1, 0.5) == pytest.approx(1.0, rel=1e-15), "the quartile of Cauchy"


@pytest.mark.parametrize(("degrees", "confidence"), [(0, 0.95), (3, 0.0), (3, 1.0), (3, float("nan"))])
def test_what_has_no_quantile(degrees: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence between 0 and 1"):
        t_quantile(degrees, confidence)


@pytest.mark.parametrize("shape", [(2,), (5,), (7, 3)])
def test_the_interval_is_that_of_the_paired_t_test(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    baseline = rng.normal(0.3, 0.1, shape)
    variant = baseline + rng.normal(-0.05, 0.03, shape)
    found = paired_difference(baseline, variant, 0.9)
    test: Any = scipy.stats.ttest_rel(variant, baseline, axis=0)
    interval = test.confidence_interval(0.9)
    np.testing.assert_allclose(found.mean, (variant - baseline).mean(axis=0))
    np.testing.assert_allclose(found.low, interval.low, rtol=1e-10)
    np.testing.assert_allclose(found.high, interval.high, rtol=1e-10)
    np.testing.assert_array_equal(found.clear, test.pvalue < 0.1)
    assert found.seeds.tolist() == np.full(shape[1:], shape[0]).tolist()


def test_it_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    truth, seeds, trials = -0.3, 4, 20_000
    baseline = rng.normal(size=(seeds, trials))
    found = paired_difference(baseline, baseline + truth + rng.normal(size=(seeds, trials)))
    held = np.mean((found.low <= truth) & (truth <= found.high))
    assert held == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / trials))


def test_one_seed_has_no_interval_and_none_has_no_mean() -> None:
    found = paired_difference(np.array([0.3]), np.array([0.2]))
    assert float(found.mean) == pytest.approx(-0.1)
    assert np.isnan([found.low, found.high]).all()
    assert not found.clear
    assert np.isnan(paired_difference(np.empty(0), np.empty(0)).mean)
    assert paired_difference(np.empty((0, 3)), np.empty((0, 3))).mean.shape == (3,)


def test_pairs_that_are_not_whole_are_left_out_where_they_are_not() -> None:
    nan, inf = np.nan, np.inf
    baseline = np.array([[1.0, 1.0, nan, nan], [2.0, 2.0, 2.0, 2.0], [4.0, 4.0, 4.0, inf]])
    variant = np.array([[2.0, nan, 3.0, 3.0], [4.0, 4.0, nan, nan], [8.0, 8.0, 8.0, 8.0]])
    found = paired_difference(baseline, variant)
    assert found.seeds.tolist() == [3, 2, 1, 0]
    np.testing.assert_allclose(found.mean, [7 / 3, 3.0, 4.0, nan])
    assert np.isnan(found.low).tolist() == [False, False, True, True]
    pair = paired_difference(baseline[1:, 1], variant[1:, 1])
    assert (found.low[1], found.high[1]) == (pair.low, pair.high)


def test_rows_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="same shape"):
        paired_difference(np.zeros(3), np.zeros(4))


# ---------------------------------------------------------------- words


def said(*differences: float, confidence: float = 0.95, **words: Any) -> str:
    found = paired_difference(np.zeros(len(differences)), np.array(differences), confidence)
    return sentence("dropout 25 %", found, **words)


def with_half(mean: float, half: float, seeds: int = 5) -> list[float]:
    """Return differences whose mean and 95 % interval are these."""
    spread = np.linspace(-1.0, 1.0, seeds)
    error = np.std(spread, ddof=1) / np.sqrt(seeds) * t_quantile(seeds - 1)
    return [float(value) for value in mean + spread * half / error]


@pytest.mark.parametrize(
    ("mean", "half", "words"),
    [
        (-0.031, 0.012, "Dropout 25 % lowers test error at epoch 500 by 3.1 ± 1.2 pp (95 % confidence, 5 seeds)."),
        (0.0312, 0.0021, "Dropout 25 % raises test error at epoch 500 by 3.12 ± 0.21 pp (95 % confidence, 5 seeds)."),
        (-0.3, 0.12, "Dropout 25 % lowers test error at epoch 500 by 30 ± 12 pp (95 % confidence, 5 seeds)."),
        (-0.3, 0.000001, "Dropout 25 % lowers test error at epoch 500 by 30.00 ± 0.00 pp (95 % confidence, 5 seeds)."),
        (
            -0.002,
            0.015,
            "Dropout 25 % makes no clear difference to test error at epoch 500 "
            "(−0.2 ± 1.5 pp, 95 % confidence, 5 seeds).",
        ),
        (
            -0.0002,
            0.015,
            "Dropout 25 % makes no clear difference to test error at epoch 500 "
            "(0.0 ± 1.5 pp, 95 % confidence, 5 seeds).",
        ),
    ],
)
def test_words_for_error_rates(mean: float, half: float, words: str) -> None:
    assert said(*with_half(mean, half), when="at epoch 500") == words


@pytest.mark.parametrize(
    ("mean", "half", "words"),
    [
        (-31.2, 4.51, "lowers the test RMSE of price at its best epoch by 31.2 ± 4.5 ("),
        (-12345.0, 2345.0, "lowers the test RMSE of price at its best epoch by 12,345 ± 2,345 ("),
        (0.000312, 0.00012, "raises the test RMSE of price at its best epoch by 0.00031 ± 0.00012 ("),
    ],
)
def test_words_for_regression(mean: float, half: float, words: str) -> None:
    assert words in said(*with_half(mean, half), when="at its best epoch", target="price")


def test_words_for_one_seed_and_for_none() -> None:
    end = "for one seed, and one seed says nothing about chance."
    assert said(-0.031, when="at epoch 9") == f"Dropout 25 %: test error at epoch 9 is 3.1 pp lower {end}"
    assert said(0.0, when="at epoch 9") == f"Dropout 25 %: test error at epoch 9 is the same {end}"
    assert said(0.5, target="y") == f"Dropout 25 %: the test RMSE of y at the end is 0.50 higher {end}"
    assert said() == "Dropout 25 % has not been compared yet."


def test_words_for_seeds_that_agree_exactly() -> None:
    assert "no clear difference to test error at the end (0.0 ± 0.0 pp, 99 % confidence, 3 seeds)" in said(
        0.0, 0.0, 0.0, confidence=0.99
    )
    assert "raises test error at the end by 25 ± 0 pp" in said(0.25, 0.25)
