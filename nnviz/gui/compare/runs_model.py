"""The table of runs for Qt: a model of its cells, and the order and choice of its rows."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QBrush, QColor, QGuiApplication, QPalette

from nnviz.gui.compare.rows import CHECK, COLOR, NAME, NOTE, STAR, Cell, Column, Row, Table
from nnviz.gui.theme import font

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

_TOP = QModelIndex()
EDITABLE = (NAME, NOTE)
_TINT = 0.08
"""Opacity of the accent behind the settings in which the runs differ."""
_SPOKEN = {COLOR: "colour", STAR: "star", CHECK: "compared"}


class RunsModel(QAbstractTableModel):
    """Holds a `Table`. What the user enters is only reported: the table changes when it is told so."""

    entered = Signal(int, str, str)
    """The user typed a name or a note: the run's number, the column's key, the text."""
    checked = Signal(int, bool)
    """The user checked or unchecked a run: its number."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.table = Table()

    def show_table(self, table: Table) -> bool:
        """Show another table; return whether columns or runs are others, so that everything was made anew."""
        before, after = self.table, table
        if before.columns != after.columns or _numbers(before) != _numbers(after):
            self.beginResetModel()
            self.table = table
            self.endResetModel()
            return True
        self.table = table
        for place, (old, new) in enumerate(zip(before.rows, after.rows, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(place, 0), self.index(place, len(table.columns) - 1))
        return False

    def column(self, section: int) -> Column:
        """Return the column at a place."""
        return self.table.columns[section]

    def place_of(self, key: str) -> int:
        """Return the place of a column, -1 when it is not there."""
        return next((i for i, column in enumerate(self.table.columns) if column.key == key), -1)

    def row(self, index: Index) -> Row:
        """Return the run that a cell belongs to."""
        return self.table.rows[index.row()]

    def cell(self, index: Index) -> Cell:
        """Return what stands in a cell."""
        return self.row(index).cells[self.column(index.column()).key]

    # ------------------------------------------------------------ what Qt asks for

    def rowCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(self.table.rows)

    def columnCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(self.table.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.table.columns):
            return None
        column = self.column(section)
        if role == Role.DisplayRole:
            return header_text(column)
        if role == Role.AccessibleTextRole:
            return column.title
        if role == Role.ToolTipRole:
            return f"<p><b>{column.title}</b>. {column.help}</p>"
        if role == Role.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.numeric else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Role.ForegroundRole and column.setting:
            return _palette(QPalette.ColorRole.Highlight)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        key = self.column(index.column()).key
        if key == CHECK:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        if key in EDITABLE:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        row, column, cell = self.row(index), self.column(index.column()), self.cell(index)
        if role == Role.DisplayRole:
            return cell.text
        if role == Role.EditRole:
            return cell.value if column.key in EDITABLE else cell.text
        if role == Role.CheckStateRole and column.key == CHECK:
            return Qt.CheckState.Checked if row.chosen else Qt.CheckState.Unchecked
        if role == Role.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.numeric else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Role.FontRole:
            return font("body", bold=row.front and column.key == NAME, tabular=True)
        if role == Role.ForegroundRole:
            return self._foreground(row, column, cell)
        if role == Role.BackgroundRole and column.setting:
            ground = _palette(QPalette.ColorRole.Highlight)
            ground.setAlphaF(_TINT)
            return QBrush(ground)
        if role == Role.ToolTipRole:
            return cell.tip or None
        if role == Role.AccessibleTextRole:
            return self._spoken(row, column, cell)
        return None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        row, column = self.row(index), self.column(index.column())
        if role == Role.CheckStateRole and column.key == CHECK:
            self.checked.emit(row.number, Qt.CheckState(value) == Qt.CheckState.Checked)
            return True
        if role == Role.EditRole and column.key in EDITABLE:
            self.entered.emit(row.number, column.key, str(value).strip())
            return True
        return False

    # ------------------------------------------------------------ parts

    def _foreground(self, row: Row, column: Column, cell: Cell) -> Any:
        if cell.marked:
            return _palette(QPalette.ColorRole.Highlight)
        return _palette(QPalette.ColorRole.PlaceholderText) if row.archived else None

    def _spoken(self, row: Row, column: Column, cell: Cell) -> str:
        if column.key not in _SPOKEN:
            return f"{column.title}: {cell.text}"
        if column.key == COLOR:
            return f"colour {row.color}"
        on = row.starred if column.key == STAR else row.chosen
        return _SPOKEN[column.key] if on else f"not {'starred' if column.key == STAR else 'compared'}"


class RunsOrder(QSortFilterProxyModel):
    """Rows sorted by any column, numbers as numbers and what is missing last; archived runs only when asked for."""

    def __init__(self, model: RunsModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runs = model
        self.archived = False
        self.setSourceModel(model)

    def show_archived(self, on: bool) -> None:
        """Show archived runs too, or no longer."""
        self.archived = on
        self.invalidate()

    def row_of(self, number: int) -> int:
        """Return the row in which a run stands, -1 where it is not shown."""
        rows = (i for i, row in enumerate(self.runs.table.rows) if row.number == number)
        place = next(rows, -1)
        return self.mapFromSource(self.runs.index(place, 0)).row() if place >= 0 else -1

    def at(self, row: int) -> Row:
        """Return the run that stands in a row."""
        return self.runs.row(self.mapToSource(self.index(row, 0)))

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        return self.archived or not self.runs.table.rows[source_row].archived

    def lessThan(self, left: Index, right: Index) -> bool:
        first, second = self.runs.cell(left).value, self.runs.cell(right).value
        missing = _missing(first), _missing(second)
        if any(missing):
            # Descending, Qt asks for the pair the other way round: what is missing is then the smallest.
            descending = self.sortOrder() == Qt.SortOrder.DescendingOrder
            return missing[0] != missing[1] and missing[0] == descending
        if isinstance(first, str) or isinstance(second, str):
            return str(first).casefold() < str(second).casefold()
        return first < second


def header_text(column: Column) -> str:
    """Return what stands over a column; nothing over those that speak for themselves."""
    return "" if column.key in (STAR, COLOR, CHECK) else column.title


def _missing(value: float | str) -> bool:
    return value == "" if isinstance(value, str) else math.isnan(value)


def _numbers(table: Table) -> list[int]:
    return [row.number for row in table.rows]


def _palette(role: QPalette.ColorRole) -> QColor:
    return QGuiApplication.palette().color(role)
