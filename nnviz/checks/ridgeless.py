"""Least squares against theory: a curve with a peak that is known exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from nnviz.analysis.least_squares import ridgeless_risk, smallest_solution
from nnviz.checks import Finding, SelfTest, self_tests
from nnviz.checks.parts.engines import ENGINES, apart, engine, split_of
from nnviz.data.dataset import Part

SAMPLES, SIGNAL, NOISE = 60, 1.0, 0.25
FEATURES = (12, 30, 48, 72, 120, 300)
"""Numbers of features: 0.2, 0.5, 0.8, 1.2, 2 and 5 per sample, on both sides of the peak."""

ERRORS = 3.0
"""Largest distance of a mean from theory, in standard errors of the mean."""

_LIMIT = 1e-9
"""Largest distance of a network from the solution that its training tends to, relative to the length of that."""


@self_tests.register
class Ridgeless(SelfTest):
    """Double descent of linear regression, and that both engines reach the solution it is about."""

    name = "ridgeless"
    title = "Least squares"
    help = "The excess risk of ridgeless least squares against the exact formula (Hastie et al. 2019)."
    quantity = "standard errors"
    order = 20

    def run(self, quick: bool) -> Iterator[Finding]:
        repetitions = 100 if quick else 400
        for p in FEATURES:
            mean, error = simulated(p, repetitions)
            exact = ridgeless_risk(SAMPLES, p, SIGNAL, NOISE)
            note = f"excess risk {mean:.4f}, exactly {exact:.4f}"
            subject = f"{p / SAMPLES:g} features per sample"
            yield self.compare(subject, partial(_distance, mean, exact, error), ERRORS, note=note)
        for name, words in ENGINES.items():
            subject = f"gradient descent, {words}"
            yield self.compare(subject, partial(descent_error, name), _LIMIT, "relative distance")


def _distance(mean: float, exact: float, error: float) -> float:
    return abs(mean - exact) / error


def simulated(p: int, repetitions: int) -> tuple[float, float]:
    """Return the mean of ‖β̂ − β‖² over random samples, and the standard error of that mean."""
    rng = np.random.default_rng(p)
    risks = np.empty(repetitions)
    for number in range(repetitions):
        x, y, beta = _problem(rng, p)
        risks[number] = np.sum((smallest_solution(x, y) - beta) ** 2)
    return float(risks.mean()), float(risks.std(ddof=1) / np.sqrt(repetitions))


def _problem(rng: np.random.Generator, p: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return samples (n, p), targets (n,) and the truth (p,), of length √SIGNAL in a random direction."""
    direction = rng.normal(size=p)
    beta = direction * np.sqrt(SIGNAL) / np.linalg.norm(direction)
    x = rng.normal(size=(SAMPLES, p))
    return x, x @ beta + np.sqrt(NOISE) * rng.normal(size=SAMPLES), beta


def descent_error(name: str, steps: int = 1_000) -> float:
    """Return how far an engine ends from the smallest solution, for a network that is a linear map of 120 features.

    Gradient descent on the squared error from 0 never leaves the span of the samples, so that it tends to the
    solution of smallest norm; the bias is a feature that is always 1. Raises Unavailable.
    """
    x, y, _ = _problem(np.random.default_rng(0), 2 * SAMPLES)
    part = Part(x.astype(np.float32), y.astype(np.float32), np.zeros(SAMPLES, bool))
    with_ones = np.column_stack([part.x.astype(np.float64), np.ones(SAMPLES)])
    rate = SAMPLES / (2.0 * float(np.linalg.norm(with_ones, 2)) ** 2)  # 1 / the largest curvature
    options = {"loss": "squared", "optimizer": "sgd", "batch_size": SAMPLES, "learning_rate": rate}
    made = engine(name, split_of(part, part), [], **options)
    made.restore(replace(made.state(), parameters=np.zeros(2 * SAMPLES + 1)))
    for _ in range(steps):
        made.train_steps(1)
    return apart(made.parameters(), smallest_solution(with_ones, part.targets.astype(np.float64)))
