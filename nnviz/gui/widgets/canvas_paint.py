"""What is painted on a canvas around the samples: its ground, words, pictures, the lasso and the brush."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QPolygonF

from nnviz.gui.theme import RADIUS, Theme, font
from nnviz.gui.widgets.samples import Frame, scaled_thumbnail

_GAP = 4


@dataclass(frozen=True)
class Words:
    """What a canvas says: a sentence in its middle, pictures, a line below the samples, or a hint over them."""

    text: str = ""
    failed: bool = False
    images: Sequence[tuple[QImage, int]] = ()
    foot: str = ""
    hint: str = ""


FOOT = 26.0
"""Height of the room for the line below the samples."""


def paint_ground(painter: QPainter, rect: QRectF, theme: Theme, focused: bool) -> None:
    """Paint the field; a line around it shows that it takes keys."""
    painter.setPen(theme.pen("accent" if focused else "border"))
    painter.setBrush(theme.color("field"))
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS - 2, RADIUS - 2)


def paint_axes(painter: QPainter, frame: Frame, theme: Theme) -> None:
    """Paint the axes of the plane and the edge beyond which nothing can be drawn."""
    left, right, bottom, top = frame.bounds
    painter.setPen(theme.pen("border", alpha=0.7))
    origin, area = frame.to_pixel(0.0, 0.0), frame.area
    if bottom < 0.0 < top:
        painter.drawLine(QPointF(area.left(), origin.y()), QPointF(area.right(), origin.y()))
    if left < 0.0 < right:
        painter.drawLine(QPointF(origin.x(), area.top()), QPointF(origin.x(), area.bottom()))


def paint_words(painter: QPainter, rect: QRectF, theme: Theme, words: Words) -> None:
    """Paint what is to be said."""
    wrapped = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
    if words.text:
        painter.setFont(font("body"))
        painter.setPen(theme.color("danger" if words.failed else "muted"))
        painter.drawText(rect.adjusted(20, 8, -20, -8), wrapped, words.text)
    painter.setFont(font("small"))
    painter.setPen(theme.color("muted"))
    if words.foot:
        room = QRectF(rect.left() + 8, rect.bottom() - FOOT, rect.width() - 16, FOOT - 4)
        line = QFontMetricsF(painter.font()).elidedText(words.foot, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, line)
    if words.hint:
        room = rect.adjusted(20, 8, -20, -12)
        place = painter.boundingRect(room, wrapped, words.hint)
        place.moveBottom(room.bottom())
        pill = place.adjusted(-10, -5, 10, 5)
        painter.setBrush(theme.color("card", 0.94))
        painter.setPen(theme.pen("border"))
        painter.drawRoundedRect(pill, RADIUS, RADIUS)
        painter.setPen(theme.color("muted"))
        painter.drawText(place, wrapped, words.hint)


def paint_images(painter: QPainter, rect: QRectF, theme: Theme, images: Sequence[tuple[QImage, int]]) -> None:
    """Paint as many pictures as fit in rows, each over a line in the colour of its class."""
    room = rect.adjusted(8, 8, -8, -FOOT - 4)
    side = min(max(room.height() / 4 - _GAP, 26.0), 44.0)
    columns, rows = int((room.width() + _GAP) // (side + _GAP)), int((room.height() + _GAP) // (side + _GAP))
    if columns < 1 or rows < 1:
        return
    left = room.left() + (room.width() - columns * (side + _GAP) + _GAP) / 2
    ratio = painter.device().devicePixelRatioF()
    for number, (image, label) in enumerate(images[: columns * rows]):
        row, column = divmod(number, columns)
        tile = QRectF(left + column * (side + _GAP), room.top() + row * (side + _GAP), side, side)
        shape = QPainterPath()
        shape.addRoundedRect(tile, 3, 3)
        painter.save()
        painter.setClipPath(shape)
        painter.fillRect(tile, QColor("#000000"))
        scaled = scaled_thumbnail(image, round(side * ratio))
        scaled.setDevicePixelRatio(ratio)
        place = QRectF(0, 0, scaled.width() / ratio, scaled.height() / ratio)
        place.moveCenter(tile.center())
        painter.drawImage(place.topLeft(), scaled)
        if label >= 0:
            painter.fillRect(QRectF(tile.left(), tile.bottom() - 2.5, side, 2.5), theme.class_color(label))
        painter.restore()


def paint_lasso(painter: QPainter, outline: QPolygonF, theme: Theme) -> None:
    """Paint the line around a selection."""
    pen = theme.pen("accent", 1.2)
    pen.setDashPattern([4.0, 3.0])
    painter.setPen(pen)
    painter.setBrush(theme.color("accent", 0.08))
    painter.drawPolygon(outline)


def paint_brush(painter: QPainter, place: QPointF, radius: float, color: QColor, theme: Theme) -> None:
    """Paint the circle that a brush covers, readable on any ground."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color("field", 0.7), 3.0))
    painter.drawEllipse(place, radius, radius)
    painter.setPen(QPen(color, 1.2))
    painter.drawEllipse(place, radius, radius)
