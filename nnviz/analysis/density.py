"""How numbers are distributed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def histogram(values: NDArray[Any], low: float, high: float, bins: int) -> NDArray[np.int64]:
    """Return how many values fall into each of `bins` equal bins from `low` to `high`: (bins,).

    As numpy.histogram: the last bin includes `high`, values outside are not counted; nor are those not finite.
    """
    flat = np.asarray(values, np.float64).ravel()
    inside = flat[(flat >= low) & (flat <= high)]
    places = ((inside - low) * (bins / (high - low))).astype(np.int64)
    return np.bincount(np.minimum(places, bins - 1), minlength=bins)


def bandwidth(values: NDArray[Any]) -> float:
    """Return Silverman's rule of thumb for a Gaussian kernel: 0.9 min(σ, IQR / 1.34) n^(-1/5).

    B. W. Silverman (1986), Density Estimation for Statistics and Data Analysis, equation 3.31. Where half of the
    values are equal, so that the interquartile range is 0, σ alone; 0 where all are.
    """
    flat = np.asarray(values, np.float64).ravel()
    if len(flat) < 2:
        return 0.0
    sigma = float(flat.std(ddof=1))
    first, third = np.partition(flat, (len(flat) // 4, 3 * len(flat) // 4))[[len(flat) // 4, 3 * len(flat) // 4]]
    spread = min(sigma, float(third - first) / 1.34) or sigma
    return float(0.9 * spread * len(flat) ** -0.2)


def density(values: NDArray[Any], low: float, high: float, points: int) -> NDArray[np.float64]:
    """Return the density of finite values at the centres of `points` equal bins from `low` to `high`: (points,).

    A Gaussian kernel estimate, (1 / n h) Σ φ((x − v) / h), computed on the histogram: values move to the centre of
    their bin, which is finer than the kernel. h is Silverman's, and at least one bin. Its integral is the share of
    the values inside; all zeros when there is none.
    """
    flat = np.asarray(values, np.float64).ravel()
    flat = flat[np.isfinite(flat)]
    if not len(flat):
        return np.zeros(points)
    width = (high - low) / points
    h = max(bandwidth(flat), width)
    reach = min(points - 1, int(np.ceil(4 * h / width)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * (width / h)) ** 2)
    counts = histogram(flat, low, high, points)
    smooth = np.convolve(counts, kernel / (kernel.sum() * width), mode="full")[reach : reach + points]
    return np.asarray(smooth / len(flat))
