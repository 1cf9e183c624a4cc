"""Where a function on a grid is 0. numpy only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BOTTOM, _RIGHT, _TOP, _LEFT = range(4)


def zero_lines(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the lines along which values (h, w) on a grid change sign, as segments between (column, row): (n, 2, 2).

    Marching squares (Lorensen & Cline 1987 in two dimensions), linear along every edge; where all four edges of a cell
    are crossed, the mean of its corners says which of them belong together. Cells that are not finite have none.
    """
    above = values > 0
    across, up = above[:, :-1] != above[:, 1:], above[:-1] != above[1:]
    finite = np.isfinite(values)
    whole = finite[:-1, :-1] & finite[:-1, 1:] & finite[1:, :-1] & finite[1:, 1:]
    crossed = np.stack([across[:-1], up[:, 1:], across[1:], up[:, :-1]]) & whole
    points = _crossings(values)
    count = crossed.sum(axis=0)
    once = np.argwhere(count == 2)
    edges = np.argsort(~crossed[:, once[:, 0], once[:, 1]], axis=0, kind="stable")[:2]
    found: list[NDArray[Any]] = [np.stack([points[edge, once[:, 0], once[:, 1]] for edge in edges], axis=1)]
    for row, column in np.argwhere(count == 4).tolist():
        corners = values[row : row + 2, column : column + 2]
        alike = bool((corners.mean() > 0) == above[row, column])  # the lower left corner and its opposite are connected
        pairs = ((_BOTTOM, _RIGHT), (_TOP, _LEFT)) if alike else ((_LEFT, _BOTTOM), (_RIGHT, _TOP))
        found += [points[list(pair), row, column][None] for pair in pairs]
    return np.concatenate(found).astype(np.float64)


def _crossings(values: NDArray[Any]) -> NDArray[Any]:
    """Return where each edge of each cell would be crossed: (4, h − 1, w − 1, 2), in columns and rows."""
    grid = np.indices(values.shape, dtype=np.float64)
    rows, columns = grid[0], grid[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        along = values[:, :-1] / (values[:, :-1] - values[:, 1:])
        upward = values[:-1] / (values[:-1] - values[1:])
    level = np.stack([columns[:, :-1] + along, rows[:, :-1]], axis=-1)
    steep = np.stack([columns[:-1], rows[:-1] + upward], axis=-1)
    return np.stack([level[:-1], steep[:, 1:], level[1:], steep[:, :-1]])
