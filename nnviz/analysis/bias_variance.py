"""Bias, variance and noise of a way of training, estimated from networks that were trained on different samples.

What is decomposed is squared error. For a target y with E y = f* and networks f that know nothing of it,

    E‖f − y‖² = ‖E f − f*‖² + E‖f − E f‖² + E‖y − f*‖² = bias² + variance + noise

at every point (Geman, Bienenstock & Doursat 1992, "Neural networks and the bias/variance dilemma", section 2.2), where
‖·‖² is the sum over outputs. For classes f are the probabilities that a network states and y is 1 for the true class
and 0 for the others, so that the left side is the score of Brier 1950, from 0 to 2. The error rate and cross-entropy
have no such sum, and are not decomposed here.

With K networks the mean prediction still varies by variance / K, which the plain estimate of bias² would count as bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Pointwise:
    """What K networks answer at each of n points: `mean` (n, outputs), and `variance` and `bias_squared` (n,).

    The two are summed over outputs. Both are unbiased; the estimate of bias² is therefore below 0 now and then.
    """

    mean: Values
    variance: Values
    bias_squared: Values


@dataclass(frozen=True)
class Decomposition:
    """Means over points, with standard errors over networks.

    `bias_squared` holds the noise as well where the truth is not known but noisy targets are; `noise` is NaN then.
    `error` is the mean squared error of the networks, which the three add up to, exactly.
    """

    bias_squared: float
    variance: float
    noise: float
    bias_squared_error: float
    variance_error: float
    networks: int

    @property
    def error(self) -> float:
        """The expected squared error on new targets."""
        return self.bias_squared + self.variance + (0.0 if np.isnan(self.noise) else self.noise)


def pointwise(outputs: NDArray[Any], truth: NDArray[Any]) -> Pointwise:
    """Return what outputs (K, n, outputs) of K networks at n points come to, beside the truth (n, outputs).

    mean f̄ = Σf/K; variance s² = Σ‖f − f̄‖² / (K − 1); bias² = ‖f̄ − f*‖² − s²/K, since E‖f̄ − f*‖² = bias² + variance/K.
    With targets of one draw in place of the truth, bias² holds their noise. Raises ValueError for fewer than two
    networks, which have no variance, and for shapes that do not fit.
    """
    f, target = _checked(outputs, truth)
    mean = f.mean(axis=0)
    variance = ((f - mean) ** 2).sum(axis=(0, 2)) / (len(f) - 1)
    bias_squared = ((mean - target) ** 2).sum(axis=1) - variance / len(f)
    return Pointwise(mean, variance, bias_squared)


def decomposition(outputs: NDArray[Any], truth: NDArray[Any], noise: float = float("nan")) -> Decomposition:
    """Return bias², variance and noise, averaged over n points, of outputs (K, n, outputs) of K networks.

    `truth` (n, outputs) and `noise` as in the formulas of this module, `noise` averaged over points; or noisy targets
    and NaN. The averages are those of `pointwise`, from the K × K matrix G of mean products ⟨f_i − f*, f_j − f*⟩:
    bias² is the mean of G off its diagonal, variance that on it minus that off it. Standard errors are of leaving out
    one network at a time (Efron 1982, "The jackknife", chapter 3) and NaN for two networks. Raises ValueError as
    `pointwise` does.
    """
    f, target = _checked(outputs, truth)
    k, n = f.shape[:2]
    apart = (f - target).reshape(k, -1)
    products = apart @ apart.T / n
    bias_squared, variance = _moments(np.trace(products), products.sum(), k)
    bias_error = variance_error = float("nan")
    if k > 2:
        own = np.diag(products)
        without = _moments(own.sum() - own, products.sum() - 2 * products.sum(axis=1) + own, k - 1)
        bias_error, variance_error = (
            float(np.sqrt((k - 1) / k * np.sum((left - left.mean()) ** 2))) for left in without
        )
    return Decomposition(float(bias_squared), float(variance), noise, bias_error, variance_error, k)


def _moments(trace: Any, total: Any, k: int) -> tuple[Any, Any]:
    """Return bias² and variance of k networks from the trace and the sum of their products; numbers or arrays."""
    bias_squared = (total - trace) / (k * (k - 1))
    return bias_squared, trace / k - bias_squared


def _checked(outputs: NDArray[Any], truth: NDArray[Any]) -> tuple[Values, Values]:
    f, target = np.asarray(outputs, np.float64), np.asarray(truth, np.float64)
    if f.ndim != 3 or f.shape[1:] != target.shape:
        shapes = f"not {f.shape} and {target.shape}"
        raise ValueError(f"Outputs (networks, n, outputs) and a truth (n, outputs) are needed, {shapes}.")
    if len(f) < 2:
        raise ValueError("A variance needs at least two networks.")
    return f, target
