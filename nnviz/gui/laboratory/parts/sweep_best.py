"""The table of the best points of a sweep."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QMenu, QStackedLayout, QTableView, QWidget

from nnviz.gui.laboratory.parts.sweep_points import Points
from nnviz.gui.panels.table_views import table_view
from nnviz.gui.theme import Theme, font

MOST = 1_000
"""Rows that are shown: nobody reads further down. All are in the numbers that the page is saved as."""

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
_TOP = QModelIndex()


class BestModel(QAbstractTableModel):
    """Points, the best first, as far as they are kept."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.points: Points | None = None
        self.places: NDArray[np.intp] = np.zeros(0, np.intp)
        self._headings: list[str] = []

    def show_points(self, points: Points | None, kept: NDArray[np.bool_] | None) -> None:
        """Show other points, of which those that are `kept`."""
        self.beginResetModel()
        self.points = points
        self.places = np.zeros(0, np.intp)
        self._headings = []
        if points is not None:
            self.places = np.flatnonzero(kept if kept is not None else np.ones(len(points), bool))[:MOST]
            measure = points.measure.label
            measure = measure[:1].upper() + measure[1:]
            titles = [column.title for column in points.columns]
            self._headings = ["#", measure, "95 % interval", "Seeds", *titles, "Parameters", ""]
        self.endResetModel()

    def rowCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(self.places)

    def columnCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(self._headings)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._headings):
            return None
        if role == Role.DisplayRole:
            return self._headings[section]
        if role == Role.TextAlignmentRole:
            return self._side(section)
        if role == Role.ToolTipRole and section == 2:
            return (
                "<p>Mean ± t s/√K over K seeds. The interval of the best of many points is too hopeful: part of what "
                "made it the best is chance.</p>"
            )
        return None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or self.points is None:
            return None
        if role in (Role.DisplayRole, Role.ToolTipRole):
            return self.text(int(self.places[index.row()]), index.column())
        if role == Role.TextAlignmentRole:
            return self._side(index.column())
        if role == Role.FontRole:
            return font("body", bold=self.places[index.row()] == 0, tabular=True)
        return None

    def text(self, place: int, column: int) -> str:
        """Return what stands in a column of a point."""
        points = self.points
        assert points is not None
        settings = len(points.columns)
        if column == 0:
            return f"{place + 1}"
        if column == 1:
            return points.measure.text(float(points.mean[place]), unit=False)
        if column == 2:
            low, high = (points.measure.text(float(end[place]), unit=False) for end in (points.low, points.high))
            return f"{low} to {high}" if math.isfinite(points.low[place]) else "–"
        if column == 3:
            return f"{points.ranked.seeds[place]}"
        if column < 4 + settings:
            return points.columns[column - 4].text(place)
        if column == 4 + settings:
            return f"{points.parameters[place]:,}"
        broken = int(points.ranked.broken[place])
        return f"{broken} diverged or failed" if broken else ""

    def _side(self, column: int) -> Qt.AlignmentFlag:
        last = column == len(self._headings) - 1
        side = Qt.AlignmentFlag.AlignLeft if last else Qt.AlignmentFlag.AlignRight
        return side | Qt.AlignmentFlag.AlignVCenter

    def as_text(self, rows: list[int]) -> str:
        """Return rows with their headings, separated by tabs."""
        last = len(self._headings)
        lines = ["\t".join(self._headings[:last])]
        lines += ["\t".join(self.text(int(self.places[row]), column) for column in range(last)) for row in rows]
        return "\n".join(lines) + "\n"


class BestTable(QWidget):
    """Rows of points; a click picks one, a second one opens it, and rows can be copied as text."""

    picked = Signal(int)
    """The number of a point that was chosen."""
    opened = Signal(int)
    """The number of a point that was clicked twice, or chosen with Enter."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = BestModel(self)
        self.view: QTableView = table_view("Best points", self.model, self)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setStyleSheet(f"{self.view.styleSheet()} QTableView {{ border: none; }}")  # the card has one
        self.view.verticalHeader().hide()
        self.view.horizontalHeader().setResizeContentsPrecision(40)  # rows that columns are measured by
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._open_menu)
        self.view.selectionModel().currentRowChanged.connect(self._current)
        self.view.doubleClicked.connect(self._double_clicked)
        self.view.setToolTip("Click a row to choose it, twice to open it as a run; the menu copies rows")
        self._shape: tuple[str, ...] = ()
        self._filling = False
        self.nothing = QLabel(self)
        self.nothing.setObjectName("muted")
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setMargin(24)
        self.stack = QStackedLayout(self)
        self.stack.setContentsMargins(0, 0, 0, 0)
        self.stack.addWidget(self.view)
        self.stack.addWidget(self.nothing)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour: the table follows the palette."""
        self.view.viewport().update()

    def say(self, sentence: str) -> None:
        """Show a sentence instead."""
        self.nothing.setText(sentence)
        self.stack.setCurrentWidget(self.nothing)
        self._shape = ()
        self.model.show_points(None, None)

    def show_points(self, points: Points, chosen: int, kept: NDArray[np.bool_] | None = None) -> None:
        """Show points, of which that with the number `chosen` is selected. Where one reads stays in sight."""
        self.stack.setCurrentWidget(self.view)
        at = self.view.verticalScrollBar().value()
        self._filling = True
        self.model.show_points(points, kept)
        self.choose(chosen)
        self._filling = False
        shape = tuple(column.path for column in points.columns)
        if shape != self._shape or len(self.model.places) <= 20:
            self._shape = shape
            self.view.resizeColumnsToContents()
            last = self.model.columnCount() - 1
            header = self.view.horizontalHeader()
            header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
            header.setSectionResizeMode(last, QHeaderView.ResizeMode.Stretch)
        self.view.verticalScrollBar().setValue(at)

    def choose(self, point: int) -> None:
        """Select the row of a point without saying so."""
        points, filling = self.model.points, self._filling
        if points is None:
            return
        self._filling = True
        rows = np.flatnonzero(points.ranked.point[self.model.places] == point)
        if len(rows):
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.view.selectionModel().setCurrentIndex(self.model.index(int(rows[0]), 0), flags)
        else:
            self.view.selectionModel().clear()
        self._filling = filling

    def copy_rows(self) -> None:
        """Put the selected rows, or all where none is, on the clipboard as text."""
        rows = sorted(index.row() for index in self.view.selectionModel().selectedRows())
        text = self.model.as_text(rows or list(range(len(self.model.places))))
        QGuiApplication.clipboard().setText(text)

    # ------------------------------------------------------------ what the user does

    @Slot(QModelIndex, QModelIndex)
    def _current(self, index: QModelIndex, _: QModelIndex) -> None:
        if not self._filling and index.isValid():
            self.picked.emit(self._point(index.row()))

    @Slot(QModelIndex)
    def _double_clicked(self, index: QModelIndex) -> None:
        self.opened.emit(self._point(index.row()))

    def _point(self, row: int) -> int:
        assert self.model.points is not None
        return int(self.model.points.ranked.point[self.model.places[row]])

    @Slot(QPoint)
    def _open_menu(self, at: QPoint) -> None:
        index = self.view.indexAt(at)
        if not index.isValid():
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        open_it = menu.addAction("Open as a run")
        menu.addAction("Copy rows", self.copy_rows)
        open_it.triggered.connect(self._open_from_menu)
        menu.popup(self.view.viewport().mapToGlobal(at))

    @Slot()
    def _open_from_menu(self) -> None:
        row = self.view.currentIndex().row()
        if row >= 0:
            self.opened.emit(self._point(row))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.view.currentIndex().isValid():
            self.opened.emit(self._point(self.view.currentIndex().row()))
        else:
            super().keyPressEvent(event)
