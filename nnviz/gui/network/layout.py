"""Where the parts of the network picture stand. Plain geometry, no painting."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from nnviz.network.shapes import NetworkPlan, drawn_stage
from nnviz.probes.unit_maps import MOST_UNITS

_MARGIN = 40.0
_LARGEST_TILE = 40.0

_SMALLEST_PITCH = 23.0
"""Distance between tiles below which what they show cannot be seen; then more units are folded."""

_GAP = 1.2
"""Pitch of the tiles of a column, in tiles."""


@dataclass(frozen=True)
class Column:
    """One column: the middle of its tiles, the tiles from top to bottom, and how many units have none."""

    x: float
    tiles: tuple[QRectF, ...]
    folded: int
    units: int


@dataclass(frozen=True)
class Layout:
    """The whole picture: columns from left to right, and the y of the headings' lower edge."""

    columns: tuple[Column, ...]
    top: float

    def between(self, number: int) -> float:
        """Return the x midway between a column and the next one."""
        return (self.columns[number].x + self.columns[number + 1].x) / 2

    def left(self, column: int, unit: int) -> QPointF:
        """Return where links enter a tile."""
        tile = self.columns[column].tiles[unit]
        return QPointF(tile.left(), tile.center().y())

    def right(self, column: int, unit: int) -> QPointF:
        """Return where links leave a tile."""
        tile = self.columns[column].tiles[unit]
        return QPointF(tile.right(), tile.center().y())

    def tile_at(self, point: QPointF) -> tuple[int, int] | None:
        """Return (column, unit) of the tile under a point."""
        for number, column in enumerate(self.columns):
            for unit, tile in enumerate(column.tiles):
                if tile.contains(point):
                    return number, unit
        return None


def units_per_column(plan: NetworkPlan) -> list[int]:
    """Return how many units each picture column has: features, channels or units."""
    counts = []
    for column in plan.picture():
        stage = drawn_stage(column)
        shape = plan.input_shape if stage is None else stage.output_shape
        counts.append(int(shape[0]) if shape else 0)
    return counts


def arrange(plan: NetworkPlan, width: float, height: float, top: float) -> Layout:
    """Place the columns of a plan in a picture of a size, below headings that end at `top`.

    The tiles of a column are as large as its height allows, and at least large enough to be read: what does
    not fit is folded into a count.
    """
    counts = units_per_column(plan)
    room = max(height - top - 28.0, 40.0)
    fits = max(1, int(room // _SMALLEST_PITCH))
    shown = [min(count, MOST_UNITS, fits) for count in counts]
    pitches = [min(_LARGEST_TILE * _GAP, room / max(1, n)) for n in shown]
    left, right = _MARGIN + 24.0, width - _MARGIN
    step = (right - left) / max(1, len(counts) - 1)
    columns = []
    for number, (count, n, pitch) in enumerate(zip(counts, shown, pitches, strict=True)):
        x, tile = left + number * step, pitch / _GAP
        first = top + 8.0 + (room - n * pitch) / 2 + (pitch - tile) / 2
        tiles = tuple(QRectF(x - tile / 2, first + unit * pitch, tile, tile) for unit in range(n))
        columns.append(Column(x, tiles, count - n, count))
    return Layout(tuple(columns), top)
