"""Parts of the expected error: their sum, the bootstrap over seeds, and errors in expectation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from nnviz.analysis.gap_parts import (
    UNKNOWN,
    Estimate,
    best_trained,
    expected_error_rate,
    expected_squared_error,
    gap_parts,
    mean_trained,
)


def test_the_parts_add_up_and_may_be_negative() -> None:
    parts = gap_parts(Estimate(0.1, 0.01), Estimate(0.15, 0.02), Estimate(0.3, 0.0), Estimate(0.25, 0.03))
    values = [parts.floor, parts.approximation, parts.estimation, parts.optimisation]
    assert sum(each.value for each in values) == pytest.approx(parts.total.value)
    assert parts.optimisation.value == pytest.approx(-0.05)
    assert parts.approximation.error == pytest.approx(math.hypot(0.01, 0.02))


def test_what_is_not_known_makes_only_its_neighbours_unknown() -> None:
    parts = gap_parts(UNKNOWN, UNKNOWN, Estimate(0.3, 0.1), Estimate(0.4, 0.1))
    assert not parts.floor.known
    assert not parts.approximation.known
    assert not parts.estimation.known
    assert parts.optimisation.value == pytest.approx(0.1)


def test_the_best_of_some_seeds_and_its_bootstrap() -> None:
    losses, errors = np.array([0.3, 0.1, 0.2, 0.4]), np.array([5.0, 2.0, 4.0, 1.0])
    drawn = [min(draw, key=lambda i: losses[i]) for draw in itertools.product(range(4), repeat=4)]
    made = best_trained(losses, errors)
    assert made.value == 2.0
    assert made.error == pytest.approx(np.std(errors[drawn]))


def test_networks_that_diverged_do_not_count() -> None:
    made = best_trained(np.array([np.nan, 0.5, 0.1]), np.array([0.0, 3.0, np.inf]))
    assert made.value == 3.0
    assert math.isnan(made.error)
    assert not best_trained(np.array([np.nan]), np.array([1.0])).known
    assert mean_trained(np.array([1.0, np.nan, 3.0])).value == 2.0
    assert mean_trained(np.array([1.0, np.nan, 3.0])).error == pytest.approx(1.0)
    assert not mean_trained(np.array([np.nan])).known


def test_errors_are_expectations_over_labels() -> None:
    rng = np.random.default_rng(0)
    truth, stated = rng.dirichlet([1, 1, 1], 300), rng.dirichlet([1, 1, 1], 300)
    labels = np.array([rng.multinomial(1, truth) for _ in range(1_000)])
    wrong = 1.0 - labels[:, np.arange(300), stated.argmax(axis=1)].mean(axis=1)
    scores = ((stated - labels) ** 2).sum(axis=2).mean(axis=1)
    assert expected_error_rate(stated, truth) == pytest.approx(wrong.mean(), abs=3 * wrong.std() / math.sqrt(1_000))
    noise = float((truth * (1 - truth)).sum(axis=1).mean())
    found = expected_squared_error(stated, truth, noise)
    assert found == pytest.approx(scores.mean(), abs=3 * scores.std() / math.sqrt(1_000))
    assert expected_error_rate(truth, truth) <= expected_error_rate(stated, truth)
    assert expected_error_rate(stated, np.eye(3)[labels[0].argmax(axis=1)]) == pytest.approx(wrong[0])
