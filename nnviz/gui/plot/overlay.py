"""What lies over a plot: marks with words, the crosshair with its read-out, the sentence of an empty plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from nnviz.gui import theme as look
from nnviz.gui.plot.pens import line

if TYPE_CHECKING:
    from nnviz.gui.plot.chart import Plot

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_LINE = 16.0
"""Height of a line of the read-out."""


@dataclass(frozen=True)
class Mark:
    """A dashed line upwards at a position, with words at its top."""

    x: float
    text: str
    color: QColor


@dataclass(frozen=True)
class Level:
    """A faint dashed line across at a height; the legend says what it means."""

    y: float
    color: QColor


@dataclass(frozen=True)
class Line:
    """One line of a read-out: a word, its value, and the colour of the dot before it (none: no dot)."""

    word: str
    value: str = ""
    color: QColor | None = None


@dataclass(frozen=True)
class Reading:
    """A crosshair at x with dots at (y, colour), and lines of text beside it."""

    x: float
    lines: tuple[Line, ...]
    dots: tuple[tuple[float, QColor], ...] = ()
    y: float | None = None


class Overlay(QGraphicsItem):
    """Paints in pixels, over everything else."""

    def __init__(self, plot: Plot) -> None:
        super().__init__()
        self._plot = plot
        self._reading: Reading | None = None
        self._sentence = ""
        self._marks: tuple[Mark, ...] = ()
        self._notches: tuple[float, ...] = ()
        self._levels: tuple[Level, ...] = ()
        self._playhead: float | None = None

    def read(self, reading: Reading | None) -> None:
        """Show a crosshair with a read-out, or none."""
        if reading != self._reading:
            self._reading = reading
            self.update()

    def say(self, sentence: str) -> None:
        """Show a sentence alone, or what lies over the plot again."""
        if sentence != self._sentence:
            self._sentence = sentence
            self.update()

    def mark(
        self, marks: tuple[Mark, ...] = (), notches: tuple[float, ...] = (), levels: tuple[Level, ...] = ()
    ) -> None:
        """Show marks, notches on the lower edge, and levels."""
        if (marks, notches, levels) != (self._marks, self._notches, self._levels):
            self._marks, self._notches, self._levels = marks, notches, levels
            if self._plot.theme.export:
                self._plot.arrange()  # words of marks stand above the plot there
            self.update()

    def place_playhead(self, x: float | None) -> None:
        """Show a line upwards at what is looked at, or none where that is now."""
        if x != self._playhead:
            self._playhead = x
            self.update()

    @property
    def marked(self) -> bool:
        """Whether there are marks, whose words need room."""
        return bool(self._marks)

    def refresh(self) -> None:
        """Take over another size of the plot."""
        self.prepareGeometryChange()
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, self._plot.width(), self._plot.height())

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setFont(look.font("small", tabular=True))
        if self._sentence:
            self._paint_sentence(painter)
            return
        self._paint_notches(painter)
        for level in self._levels:
            self._paint_level(painter, level)
        for mark in self._marks:
            self._paint_mark(painter, mark)
        if self._playhead is not None:
            self._paint_playhead(painter, self._playhead)
        if self._reading is not None and not self._plot.theme.export:
            self._paint_reading(painter, self._reading)

    def _paint_sentence(self, painter: QPainter) -> None:
        painter.setFont(look.font("body"))
        painter.setPen(self._plot.theme.color("muted"))
        room = self.boundingRect().adjusted(16, 8, -16, -8)
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._sentence)

    def _paint_notches(self, painter: QPainter) -> None:
        plot, area = self._plot, self._plot.area
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(line(plot.theme, "muted"))
        for at in self._notches:
            x = plot.to_pixel(at, 0.0).x()
            if area.left() <= x <= area.right():
                painter.drawLine(QPointF(x, area.bottom() - 6), QPointF(x, area.bottom()))

    def _paint_mark(self, painter: QPainter, mark: Mark) -> None:
        plot, area = self._plot, self._plot.area
        x = plot.to_pixel(mark.x, 0.0).x()
        if not area.left() <= x <= area.right():
            return
        x = x if plot.theme.export else round(x)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        pen = line(plot.theme, "danger", style=Qt.PenStyle.CustomDashLine)
        pen.setColor(mark.color)
        pen.setDashPattern([3.0, 3.0])
        painter.setPen(pen)
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        width = QFontMetricsF(painter.font()).horizontalAdvance(mark.text)
        if area.width() < width + 12:
            return
        left = x + 5 if x + 5 + width <= area.right() else x - 5 - width
        room = QRectF(left, area.top(), width + 1, 15)
        if plot.theme.export:  # above the curves, beside the numbers of the axis
            left = min(max(area.left() + 2, x - width / 2), plot.width() - width - 2)
            room = QRectF(left, area.top() - 15, width + 1, 15)
        else:
            painter.fillRect(room.adjusted(-2, 0, 2, 0), plot.theme.color("card", 0.7))
        painter.setPen(mark.color)
        painter.drawText(room, _LEFT, mark.text)

    def _paint_playhead(self, painter: QPainter, at: float) -> None:
        plot, area = self._plot, self._plot.area
        x = plot.to_pixel(at, 0.0).x()
        if area.left() <= x <= area.right():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(line(plot.theme, "accent", 1.5))
            painter.drawLine(QPointF(round(x), area.top()), QPointF(round(x), area.bottom()))

    def _paint_level(self, painter: QPainter, level: Level) -> None:
        plot, area = self._plot, self._plot.area
        y = plot.to_pixel(0.0, level.y).y()
        if not area.top() <= y <= area.bottom():
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        pen = line(plot.theme, "muted", style=Qt.PenStyle.CustomDashLine)
        faint = QColor(level.color)
        faint.setAlphaF(0.6)
        pen.setColor(faint)
        pen.setDashPattern([2.0, 4.0])
        painter.setPen(pen)
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))

    def _paint_reading(self, painter: QPainter, reading: Reading) -> None:
        plot, area, theme = self._plot, self._plot.area, self._plot.theme
        x = plot.to_pixel(reading.x, 0.0).x()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(line(theme, "muted", alpha=0.7))
        painter.drawLine(QPointF(round(x), area.top()), QPointF(round(x), area.bottom()))
        if reading.y is not None:
            y = plot.to_pixel(0.0, reading.y).y()
            painter.drawLine(QPointF(area.left(), round(y)), QPointF(area.right(), round(y)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(line(theme, "card", 1.5))
        for at, color in reading.dots:
            painter.setBrush(color)
            painter.drawEllipse(plot.to_pixel(reading.x, at), 4.0, 4.0)
        if reading.lines:
            self._paint_box(painter, reading, x)

    def _paint_box(self, painter: QPainter, reading: Reading, x: float) -> None:
        theme = self._plot.theme
        metrics = QFontMetricsF(painter.font())
        words = max(metrics.horizontalAdvance(entry.word) + (12 if entry.color else 0) for entry in reading.lines)
        values = max(metrics.horizontalAdvance(entry.value) for entry in reading.lines)
        size = words + values + (10 if values else 0) + 16, len(reading.lines) * _LINE + 8
        left = x + 10 if x + 10 + size[0] <= self._plot.width() - 2 else x - 10 - size[0]
        left = min(max(2.0, left), max(2.0, self._plot.width() - size[0] - 2))
        top = min(self._plot.area.top() + 2, max(2.0, self._plot.height() - size[1] - 2))
        box = QRectF(round(left) + 0.5, round(top) + 0.5, round(size[0]), size[1])
        painter.setPen(line(theme, "border"))
        painter.setBrush(theme.color("card", 0.97))
        painter.drawRoundedRect(box, 4, 4)
        for number, entry in enumerate(reading.lines):
            row = QRectF(box.left() + 8, box.top() + 4 + number * _LINE, box.width() - 16, _LINE)
            if entry.color is not None:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(entry.color)
                painter.drawEllipse(QPointF(row.left() + 3, row.center().y()), 3, 3)
            painter.setPen(theme.color("muted"))
            painter.drawText(row.adjusted(12 if entry.color else 0, 0, 0, 0), _LEFT, entry.word)
            painter.setPen(theme.color("text"))
            painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, entry.value)
