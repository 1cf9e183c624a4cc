"""A heat map of a sweep: the mean objective over two of the settings."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.gui.laboratory.parts.sweep_paint import good_color, good_ramp, paint_readout, paint_sentence
from nnviz.gui.laboratory.parts.sweep_points import Cells, Floats, Points, Ruler, cells_of, ruler_of
from nnviz.gui.plot.overlay import Line
from nnviz.gui.theme import Theme, font
from nnviz.gui.views.parts.matrix import legible

_CENTER = Qt.AlignmentFlag.AlignCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_MOST_NAME, _BELOW, _TOP, _KEY = 110.0, 46.0, 12.0, 96.0
"""Room for the names of rows, for those of columns with their title, above, and for the colours at the right."""

_LARGEST = QSize(150, 90)
"""Largest cell, in pixels."""


class SweepMap(QWidget):
    """Cells in the colours of their means, the best strongest. A click picks the best point of a cell."""

    picked = Signal(int)
    """The number of a point that was clicked."""
    opened = Signal(int)
    """The number of a point that was clicked twice, or chosen with Enter."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._points: Points | None = None
        self.cells: Cells | None = None
        self._titles = ("", "")
        self._shares: Floats = np.zeros((0, 0))
        self._ruler = Ruler(0.0, 1.0)
        self._sentence = ""
        self._log = False
        self.cell = (-1, -1)  # the one under the mouse, or that the keys went to
        self.chosen = -1  # the number of a point
        self._pointer: QPointF | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(QSize(320, 200))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Heat map")

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.theme = theme
        self.update()

    def say(self, sentence: str) -> None:
        """Show a sentence instead."""
        self._points, self.cells, self._sentence = None, None, sentence
        self.setAccessibleDescription(sentence)
        self.update()

    def show_points(self, points: Points, across: int, up: int | None, chosen: int) -> None:
        """Show the means over two settings, by number; without a second one, over one."""
        self._points, self.chosen, self._sentence = points, chosen, ""
        cells = cells_of(points, across, up)
        if self.cells is None or cells.mean.shape != self.cells.mean.shape:
            self.cell = (-1, -1)
        self.cells = cells
        self._titles = (points.columns[across].title, points.columns[up].title if up is not None else "")
        self._color()
        self.setAccessibleDescription(self._spoken())

    def set_log(self, on: bool) -> None:
        """Make the colours logarithmic or linear."""
        self._log = on
        if self.cells is not None:
            self._color()

    def _color(self) -> None:
        assert self.cells is not None
        self._ruler = ruler_of(self.cells.mean.ravel(), self._log)
        self._shares = 1.0 - self._ruler.at(self.cells.mean)
        self.update()

    def _spoken(self) -> str:
        cells, points = self.cells, self._points
        assert cells is not None
        assert points is not None
        found = np.argwhere(cells.count > 0)
        if not len(found):
            return "No cell has a result yet."
        row, column = divmod(int(np.nanargmin(cells.mean)), len(cells.columns))
        best = points.measure.text(float(cells.mean[row, column]))
        return (
            f"{len(found)} of {cells.mean.size} cells have results; the best is {self._name(row, column)} with {best}."
        )

    def _name(self, row: int, column: int) -> str:
        assert self.cells is not None
        across = f"{self._titles[0]} {self.cells.columns[column]}"
        return f"{across}, {self._titles[1]} {self.cells.rows[row]}" if self._titles[1] else across

    # ------------------------------------------------------------ geometry

    def _area(self) -> QRectF:
        """Return where the cells are: not larger than reads well, in the middle of the rest."""
        assert self.cells is not None
        left = 30.0 + self._widest() + 8
        across, down = len(self.cells.columns), len(self.cells.rows)
        room = self.width() - left - _KEY - 16, self.height() - _TOP - _BELOW
        width, height = min(room[0], _LARGEST.width() * across), min(room[1], _LARGEST.height() * down)
        spare = max(0.0, room[0] - width), max(0.0, room[1] - height)
        return QRectF(left + spare[0] / 2, _TOP + spare[1] / 2, max(1.0, width), max(1.0, height))

    def _widest(self) -> float:
        assert self.cells is not None
        metrics = QFontMetricsF(font("small", tabular=True))
        return min(max(metrics.horizontalAdvance(name) for name in self.cells.rows), _MOST_NAME)

    def place(self, row: int, column: int) -> QRectF:
        """Return where a cell is."""
        area = self._area()
        assert self.cells is not None
        width, height = area.width() / len(self.cells.columns), area.height() / len(self.cells.rows)
        left, right = round(area.left() + column * width), round(area.left() + (column + 1) * width)
        top, bottom = round(area.top() + row * height), round(area.top() + (row + 1) * height)
        return QRectF(left, top, right - left - 1, bottom - top - 1)

    def _at(self, point: QPointF) -> tuple[int, int]:
        if self.cells is None:
            return -1, -1
        area = self._area()
        if not area.contains(point):
            return -1, -1
        rows, columns = self.cells.mean.shape
        row = int((point.y() - area.top()) / area.height() * rows)
        column = int((point.x() - area.left()) / area.width() * columns)
        return min(row, rows - 1), min(column, columns - 1)

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.cells is None:
            paint_sentence(painter, self, self.theme, self._sentence)
        else:
            painter.setFont(font("small", tabular=True))
            self._paint_cells(painter)
            self._paint_names(painter)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_marks(painter)
            self._paint_key(painter)
            if self._pointer is not None and self.cell[0] >= 0:
                paint_readout(painter, self, self.theme, self._pointer, self._lines())
        painter.end()

    def _paint_cells(self, painter: QPainter) -> None:
        cells, points = self.cells, self._points
        assert cells is not None
        assert points is not None
        metrics, ramp = QFontMetricsF(painter.font()), good_ramp(self.theme)
        nothing, muted = QColor(self.theme.window), self.theme.color("muted")
        for row, column in np.ndindex(cells.mean.shape):
            place, mean, color, text = self.place(row, column), float(cells.mean[row, column]), nothing, "–"
            if math.isfinite(mean):
                color = QColor(*map(int, ramp[round(255 * float(self._shares[row, column]))]))
                text = points.measure.text(mean, unit=False)
            painter.fillRect(place, color)
            if place.width() >= metrics.horizontalAdvance(text) + 4 and place.height() >= 14:
                painter.setPen(muted if color is nothing else legible(color))
                painter.drawText(place, _CENTER, text)

    def _paint_names(self, painter: QPainter) -> None:
        cells, area, metrics = self.cells, self._area(), QFontMetricsF(painter.font())
        assert cells is not None
        widest = self._widest()
        painter.setPen(self.theme.color("muted"))
        every = max(1, math.ceil(14 * len(cells.rows) / area.height()))
        for row in range(0, len(cells.rows), every):
            name = metrics.elidedText(cells.rows[row], Qt.TextElideMode.ElideRight, widest + 1)
            middle = self.place(row, 0).center().y()
            painter.drawText(QRectF(area.left() - widest - 8, middle - 8, widest, 16), _RIGHT, name)
        width = area.width() / len(cells.columns)
        longest = max(metrics.horizontalAdvance(name) for name in cells.columns)
        every = max(1, math.ceil(min(longest + 6, 60.0) / width))
        for column in range(0, len(cells.columns), every):
            room = every * width
            name = metrics.elidedText(cells.columns[column], Qt.TextElideMode.ElideRight, max(room - 2, 20.0))
            middle = self.place(0, column).center().x()
            painter.drawText(QRectF(middle - room / 2, area.bottom() + 4, room, 15), _CENTER, name)
        painter.setPen(self.theme.color("text"))
        below = QRectF(area.left() - 80, area.bottom() + 22, area.width() + 160, 16)
        painter.drawText(below, _CENTER, self._titles[0])
        painter.save()
        painter.translate(area.left() - widest - 20, area.center().y())
        painter.rotate(-90)
        painter.drawText(QRectF(-self.height() / 2, -8, self.height(), 16), _CENTER, self._titles[1])
        painter.restore()

    def _paint_marks(self, painter: QPainter) -> None:
        """Frame the cell of the chosen point, and the one that the mouse or the keys are at."""
        cells = self.cells
        assert cells is not None
        place = self._points.place_of(self.chosen) if self._points is not None else -1
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for row, column in np.argwhere(cells.best == place) if place >= 0 else ():
            painter.setPen(QPen(self.theme.color("text"), 2.5))
            painter.drawRect(self.place(int(row), int(column)).adjusted(1, 1, -1, -1))
        if self.cell[0] >= 0 and (self._pointer is not None or self.hasFocus()):
            painter.setPen(QPen(self.theme.color("text"), 1.0))
            painter.drawRect(self.place(*self.cell).adjusted(-0.5, -0.5, 0.5, 0.5))

    def _paint_key(self, painter: QPainter) -> None:
        """Paint what the colours mean, the smallest on top: it is the best."""
        points, area = self._points, self._area()
        assert points is not None
        height = min(max(area.height(), 90.0), self.height() - _TOP - _BELOW)
        bar = QRectF(area.right() + 20, area.center().y() - height / 2 + 18, 12, height - 18)
        pixels = np.ascontiguousarray(good_ramp(self.theme)[::-1])
        image = QImage(pixels.tobytes(), 1, len(pixels), 4, QImage.Format.Format_RGBA8888).copy()
        painter.drawImage(bar, image)
        painter.setPen(self.theme.color("border"))
        painter.drawRect(bar)
        painter.setFont(font("small", tabular=True))
        painter.setPen(self.theme.color("muted"))
        ruler, cells = self._ruler, self.cells
        assert cells is not None
        middle = sum(ruler.ends) / 2
        middle = 10.0**middle if ruler.log else middle
        beyond = "≥ " if np.nanmax(cells.mean) > ruler.high * (1 + 1e-9) else ""
        for y, text in (
            (bar.top() + 5, ("≤ " if ruler.zero else "") + points.measure.text(ruler.low)),
            (bar.center().y(), points.measure.text(middle)),
            (bar.bottom() - 5, beyond + points.measure.text(ruler.high)),
        ):
            painter.drawText(QRectF(bar.right() + 6, y - 8, _KEY - 20, 16), _LEFT, text)
        painter.drawText(QRectF(bar.left() - 8, bar.top() - 22, _KEY + 10, 16), _LEFT, points.measure.title)

    def _lines(self) -> list[Line]:
        cells, points = self.cells, self._points
        assert cells is not None
        assert points is not None
        row, column = self.cell
        mean, count = float(cells.mean[row, column]), int(cells.count[row, column])
        color = good_color(self.theme, float(self._shares[row, column])) if count else None
        lines = [Line(points.measure.title, points.measure.text(mean) if count else "no result", color)]
        lines.append(Line(self._titles[0], cells.columns[column]))
        if self._titles[1]:
            lines.append(Line(self._titles[1], cells.rows[row]))
        if count > 1:
            best = int(cells.best[row, column])
            lines.append(Line("mean of", f"{count} points"))
            lines.append(Line("best of them", points.measure.text(float(points.mean[best]))))
        return lines

    # ------------------------------------------------------------ mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        self.cell = self._at(event.position())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer, self.cell = None, (-1, -1)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self.cell = self._at(event.position())
            self._pick(self.picked)
        else:
            event.ignore()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.cell = self._at(event.position())
        self._pick(self.opened)

    def _pick(self, signal: object) -> None:
        cells, points = self.cells, self._points
        if cells is None or points is None or self.cell[0] < 0 or cells.best[self.cell] < 0:
            return
        self.chosen = int(points.ranked.point[cells.best[self.cell]])
        signal.emit(self.chosen)  # type: ignore[attr-defined]
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
        }
        step, cells = steps.get(Qt.Key(event.key())), self.cells
        if cells is None:
            super().keyPressEvent(event)
        elif step is not None:
            rows, columns = cells.mean.shape
            row, column = (max(0, at) for at in self.cell)
            self.cell = min(max(row + step[0], 0), rows - 1), min(max(column + step[1], 0), columns - 1)
            self._pick(self.picked)
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._pick(self.opened)
        else:
            super().keyPressEvent(event)
