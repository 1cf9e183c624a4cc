"""The optimism of choosing by the test error: known values, and simulations with a known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from nnviz.analysis.optimism import (
    best_of,
    best_of_related,
    chosen_by,
    covariance_of,
    largest_normal,
    most_optimism,
    private_noise,
    smallest_error,
)


@pytest.mark.parametrize(
    ("m", "known"),
    [(1, 0.0), (2, 1 / math.sqrt(math.pi)), (3, 1.5 / math.sqrt(math.pi)), (5, 1.1629644736), (10, 1.5387527308)],
)
def test_the_largest_normal_number_is_as_in_the_tables(m, known):
    assert largest_normal(m) == pytest.approx(known, abs=1e-9)


def test_the_largest_of_many_is_that_of_a_simulation():
    rng = np.random.default_rng(0)
    for m in (50, 400):
        drawn = rng.normal(size=(4000, m)).max(axis=1)
        assert largest_normal(m) == pytest.approx(drawn.mean(), abs=4 * drawn.std() / math.sqrt(len(drawn)))
    with pytest.raises(ValueError, match="0 numbers"):
        largest_normal(0)


@pytest.mark.parametrize(("m", "samples", "error"), [(1, 40, 0.3), (10, 40, 0.3), (100, 25, 0.1), (1000, 200, 0.5)])
def test_the_smallest_of_independent_error_rates_is_that_of_a_simulation(m, samples, error):
    drawn = np.random.default_rng(1).binomial(samples, error, (4000, m)).min(axis=1) / samples
    assert smallest_error(m, samples, error) == pytest.approx(
        drawn.mean(), abs=4 * drawn.std() / math.sqrt(len(drawn)) + 1e-12
    )


def test_the_smallest_error_agrees_with_scipy_and_knows_its_ends():
    k = np.arange(1, 61)
    assert smallest_error(7, 60, 0.2) == pytest.approx(np.sum(binom.sf(k - 1, 60, 0.2) ** 7) / 60, rel=1e-9)
    assert smallest_error(1, 60, 0.2) == pytest.approx(0.2)
    assert smallest_error(9, 60, 0.0) == 0.0
    assert smallest_error(9, 60, 1.0) == 1.0
    with pytest.raises(ValueError, match="cannot be"):
        smallest_error(3, 0, 0.5)


@pytest.mark.parametrize("spread", [0.0, 0.01, 0.05])
def test_the_best_of_candidates_is_that_of_a_simulation(spread):
    rng = np.random.default_rng(2)
    m, mean, noise = 30, 0.3, 0.03
    true = mean + spread * rng.normal(size=(20_000, m))
    test = true + noise * rng.normal(size=true.shape)
    at = test.argmin(axis=1)
    rows = np.arange(len(true))
    expected = best_of(m, mean, spread, noise)
    assert expected.test == pytest.approx(test[rows, at].mean(), abs=1e-3)
    assert expected.true == pytest.approx(true[rows, at].mean(), abs=1e-3)
    assert expected.optimism == pytest.approx(noise**2 / math.hypot(spread, noise) * largest_normal(m))


def test_the_best_of_candidates_that_differ_is_that_of_a_simulation_of_their_answers():
    """Some that learned nothing among others that err alike: real answers on real test parts, not normal numbers."""
    rng = np.random.default_rng(5)
    hard = rng.beta(0.3, 0.9, 20_000)
    wrong = rng.random((24, len(hard))) < hard
    wrong[:6] = rng.random((6, len(hard))) < 0.5
    covariance = covariance_of(wrong, 80)
    test, true = best_of_related(wrong.mean(axis=1), covariance)
    places = rng.integers(0, len(hard), (4000, 80))
    tests = np.stack([wrong[:, rows].mean(axis=1) for rows in places])
    orders = np.argsort(rng.random(tests.shape), axis=1)
    seen, really = chosen_by(np.take_along_axis(tests, orders, axis=1), wrong.mean(axis=1)[orders])
    assert test == pytest.approx(seen.mean(axis=0), abs=0.01)
    assert true == pytest.approx(really.mean(axis=0), abs=0.01)
    assert covariance == pytest.approx(np.cov(tests.T), abs=2.5e-4)


def test_candidates_alike_in_every_respect_are_as_in_closed_form():
    m, shared, private = 30, 0.02, 0.03
    covariance = shared**2 + private**2 * np.eye(m)
    test, true = best_of_related(np.full(m, 0.3), covariance, 8000)
    assert test[[0, 4, -1]] == pytest.approx([best_of(k, 0.3, 0.0, private).test for k in (1, 5, m)], abs=1.5e-3)
    assert true == pytest.approx(np.full(m, 0.3))
    assert np.array_equal(test, best_of_related(np.full(m, 0.3), covariance, 8000)[0])


def test_candidates_that_err_alike_have_less_to_choose_from():
    """K candidates that are wrong at a point with its own probability: the shared part of the noise cancels."""
    rng = np.random.default_rng(3)
    hard = rng.beta(0.3, 0.7, 60_000)  # how likely each point is to be answered wrongly
    wrong = rng.random((25, len(hard))) < hard
    noise = private_noise(wrong, 50)
    assert noise == pytest.approx(math.sqrt(np.mean(hard * (1 - hard)) / 50), rel=0.01)
    tests = np.array([wrong[:, rng.integers(0, len(hard), 50)].mean(axis=1) for _ in range(2000)])
    within = tests - tests.mean(axis=1, keepdims=True)
    assert noise == pytest.approx(math.sqrt((within**2).sum() / (24 * len(tests))), rel=0.03)
    expected = best_of(25, float(wrong.mean()), 0.0, noise)
    assert expected.test == pytest.approx(tests.min(axis=1).mean(), abs=0.004)
    alike = np.repeat(wrong[:1], 25, axis=0)
    assert private_noise(alike, 50) == 0.0
    with pytest.raises(ValueError, match="share everything"):
        private_noise(wrong[:1], 50)


def test_no_choice_among_fixed_candidates_is_more_optimistic_than_the_bound():
    for m, samples, error in [(10, 50, 0.5), (1000, 50, 0.5), (100, 500, 0.2)]:
        assert error - smallest_error(m, samples, error) <= most_optimism(m, samples)
    assert most_optimism(1, 100) == 0.0


def test_the_best_so_far_is_the_first_one_with_the_smallest_error():
    tests, true = np.array([0.3, 0.4, 0.2, 0.2, 0.1]), np.array([1.0, 2, 3, 4, 5])
    smallest, behind = chosen_by(tests, true)
    assert smallest.tolist() == [0.3, 0.3, 0.2, 0.2, 0.1]
    assert behind.tolist() == [1, 1, 3, 3, 5]
    many, behind = chosen_by(np.stack([tests, tests[::-1]]), np.stack([true, true[::-1]]))
    assert many[1].tolist() == [0.1] * 5
    assert behind[:, -1].tolist() == [5, 5]
