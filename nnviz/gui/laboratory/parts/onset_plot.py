"""Curves over epochs with one upright mark for every criterion, whose names stand in rows over the curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QResizeEvent
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from nnviz.gui import theme as look
from nnviz.gui.laboratory.parts.epoch_curves import EpochCurves, Floats
from nnviz.gui.plot.pens import line
from nnviz.gui.theme import Theme

ROW = 15.0
"""Height of a row of names in pixels."""

_BESIDE, _APART = 5.0, 8.0
"""Pixels between a mark and its name, and between two names in a row."""

_MOST_OF_PLOT = 0.45
"""Share of the height of a plot that names may take."""


@dataclass(frozen=True)
class Onset:
    """The mark of one criterion: its epoch, its name, and a colour of the theme by name."""

    epoch: int
    name: str
    color: str


@dataclass(frozen=True)
class Placed:
    """Where the name of a mark stands: its row, and its left end in pixels."""

    row: int
    x: float
    left: float
    width: float


def stacked(places: Sequence[float], widths: Sequence[float], left: float, right: float) -> list[Placed]:
    """Return where names of some widths stand beside marks at places, all in pixels, so that none lies on another.

    A name stands right of its mark, or left of it where there is no room before `right`, in the first row in which it
    touches no other. Marks that come in the order of their places have the line of none go through a name right of its
    mark: a line begins at the row of its name.
    """
    placed: list[Placed] = []
    for x, width in zip(places, widths, strict=True):
        start = x + _BESIDE if x + _BESIDE + width <= right else max(left, x - _BESIDE - width)
        end = start + width + _APART
        taken = {each.row for each in placed if start < each.left + each.width + _APART and each.left < end}
        row = next(row for row in range(len(placed) + 1) if row not in taken)
        placed.append(Placed(row, x, start, width))
    return placed


class StackedMarks(QGraphicsItem):
    """Paints the marks, in pixels, over the curves."""

    def __init__(self, plot: OnsetCurves) -> None:
        super().__init__()
        self._plot = plot

    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, self._plot.width(), self._plot.height())

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        plot = self._plot
        if not plot.traces:
            return
        painter.setFont(look.font("small", tabular=True))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if plot.looked_at is not None:
            painter.setPen(line(plot.theme, "accent", 1.5))
            x = round(plot.looked_at)
            painter.drawLine(QPointF(x, plot.area.top()), QPointF(x, plot.area.bottom()))
        for onset, placed in zip(plot.onsets, plot.placed, strict=True):
            self._paint_line(painter, onset, placed)
        for onset, placed in zip(plot.onsets, plot.placed, strict=True):
            room = QRectF(placed.left, plot.area.top() + ROW * placed.row, placed.width + 1, ROW)
            painter.fillRect(room.adjusted(-2, 0, 2, 0), plot.theme.color("card", 0.85))
            painter.setPen(plot.theme.color(onset.color))
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, onset.name)

    def _paint_line(self, painter: QPainter, onset: Onset, placed: Placed) -> None:
        plot, chosen = self._plot, onset.name == self._plot.chosen
        style = Qt.PenStyle.SolidLine if chosen else Qt.PenStyle.CustomDashLine
        pen = line(plot.theme, onset.color, 1.5 if chosen else 1.0, style=style)
        if not chosen:
            pen.setDashPattern([3.0, 3.0])
        painter.setPen(pen)
        x = round(placed.x)
        painter.drawLine(QPointF(x, plot.area.top() + ROW * placed.row), QPointF(x, plot.area.bottom()))

    def refresh(self) -> None:
        """Take over another size of the plot."""
        self.prepareGeometryChange()
        self.update()


class OnsetCurves(EpochCurves):
    """Traces under the marks of criteria; `chosen` is the name of the one that is drawn stronger."""

    def __init__(self, theme: Theme, words: str, log_x: bool = False, parent: QWidget | None = None) -> None:
        self.onsets: tuple[Onset, ...] = ()
        self.placed: list[Placed] = []
        self.chosen = ""
        self.looked_at: float | None = None
        self._shown_epoch: int | None = None
        super().__init__(theme, words, log_x, parent)
        self._stack = StackedMarks(self)
        self._stack.setZValue(9)
        self.sceneObj.addItem(self._stack)

    def show_onsets(self, onsets: Sequence[Onset], chosen: str = "", shown_epoch: int | None = None) -> None:
        """Mark the epochs of some criteria, and the epoch that is looked at where that is not the newest."""
        self.onsets = tuple(sorted(onsets, key=lambda onset: onset.epoch))
        self.chosen, self._shown_epoch = chosen, shown_epoch
        self._draw()

    def clear(self, sentence: str) -> None:
        self.onsets, self.placed = (), []
        super().clear(sentence)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if hasattr(self, "_stack"):
            self._draw()

    def _place(self, x: Floats, ends: Sequence[Floats]) -> None:
        super()._place(x, ends)
        self._stack_names()
        rows = 1 + max((each.row for each in self.placed), default=-1)
        share = min(_MOST_OF_PLOT, ROW * rows / max(1.0, self.area.height()))
        low, high = self.y_range
        self.set_range(y=(low, low + (high - low) / (1.0 - share)))  # the names stand over all curves
        self._stack.refresh()

    def _across(self, epoch: int) -> float:
        """Return where an epoch lies, in pixels; epoch 0 stands with the first one on a logarithmic axis."""
        place = self._x(np.array([max(epoch, 1 if self.log_x else 0)]))[0]
        return self.to_pixel(float(place), 0.0).x()

    def _stack_names(self) -> None:
        """Place the names beside their marks."""
        metrics = QFontMetricsF(look.font("small", tabular=True))
        places = [self._across(onset.epoch) for onset in self.onsets]
        self.looked_at = None if self._shown_epoch is None else self._across(self._shown_epoch)
        widths = [metrics.horizontalAdvance(onset.name) for onset in self.onsets]
        self.placed = stacked(places, widths, self.area.left(), self.area.right())
