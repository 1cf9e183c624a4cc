"""Parallel coordinates of a sweep: a line for each point over an axis for each setting and the objective."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.gui.laboratory.parts.sweep_paint import good_color, good_ramp, paint_readout, paint_sentence
from nnviz.gui.laboratory.parts.sweep_points import Floats, Points, ruler_of
from nnviz.gui.plot.overlay import Line
from nnviz.gui.plot.ticks import Tick
from nnviz.gui.theme import Theme, font

_LEFT_EDGE, _RIGHT_EDGE, _HEAD, _FOOT = 64.0, 76.0, 40.0, 40.0
"""Room around the axes, in pixels; under them is the place of points without a result."""

_GRAB, _NEAR, _STILL = 14.0, 14.0, 4.0
"""How near an axis it is taken hold of, how near a line is read, and how far a click may move, in pixels."""

MOST_LINES = 1_500
"""Lines that are drawn: of more points the best ones, and others evenly from all the rest. More take too long."""

_FEW = 10
"""The best points, whose lines are bold."""

_CENTER = Qt.AlignmentFlag.AlignCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class ParallelPlot(QWidget):
    """Dragging on an axis keeps the points in that range; a click on a line picks its point, a second one opens it."""

    picked = Signal(int)
    """The number of a point that was clicked."""
    opened = Signal(int)
    """The number of a point that was clicked twice, or chosen with Enter."""
    brushed = Signal()
    """Other points are kept than before."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._points: Points | None = None
        self._sentence = ""
        self._log = False
        self._at: Floats = np.zeros((0, 0))  # (points, axes): 0 at the foot of an axis, 1 at its top
        self._shares: Floats = np.zeros(0)
        self._ticks: tuple[tuple[Tick, ...], ...] = ()
        self.brushes: dict[int, tuple[float, float]] = {}
        self.chosen = -1  # the number of a point
        self.hovered = -1  # the place of one
        self._pointer: QPointF | None = None
        self._pressed: tuple[int, float, tuple[float, float] | None] | None = None  # axis, where, range to move
        self._moved = False
        self._lines: QPixmap | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(QSize(320, 220))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Parallel coordinates")

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.theme = theme
        self._redraw()

    def say(self, sentence: str) -> None:
        """Show a sentence instead."""
        self._points, self._sentence = None, sentence
        self.hovered = -1
        self.brushes.clear()
        self._redraw()

    def show_points(self, points: Points, chosen: int) -> None:
        """Show points, of which that with the number `chosen` is marked. Ranges stay while the axes are the same."""
        before = self._points
        if before is None or [c.path for c in before.columns] != [c.path for c in points.columns]:
            self.brushes.clear()
        self._points, self._sentence, self.chosen = points, "", chosen
        self._place()

    def set_log(self, on: bool) -> None:
        """Make the axis of the objective, and its colours, logarithmic or linear."""
        self._log = on
        if self._points is not None:
            self._place()

    def clear_brushes(self) -> None:
        """Keep all points again."""
        if self.brushes:
            self.brushes.clear()
            self._rebrush()

    def kept(self) -> NDArray[np.bool_]:
        """Return which points (points,) are inside all ranges, the best first."""
        kept = np.ones(len(self._at), bool)
        for axis, (low, high) in self.brushes.items():
            with np.errstate(invalid="ignore"):
                kept &= (self._at[:, axis] >= low) & (self._at[:, axis] <= high)
        return kept

    # ------------------------------------------------------------ places

    def _place(self) -> None:
        points = self._points
        assert points is not None
        ruler = ruler_of(points.mean, self._log)
        objective = ruler.at(points.mean)
        self._shares = 1.0 - objective
        self._at = np.column_stack([*(column.at for column in points.columns), objective])
        self._ticks = (*(column.ticks for column in points.columns), ruler.ticks())
        self._describe()
        self._redraw()

    def _describe(self) -> None:
        points = self._points
        if points is None or not len(points):
            self.setAccessibleDescription(self._sentence)
            return
        kept = int(self.kept().sum())
        best = f"The best is {points.text(0)}: {points.measure.title} {points.value(0)}."
        self.setAccessibleDescription(f"{kept} of {len(points)} points are kept. {best}")

    def _area(self) -> QRectF:
        left, right = _LEFT_EDGE, self.width() - _RIGHT_EDGE
        return QRectF(left, _HEAD, max(10.0, right - left), max(10.0, self.height() - _HEAD - _FOOT))

    def _x(self, axis: int) -> float:
        area, last = self._area(), max(1, self._at.shape[1] - 1)
        return area.left() + area.width() * axis / last

    def _y(self, at: Floats) -> Floats:
        """Return heights in pixels; points without a result come to lie under the axis."""
        area = self._area()
        return np.where(np.isfinite(at), area.bottom() - area.height() * at, area.bottom() + _FOOT / 2)

    def _share(self, y: float) -> float:
        area = self._area()
        return min(1.0, max(0.0, (area.bottom() - y) / area.height()))

    def _axis_at(self, x: float) -> int:
        """Return the axis near x, -1 for none."""
        for axis in range(self._at.shape[1]):
            if abs(self._x(axis) - x) <= _GRAB:
                return axis
        return -1

    def line_at(self, point: QPointF) -> int:
        """Return the place of the line that is nearest to a point of the widget, -1 where none is near."""
        if self._points is None or self._at.shape[1] < 2 or not len(self._at):
            return -1
        xs = [self._x(axis) for axis in range(self._at.shape[1])]
        if not xs[0] - _GRAB <= point.x() <= xs[-1] + _GRAB:
            return -1
        axis = min(max(int(np.searchsorted(xs, point.x())) - 1, 0), len(xs) - 2)
        share = min(1.0, max(0.0, (point.x() - xs[axis]) / (xs[axis + 1] - xs[axis])))
        left, right = self._y(self._at[:, axis]), self._y(self._at[:, axis + 1])
        slope = (right - left) / (xs[axis + 1] - xs[axis])
        distance = np.abs(left + share * (right - left) - point.y()) / np.sqrt(1.0 + slope**2)
        distance[~self.kept()] = np.inf
        nearest = int(np.argmin(distance))
        return nearest if distance[nearest] <= _NEAR else -1

    # ------------------------------------------------------------ painting

    def _redraw(self) -> None:
        self._lines = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._points is None or not len(self._points):
            paint_sentence(painter, self, self.theme, self._sentence)
            painter.end()
            return
        if self._lines is None:
            self._lines = self._drawn_lines()
        painter.drawPixmap(0, 0, self._lines)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_axes(painter)
        chosen = self._points.place_of(self.chosen)
        for place, width in ((chosen, 3.0), (self.hovered, 2.5)):
            if 0 <= place < len(self._at):
                self._paint_marked(painter, place, width)
        if self.hovered >= 0 and self._pointer is not None and self._pressed is None:
            paint_readout(painter, self, self.theme, self._pointer, self._lines_of(self.hovered))
        if self.hasFocus():
            painter.setPen(QPen(self.theme.color("accent"), 1.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.end()

    def _drawn_lines(self) -> QPixmap:
        """Return all lines, the worst at the back and those outside the ranges behind all others."""
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        xs = [self._x(axis) for axis in range(self._at.shape[1])]
        ys, kept, ramp = self._y(self._at), self.kept(), good_ramp(self.theme)
        ahead = spread_out(np.flatnonzero(kept), MOST_LINES)
        alpha = 0.9 if len(ahead) <= 100 else max(0.25, 9.0 / math.sqrt(len(ahead)))
        back = self._cosmetic(self.theme.color("border", 0.55))
        for place in (*spread_out(np.flatnonzero(~kept), MOST_LINES // 3), *ahead[::-1]):
            painter.setPen(self._pen(int(place), ramp, alpha) if kept[place] else back)
            painter.drawPolyline([QPointF(x, y) for x, y in zip(xs, ys[place].tolist(), strict=True)])
        painter.end()
        return pixmap

    def _pen(self, place: int, ramp: NDArray[np.uint8], alpha: float) -> QPen:
        share = float(self._shares[place])
        if not math.isfinite(share):
            pen = self._cosmetic(self.theme.color("danger", 0.6))
            pen.setStyle(Qt.PenStyle.DashLine)
            return pen
        color = QColor(*map(int, ramp[round(255 * share)]))
        color.setAlphaF(1.0 if place < _FEW else alpha)
        return self._cosmetic(color, 2.0 if place < _FEW else 1.0)

    def _cosmetic(self, color: QColor, width: float = 1.0) -> QPen:
        """Return a pen; those of width 1 are drawn ten times as fast as any others."""
        pen = QPen(color, width)
        pen.setCosmetic(True)
        return pen

    def _paint_marked(self, painter: QPainter, place: int, width: float) -> None:
        xs = [self._x(axis) for axis in range(self._at.shape[1])]
        ys = self._y(self._at[place]).tolist()
        line = [QPointF(x, y) for x, y in zip(xs, ys, strict=True)]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self.theme.color("text"), width))
        painter.drawPolyline(line)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.color("text"))
        for point in line:
            painter.drawEllipse(point, width + 1.0, width + 1.0)

    def _paint_axes(self, painter: QPainter) -> None:
        points, area = self._points, self._area()
        assert points is not None
        titles = [*(column.title for column in points.columns), points.measure.label]
        apart = area.width() / max(1, len(titles) - 1)
        for axis, title in enumerate(titles):
            x, last = self._x(axis), axis == len(titles) - 1
            painter.setPen(QPen(self.theme.color("muted"), 1.0))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            if last:
                self._paint_strip(painter, x)
            self._paint_brush(painter, axis)
            self._paint_ticks(painter, axis, last)
            painter.setFont(font("small", bold=last))
            painter.setPen(self.theme.color("text"))
            metrics = QFontMetricsF(painter.font())
            most = min(apart - 10, 2 * min(x, self.width() - x) - 6)
            room = QRectF(x - most / 2, 4, most, _HEAD - 14)
            short = metrics.elidedText(title, Qt.TextElideMode.ElideRight, most)
            painter.drawText(room, _CENTER, short)
        if not np.isfinite(points.mean).all():
            painter.setFont(font("small"))
            painter.setPen(self.theme.color("danger"))
            where = QRectF(self._x(len(titles) - 1) - 150, area.bottom() + _FOOT / 2 - 8, 140, 16)
            painter.drawText(where, _RIGHT, "no result")

    def _paint_strip(self, painter: QPainter, x: float) -> None:
        """Paint the colours of the objective along its axis."""
        area, pixels = self._area(), np.ascontiguousarray(good_ramp(self.theme))
        image = QImage(pixels.tobytes(), 1, len(pixels), 4, QImage.Format.Format_RGBA8888).copy()
        painter.drawImage(QRectF(x, area.top(), 5, area.height()), image)

    def _paint_ticks(self, painter: QPainter, axis: int, right: bool) -> None:
        area, x = self._area(), self._x(axis)
        painter.setFont(font("small", tabular=True))
        metrics = QFontMetricsF(painter.font())
        ticks = self._ticks[axis]
        every = max(1, math.ceil(14 * len(ticks) / area.height()))
        for at, text in ticks[::every]:
            y = area.bottom() - area.height() * at
            painter.setPen(QPen(self.theme.color("muted"), 1.0))
            painter.drawLine(QPointF(x, y), QPointF(x + (8 if right else -4), y))
            width = min(metrics.horizontalAdvance(text), 84.0)
            left = x + 12 if right else x - 8 - width
            plate = QRectF(left - 2, y - 7, width + 4, 14)
            painter.fillRect(plate, self.theme.color("card", 0.78))
            painter.setPen(self.theme.color("muted"))
            short = metrics.elidedText(text, Qt.TextElideMode.ElideRight, 86.0)
            painter.drawText(plate.adjusted(2, 0, -2, 0), _LEFT if right else _RIGHT, short)

    def _paint_brush(self, painter: QPainter, axis: int) -> None:
        if axis not in self.brushes:
            return
        area, x = self._area(), self._x(axis)
        low, high = self.brushes[axis]
        top, bottom = area.bottom() - area.height() * high, area.bottom() - area.height() * low
        painter.setPen(QPen(self.theme.color("accent"), 1.5))
        painter.setBrush(self.theme.color("accent", 0.25))
        painter.drawRoundedRect(QRectF(x - 7, top, 14, max(2.0, bottom - top)), 3, 3)

    def _lines_of(self, place: int) -> list[Line]:
        points = self._points
        assert points is not None
        color = good_color(self.theme, float(self._shares[place]))
        lines = [Line(points.measure.title, points.measure.text(float(points.mean[place])), color)]
        if math.isfinite(points.low[place]):
            ends = (points.measure.text(float(end[place]), unit=False) for end in (points.low, points.high))
            lines.append(Line("95 % interval", " to ".join(ends)))
        lines.append(Line("seeds", f"{points.ranked.seeds[place]}"))
        if points.ranked.broken[place]:
            lines.append(Line("without a result", f"{points.ranked.broken[place]}"))
        lines += [Line(column.title, column.text(place)) for column in points.columns]
        lines.append(Line("parameters", f"{points.parameters[place]:,}"))
        lines.append(Line("rank", f"{place + 1} of {len(points)}"))
        return lines

    # ------------------------------------------------------------ mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton or self._points is None:
            event.ignore()
            return
        axis, share = self._axis_at(event.position().x()), self._share(event.position().y())
        inside = self.brushes.get(axis)
        held = inside if inside is not None and inside[0] <= share <= inside[1] else None
        self._pressed, self._moved = (axis, event.position().y(), held), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        if self._pressed is not None:
            self._drag(event.position().y())
            return
        near = self._points is not None and self._axis_at(event.position().x()) >= 0
        self.setCursor(Qt.CursorShape.SplitVCursor if near else Qt.CursorShape.ArrowCursor)
        self._hover(self.line_at(event.position()))

    def _drag(self, y: float) -> None:
        assert self._pressed is not None
        axis, began, held = self._pressed
        if axis < 0 or (not self._moved and abs(y - began) < _STILL):
            return
        self._moved = True
        if held is None:
            ends = sorted((self._share(began), self._share(y)))
            self.brushes[axis] = (ends[0], ends[1])
        else:
            height = self._area().height()
            by = min(max((began - y) / height, -held[0]), 1.0 - held[1])
            self.brushes[axis] = (held[0] + by, held[1] + by)
        self._rebrush()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        self._drag(event.position().y())
        axis, moved = self._pressed[0], self._moved
        self._pressed, self._moved = None, False
        if moved:
            return
        if axis in self.brushes:
            del self.brushes[axis]
            self._rebrush()
            return
        place = self.line_at(event.position())
        if place >= 0:
            self._choose(place)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        place = self.line_at(event.position())
        if self._points is not None and place >= 0:
            self.opened.emit(int(self._points.ranked.point[place]))

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer = None
        self._hover(-1)

    def _hover(self, place: int) -> None:
        if place != self.hovered or place >= 0:
            self.hovered = place
            self.update()

    def _choose(self, place: int) -> None:
        assert self._points is not None
        self.chosen = int(self._points.ranked.point[place])
        self.picked.emit(self.chosen)
        self.update()

    def _rebrush(self) -> None:
        self.hovered = -1
        self._describe()
        self._redraw()
        self.brushed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down go to the next better and the next worse point that is kept; Delete keeps all again."""
        points, step = self._points, {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if points is None or not len(points):
            super().keyPressEvent(event)
        elif step is not None:
            kept, place = np.flatnonzero(self.kept()), points.place_of(self.chosen)
            ahead = kept[kept > place] if step > 0 else kept[kept < place][::-1]
            if len(ahead):
                self._choose(int(ahead[0]))
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.clear_brushes()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and points.place_of(self.chosen) >= 0:
            self.opened.emit(self.chosen)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._redraw()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._redraw()


def spread_out(places: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """Return at most so many places: the first ones, and as many evenly from the rest."""
    if len(places) <= most:
        return places
    first = most // 2
    rest = places[first:]
    even = np.linspace(0, len(rest) - 1, most - first).round().astype(int)
    return np.concatenate([places[:first], rest[even]])
