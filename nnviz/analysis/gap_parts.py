"""What the test error of a network is made of: floor, approximation, estimation and optimisation.

Bottou & Bousquet 2008, "The tradeoffs of large scale learning", equations 1 and 2. E(f) is the expected error of f on
new samples; f* the best function there is, f_F the best that a network of this shape can be, f_n the one that errs
least on the n training samples, and f̃ the one that training has come to:

    E(f̃) = E(f*)  +  [E(f_F) − E(f*)]  +  [E(f_n) − E(f_F)]  +  [E(f̃) − E(f_n)]
           floor     approximation        estimation           optimisation

The first difference is never negative for the true f_F. The other two can be: f_n errs least on the training samples,
which is not the same as on new ones, so that stopping early often makes the last one negative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Estimate:
    """A number and its standard error; both NaN where nothing is known."""

    value: float
    error: float = 0.0

    def __sub__(self, other: Estimate) -> Estimate:
        """Return the difference, as of two that are independent."""
        return Estimate(self.value - other.value, math.hypot(self.error, other.error))

    @property
    def known(self) -> bool:
        """Whether there is a number."""
        return math.isfinite(self.value)


UNKNOWN = Estimate(math.nan, math.nan)


@dataclass(frozen=True)
class GapParts:
    """The parts of an expected error. Those that are not known are NaN; they add up to `total` where all are known."""

    floor: Estimate
    approximation: Estimate
    estimation: Estimate
    optimisation: Estimate
    total: Estimate


def gap_parts(floor: Estimate, family: Estimate, sample: Estimate, now: Estimate) -> GapParts:
    """Return the parts from the expected errors of f*, f_F, f_n and f̃, as this module calls them.

    Each difference has the standard error of two independent estimates. That is too large for errors that were measured
    on the same samples, never too small.
    """
    return GapParts(floor, family - floor, sample - family, now - sample, now)


def best_trained(training_losses: NDArray[Any], errors: NDArray[Any]) -> Estimate:
    """Return the expected error of the network with the smallest training loss of S that differ in their seed.

    That is what stands for the f_n and the f_F of this module. Its standard error is that of the bootstrap over seeds
    (Efron 1979, "Bootstrap methods: another look at the jackknife"), exactly: of S drawn again with replacement, the
    one of rank r (1 has the smallest loss) is the best with probability ((S − r + 1)^S − (S − r)^S) / S^S. Networks
    without a finite loss or error do not count; UNKNOWN where none is left.
    """
    losses, found = np.asarray(training_losses, np.float64), np.asarray(errors, np.float64)
    finite = np.isfinite(losses) & np.isfinite(found)
    count = int(finite.sum())
    if not count:
        return UNKNOWN
    ranked = found[finite][np.argsort(losses[finite], kind="stable")]
    worse = (count - np.arange(count + 1)) / count
    chances = worse[:-1] ** count - worse[1:] ** count
    mean = float(chances @ ranked)
    spread = math.sqrt(max(0.0, float(chances @ (ranked - mean) ** 2)))
    return Estimate(float(ranked[0]), spread if count > 1 else math.nan)


def mean_trained(errors: NDArray[Any]) -> Estimate:
    """Return the mean of errors (S,) of S seeds and its standard error s/√S; those that are not finite do not count."""
    finite = np.asarray(errors, np.float64)
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return UNKNOWN
    error = float(finite.std(ddof=1) / math.sqrt(len(finite))) if len(finite) > 1 else math.nan
    return Estimate(float(finite.mean()), error)


def expected_error_rate(probabilities: NDArray[Any], truth: NDArray[Any]) -> float:
    """Return the probability that the class which is named is wrong, averaged over n points.

    The class is that of the largest of the network's `probabilities` (n, classes); it is right with the probability
    that `truth` (n, classes) gives to it, which is 0 or 1 where only labels are known. The smallest there is, with
    truth in both places, is the error of Bayes.
    """
    named = np.asarray(probabilities).argmax(axis=1)
    return float(np.mean(1.0 - np.asarray(truth, np.float64)[np.arange(len(named)), named]))


def expected_squared_error(values: NDArray[Any], truth: NDArray[Any], noise: float) -> float:
    """Return E‖f − y‖² over n points for values f (n, outputs), E y = `truth` (n, outputs) and E‖y − E y‖² = `noise`.

    For classes that is the score of Brier 1950, from 0 to 2.
    """
    apart = np.asarray(values, np.float64) - np.asarray(truth, np.float64)
    return float(np.mean((apart**2).sum(axis=1)) + noise)
