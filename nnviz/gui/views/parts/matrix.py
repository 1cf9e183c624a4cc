"""A square table of counts as a heat map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.gui import theme as look
from nnviz.gui.plot.pens import line
from nnviz.gui.theme import Theme
from nnviz.gui.views.parts.colors import rgb

_CENTER = Qt.AlignmentFlag.AlignCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_MOST_NAME, _MOST_NAME_ON_PAPER = 84.0, 140.0
"""Widest class name, in pixels, on screen and in figures."""


class Matrix(QWidget):
    """Rows are true classes, columns predicted ones. Right answers are blue, wrong ones red; text where it fits."""

    pointed = Signal(object)
    """The mouse is at a point of the widget, or None: it left."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.pointer: QPointF | None = None
        self._sentence = ""
        self._counts: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self._names: tuple[str, ...] = ()
        self.setMinimumSize(QSize(120, 72))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def draw(self, counts: NDArray[np.int64], names: Sequence[str]) -> None:
        """Show counts (classes, classes)."""
        self._counts, self._names, self._sentence = counts, tuple(names), ""
        self.update()

    def say(self, sentence: str) -> None:
        """Show a sentence instead."""
        self._sentence = sentence
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over the colours of a theme."""
        self.theme = theme
        self.update()

    def words_at(self, point: QPointF) -> str:
        """Return what the cell under a point means, empty outside."""
        area, count = self._area(), len(self._names)
        if self._sentence or not area.contains(point) or not count:
            return ""
        column = min(count - 1, int((point.x() - area.left()) / area.width() * count))
        row = min(count - 1, int((point.y() - area.top()) / area.height() * count))
        samples = int(self._counts[row, column])
        share = samples / max(1, int(self._counts[row].sum()))
        return f"{self._names[row]} taken for {self._names[column]}: {samples:,} ({100 * share:.0f} %)"

    def paint(self, painter: QPainter) -> None:
        """Paint everything, in a figure as on screen."""
        painter.fillRect(QRectF(0, 0, self.width(), self.height()), self.theme.color("card"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self._sentence or not len(self._names):
            painter.setFont(look.font("body"))
            painter.setPen(self.theme.color("muted"))
            room = QRectF(16, 8, self.width() - 32, self.height() - 16)
            painter.drawText(room, _CENTER | Qt.TextFlag.TextWordWrap, self._sentence)
            return
        painter.setFont(look.font("small", tabular=True))
        self._paint_cells(painter)
        self._paint_names(painter)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint(painter)
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.pointer = event.position()
        self.pointed.emit(self.pointer)
        event.ignore()

    def leaveEvent(self, event: QEvent) -> None:
        self.pointer = None
        self.pointed.emit(None)

    # ------------------------------------------------------------ parts

    def _area(self) -> QRectF:
        """Return where the cells are."""
        if not self.theme.export and (self.width() < 160 or self.height() < 100):
            return QRectF(4, 4, self.width() - 8, self.height() - 8)
        metrics = QFontMetricsF(look.font("small", tabular=True))
        widest = max((metrics.horizontalAdvance(name) for name in self._names), default=0.0)
        most = _MOST_NAME_ON_PAPER if self.theme.export else _MOST_NAME
        left = 26 + min(widest, most, (0.4 if self.theme.export else 0.25) * self.width())
        return QRectF(left, 8, self.width() - left - 10, self.height() - 8 - 38)

    def _shares(self) -> NDArray[np.float64]:
        return self._counts / np.maximum(1, self._counts.sum(axis=1, keepdims=True))

    def _pixels(self) -> NDArray[np.uint8]:
        """Return the colours of the cells: (classes, classes, 4) uint8. The square root shows small shares."""
        card, right, wrong = (rgb(self.theme.color(name)) for name in ("card", "train", "danger"))
        strength = np.sqrt(self._shares())[:, :, None] * 0.85
        hue = np.where(np.eye(len(self._names), dtype=bool)[:, :, None], right, wrong)
        pixels = np.full((*self._counts.shape, 4), 255, np.uint8)
        pixels[:, :, :3] = (card + (hue - card) * strength).round()
        return pixels

    def _paint_cells(self, painter: QPainter) -> None:
        area, count = self._area(), len(self._names)
        pixels = self._pixels()
        width, height = area.width() / count, area.height() / count
        if min(width, height) < 6:
            image = QImage(pixels.tobytes(), count, count, 4 * count, QImage.Format.Format_RGBA8888).copy()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.drawImage(area, image)
            painter.setPen(line(self.theme, "border"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area)
            return
        shares = self._shares()
        metrics = QFontMetricsF(painter.font())
        widest = metrics.horizontalAdvance(f"{int(self._counts.max(initial=0)):,}")
        text, percent = width > widest + 6 and height >= 15, width >= 40 and height >= 34
        for row in range(count):
            top, bottom = round(area.top() + row * height), round(area.top() + (row + 1) * height)
            for column in range(count):
                left, right = round(area.left() + column * width), round(area.left() + (column + 1) * width)
                cell = QRectF(left, top, right - left - 1, bottom - top - 1)
                color = QColor(*map(int, pixels[row, column]))
                painter.fillRect(cell, color)
                if text and self._counts[row, column]:
                    painter.setPen(legible(color))
                    self._paint_count(painter, cell, int(self._counts[row, column]), shares[row, column], percent)

    def _paint_count(self, painter: QPainter, cell: QRectF, samples: int, share: float, percent: bool) -> None:
        if not percent:
            painter.drawText(cell, _CENTER, f"{samples:,}")
            return
        middle = cell.center().y()
        painter.drawText(QRectF(cell.left(), middle - 15, cell.width(), 15), _CENTER, f"{samples:,}")
        painter.drawText(QRectF(cell.left(), middle, cell.width(), 15), _CENTER, f"{100 * share:.0f} %")

    def _paint_names(self, painter: QPainter) -> None:
        area, count = self._area(), len(self._names)
        if area.left() < 20:
            return
        metrics = QFontMetricsF(painter.font())
        painter.setPen(self.theme.color("muted"))
        width, height = area.width() / count, area.height() / count
        every = max(1, int(np.ceil(14 / height)))
        room = area.left() - 26
        for row in range(0, count, every):
            name = metrics.elidedText(self._names[row], Qt.TextElideMode.ElideRight, room)
            middle = area.top() + (row + 0.5) * height
            painter.drawText(QRectF(20, middle - 8, room, 16), _RIGHT, name)
        widest = min(_MOST_NAME, max(metrics.horizontalAdvance(name) for name in self._names))
        every = max(1, int(np.ceil((widest + 6) / width)))
        for column in range(0, count, every):
            name = metrics.elidedText(self._names[column], Qt.TextElideMode.ElideRight, width * every - 2)
            middle = area.left() + (column + 0.5) * width
            if column and middle + widest / 2 > self.width():
                continue
            painter.drawText(QRectF(middle - width * every / 2, area.bottom() + 3, width * every, 15), _CENTER, name)
        painter.setPen(self.theme.color("text" if self.theme.export else "muted"))
        painter.drawText(QRectF(area.left(), area.bottom() + 19, area.width(), 15), _CENTER, "predicted")
        painter.save()
        painter.translate(11, area.center().y())
        painter.rotate(-90)
        painter.drawText(QRectF(-area.height() / 2, -8, area.height(), 16), _CENTER, "true")
        painter.restore()


def legible(ground: QColor) -> QColor:
    """Return black or white, whichever has the larger contrast with a colour (WCAG 2.2, relative luminance)."""
    channels = rgb(ground) / 255.0
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ [0.2126, 0.7152, 0.0722])
    return QColor("#ffffff") if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else QColor("#000000")
