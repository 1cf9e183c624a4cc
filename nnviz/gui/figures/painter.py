"""A painter that knows what it writes: text becomes outlines, so that a figure looks the same in every program."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPaintDevice, QPainter, QPainterPath, QTransform

_UNHINTED = QFont.HintingPreference.PreferNoHinting


class Lettering(Enum):
    """What becomes of text."""

    OUTLINES = auto()
    """Filled shapes: pictures."""
    MARKS = auto()
    """The number of the text instead of it, which `svg.outlined` replaces by shapes."""
    FONT = auto()
    """Text in a font that the file embeds, to be searched and copied: PDF."""


@dataclass(frozen=True)
class Written:
    """One line of text on a page.

    `shape` is in the coordinates that it was drawn in, `box` is what its ink covers and `size` how large its font is,
    in units of the page.
    """

    text: str
    shape: QPainterPath
    box: QRectF
    size: float


class FigurePainter(QPainter):
    """Draws a figure and keeps what it wrote in `written`, in order.

    Qt hands this very object on to the items of a scene, so that their text is written in the same way. Figures of a
    font are proportional here: no PDF reader finds tabular ones again.
    """

    def __init__(self, device: QPaintDevice, lettering: Lettering) -> None:
        super().__init__(device)
        self._lettering = lettering
        self.written: list[Written] = []

    def setFont(self, font: QFont) -> None:  # type: ignore[override]
        """Take over a font as it is on paper: without steps of whole pixels, and without tabular figures."""
        plain = QFont(font)
        plain.clearFeatures()
        plain.setHintingPreference(_UNHINTED)
        super().setFont(plain)

    def drawText(self, *arguments: Any) -> None:  # type: ignore[override]
        """Write one line into a rectangle: (QRectF, alignment, text). It may reach beyond, but is never cut.

        Text that may wrap is left to Qt.
        """
        room, flags, text = arguments
        if int(flags) & int(Qt.TextFlag.TextWordWrap):
            super().drawText(room, flags, text)
            return
        start = _start(room, int(flags), text, QFontMetricsF(self.font()))
        shape = QPainterPath()
        shape.addText(start, self.font(), text)
        self._note(text, shape)
        if self._lettering is Lettering.FONT:
            super().drawText(start, text)
        elif self._lettering is Lettering.MARKS:
            super().drawText(start, str(len(self.written) - 1))
        else:
            self._fill(shape)

    def _note(self, text: str, shape: QPainterPath) -> None:
        transform = self.worldTransform()
        grown = QTransform(transform.m11(), transform.m12(), transform.m21(), transform.m22(), 0, 0)
        size = self.font().pixelSize() * abs(grown.determinant()) ** 0.5
        self.written.append(Written(text, shape, transform.mapRect(shape.boundingRect()), size))

    def _fill(self, shape: QPainterPath) -> None:
        smooth = self.testRenderHint(QPainter.RenderHint.Antialiasing)
        self.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        self.fillPath(shape, self.pen().brush())
        self.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)


def _start(room: QRectF, flags: int, text: str, metrics: QFontMetricsF) -> QPointF:
    """Return where the base line of a text begins that is aligned in a rectangle."""
    spare = room.width() - metrics.horizontalAdvance(text)
    left = room.left()
    if flags & int(Qt.AlignmentFlag.AlignHCenter):
        left += spare / 2
    elif flags & int(Qt.AlignmentFlag.AlignRight):
        left += spare
    top = room.top()
    if flags & int(Qt.AlignmentFlag.AlignVCenter):
        top += (room.height() - metrics.height()) / 2
    return QPointF(left, top + metrics.ascent())
