"""Differences between two ways of training, seed by seed: how large, how certain, and in words.

Two runs of one seed share initial weights and batch order, so their difference has less chance in it than either run.
What is left of chance is judged by Student's t over the seeds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
"""Share of all intervals like this one that hold the true mean, if differences are normally distributed."""

_FIGURES = 4
"""Most significant figures of a difference in words."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Difference:
    """Mean paired difference, variant − baseline, and its confidence interval from `low` to `high`.

    All arrays have the shape of one seed's measurement: () for a number, (epochs,) for a curve. `seeds` counts the
    pairs behind each mean; where there is one alone, `low` and `high` are NaN, and without any the mean is too.
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    seeds: NDArray[np.int64]
    confidence: float = CONFIDENCE

    @property
    def clear(self) -> NDArray[np.bool_]:
        """Where the interval does not hold 0."""
        return np.asarray((self.low > 0.0) | (self.high < 0.0))


def paired_difference(baseline: NDArray[Any], variant: NDArray[Any], confidence: float = CONFIDENCE) -> Difference:
    """Return the mean difference, variant − baseline, of measurements (seeds, ...) whose rows are paired by seed.

    The interval is mean ± t s/√K, with s the standard deviation of the K differences (K − 1 in its denominator) and t
    the (1 + confidence) / 2 quantile of Student's distribution with K − 1 degrees of freedom (Student 1908). A pair
    that is not finite in both, after one run has ended, say, is left out there. Raises ValueError when shapes differ
    or the confidence is not between 0 and 1.
    """
    a, b = np.asarray(baseline, np.float64), np.asarray(variant, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"Pairs need measurements of the same shape, not {a.shape} and {b.shape}.")
    with np.errstate(invalid="ignore"):  # of two that are infinite
        differences = b - a
    mean, half = mean_over_seeds(differences, confidence)
    count = np.isfinite(differences).sum(axis=0)
    return Difference(mean, mean - half, mean + half, np.asarray(count, np.int64), confidence)


def mean_over_seeds(
    values: NDArray[Any], confidence: float = CONFIDENCE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean of values (seeds, ...) over the seeds that are known, and half the width of its interval.

    Half is t s/√K as in `paired_difference`; NaN for fewer than two seeds, as the mean is without any.
    """
    known = np.isfinite(values)
    count = known.sum(axis=0)
    filled = np.where(known, values, 0.0)
    mean = np.where(count > 0, filled.sum(axis=0) / np.maximum(count, 1), np.nan)
    squares = np.sum(np.where(known, filled - mean, 0.0) ** 2, axis=0)
    error = np.sqrt(squares / np.maximum(count - 1, 1) / np.maximum(count, 1))
    quantiles = np.array([math.nan, math.nan, *(t_quantile(k, confidence) for k in range(1, len(values)))])
    return mean, quantiles[count] * error


@cache
def t_quantile(degrees: int, confidence: float = CONFIDENCE) -> float:
    """Return the t for which a Student variable T with `degrees` degrees of freedom has P(|T| ≤ t) = `confidence`.

    The probability is a finite sum (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4) that rises with θ = arctan(t/√ν);
    halving the interval finds θ to the last digit. Raises ValueError where there is no such t.
    """
    if degrees < 1 or not 0.0 < confidence < 1.0:
        raise ValueError(
            "Student's t needs at least 1 degree of freedom and a confidence between 0 and 1, "
            f"not {degrees} and {confidence:g}."
        )
    low, high = 0.0, math.pi / 2
    while low < (middle := (low + high) / 2) < high:
        if _within(middle, degrees) < confidence:
            low = middle
        else:
            high = middle
    return math.sqrt(degrees) * math.tan(high)


def _within(theta: float, degrees: int) -> float:
    """Return P(|T| ≤ √ν tan θ) for ν = `degrees`."""
    sine, cosine = math.sin(theta), math.cos(theta)
    total, term, first = 0.0, cosine if degrees % 2 else 1.0, 1 if degrees % 2 else 0
    for power in range(first, degrees - 1, 2):  # cosine to the power, times 2·4··· / 1·3···, or 1·3··· / 2·4···
        total += term
        term *= cosine**2 * (power + 1) / (power + 2)
    return 2.0 / math.pi * (theta + sine * total) if degrees % 2 else sine * total


def sentence(change: str, difference: Difference, when: str = "at the end", target: str = "") -> str:
    """Return what a change did to the test error, as one sentence with its uncertainty.

    `difference` holds numbers, not curves. `change` names what was changed, as "dropout 25 %"; `when` says where both
    were measured, as "at epoch 500". Errors are shares of wrong answers, told in percentage points, or with `target`
    root mean squared errors of that quantity, told in its own units.
    """
    what, factor, unit = (f"the test RMSE of {target}", 1.0, "") if target else ("test error", 100.0, " pp")
    mean, half = factor * float(difference.mean), factor * float(difference.high - difference.mean)
    seeds, name = int(difference.seeds), change[:1].upper() + change[1:]
    if not seeds:
        return f"{name} has not been compared yet."
    if seeds == 1:
        how = f"{_number(abs(mean), _digits(mean))}{unit} {'lower' if mean < 0.0 else 'higher'}" if mean else "the same"
        return f"{name}: {what} {when} is {how} for one seed, and one seed says nothing about chance."
    digits = _digits(mean, half)
    size = f"{_number(mean, digits)} ± {_number(half, digits)}{unit}"
    basis = f"{100 * difference.confidence:g} % confidence, {seeds} seeds"
    if not difference.clear:
        return f"{name} makes no clear difference to {what} {when} ({size}, {basis})."
    return f"{name} {'lowers' if mean < 0.0 else 'raises'} {what} {when} by {size.lstrip('−')} ({basis})."


def _digits(mean: float, half: float = 0.0) -> int:
    """Return after how many digits to end: two significant ones of the uncertainty, at most four of the larger number.

    Without an uncertainty, two of the number.
    """
    largest, finest = max(abs(mean), half), half or abs(mean)
    if not largest:
        return 1
    return max(0, min(1 - math.floor(math.log10(finest)), _FIGURES - 1 - math.floor(math.log10(largest))))


def _number(value: float, digits: int) -> str:
    """Return a number with so many digits after the point, with a true minus sign, and none on what rounds to 0."""
    text = f"{abs(value):,.{digits}f}"
    return f"−{text}" if value < 0.0 and text.strip("0.,") else text
