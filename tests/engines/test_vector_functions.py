"""The functions of vectors against NumPy and SciPy, and what the kernels do with memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from nnviz.engines.compiled import functions
from nnviz.engines.compiled.caching import compiled
from nnviz.engines.compiled.product import multiply
from nnviz.engines.compiled.vectors import LANES, at, load, store, store_first, turn

SINGLE, DOUBLE = np.float32, np.float64
PRECISIONS = pytest.mark.parametrize("dtype", [SINGLE, DOUBLE], ids=["single", "double"])
GUARD = -77.0
"""What lies where nothing may be written."""


@compiled
def all_of(kind: int, x: Any, y: Any) -> None:
    for i in range(0, x.size, LANES):
        v = load(x, i)
        if kind == 0:
            store(y, i, functions.exp_of_negative(v))
        elif kind == 1:
            store(y, i, functions.log(v))
        elif kind == 2:
            store(y, i, functions.log1p(v))
        elif kind == 3:
            store(y, i, functions.tanh(v))
        elif kind == 4:
            store(y, i, functions.logistic(v))
        elif kind == 5:
            store(y, i, functions.softplus(v))
        elif kind == 6:
            store(y, i, functions.normal_density(v))
        elif kind == 7:
            store(y, i, functions.normal_distribution(v))
        elif kind == 8:
            store(y, i, functions.sine(v))
        elif kind == 9:
            store(y, i, functions.cosine(v))
        elif kind == 10:
            store(y, i, functions.square_root(v))


NAMES = [
    "exp_of_negative",
    "log",
    "log1p",
    "tanh",
    "logistic",
    "softplus",
    "normal_density",
    "normal_distribution",
    "sine",
    "cosine",
    "square_root",
]


def evaluated(name: str, x: np.ndarray) -> np.ndarray:
    padded = np.zeros(-(-len(x) // LANES) * LANES, x.dtype)
    padded[: len(x)] = x
    y = np.full_like(padded, np.nan)
    all_of(NAMES.index(name), padded, y)
    return y[: len(x)]


def measured(name,x,ref):
    y=evaluated(name,x)
    return y
