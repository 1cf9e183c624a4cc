"""How sure an error is that was measured on few samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
"""Share of all intervals like these that hold the true value."""


@dataclass(frozen=True)
class Interval:
    """An interval from `low` to `high`."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """How far apart its ends are."""
        return self.high - self.low

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high


def error_interval(wrong: int, samples: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of the error rate behind `wrong` wrong answers of `samples`, in 0..1.

    Wilson 1927: (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n), with p the share of wrong answers and z the
    (1 + confidence) / 2 quantile of the normal distribution. It holds near 0 and for few samples, where p ± z √(…)
    does not. Raises ValueError for counts that cannot be, or a confidence not between 0 and 1.
    """
    if not 0 <= wrong <= samples or samples < 1:
        raise ValueError(f"{wrong} wrong answers of {samples} cannot be.")
    z, p, n = _quantile(confidence), wrong / samples, samples
    middle = p + z**2 / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    low = 0.0 if wrong == 0 else (middle - half) / scale
    high = 1.0 if wrong == samples else (middle + half) / scale
    return Interval(max(0.0, low), min(1.0, high))


def difference_interval(
    wrong: int, samples: int, other_wrong: int, other_samples: int, confidence: float = CONFIDENCE
) -> Interval:
    """Return the interval of the difference of two error rates, the first minus the second.

    Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10: the two Wilson
    intervals combined by the squares of their arms. The samples of the two must be others. Raises ValueError as
    `error_interval` does.
    """
    p, q = wrong / max(1, samples), other_wrong / max(1, other_samples)
    first = error_interval(wrong, samples, confidence)
    second = error_interval(other_wrong, other_samples, confidence)
    low = p - q - math.hypot(p - first.low, second.high - q)
    high = p - q + math.hypot(first.high - p, q - second.low)
    return Interval(low, high)


def rmse_interval(rmse: float, samples: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of a root mean squared error over `samples`, for errors that are normal with mean 0.

    n rmse² / σ² is then χ² with n degrees of freedom; its quantiles are those of Wilson & Hilferty 1931,
    n (1 − 2/9n ± z √(2/9n))³, which put the ends right to 4 % from 4 samples on, and to 1 % from 8. Raises ValueError
    for fewer than 2 samples.
    """
    if samples < 2:
        raise ValueError(f"An interval needs at least 2 samples, not {samples}.")
    z, spread = _quantile(confidence), 2.0 / (9.0 * samples)
    upper, lower = ((1.0 - spread + sign * z * math.sqrt(spread)) ** 3 for sign in (1.0, -1.0))
    return Interval(rmse / math.sqrt(upper), rmse / math.sqrt(lower) if lower > 0.0 else math.inf)


def _quantile(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"A confidence lies between 0 and 1, not at {confidence:g}.")
    return NormalDist().inv_cdf((1.0 + confidence) / 2.0)
