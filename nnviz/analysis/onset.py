"""When overfitting began."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

GENERALIZATION_LOSS = 0.05
"""How far above its minimum the monitored loss must have risen before the minimum counts as the onset."""


def overfitting_onset(
    epochs: NDArray[Any], train: NDArray[Any], monitored: NDArray[Any], threshold: float = GENERALIZATION_LOSS
) -> int | None:
    """Return the epoch from which on a run overfits, None as long as it does not.

    That is the epoch of the smallest monitored (validation or test) loss E_opt, once the generalization loss
    E(t) / E_opt − 1 has exceeded `threshold` at a later epoch while the training loss was below that of the onset.
    The generalization loss is GL / 100 of Prechelt 1998, "Early stopping – but when?", equation (2).

    All arrays are (n,), epochs ascending; NaN where nothing was measured.
    """
    if len(epochs) < 2 or not np.isfinite(monitored).any():
        return None
    best = int(np.nanargmin(monitored))
    lowest = float(monitored[best])
    if lowest <= 0.0:
        return None
    with np.errstate(invalid="ignore"):
        risen = monitored[best + 1 :] > (1.0 + threshold) * lowest
        learned = train[best + 1 :] < train[best]
    return int(epochs[best]) if bool(np.any(risen & learned)) else None
