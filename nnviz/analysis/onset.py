"""When overfitting began."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.trend import smoothed

GENERALIZATION_LOSS = 0.05
"""How far above its minimum the monitored loss must have risen before the minimum counts as the onset."""


STRIP = 5
"""Measurements of which the median counts."""


def overfitting_onset(
    epochs: NDArray[Any], train: NDArray[Any], monitored: NDArray[Any], threshold: float = GENERALIZATION_LOSS
) -> int | None:
    """Return the epoch from which on a run overfits, None as long as it does not.

    That is the epoch of the smallest monitored (validation or test) loss E_opt, once the generalization loss
    E(t) / E_opt − 1 has exceeded `threshold` later on while the training loss was below that of the onset, both losses
    the medians of strips of five measurements, so that one noisy epoch says nothing. The generalization loss is
    GL / 100 of Prechelt 1998, "Early stopping – but when?", equation (2); the strips are those of its equation (3).

    All arrays are (n,), epochs ascending; NaN where nothing was measured.
    """
    if len(epochs) < 2 or not np.isfinite(monitored).any():
        return None
    best = int(np.nanargmin(monitored))
    lowest = float(monitored[best])
    if lowest <= 0.0:
        return None
    later = np.isfinite(monitored[best + 1 :]) & np.isfinite(train[best + 1 :])
    if later.sum() < STRIP:
        return None
    risen = _strips(monitored[best + 1 :][later]) > (1.0 + threshold) * lowest
    learned = _strips(train[best + 1 :][later]) < train[best]
    return int(epochs[best]) if bool(np.any(risen & learned)) else None


RISE, FACTOR = 0.1, 1.1
"""How much the monitored loss must have risen to matter: as a share of a usual loss, and as a factor."""


def rise_matters(train: NDArray[Any], monitored: NDArray[Any], at: int, level: float) -> bool:
    """Say whether a run that began to overfit at row `at` still does, and by an amount that anyone would care about.

    `level` is a usual size of the loss, as that of a constant answer. Both losses (n,) are compared by running medians,
    so that single epochs count for nothing: the monitored one must lie 10 % of `level`, and 10 % of itself, above its
    lowest, and the training loss below that of the onset: both rise where steps are too long.
    """
    losses, learned = smoothed(monitored), smoothed(train)
    if not len(losses) or not np.isfinite(losses).any():
        return False
    lowest, now = float(np.nanmin(losses)), float(losses[-1])
    return bool(learned[-1] < train[at]) and now - lowest > RISE * level and now > FACTOR * lowest


def _strips(values: NDArray[Any]) -> NDArray[Any]:
    """Return the median of every STRIP neighbours (n - STRIP + 1,) of finite values (n,)."""
    medians: NDArray[Any] = np.median(np.lib.stride_tricks.sliding_window_view(values, STRIP), axis=1)
    return medians
