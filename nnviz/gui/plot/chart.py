"""A plot: one coordinate system with hairline axes, a crosshair with a read-out, and a sentence when it is empty."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QGraphicsItem, QSizePolicy, QWidget

from nnviz.gui.plot.frame import Frame, label_reach, most_across, most_up
from nnviz.gui.plot.overlay import Overlay, Reading
from nnviz.gui.plot.ticks import Scale
from nnviz.gui.theme import Theme

Range = tuple[float, float]

_POINTER_RATE = 60
"""Crosshair positions per second; some mice report a thousand."""


@dataclass(frozen=True)
class _Margins:
    left: float
    top: float
    right: float
    bottom: float


class Plot(pg.GraphicsView):
    """One coordinate system. Put items on it with `add`, give ranges with `set_range`.

    The mouse is only watched: presses, double clicks and the wheel go to whatever holds the plot.
    """

    pointed = Signal(object)
    """The mouse is at (x, y) in plot coordinates, or None: it left. At most 60 times a second."""
    _moved = Signal(object)

    def __init__(self, theme: Theme, x: Scale, y: Scale, parent: QWidget | None = None) -> None:
        super().__init__(parent, useOpenGL=False, background=None)
        self.theme = theme
        self.x_scale, self.y_scale = x, y
        self.x_range: Range = (0.0, 1.0)
        self.y_range: Range = (0.0, 1.0)
        self.area = QRectF(0, 0, 1, 1)
        self._pointer: QPointF | None = None
        self._painting = 0.0
        self.setCentralItem(None)
        self.box = pg.ViewBox(enableMouse=False, enableMenu=False, defaultPadding=0.0)
        self.box.disableAutoRange()
        self.box.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)  # its border, without a pen, is in the way
        self.box.borderRect.setVisible(False)  # in vector graphics
        self.box.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.frame_item = Frame(self)
        self.overlay = Overlay(self)
        for item in (self.frame_item, self.box, self.overlay):
            self.sceneObj.addItem(item)
        self.box.setZValue(0)
        self.frame_item.setZValue(-10)
        self.overlay.setZValue(10)
        self.setMinimumSize(QSize(120, 72))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setMouseTracking(True)
        self._proxy = pg.SignalProxy(self._moved, rateLimit=_POINTER_RATE, slot=self._point, threadSafe=False)
        self.apply_theme(theme)

    # ------------------------------------------------------------ what a view does

    def add(self, item: Any) -> Any:
        """Put an item on the plot, over those already there, and return it."""
        self.box.addItem(item, ignoreBounds=True)
        return item

    def set_range(self, x: Range | None = None, y: Range | None = None) -> None:
        """Show these positions; a range that is empty or not finite is widened or ignored."""
        if self._move(x, y):
            if self.theme.export:
                self.arrange()  # numbers take the room that they need
            else:
                self.frame_item.refresh()
            self.overlay.update()

    def set_scales(
        self,
        x: Scale | None = None,
        y: Scale | None = None,
        x_range: Range | None = None,
        y_range: Range | None = None,
    ) -> None:
        """Change what the axes show, and the positions that are shown.

        Where an axis becomes logarithmic or linear its range goes with it: the old one is in other coordinates.
        """
        x, y = x or self.x_scale, y or self.y_scale
        changed = (x, y) != (self.x_scale, self.y_scale)
        self.x_scale, self.y_scale = x, y
        if changed:
            self._move(x_range, y_range)
            self.arrange()
        else:
            self.set_range(x_range, y_range)

    def say(self, sentence: str) -> None:
        """Show a sentence in place of the plot; an empty one brings the plot back."""
        self.overlay.say(sentence)
        self.box.setVisible(not sentence)
        self.frame_item.setVisible(not sentence)

    def read(self, reading: Reading | None) -> None:
        """Show a crosshair with a read-out, or none."""
        self.overlay.read(reading)

    def apply_theme(self, theme: Theme) -> None:
        """Take over the colours of a theme."""
        self.theme = theme
        self.setBackground(theme.color("card"))
        self.frame_item.refresh()
        self.overlay.update()
        self.arrange()

    @property
    def pointer(self) -> tuple[float, float] | None:
        """Where the mouse is, in plot coordinates; None when it is elsewhere."""
        if self._pointer is None or not self.area.contains(self._pointer):
            return None
        return self.from_pixel(self._pointer)

    # ------------------------------------------------------------ coordinates

    def to_pixel(self, x: float, y: float) -> QPointF:
        """Return where a position lies in the widget."""
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        area = self.area
        across, up = (x - x0) / (x1 - x0), (y - y0) / (y1 - y0)
        return QPointF(area.left() + across * area.width(), area.bottom() - up * area.height())

    def from_pixel(self, point: QPointF) -> tuple[float, float]:
        """Return the position at a point of the widget."""
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        across = (point.x() - self.area.left()) / self.area.width()
        up = (self.area.bottom() - point.y()) / self.area.height()
        return x0 + across * (x1 - x0), y0 + up * (y1 - y0)

    # ------------------------------------------------------------ Qt

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self.arrange()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._moved.emit(event.position())
        event.ignore()

    def leaveEvent(self, event: QEvent) -> None:
        self._moved.emit(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.ignore()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.ignore()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.ignore()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        began = time.perf_counter()
        super().paintEvent(event)
        self._painting += time.perf_counter() - began

    def painting(self) -> float:
        """Return the seconds spent on painting since the last call."""
        spent, self._painting = self._painting, 0.0
        return spent

    # ------------------------------------------------------------ parts

    def _point(self, args: tuple[QPointF | None]) -> None:
        (self._pointer,) = args
        self.pointed.emit(self.pointer)

    def _move(self, x: Range | None, y: Range | None) -> bool:
        """Take over ranges, and return whether they are others; the axes are not drawn anew yet."""
        x, y = _usable(x, self.x_range), _usable(y, self.y_range)
        if (x, y) == (self.x_range, self.y_range):
            return False
        self.x_range, self.y_range = x, y
        self.box.setRange(xRange=x, yRange=y, padding=0.0, disableAutoRange=False)
        return True

    def arrange(self) -> None:
        """Place the coordinate system inside the widget."""
        if not hasattr(self, "overlay"):
            return  # Qt resizes the widget before it is complete
        margins = self._margins_on_paper() if self.theme.export else self._margins()
        width = max(1.0, self.width() - margins.left - margins.right)
        height = max(1.0, self.height() - margins.top - margins.bottom)
        self.area = QRectF(margins.left, margins.top, width, height)
        self.box.setGeometry(self.area)
        self.frame_item.refresh()
        self.overlay.refresh()

    def _margins(self) -> _Margins:
        x, y = self.x_scale, self.y_scale
        if self.width() < 140 or self.height() < 84:
            return _Margins(6, 6, 6, 6)
        top = 26.0 if y.label and self.height() >= 110 else 8.0
        return _Margins(40 if y.numbers else 10, top, 12, 20 if x.numbers or x.label else 8)

    def _margins_on_paper(self) -> _Margins:
        """Return margins as wide as the numbers of the axes, so that none is cut or moved from its place."""
        x, y = self.x_scale, self.y_scale
        bottom = 18.0 * bool(x.label) + (18.0 if x.numbers else 4.0)
        top = 18.0 if self.overlay.marked else 8.0
        beside, _ = label_reach(y.ticks(*self.y_range, most_up(self.height() - top - bottom)))
        left = 20.0 * bool(y.label) + (beside + 8.0 if y.numbers else 2.0)
        ticks = x.ticks(*self.x_range, most_across(self.width() - left - 12))
        _, over = label_reach(ticks)
        first, last = (ticks[0][0], ticks[-1][0]) if ticks else self.x_range
        across = (self.width() - left - 12) / (self.x_range[1] - self.x_range[0])
        right = max(8.0, over + 2.0 - (self.x_range[1] - last) * across)
        return _Margins(max(left, over + 2.0 - (first - self.x_range[0]) * across), top, right, bottom)


def _usable(wanted: Range | None, now: Range) -> Range:
    """Return a range that can be drawn."""
    if wanted is None or not all(map(math.isfinite, wanted)):
        return now
    low, high = float(wanted[0]), float(wanted[1])
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-30):
        room = 0.5 * abs(low) or 0.5
        low, high = low - room, high + room
    return low, high


def steady(now: Range, low: float, high: float, anchored: bool = False) -> Range:
    """Return a range around `low`..`high` that changes seldom; `anchored` ones begin at `low` exactly.

    The present one stays while the data lie well inside and fill at least 60 % of it, so that axes stand still.
    """
    span = now[1] - now[0]
    edge = 0.02 * span
    bottom = now[0] == low if anchored else now[0] <= low - edge
    if bottom and high <= now[1] - edge and high - low >= 0.6 * span:
        return now
    margin = 0.06 * (high - low) or 0.5 * abs(high) or 0.5
    return low if anchored else low - margin, high + margin


def nearest(x: NDArray[Any], at: float) -> int:
    """Return the index of the value of an ascending array (n,) that is nearest to `at`."""
    right = int(np.clip(np.searchsorted(x, at), 1, len(x) - 1)) if len(x) > 1 else 0
    return right - 1 if right and at - x[right - 1] < x[right] - at else right
