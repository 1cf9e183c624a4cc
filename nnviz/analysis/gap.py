"""The generalization gap."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def gap(train: NDArray[Any], test: NDArray[Any]) -> NDArray[Any]:
    """Return test − train (n,), of the same quantity measured in the same mode: how much worse unseen samples fare."""
    return np.asarray(np.asarray(test) - np.asarray(train))
