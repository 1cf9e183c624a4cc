"""Whether a curve still falls, has come to rest, or jumps up and down."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

STRIP = 5
"""Values of which the median counts, at least."""


def smoothed(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return running medians of values (n,): (n - k + 1,), with k a twentieth of n, at least 5; empty for fewer."""
    k = max(STRIP, len(values) // 20)
    if len(values) < k:
        return np.empty(0)
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(values, k), axis=1), np.float64)


def fall(values: NDArray[Any]) -> float:
    """Return which share of their size values (n,) have lost over their last half: 0 for a level, below 0 for a rise.

    Compared are the medians of a strip in the middle and of one at the end, each a twentieth of n long and at least 5
    values. NaN where they would overlap, with fewer than 19 values, for what they share has not moved; and where the
    middle is not positive.
    """
    k = max(STRIP, len(values) // 20)
    middle = len(values) // 2
    if middle + k > len(values) - k:
        return float("nan")
    before, now = float(np.median(values[middle : middle + k])), float(np.median(values[-k:]))
    return (before - now) / before if before > 0.0 else float("nan")


def rises(values: NDArray[Any]) -> tuple[float, float]:
    """Return the share of steps in which values (n,) rise, and the mean rise per step, counting falls as 0."""
    steps = np.diff(np.asarray(values, np.float64))
    steps = steps[np.isfinite(steps)]
    if not len(steps):
        return 0.0, 0.0
    return float(np.mean(steps > 0.0)), float(np.mean(np.maximum(steps, 0.0)))
