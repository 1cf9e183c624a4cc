"""Finer pictures of a field that is known on a grid."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


def enlarged(field: NDArray[Any], factor: int) -> NDArray[np.float32]:
    """Return a field (h, w) or (h, w, k) at `factor` times as many points along both sides, by linear interpolation.

    Points are the centres of cells; beyond the outermost centres the field is constant.
    """
    values = np.asarray(field, np.float32)
    rows, columns = _weights(values.shape[0], factor), _weights(values.shape[1], factor)
    flat = values.reshape(*values.shape[:2], -1)
    finer = np.stack([rows @ flat[:, :, i] @ columns.T for i in range(flat.shape[2])], axis=2)
    return np.asarray(finer.reshape(*finer.shape[:2], *values.shape[2:]), np.float32)


@cache
def _weights(n: int, factor: int) -> NDArray[np.float32]:
    """Return the matrix (n · factor, n) that interpolates values at n cell centres."""
    at = np.clip((np.arange(n * factor) + 0.5) / factor - 0.5, 0, n - 1)
    left = np.minimum(at.astype(np.int64), max(0, n - 2))
    weights = np.zeros((n * factor, n), np.float32)
    weights[np.arange(n * factor), left] = 1.0 - (at - left)
    weights[np.arange(n * factor), np.minimum(left + 1, n - 1)] += at - left
    weights.setflags(write=False)
    return weights
