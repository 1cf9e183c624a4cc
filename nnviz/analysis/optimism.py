"""How much better than it is the best of many looks, when it was chosen by the error that is then reported.

The smallest of m test errors is small for two reasons: that network is better, and its test part happened to suit it.
The second part is gone on new samples (Cawley & Talbot 2010, On over-fitting in model selection). Choosing again and
again, each time after what the last look said, makes it worse, and hiding the test part prevents it; Dwork et al. 2015
(The reusable holdout) and Blum & Hardt 2015 (The Ladder) say how often one may look.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def smallest_error(m: int, samples: int, error: float) -> float:
    """Return the expected smallest of m independent error rates on `samples` samples each, all with that true error.

    Σ_{k≥1} P(X ≥ k)^m / n, with X binomial: the mean of a number that is never negative, as the sum of its tails.
    Raises ValueError for m or samples below 1, or an error not in 0..1.
    """
    if m < 1 or samples < 1 or not 0.0 <= error <= 1.0:
        raise ValueError(f"{m} candidates with an error of {error:g} on {samples} samples cannot be.")
    if error in (0.0, 1.0):
        return error
    k = np.arange(1, samples + 1)
    logs = [math.lgamma(samples + 1) - math.lgamma(j + 1) - math.lgamma(samples - j + 1) for j in range(samples + 1)]
    j = np.arange(samples + 1)
    shares = np.exp(np.array(logs) + j * math.log(error) + (samples - j) * math.log1p(-error))
    tails = np.minimum(np.cumsum(shares[::-1])[::-1][k], 1.0)
    return float(np.sum(tails**m) / samples)


def best_of_related(errors: NDArray[Any], covariance: NDArray[Any], draws: int = 2_000) -> tuple[Floats, Floats]:
    """Return test and true error to be expected of the best of m candidates, (K,) each, for m = 1 to K.

    errors (K,) are their true error rates, covariance (K, K) that of their test errors; the m are any of them. Test
    errors are normal, which they are on a test part that is not too small, and the means are over `draws` of them, each
    with candidates in an order of its own, since there is no closed form. The same arguments give the same numbers.
    """
    e = np.asarray(errors, np.float64)
    values, vectors = np.linalg.eigh(np.asarray(covariance, np.float64))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    rng = np.random.default_rng(len(e))
    tests = e + rng.normal(size=(draws, len(e))) @ root.T
    orders = np.argsort(rng.random(tests.shape), axis=1)
    test, true = chosen_by(np.take_along_axis(tests, orders, axis=1), e[orders])
    return test.mean(axis=0), true.mean(axis=0)


def covariance_of(wrong: NDArray[np.bool_], samples: int) -> Floats:
    """Return the covariance (K, K) of the error rates of K candidates on the same `samples` of N points, any of them.

    wrong (K, N) says where each is wrong. Of one answer it is mean w_i w_j − e_i e_j, and of the mean of n that are not
    put back (N − n) / (N − 1) / n of that (Cochran 1977, Sampling Techniques, theorems 2.2 and 2.3).
    """
    points = wrong.shape[1]
    w = wrong.astype(np.float32)
    e = w.mean(axis=1, dtype=np.float64)
    together = np.asarray(w @ w.T, np.float64) / points  # sums of ones, exact in float32 up to 2^24 of them
    left = (points - samples) / max(1, points - 1)
    return np.asarray((together - np.outer(e, e)) * left / samples, np.float64)


def most_optimism(m: int, samples: int) -> float:
    """Return the most by which the best of m fixed candidates can look better than it is, on average: √(ln m / 2n).

    Whatever the candidates are and however alike (Hoeffding 1963; Boucheron, Lugosi & Massart 2013, theorem 2.5). It
    does not hold where each candidate was made after looking at how the others did, which can cost far more.
    """
    return math.sqrt(math.log(max(1, m)) / (2.0 * max(1, samples)))


def chosen_by(test_errors: NDArray[Any], true_errors: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return test and true error of the best so far, in the order in which candidates came: (..., m) each.

    test_errors (..., m) are those that choose, the first one where several are smallest; true_errors (m,) or (..., m).
    """
    tests = np.asarray(test_errors, np.float64)
    smallest = np.minimum.accumulate(tests, axis=-1)
    better = np.concatenate([np.ones((*tests.shape[:-1], 1), bool), tests[..., 1:] < smallest[..., :-1]], axis=-1)
    place = np.maximum.accumulate(np.where(better, np.arange(tests.shape[-1]), 0), axis=-1)
    true = np.broadcast_to(np.asarray(true_errors, np.float64), tests.shape)
    return smallest, np.take_along_axis(true, place, axis=-1)
