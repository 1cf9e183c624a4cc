"""Pens for the screen and for figures."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QTransform

from nnviz.gui.theme import Theme

SOLID = Qt.PenStyle.SolidLine

_PASSES = ((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0))


def line(theme: Theme, name: str, width: float = 1.0, alpha: float = 1.0, style: Qt.PenStyle = SOLID) -> QPen:
    """Return a pen that is as wide on paper as it should be.

    Pens of the theme are cosmetic: as wide in pixels of the device, however fine these are. In figures they are
    not, and grow with the resolution.
    """
    pen = theme.pen(name, width, alpha, style)
    pen.setCosmetic(not theme.export)
    return pen


def thickened(painter: QPainter, weight: float, ratio: float) -> Iterator[None]:
    """Move the painter a little between turns, so that a line one device pixel wide becomes `weight` wide.

    Qt draws lines of that width, smoothed, some forty times faster than wider ones. `weight` is in device-independent
    pixels, of which each has `ratio` × `ratio` device pixels.
    """
    transform, heavy = painter.worldTransform(), weight * ratio
    step = min(1.0, heavy - 1.0) / ratio
    passes = 1 if heavy < 1.25 else 2 if heavy < 2.5 else 4
    for dx, dy in _PASSES[:passes]:
        painter.setWorldTransform(transform * QTransform.fromTranslate((dx - 0.5) * step, (dy - 0.5) * step))
        yield
    painter.setWorldTransform(transform)


def draw_path(painter: QPainter, path: QPainterPath, pen: QPen) -> None:
    """Stroke a path in figures: mapped to the page first.

    Few programs that read SVG know strokes that do not scale with their shape, which is how Qt writes cosmetic pens.
    """
    transform = painter.worldTransform()
    painter.save()
    painter.setWorldTransform(QTransform())  # what scales the page as a whole stays
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(transform.map(path))
    painter.restore()
