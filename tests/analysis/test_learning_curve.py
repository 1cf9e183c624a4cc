"""The power law of learning curves: exact data, SciPy's least squares, and how often its band holds the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import curve_fit

from nnviz.analysis.learning_curve import (
    EXPONENTS,
    contradicted,
    fit_learning_curve,
    fit_power_law,
    law_sentence,
    reach_sentence,
    weights_of,
)

SIZES = np.array([10.0, 20, 40, 80, 160, 320, 640])


def law(n, a, b, c):
    return a + b * n**-c


@pytest.mark.parametrize(("a", "b", "c"), [(0.1, 1.2, 0.5), (0.0, 2.0, 0.35), (0.05, 0.9, 1.2), (3.0, 40.0, 0.8)])
def test_exact_data_give_back_the_law(a, b, c):
    found = fit_power_law(SIZES, law(SIZES, a, b, c))
    assert float(found.floor) == pytest.approx(a, abs=1e-6)
    assert float(found.scale) == pytest.approx(b, rel=1e-5)
    assert float(found.exponent) == pytest.approx(c, abs=1e-6)
    assert found.at(SIZES) == pytest.approx(law(SIZES, a, b, c), rel=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_noisy_data_give_the_law_that_scipy_finds(seed):
    rng = np.random.default_rng(seed)
    sigma = 0.3 * SIZES**-0.5
    errors = law(SIZES, 0.12, 1.1, 0.6) + sigma * rng.normal(size=len(SIZES)) * 0.3
    found = fit_power_law(SIZES, errors, 1 / sigma**2)
    bounds = ([0, 0, EXPONENTS[0]], [np.inf, np.inf, EXPONENTS[1]])
    theirs, _ = curve_fit(law, SIZES, errors, (0.1, 1, 0.5), sigma, bounds=bounds, xtol=1e-14, ftol=1e-14, gtol=1e-14)
    ours = (float(found.floor), float(found.scale), float(found.exponent))
    cost = [float(np.sum(((law(SIZES, *each) - errors) / sigma) ** 2)) for each in (ours, theirs)]
    assert cost[0] <= cost[1] * (1 + 1e-8)
    assert found.at(SIZES) == pytest.approx(law(SIZES, *theirs), abs=2e-4)


def test_bounds_hold_where_the_data_ask_for_others():
    below = fit_power_law(SIZES, law(SIZES, -0.05, 1.0, 0.4))  # would need a floor below 0
    assert float(below.floor) == 0.0
    assert float(below.scale) > 0
    rising = fit_power_law(SIZES, 0.2 + 0.01 * np.log(SIZES))
    assert float(rising.scale) == 0.0
    assert float(rising.floor) == pytest.approx(float(np.mean(0.2 + 0.01 * np.log(SIZES))))


def test_many_laws_at_once_are_those_one_by_one():
    rng = np.random.default_rng(1)
    errors = law(SIZES, 0.1, 1.0, 0.5) + 0.02 * rng.normal(size=(5, len(SIZES)))
    many = fit_power_law(SIZES, errors)
    for number, row in enumerate(errors):
        one = fit_power_law(SIZES, row)
        assert many.floor[number] == pytest.approx(float(one.floor), abs=1e-12)
        assert many.at(SIZES)[number] == pytest.approx(one.at(SIZES), abs=1e-12)


def test_weights_follow_the_variances_and_no_chance_agreement_rules():
    rng = np.random.default_rng(2)
    errors = 0.3 + SIZES**-0.5 * rng.normal(size=(400, len(SIZES)))
    assert weights_of(SIZES, errors) == pytest.approx(SIZES / SIZES.max(), rel=0.2)
    few = errors[:4].copy()
    few[:, 2] = 0.3 + 1e-3 * np.arange(4)  # nearly agreeing, by chance
    few[:, 5] = 0.3
    weights = weights_of(SIZES, few)
    assert np.isfinite(weights).all()
    assert weights.max() / weights.min() < 1e3  # its own variances differ by a factor of 10,000
    assert (weights_of(SIZES, errors[:1]) == 1).all()
    assert (weights_of(SIZES, np.ones((3, len(SIZES)))) == 1).all()


@pytest.mark.parametrize("seeds", [3, 6])
def test_the_band_holds_the_law_about_as_often_as_it_says(seeds):
    """Of 80 simulated studies of few seeds; what lies beyond the sizes tried is harder, but told as well."""
    at, truth, hits, reached = np.array([15.0, 100, 600, 6400]), (0.1, 1.2, 0.5), [], []
    for number in range(80):
        rng = np.random.default_rng(number)
        errors = law(SIZES, *truth) + 0.3 * SIZES**-0.5 * rng.normal(size=(seeds, len(SIZES)))
        curve = fit_learning_curve(SIZES, errors, draws=300)
        low, high = curve.band(at)
        expected = law(at, *truth)
        hits.append((low <= expected) & (expected <= high))
        interval = curve.samples_for(0.12)[1]
        reached.append(interval.low <= (1.2 / 0.02) ** 2 <= interval.high)
    assert 0.88 <= np.mean(hits) <= 0.99
    assert np.mean(reached) >= 0.85


def test_true_laws_are_seldom_contradicted_and_others_mostly():
    true, bent = [], []
    for number in range(150):
        rng = np.random.default_rng(number)
        noise = 0.2 * SIZES**-0.5 * rng.normal(size=(5, len(SIZES)))
        true.append(contradicted(SIZES, law(SIZES, 0.1, 1.2, 0.5) + noise))
        bent.append(contradicted(SIZES, 0.5 / (1 + (SIZES / 150) ** 3) + noise))
    assert np.mean(true) <= 0.05
    assert np.mean(bent) >= 0.9
    assert not contradicted(SIZES, law(SIZES, 0.1, 1.2, 0.5)[None] + noise[:1])
    assert not contradicted(SIZES[:4], noise[:, :4])


def test_sizes_at_which_the_network_guesses_are_left_out():
    sizes = np.geomspace(5, 1280, 9)
    noise = 0.1 * sizes**-0.5 * np.random.default_rng(0).normal(size=(5, 9))
    curve = fit_learning_curve(sizes, np.minimum(0.5, law(sizes, 0.05, 3.0, 0.6)) + noise)
    assert curve.left_out in (2, 3)  # the law is below chance from n = 22 on
    assert curve.fits
    assert float(curve.law.exponent) == pytest.approx(0.6, abs=0.1)
    assert f"The {curve.left_out} smallest sizes do not follow it" in law_sentence(curve)
    bent = fit_learning_curve(sizes, 0.5 + 0.3 * np.sin(2 * np.log(sizes)) + noise)
    assert not bent.fits
    assert "do not follow a power law" in law_sentence(bent)


def test_how_many_samples_reach_an_error():
    curve = fit_learning_curve(SIZES, law(SIZES, 0.1, 1.2, 0.5)[None].repeat(3, axis=0))
    samples, interval = curve.samples_for(0.12)
    assert samples == pytest.approx(3600, rel=1e-5)
    assert interval.low == pytest.approx(3600, rel=1e-4)
    assert interval.high == pytest.approx(3600, rel=1e-4)
    assert "About 3,600 training samples reach 12 % test error" in reach_sentence(curve, 0.12)
    assert "5.6 times the 640" in reach_sentence(curve, 0.12)
    assert "far beyond" in reach_sentence(curve, 0.101)
    assert "within the sizes tried" in reach_sentence(curve, 0.2)
    assert "The fewest that were tried, 10" in reach_sentence(curve, 0.9)
    never = reach_sentence(curve, 0.08)
    assert never.startswith("By this law no number of samples reaches 8 % test error: its floor is 10 %")
    assert math.isinf(curve.samples_for(0.08)[0])
    assert "test RMSE of 3.2" in reach_sentence(curve, 3.2, "price")


def test_an_unsure_floor_is_told_as_such():
    rng = np.random.default_rng(5)
    errors = law(SIZES, 0.1, 1.2, 0.5) + 0.05 * rng.normal(size=(4, len(SIZES)))
    curve = fit_learning_curve(SIZES, errors)
    floor = curve.floor()
    assert floor.low < 0.1 < floor.high
    at = (float(curve.law.floor) + floor.high) / 2  # above the best floor, below the highest possible one
    assert "or more, and perhaps never" in reach_sentence(curve, at)


def test_words_of_the_law():
    curve = fit_learning_curve(SIZES, law(SIZES, 0.1, 1.2, 0.5)[None].repeat(3, axis=0))
    assert law_sentence(curve) == "Test error ≈ 10 % (95 %: 10 to 10 %) + 120 % · n^−0.50."
    flat = fit_learning_curve(SIZES, np.full((2, len(SIZES)), 0.25))
    assert "does not fall with more samples" in law_sentence(flat)
    one = fit_learning_curve(SIZES, law(SIZES, 0.1, 1.2, 0.5)[None])
    assert one.band(SIZES) is None
    assert one.samples_for(0.12)[1] is None
    assert "95 %" not in law_sentence(one) + reach_sentence(one, 0.12)


def test_too_few_sizes_or_errors_that_are_not_numbers_are_refused():
    with pytest.raises(ValueError, match="4 sizes"):
        fit_learning_curve(SIZES[:3], np.ones((2, 3)))
    with pytest.raises(ValueError, match="finite"):
        fit_learning_curve(SIZES, np.full((2, len(SIZES)), np.nan))


def test_the_same_errors_give_the_same_numbers():
    errors = law(SIZES, 0.1, 1.2, 0.5) + 0.02 * np.random.default_rng(0).normal(size=(4, len(SIZES)))
    first, second = (fit_learning_curve(SIZES, errors).band(SIZES) for _ in range(2))
    assert np.array_equal(first, second)
