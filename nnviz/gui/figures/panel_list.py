"""The views of a composed figure: chosen, ordered by dragging or with buttons, taken out."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.export.recipe import MOST_PANELS, Panel
from nnviz.gui.views import views

_STYLE = """
QListWidget { background: palette(base); border: 1px solid palette(mid); border-radius: 6px; padding: 2px; }
QListWidget:focus { border-color: palette(highlight); }
QListWidget::item { padding: 1px 4px; border-radius: 4px; }
QListWidget::item:selected { background: palette(mid); color: palette(text); }
"""

_ROWS = 5
"""Rows that the list shows without scrolling."""


class PanelList(QWidget):
    """A list of panels. `changed` carries all of them, in their new order, after every action of the user."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QListWidget(self)
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.setAccessibleName("Views of the figure, row by row; drag them to change their order")
        self.list.setSpacing(2)
        self.list.setStyleSheet(_STYLE)
        self.list.setFixedHeight(_ROWS * 24 + 6)
        self.list.model().rowsMoved.connect(self._moved)
        self.list.currentRowChanged.connect(self._update_buttons)
        self.add_button, self.remove_button = self._button("Add", "Add a view"), self._button("Remove", "Take it out")
        self.up_button, self.down_button = self._button("↑", "Move up"), self._button("↓", "Move down")
        menu = QMenu(self.add_button)
        for view in views:
            menu.addAction(view.title).setData(view.name)
        menu.triggered.connect(self._add)
        self.add_button.setMenu(menu)
        self.remove_button.clicked.connect(self._remove)
        self.up_button.clicked.connect(self._up)
        self.down_button.clicked.connect(self._down)
        row = QHBoxLayout()
        for button in (self.add_button, self.remove_button, self.up_button, self.down_button):
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.addWidget(self.list)
        column.addLayout(row)
        self._update_buttons()

    @property
    def panels(self) -> tuple[Panel, ...]:
        """The panels in their order."""
        return tuple(self.list.item(row).data(Qt.ItemDataRole.UserRole) for row in range(self.list.count()))

    def show_panels(self, panels: tuple[Panel, ...]) -> None:
        """Show other panels without emitting anything."""
        if panels == self.panels:
            return
        self.list.clear()
        for panel in panels:
            self.list.addItem(_item(panel))
        self.list.setCurrentRow(0)
        self._update_buttons()

    # ------------------------------------------------------------ what the user does

    def _button(self, words: str, tip: str) -> QPushButton:
        button = QPushButton(words, self)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setAutoDefault(False)
        return button

    @Slot(QAction)
    def _add(self, action: QAction) -> None:
        if self.list.count() < MOST_PANELS:
            self.list.addItem(_item(Panel(view=str(action.data()))))
            self.list.setCurrentRow(self.list.count() - 1)
            self._report()

    @Slot()
    def _remove(self) -> None:
        if self.list.count() > 1:
            self.list.takeItem(self.list.currentRow())
            self._report()

    @Slot()
    def _up(self) -> None:
        self._shift(-1)

    @Slot()
    def _down(self) -> None:
        self._shift(1)

    def _shift(self, by: int) -> None:
        row = self.list.currentRow()
        if 0 <= row + by < self.list.count():
            self.list.insertItem(row + by, self.list.takeItem(row))
            self.list.setCurrentRow(row + by)
            self._report()

    @Slot(QModelIndex, int, int, QModelIndex, int)
    def _moved(self, *_: object) -> None:
        self._report()

    def _report(self) -> None:
        self._update_buttons()
        self.changed.emit(self.panels)

    @Slot()
    def _update_buttons(self) -> None:
        row, count = self.list.currentRow(), self.list.count()
        self.add_button.setEnabled(count < MOST_PANELS)
        self.remove_button.setEnabled(count > 1 and row >= 0)
        self.up_button.setEnabled(row > 0)
        self.down_button.setEnabled(0 <= row < count - 1)


def _item(panel: Panel) -> QListWidgetItem:
    known = panel.view in views
    item = QListWidgetItem(views[panel.view].title if known else panel.view)
    item.setData(Qt.ItemDataRole.UserRole, panel)
    return item
