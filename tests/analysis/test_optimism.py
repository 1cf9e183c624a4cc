"""The optimism of choosing by the test error: known values, and simulations with a known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from nnviz.analysis.optimism import (
    best_of_related,
    chosen_by,
    covariance_of,
    most_optimism,
    smallest_error,
)


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
    largest = {1: 0.0, 5: 1.1629644736, 10: 1.5387527308}  # of normal numbers: David & Nagaraja 2003, section 3.1
    for k, mean in largest.items():
        assert test[k - 1] == pytest.approx(0.3 - private * mean, abs=1.5e-3)
    assert true == pytest.approx(np.full(m, 0.3))
    assert np.array_equal(test, best_of_related(np.full(m, 0.3), covariance, 8000)[0])


@pytest.mark.parametrize(("points", "samples"), [(200, 50), (400, 100), (60, 60)])
def test_of_a_large_part_of_all_points_less_is_left_to_chance(points: int, samples: int) -> None:
    """Against test parts drawn without putting back; the whole of the points leaves nothing to chance."""
    rng = np.random.default_rng(6)
    wrong = rng.random((60, points)) < rng.beta(0.5, 2.0, points)
    true, covariance = wrong.mean(axis=1), covariance_of(wrong, samples)
    tests = np.stack([wrong[:, rng.permutation(points)[:samples]].mean(axis=1) for _ in range(3000)])
    assert covariance == pytest.approx(np.cov(tests.T), abs=0.1 * np.diag(covariance).max() + 1e-12)
    orders = np.argsort(rng.random(tests.shape), axis=1)
    seen, really = chosen_by(np.take_along_axis(tests, orders, axis=1), true[orders])
    test, chosen = best_of_related(true, covariance)
    assert (chosen - test)[-1] == pytest.approx((really - seen).mean(axis=0)[-1], rel=0.08, abs=1e-9)


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
