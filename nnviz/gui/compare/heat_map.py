"""A table of numbers as a heat map, with the names of its rows and columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.gui.plot.ticks import minus
from nnviz.gui.theme import Theme, font
from nnviz.gui.views.parts.colors import Pixels, ramp_pixels
from nnviz.gui.views.parts.matrix import legible

_CENTER = Qt.AlignmentFlag.AlignCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_MOST_NAME = 124.0
_LARGEST_CELL = QSize(120, 64)
_BELOW, _BESIDE = 40.0, 26.0
"""Room for the names under the cells and for the title beside them, in pixels."""


class HeatMap(QWidget):
    """Values (rows, columns) from `low` to `high` in the colours of a ramp; NaN is a dash."""

    pointed = Signal(int, int)
    """The mouse is over a cell: its row and column, or −1 and −1."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._values: NDArray[np.float64] = np.zeros((0, 0))
        self._rows: tuple[str, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._titles = ("", "")
        self._range = (0.0, 1.0)
        self._ramp: Pixels = np.zeros((256, 4), np.uint8)
        self._sentence = ""
        self.cell = (-1, -1)  # the one under the mouse
        self.setMouseTracking(True)
        self.setMinimumSize(QSize(120, 96))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_values(
        self,
        values: NDArray[np.float64],
        rows: Sequence[str],
        columns: Sequence[str],
        titles: tuple[str, str],
        limits: tuple[float, float],
        ramp: Pixels,
    ) -> None:
        """Show values (rows, columns); `titles` name the rows and the columns as a whole."""
        self._values, self._rows, self._columns = values, tuple(rows), tuple(columns)
        self._titles, self._range, self._ramp, self._sentence = titles, limits, ramp, ""
        self.setAccessibleDescription(self._spoken())
        self.update()

    def say(self, sentence: str) -> None:
        """Show a sentence instead."""
        self._sentence = sentence
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self._theme = theme
        self.update()

    def _spoken(self) -> str:
        """Return the table in words."""
        rows = zip(self._rows, self._values, strict=True)
        return "; ".join(
            f"{name}: " + ", ".join(f"{column} {_number(v)}" for column, v in zip(self._columns, row, strict=True))
            for name, row in rows
        )

    # ------------------------------------------------------------ geometry

    def _area(self) -> QRectF:
        """Return where the cells are: not larger than reads well, in the middle of the rest."""
        metrics = QFontMetricsF(font("small", tabular=True))
        widest = max((metrics.horizontalAdvance(name) for name in self._rows), default=0.0)
        left = _BESIDE + min(widest, _MOST_NAME) + 6
        width = min(self.width() - left - 12, _LARGEST_CELL.width() * len(self._columns))
        height = min(self.height() - _BELOW - 12, _LARGEST_CELL.height() * len(self._rows))
        spare = max(0.0, self.width() - left - 12 - width), max(0.0, self.height() - _BELOW - 12 - height)
        return QRectF(left + spare[0] / 2, 8 + spare[1] / 2, max(1.0, width), max(1.0, height))

    def _place(self, row: int, column: int) -> QRectF:
        area = self._area()
        width, height = area.width() / len(self._columns), area.height() / len(self._rows)
        left, right = round(area.left() + column * width), round(area.left() + (column + 1) * width)
        top, bottom = round(area.top() + row * height), round(area.top() + (row + 1) * height)
        return QRectF(left, top, right - left - 1, bottom - top - 1)

    def _at(self, point: QPointF) -> tuple[int, int]:
        area = self._area()
        if self._sentence or not self._values.size or not area.contains(point):
            return -1, -1
        row = int((point.y() - area.top()) / area.height() * len(self._rows))
        column = int((point.x() - area.left()) / area.width() * len(self._columns))
        return min(row, len(self._rows) - 1), min(column, len(self._columns) - 1)

    # ------------------------------------------------------------ Qt

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point((-1, -1))

    def _point(self, cell: tuple[int, int]) -> None:
        if cell != self.cell:
            self.cell = cell
            self.pointed.emit(*cell)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._sentence or not self._values.size:
            painter.setFont(font("body"))
            painter.setPen(self._theme.color("muted"))
            room = QRectF(16, 8, self.width() - 32, self.height() - 16)
            painter.drawText(room, _CENTER | Qt.TextFlag.TextWordWrap, self._sentence)
        else:
            painter.setFont(font("small", tabular=True))
            self._paint_cells(painter)
            self._paint_names(painter)
        painter.end()

    def _paint_cells(self, painter: QPainter) -> None:
        pixels = ramp_pixels(self._values, *self._range, self._ramp, self._theme)
        metrics = QFontMetricsF(painter.font())
        for row in range(len(self._rows)):
            for column in range(len(self._columns)):
                place, color = self._place(row, column), QColor(*map(int, pixels[row, column]))
                painter.fillRect(place, color)
                text = _number(float(self._values[row, column]))
                if place.width() >= metrics.horizontalAdvance(text) + 4 and place.height() >= 14:
                    painter.setPen(legible(color))
                    painter.drawText(place, _CENTER, text)
        painter.setPen(self._theme.color("border"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(self._area().adjusted(-1, -1, 0, 0))

    def _paint_names(self, painter: QPainter) -> None:
        area, metrics = self._area(), QFontMetricsF(painter.font())
        painter.setPen(self._theme.color("muted"))
        every = max(1, int(np.ceil(14 * len(self._rows) / area.height())))
        for row in range(0, len(self._rows), every):
            name = metrics.elidedText(self._rows[row], Qt.TextElideMode.ElideRight, _MOST_NAME)
            middle = self._place(row, 0).center().y()
            painter.drawText(QRectF(area.left() - _MOST_NAME - 6, middle - 8, _MOST_NAME, 16), _RIGHT, name)
        width = area.width() / len(self._columns)
        for column, whole in enumerate(self._columns):
            name = metrics.elidedText(whole, Qt.TextElideMode.ElideRight, max(width - 4, 20))
            middle = self._place(0, column).center().x()
            painter.drawText(QRectF(middle - width / 2, area.bottom() + 3, width, 15), _CENTER, name)
        painter.setPen(self._theme.color("text"))
        painter.drawText(QRectF(0, area.bottom() + 20, self.width(), 16), _CENTER, self._titles[1])
        painter.save()
        painter.translate(area.left() - min(_MOST_NAME, self._widest(metrics)) - 18, area.center().y())
        painter.rotate(-90)
        painter.drawText(QRectF(-self.height() / 2, -8, self.height(), 16), _CENTER, self._titles[0])
        painter.restore()

    def _widest(self, metrics: QFontMetricsF) -> float:
        return max((metrics.horizontalAdvance(name) for name in self._rows), default=0.0)


def _number(value: float) -> str:
    return "–" if np.isnan(value) else minus(f"{round(value, 2) + 0.0:.2f}")  # no minus sign on what rounds to 0
