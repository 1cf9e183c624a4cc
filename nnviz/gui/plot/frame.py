"""The axes of a plot: hairlines, numbers, names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from nnviz.gui import theme as look
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import Tick

if TYPE_CHECKING:
    from nnviz.gui.plot.chart import Plot

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_CENTER = Qt.AlignmentFlag.AlignCenter
_NAME = 18.0
"""Room for the name of an axis in figures, at the edge."""
_TICK = 3.0
"""Length of a tick in figures."""


class Frame(QGraphicsItem):
    """Paints both axes in pixels.

    On screen the name of the upward axis stands above it and that of the other one ends its row of numbers; in
    figures both stand beside their axes, as journals want them.
    """

    def __init__(self, plot: Plot) -> None:
        super().__init__()
        self._plot = plot
        self._x: list[Tick] = []
        self._y: list[Tick] = []

    def refresh(self) -> None:
        """Find the ticks anew."""
        plot = self._plot
        self._x = plot.x_scale.ticks(*plot.x_range, most_across(plot.area.width()))
        self._y = plot.y_scale.ticks(*plot.y_range, most_up(plot.area.height()))
        self.prepareGeometryChange()
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, self._plot.width(), self._plot.height())

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        plot = self._plot
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setFont(look.font("small", tabular=True))
        metrics = QFontMetricsF(painter.font())
        self._paint_grid(painter)
        numbers = plot.area.left() > 12 or plot.theme.export
        painter.setPen(plot.theme.color("muted"))
        if plot.theme.export:
            self._paint_lines(painter)
            self._paint_names_beside(painter)
            self._paint_x(painter, metrics, plot.width() + 8.0)
            self._paint_y(painter, metrics)
        elif plot.area.left() > 6:
            limit = self._paint_names_within(painter, metrics)
            if numbers:
                self._paint_y(painter, metrics)
            self._paint_x(painter, metrics, limit)

    def _paint_grid(self, painter: QPainter) -> None:
        plot, area = self._plot, self._plot.area
        if not (plot.y_scale.grid and plot.theme.grid):
            return
        painter.setPen(line(plot.theme, "border", 0.5 if plot.theme.export else 1.0))
        for at, _ in self._y:
            y = plot.to_pixel(0.0, at).y()
            y = y if plot.theme.export else round(y)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))

    def _paint_lines(self, painter: QPainter) -> None:
        """Draw both axes with a tick at each number: without a grid, numbers alone would hang in the air."""
        plot, area = self._plot, self._plot.area
        painter.setPen(line(plot.theme, "muted", 0.5))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.topLeft(), area.bottomLeft())
        for at, _ in self._x:
            x = plot.to_pixel(at, 0.0).x()
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + _TICK))
        for at, _ in self._y:
            y = plot.to_pixel(0.0, at).y()
            painter.drawLine(QPointF(area.left() - _TICK, y), QPointF(area.left(), y))
        painter.setPen(plot.theme.color("muted"))

    def _paint_x(self, painter: QPainter, metrics: QFontMetricsF, limit: float) -> None:
        plot = self._plot
        top, last = plot.area.bottom() + 3, -1e9
        for at, text in self._x:
            width = metrics.horizontalAdvance(text)
            left = plot.to_pixel(at, 0.0).x() - width / 2
            if not plot.theme.export:  # figures have margins for it
                left = min(left, plot.width() - width - 2)
            if left < last + 8 or left + width > limit - 8:
                continue
            painter.drawText(QRectF(left, top, width + 1, 15), _LEFT, text)
            last = left + width

    def _paint_y(self, painter: QPainter, metrics: QFontMetricsF) -> None:
        plot = self._plot
        right = plot.area.left() - 6
        for at, text in self._y:
            y = plot.to_pixel(0.0, at).y()
            painter.drawText(QRectF(right - 80, y - 8, 80, 16), _RIGHT, text)

    def _paint_names_within(self, painter: QPainter, metrics: QFontMetricsF) -> float:
        """Write the names in the rows that the numbers use; return where the one of the lower row begins."""
        plot, area = self._plot, self._plot.area
        if plot.y_scale.label and area.top() > 12:
            text = metrics.elidedText(plot.y_scale.label, Qt.TextElideMode.ElideRight, plot.width() - 20)
            painter.drawText(QRectF(10, 3, plot.width() - 20, 15), _LEFT, text)
        if not plot.x_scale.label or plot.height() - area.bottom() < 18:
            return plot.width() + 8.0
        text = metrics.elidedText(plot.x_scale.label, Qt.TextElideMode.ElideRight, area.width())
        width = metrics.horizontalAdvance(text)
        left = area.right() - width
        painter.drawText(QRectF(left, area.bottom() + 3, width + 1, 15), _LEFT, text)
        return left

    def _paint_names_beside(self, painter: QPainter) -> None:
        plot, area = self._plot, self._plot.area
        metrics, right = QFontMetricsF(painter.font()), Qt.TextElideMode.ElideRight
        painter.setPen(plot.theme.color("text"))
        room = plot.height()
        if plot.x_scale.label:
            text = metrics.elidedText(plot.x_scale.label, right, plot.width() - 4.0)
            width = metrics.horizontalAdvance(text)
            middle = _centred(area.center().x(), width, plot.width())
            if middle - width / 2 < _NAME:
                room -= _NAME  # the names would meet in the corner
            painter.drawText(QRectF(middle - plot.width(), plot.height() - 17.0, 2 * plot.width(), 15), _CENTER, text)
        if plot.y_scale.label:
            text = metrics.elidedText(plot.y_scale.label, right, room - 4.0)
            painter.save()
            painter.translate(9.0, _centred(area.center().y(), metrics.horizontalAdvance(text), room))
            painter.rotate(-90)
            painter.drawText(QRectF(-plot.height(), -8, 2 * plot.height(), 16), _CENTER, text)
            painter.restore()
        painter.setPen(plot.theme.color("muted"))


def most_across(width: float) -> int:
    """Return how many numbers the lower axis has room for."""
    return int(np.clip(width / 60, 2, 9))


def most_up(height: float) -> int:
    """Return how many numbers the upward axis has room for."""
    return int(np.clip(height / 34, 2, 7))


def label_reach(ticks: list[Tick]) -> tuple[float, float]:
    """Return the width of the widest number of an axis in a figure, and half of the wider one of first and last."""
    metrics = QFontMetricsF(look.font("small"))
    widths = [metrics.horizontalAdvance(text) for _, text in ticks]
    return (max(widths), max(widths[0], widths[-1]) / 2) if widths else (0.0, 0.0)


def _centred(wanted: float, length: float, room: float) -> float:
    """Return the middle of a name, as near to the middle of its axis as the edges of the plot allow."""
    return min(max(wanted, length / 2 + 2.0), max(room - length / 2 - 2.0, room / 2))
