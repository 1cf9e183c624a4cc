"""What the colours of a map mean: a ramp with words at its ends and in its middle."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.gui.theme import Theme, font
from nnviz.gui.views.parts.colors import Pixels

_BAR = 10


class ColorKey(QWidget):
    """A ramp (256, 4) uint8 from left to right, with three words under it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ramp: Pixels = np.zeros((0, 4), np.uint8)
        self._words = ("", "", "")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(160, _BAR + 20)

    def show_ramp(self, ramp: Pixels, low: str, middle: str, high: str) -> None:
        """Show other colours, or other words."""
        words = (low, middle, high)
        if words != self._words or not np.array_equal(ramp, self._ramp):
            self._ramp, self._words = ramp, words
            self.setAccessibleName(f"Colours from {low} over {middle} to {high}" if middle else f"{low} to {high}")
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not len(self._ramp):
            return
        painter = QPainter(self)
        pixels = np.ascontiguousarray(self._ramp)
        image = QImage(pixels.tobytes(), len(pixels), 1, 4 * len(pixels), QImage.Format.Format_RGBA8888).copy()
        bar = QRectF(0.5, 0.5, self.width() - 1, _BAR)
        painter.drawImage(bar, image)
        painter.setPen(self._theme.color("border"))
        painter.drawRect(bar)
        painter.setFont(font("small", tabular=True))
        painter.setPen(self._theme.color("muted"))
        room = QRectF(0, _BAR + 4, self.width(), 16)
        sides = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight)
        for words, side in zip(self._words, sides, strict=True):
            painter.drawText(room, side | Qt.AlignmentFlag.AlignTop, words)
        painter.end()
