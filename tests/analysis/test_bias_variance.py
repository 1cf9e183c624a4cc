"""Bias, variance and noise against least squares, where both are known exactly, and against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnviz.analysis.bias_variance import decomposition, pointwise
from nnviz.analysis.least_squares import ridgeless_risk, smallest_solution

N, SIGNAL, NOISE = 30, 1.0, 0.25


def truth(p: int) -> np.ndarray:
    direction = np.random.default_rng(p).normal(size=p)
    return direction * math.sqrt(SIGNAL) / np.linalg.norm(direction)


def answers(solutions: np.ndarray) -> np.ndarray:
    """Return predictions (K, p, 1) at p points whose mean squared error is ‖β̂ − β‖²: the rows of √p times the unit."""
    return math.sqrt(solutions.shape[1]) * solutions[:, :, None]


@pytest.mark.parametrize("p", [10, 20, 60, 150])
def test_new_samples_for_every_network(p: int) -> None:
    """Samples and noise both vary. Beyond the threshold E β̂ = (n/p) β, as projections are isotropic."""
    rng, beta = np.random.default_rng(p), truth(p)
    found = []
    for _ in range(400):
        x = rng.normal(size=(N, p))
        found.append(smallest_solution(x, x @ beta + math.sqrt(NOISE) * rng.normal(size=N)))
    made = decomposition(answers(np.array(found)), math.sqrt(p) * beta[:, None], NOISE)
    kept = min(1.0, N / p)
    bias_squared = SIGNAL * (1.0 - kept) ** 2
    variance = ridgeless_risk(N, p, SIGNAL, NOISE) - bias_squared
    assert made.bias_squared == pytest.approx(bias_squared, abs=2 * made.bias_squared_error)
    assert made.variance == pytest.approx(variance, abs=2 * made.variance_error)
    risks = np.sum((np.array(found) - beta) ** 2, axis=1)
    assert made.error - NOISE == pytest.approx(risks.mean())
    assert made.error - NOISE == pytest.approx(ridgeless_risk(N, p, SIGNAL, NOISE), abs=2 * risks.std() / 20)


@pytest.mark.parametrize("p", [10, 20, 60, 150])
def test_new_noise_alone(p: int) -> None:
    """With fixed samples, averaged over many of these, the parts are the two terms of Hastie et al. 2019."""
    rng, beta, k = np.random.default_rng([p, 1]), truth(p), 8
    bias, variance = [], []
    for _ in range(400):
        x = rng.normal(size=(N, p))
        inverse = np.linalg.pinv(x)
        noisy = (x @ beta)[:, None] + math.sqrt(NOISE) * rng.normal(size=(N, k))
        made = decomposition(answers((inverse @ noisy).T), math.sqrt(p) * beta[:, None], NOISE)
        bias.append(made.bias_squared)
        variance.append(made.variance)
    expected_bias, expected_variance = ridgeless_risk(N, p, SIGNAL, 0.0), ridgeless_risk(N, p, 0.0, NOISE)
    assert np.mean(bias) == pytest.approx(expected_bias, abs=2 * np.std(bias) / 20)
    assert np.mean(variance) == pytest.approx(expected_variance, abs=2 * np.std(variance) / 20)


def test_the_parts_add_up_to_the_error_on_new_targets() -> None:
    rng = np.random.default_rng(3)
    x = np.linspace(-1, 1, 400)
    f_star, sigma, k = np.sin(3 * x), 0.3, 50
    outputs = 0.7 * f_star + 0.2 + 0.1 * rng.normal(size=(k, 1)) + 0.05 * rng.normal(size=(k, 400))
    made = decomposition(outputs[:, :, None], f_star[:, None], sigma**2)
    targets = f_star + sigma * rng.normal(size=(2_000, 1, 400))
    losses = ((outputs - targets) ** 2).mean(axis=(1, 2))
    assert made.error == pytest.approx(losses.mean(), abs=3 * losses.std() / math.sqrt(2_000))
    assert made.variance == pytest.approx(outputs.var(axis=0, ddof=1).mean())
    noisy = f_star + sigma * rng.normal(size=400)
    told = decomposition(outputs[:, :, None], noisy[:, None])
    assert math.isnan(told.noise)
    assert told.variance == pytest.approx(made.variance)
    assert told.bias_squared == pytest.approx(made.bias_squared + sigma**2, abs=3 * sigma**2 * math.sqrt(2 / 400))


def test_for_classes_the_parts_add_up_to_the_brier_score() -> None:
    rng = np.random.default_rng(5)
    truth_, k, n = rng.dirichlet([1, 1, 1], 200), 30, 200
    outputs = np.array([rng.dirichlet([2, 3, 1], n) for _ in range(k)])
    made = decomposition(outputs, truth_, float((truth_ * (1 - truth_)).sum(axis=1).mean()))
    labels = np.array([rng.multinomial(1, truth_) for _ in range(500)])
    scores = ((outputs[:, None] - labels[None]) ** 2).sum(axis=3).mean(axis=(0, 2))
    assert made.error == pytest.approx(scores.mean(), abs=3 * scores.std() / math.sqrt(500))


def test_the_estimate_of_bias_is_not_blurred_by_few_networks() -> None:
    """Without any bias the plain estimate would be variance / K = 1/3 on average."""
    rng = np.random.default_rng(11)
    found = [decomposition(rng.normal(size=(3, 40, 1)), np.zeros((40, 1))).bias_squared for _ in range(400)]
    assert np.mean(found) == pytest.approx(0.0, abs=2 * np.std(found) / 20)
    assert min(found) < 0.0


@settings(deadline=None)
@given(
    st.integers(2, 6).flatmap(
        lambda k: arrays(np.float64, (k, 5, 2), elements=st.floats(-10, 10, allow_subnormal=False))
    )
)
def test_averages_are_those_of_the_points(outputs: np.ndarray) -> None:
    truth_ = np.arange(10.0).reshape(5, 2)
    made, points = decomposition(outputs, truth_, 0.5), pointwise(outputs, truth_)
    assert made.variance == pytest.approx(points.variance.mean(), abs=1e-9)
    assert made.bias_squared == pytest.approx(points.bias_squared.mean(), abs=1e-9)
    assert made.error == pytest.approx(((outputs - truth_) ** 2).sum(axis=2).mean() + 0.5, abs=1e-9)
    np.testing.assert_allclose(points.mean, outputs.mean(axis=0), atol=1e-12)


def test_standard_errors_leave_out_one_network_at_a_time() -> None:
    outputs, truth_ = np.random.default_rng(2).normal(size=(7, 9, 2)), np.zeros((9, 2))
    left = [decomposition(np.delete(outputs, number, axis=0), truth_) for number in range(7)]
    made = decomposition(outputs, truth_)
    for name in ("bias_squared", "variance"):
        values = np.array([getattr(each, name) for each in left])
        expected = math.sqrt(6 / 7 * np.sum((values - values.mean()) ** 2))
        assert getattr(made, f"{name}_error") == pytest.approx(expected)
    assert math.isnan(decomposition(outputs[:2], truth_).variance_error)


@pytest.mark.parametrize("shape", [(1, 4, 1), (3, 5, 1), (3, 4, 2)])
def test_what_cannot_be_decomposed(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"two networks|are needed"):
        decomposition(np.zeros(shape), np.zeros((4, 1)))
