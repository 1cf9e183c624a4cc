"""Which rows stand for all. Rows are told apart by their epoch, so what is left out never depends on row numbers.

Epochs are divided into cells whose sizes are powers of two and whose edges are multiples of their size, and the first
row of a cell stands for it. Larger cells are unions of smaller ones: whoever chooses among rows that were thinned gets
the rows that would have been chosen among all, and a growing curve keeps the points that it is drawn through.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def first_of_cells(epochs: NDArray[np.float64], widest: int, dense: int) -> NDArray[np.int64]:
    """Return the number of the first row in every cell that has one, for ascending epochs (n,).

    A cell has 2 to the power of `widest` epochs, and fewer where there would be less than 2 to the power of `dense`
    cells from an epoch to its double.
    """
    octaves = np.frexp(epochs)[1] - 1  # the integer part of the binary logarithm
    sizes = np.clip(octaves - dense, 0, widest)
    cells = epochs.astype(np.int64) >> sizes
    first = np.ones(len(epochs), bool)
    first[1:] = (cells[1:] != cells[:-1]) | (sizes[1:] != sizes[:-1])
    return np.flatnonzero(first)


def even_rows(epochs: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Return at most `most` + 1 rows that lie evenly over ascending epochs (n,)."""
    first, last = float(epochs[0]), float(epochs[-1])
    step = 2.0 ** max(0, math.ceil(math.log2((last - first + 1) / most)))
    return _first_at(epochs, np.arange(first // step * step, last + 1, step))


def log_even_rows(epochs: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Return at most about `most` rows that lie evenly over the logarithms of ascending epochs (n,), from 1 on."""
    lowest, highest = (math.frexp(max(1.0, float(epoch)))[1] - 1 for epoch in (epochs[0], epochs[-1]))
    octaves = highest - lowest + 1
    dense, every = max(0, math.floor(math.log2(most / octaves))), -(-octaves // most)
    chosen = range(lowest, highest + 1, every)
    starts = [np.arange(2.0**k, 2.0 ** (k + 1), 2.0 ** max(0, k - dense)) for k in chosen]
    wanted = np.concatenate(starts)
    return _first_at(epochs, wanted[wanted <= epochs[-1]])


def _first_at(epochs: NDArray[np.float64], starts: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the number of the first row at or after every start of a cell, without repetitions."""
    rows = np.searchsorted(epochs, starts)
    new = np.ones(len(rows), bool)
    new[1:] = rows[1:] != rows[:-1]
    return rows[new & (rows < len(epochs))]


def among(epochs: NDArray[np.float64], wanted: NDArray[Any]) -> NDArray[np.int64]:
    """Return the numbers of the rows at exactly these epochs, for ascending epochs (n,)."""
    rows = np.searchsorted(epochs, wanted)
    inside = rows < len(epochs)
    rows, wanted = rows[inside], wanted[inside]
    return np.asarray(rows[epochs[rows] == wanted])
