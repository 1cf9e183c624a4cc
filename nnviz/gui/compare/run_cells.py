"""How the cells of the table of runs are drawn that hold no words: the check mark, the colour, the star."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from nnviz.gui.compare.runs_model import Index, RunsOrder
from nnviz.gui.icons import icon

_SWATCH, _STAR = 14, 16


class ColorDelegate(QStyledItemDelegate):
    """Draws the colour of a run as a rounded square."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        _paint_ground(painter, option, index, self)
        order = index.model()
        assert isinstance(order, RunsOrder)
        centre = QRectF(option.rect).center()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(order.at(index.row()).color))
        painter.drawRoundedRect(_square(centre, _SWATCH), 4, 4)
        painter.restore()


class StarDelegate(QStyledItemDelegate):
    """Draws a star: filled for runs that have one."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        _paint_ground(painter, option, index, self)
        order = index.model()
        assert isinstance(order, RunsOrder)
        starred = order.at(index.row()).starred
        role = QPalette.ColorRole.Highlight if starred else QPalette.ColorRole.PlaceholderText
        color = QGuiApplication.palette().color(role).name()
        place = _square(QRectF(option.rect).center(), _STAR).toRect()
        icon("star-on" if starred else "star", color).paint(painter, place)


def _paint_ground(painter: QPainter, option: QStyleOptionViewItem, index: Index, delegate: QStyledItemDelegate) -> None:
    """Paint what lies under every cell: the selection."""
    ground = QStyleOptionViewItem(option)
    delegate.initStyleOption(ground, index)
    ground.widget.style().drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, ground, painter, ground.widget)


def _square(centre: QPointF, side: float) -> QRectF:
    return QRectF(centre.x() - side / 2, centre.y() - side / 2, side, side)
