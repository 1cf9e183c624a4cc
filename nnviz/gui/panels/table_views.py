"""How the tables in the dialog of a table are drawn and used."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QPainter, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from nnviz.gui.widgets.section import Caption

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

_TABLE = """
QTableView::item { padding: 0 6px; }
QTableView::item:selected { background: palette(mid); color: palette(text); }
QHeaderView::section { padding: 4px 6px; }
QTableCornerButton::section { background: palette(button); border: none; border-bottom: 1px solid palette(mid); }
"""


def table_view(name: str, model: QAbstractItemModel, parent: QWidget) -> QTableView:
    """Return a table in the house's style that scrolls smoothly and lets Tab out."""
    view = QTableView(parent)
    view.setAccessibleName(name)
    view.setModel(model)
    view.setShowGrid(False)
    view.setStyleSheet(_TABLE)
    view.setWordWrap(False)
    view.setTabKeyNavigation(False)
    view.verticalHeader().setDefaultSectionSize(24)
    view.horizontalHeader().setHighlightSections(False)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    return view


def under_caption(title: str, view: QWidget) -> tuple[QWidget, Caption]:
    """Return a widget with a view under a heading, and the heading."""
    holder = QWidget()
    caption = Caption(title, holder)
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(caption)
    column.addWidget(view, 1)
    return holder, caption


class RoleDelegate(QStyledItemDelegate):
    """Draws the role of a column with a check mark that can be seen in either theme; a click or Space turns it."""

    BOX = 14

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        text = QStyleOptionViewItem(option)
        self.initStyleOption(text, index)
        style = text.widget.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, text, painter, text.widget)
        text.features &= ~QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
        text.rect.adjust(self.BOX + 6, 0, 0, 0)
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, text, painter, text.widget)
        state = index.data(Role.CheckStateRole)
        if state is not None:
            self._paint_box(painter, option, Qt.CheckState(state) == Qt.CheckState.Checked)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return super().sizeHint(option, index) + QSize(self.BOX + 6, 0)

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        if not model.flags(index) & Qt.ItemFlag.ItemIsUserCheckable:
            return False
        pressed = event.type() == QEvent.Type.MouseButtonRelease
        spaced = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space
        if not pressed and not (spaced and event.type() == QEvent.Type.KeyPress):
            return False
        checked = Qt.CheckState(index.data(Role.CheckStateRole)) == Qt.CheckState.Checked
        return model.setData(index, Qt.CheckState.Unchecked if checked else Qt.CheckState.Checked, Role.CheckStateRole)

    def _paint_box(self, painter: QPainter, option: QStyleOptionViewItem, checked: bool) -> None:
        role, palette = QPalette.ColorRole, QGuiApplication.palette()
        top = option.rect.top() + (option.rect.height() - self.BOX) / 2
        box = QRectF(option.rect.left() + 6.5, top + 0.5, self.BOX - 1, self.BOX - 1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(palette.color(role.Highlight if checked else role.PlaceholderText), 1.0))
        painter.setBrush(palette.color(role.Highlight if checked else role.Base))
        painter.drawRoundedRect(box, 3, 3)
        if checked:
            painter.setPen(QPen(palette.color(role.HighlightedText), 1.6))
            corner = box.topLeft()
            painter.drawPolyline(QPolygonF([corner + QPointF(*p) for p in ((3, 6.5), (5.5, 9), (10, 4))]))
        painter.restore()
