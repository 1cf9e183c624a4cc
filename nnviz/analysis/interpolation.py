"""Where networks become able to fit every training sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def interpolation_threshold(samples: int, outputs: int) -> int:
    """Return the number of parameters at which a network can just fit its samples: samples · outputs.

    One equation per sample and output, one unknown per parameter (Belkin, Hsu, Ma & Mandal 2019, "Reconciling modern
    machine-learning practice and the bias-variance trade-off", section 3). It is exact for linear models, and where
    the peak of the test error is looked for in networks with squared loss.
    """
    return samples * outputs


def first_interpolating(sizes: NDArray[Any], errors: NDArray[Any], below: float = 0.0) -> float:
    """Return the smallest of ascending sizes (n,) from which on training errors (n,) stay at or below `below`.

    The empirical threshold of Nakkiran et al. 2019 (effective model complexity, definition 1); NaN when there is none.
    Errors that are not known yet, NaN, end the search: nothing can be said of what lies beyond.
    """
    fits = np.asarray(errors) <= below
    if not len(fits) or not fits[-1]:
        return float("nan")
    last_miss = np.flatnonzero(~fits)
    return float(sizes[last_miss[-1] + 1 if len(last_miss) else 0])


def place_of(parameters: NDArray[Any], values: NDArray[Any], threshold: float) -> float:
    """Return the value (on an axis) at which a network has `threshold` parameters, by linear interpolation.

    `parameters` (n,) belong to ascending `values` (n,). NaN where none of the networks is that small or that large.
    """
    counts = np.asarray(parameters, np.float64)
    if len(counts) < 2 or not np.all(np.diff(counts) > 0) or not counts[0] <= threshold <= counts[-1]:
        return float("nan")
    return float(np.interp(threshold, counts, np.asarray(values, np.float64)))
