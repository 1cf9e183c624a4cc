"""What the pictures of a sweep have in common: colours by the objective, a read-out beside the mouse, a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from nnviz.gui.plot.overlay import Line
from nnviz.gui.theme import Theme, font
from nnviz.gui.views.parts.colors import Pixels

_CENTER = Qt.AlignmentFlag.AlignCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LINE, _PAD = 17.0, 8.0
_WORST = 70
"""Where on the ramp of 256 colours the worst stands: the first ones cannot be told from the card."""


def good_ramp(theme: Theme) -> Pixels:
    """Return the colours (256, 4) from the worst to the best: the better, the stronger."""
    ramp = theme.sequential()
    return np.asarray(ramp[np.linspace(_WORST, 255, 256).astype(int)], np.uint8)


def good_color(theme: Theme, share: float) -> QColor:
    """Return the colour of something so good, 1 the best and 0 the worst; that of a mistake where it is not known."""
    if not np.isfinite(share):
        return theme.color("danger")
    return QColor(*map(int, good_ramp(theme)[round(255 * float(np.clip(share, 0.0, 1.0)))]))


def paint_sentence(painter: QPainter, widget: QWidget, theme: Theme, sentence: str) -> None:
    """Paint a sentence in the middle, where there is nothing to show."""
    painter.setFont(font("body"))
    painter.setPen(theme.color("muted"))
    room = QRectF(24, 8, widget.width() - 48, widget.height() - 16)
    painter.drawText(room, _CENTER | Qt.TextFlag.TextWordWrap, sentence)


def paint_readout(painter: QPainter, widget: QWidget, theme: Theme, at: QPointF, lines: Sequence[Line]) -> None:
    """Paint words and values in a box beside a point, inside the widget."""
    small, bold = font("small", tabular=True), font("small", bold=True, tabular=True)
    metrics = QFontMetricsF(bold)
    word = max(metrics.horizontalAdvance(line.word) for line in lines) + 14
    value = max((metrics.horizontalAdvance(line.value) for line in lines), default=0.0)
    width, height = word + value + 2 * _PAD + 8, _LINE * len(lines) + 2 * _PAD - 2
    left = at.x() + 16 if at.x() + 16 + width < widget.width() else at.x() - 16 - width
    left = min(max(left, 2.0), max(2.0, widget.width() - width - 2))
    top = min(max(at.y() - height / 2, 2.0), max(2.0, widget.height() - height - 2))
    painter.setPen(QPen(theme.color("border"), 1.0))
    painter.setBrush(theme.color("window", 0.94))
    painter.drawRoundedRect(QRectF(left, top, width, height), 6, 6)
    for number, line in enumerate(lines):
        row = QRectF(left + _PAD, top + _PAD - 1 + _LINE * number, width - 2 * _PAD, _LINE)
        if line.color is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(line.color)
            painter.drawEllipse(QPointF(row.left() + 4, row.center().y()), 3.5, 3.5)
        painter.setFont(bold if number == 0 else small)
        painter.setPen(theme.color("text" if number == 0 else "muted"))
        painter.drawText(row.adjusted(12 if line.color is not None else 0, 0, 0, 0), _LEFT, line.word)
        painter.setPen(theme.color("text"))
        painter.drawText(row, _RIGHT, line.value)
