"""Pens for the screen and for figures."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from nnviz.gui.theme import Theme

SOLID = Qt.PenStyle.SolidLine


def line(theme: Theme, name: str, width: float = 1.0, alpha: float = 1.0, style: Qt.PenStyle = SOLID) -> QPen:
    """Return a pen that is as wide on paper as it should be.

    Pens of the theme are cosmetic: as wide in pixels of the device, however fine these are. In figures they are
    not, and grow with the resolution.
    """
    pen = theme.pen(name, width, alpha, style)
    pen.setCosmetic(not theme.export)
    return pen


def draw_path(painter: QPainter, path: QPainterPath, pen: QPen) -> None:
    """Stroke a path in figures: mapped to the page first.

    Few programs that read SVG know strokes that do not scale with their shape, which is how Qt writes cosmetic pens.
    """
    transform = painter.worldTransform()
    painter.save()
    painter.resetTransform()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(transform.map(path))
    painter.restore()
