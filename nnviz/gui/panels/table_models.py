"""What the dialog of a table shows: its columns with their roles, and its first rows."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QPalette

from nnviz.data.readers.table import ColumnInfo, TablePreview

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

_TOP = QModelIndex()
HEADINGS = ("Role", "Column", "Type", "Missing", "Different", "Examples")
USE, NAME, TYPE, MISSING, DISTINCT, EXAMPLES = range(6)
REASONS = {
    "text": "Text with many different values cannot be a feature.",
    "empty": "The column has no values.",
    "constant": "The column has one value only, which tells nothing.",
}


def can_be_feature(column: ColumnInfo) -> bool:
    """Whether a column can be turned into numbers that differ."""
    return column.kind in ("number", "category")


class ColumnsModel(QAbstractTableModel):
    """The columns of a table, one per row: each is the target, a feature (checked) or ignored."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns: tuple[ColumnInfo, ...] = ()
        self.target = ""
        self._checked: set[str] = set()

    def show_preview(self, preview: TablePreview, target: str, features: tuple[str, ...]) -> None:
        """Show a table with a target, and with the features named, or with all that can be used."""
        self.beginResetModel()
        self.columns, self.target = preview.columns, target
        wanted = set(features) or self.usual
        self._checked = {c.name for c in self.columns if c.name in wanted and can_be_feature(c)}
        self.endResetModel()

    @property
    def usual(self) -> set[str]:
        """The columns that are features when none are chosen, the target included."""
        return {column.name for column in self.columns if column.usable}

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the columns that are features now."""
        return tuple(c.name for c in self.columns if c.name in self._checked and c.name != self.target)

    @property
    def is_usual(self) -> bool:
        """Whether the features are those that would be taken without a choice."""
        return set(self.features) == self.usual - {self.target}

    def set_target(self, name: str) -> None:
        """Make another column the target; the old one becomes what its check mark says."""
        self.target = name
        self._changed()

    def check_all(self, on: bool) -> None:
        """Make all columns that can be features, or none."""
        self._checked = {c.name for c in self.columns if on and can_be_feature(c)}
        self._changed()

    def _changed(self) -> None:
        if self.columns:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.columns) - 1, len(HEADINGS) - 1))

    # ------------------------------------------------------------ what Qt asks for

    def rowCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def columnCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if role == Role.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return HEADINGS[section]
        if role == Role.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignVCenter | (
                Qt.AlignmentFlag.AlignRight if section in (MISSING, DISTINCT) else Qt.AlignmentFlag.AlignLeft
            )
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        column = self.columns[index.row()]
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == USE and column.name != self.target and can_be_feature(column):
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        column, place = self.columns[index.row()], index.column()
        if role == Role.DisplayRole:
            return self._text(column, place)
        if role == Role.CheckStateRole and place == USE:
            if column.name == self.target or not can_be_feature(column):
                return None
            return Qt.CheckState.Checked if column.name in self._checked else Qt.CheckState.Unchecked
        if role == Role.TextAlignmentRole and place in (MISSING, DISTINCT):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Role.ForegroundRole:
            palette = QGuiApplication.palette()
            if column.name == self.target:
                return palette.color(QPalette.ColorRole.Highlight)
            return None if column.name in self._checked else palette.color(QPalette.ColorRole.PlaceholderText)
        if role == Role.ToolTipRole:
            return self._tooltip(column)
        return None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        if role != Role.CheckStateRole or index.column() != USE:
            return False
        name = self.columns[index.row()].name
        if Qt.CheckState(value) == Qt.CheckState.Checked:
            self._checked.add(name)
        else:
            self._checked.discard(name)
        self._changed()
        return True

    def _text(self, column: ColumnInfo, place: int) -> str:
        if place == USE:
            if column.name == self.target:
                return "target"
            return "feature" if column.name in self._checked else "ignored"
        if place == TYPE:
            return "date" if column.is_date else "row number" if column.is_row_number else column.kind
        if place == MISSING:
            return f"{column.missing:,}" if column.missing else "–"
        if place == DISTINCT:
            return f"{column.n_distinct:,}"
        return column.name if place == NAME else ", ".join(column.examples)

    def _tooltip(self, column: ColumnInfo) -> str:
        words = [REASONS.get(column.kind, "")]
        if column.is_row_number:
            words.append("The column numbers the rows and says nothing about new samples.")
        if column.mean is not None:
            words.append(f"Mean {column.mean:.4g}, from {column.minimum:.4g} to {column.maximum:.4g}.")
        if column.name != self.target:
            words.append("Double-click makes it the target.")
        return " ".join(word for word in words if word)


class RowsModel(QAbstractTableModel):
    """The first rows of a table as they stand in the file."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._rows: tuple[tuple[str, ...], ...] = ()

    def show_preview(self, preview: TablePreview) -> None:
        """Show another table."""
        self.beginResetModel()
        self._names, self._rows = tuple(column.name for column in preview.columns), preview.preview
        self.endResetModel()

    def rowCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(self._names)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if role == Role.DisplayRole:
            return self._names[section] if orientation == Qt.Orientation.Horizontal else str(section + 1)
        if role == Role.TextAlignmentRole and orientation == Qt.Orientation.Horizontal:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        row = self._rows[index.row()]
        return row[index.column()] if role == Role.DisplayRole and index.column() < len(row) else None
