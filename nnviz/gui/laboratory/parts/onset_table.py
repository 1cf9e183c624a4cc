"""The criteria of onset in a table: what each looks at, when, and the loss there. A click goes there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QBrush, QFontMetrics, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme, font

_TITLES = ("Criterion, and what it looks at", "Onset", "Called", "Loss there")
_NUMBERS = (1, 2, 3)
_ROOM, _EDGE = 16, 6
_LOOKS_AT = Qt.ItemDataRole.UserRole
_WRAPPED = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap


@dataclass(frozen=True)
class Row:
    """What one criterion says: names, epochs, the loss at the onset, and a colour of the theme by name.

    `onset` and `called` are None where it has not been called; the loss is NaN where it is not known.
    """

    criterion: str
    looks_at: str
    color: str
    onset: int | None = None
    called: int | None = None
    loss: float = float("nan")


class CriterionCell(QStyledItemDelegate):
    """Draws the name of a criterion over the words for what it looks at, which wrap."""

    def __init__(self, table: OnsetTable) -> None:
        super().__init__(table)
        self._table = table

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme, row = self._table.theme, self._table.rows[index.row()]
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        cell.text = ""
        style = cell.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, cell, painter, cell.widget)
        chosen = bool(cell.state & QStyle.StateFlag.State_Selected)
        inside = cell.rect.adjusted(_EDGE, 4, -_EDGE, -4)
        painter.save()
        painter.setFont(self._table.font())
        painter.setPen(theme.color("accent_text" if chosen else row.color))
        painter.drawText(inside, _WRAPPED, row.criterion)
        painter.setFont(font("small"))
        painter.setPen(theme.color("accent_text" if chosen else "muted"))
        painter.drawText(inside.adjusted(0, self._table.fontMetrics().height() + 1, 0, 0), _WRAPPED, row.looks_at)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        width = self._table.columnWidth(0) - 2 * _EDGE
        words = QFontMetrics(font("small")).boundingRect(
            QRect(0, 0, max(1, width), 1_000), _WRAPPED, str(index.data(_LOOKS_AT) or "")
        )
        return QSize(width, self._table.fontMetrics().height() + 1 + words.height() + 10)


class OnsetTable(QTableWidget):
    """A row for every criterion; one with an onset may be chosen by a click or with Enter."""

    wanted = Signal(int)
    """The user chose the row of this number, which has an onset."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_TITLES), parent)
        self.theme = theme
        self.rows: tuple[Row, ...] = ()
        self.setItemDelegateForColumn(0, CriterionCell(self))
        self.setHorizontalHeaderLabels(list(_TITLES))
        for column in _NUMBERS:
            title = QTableWidgetItem(_TITLES[column])
            title.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(column, title)
        self.setAccessibleName("Onset of overfitting by criterion")
        self.setFont(font("body", tabular=True))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setFrameShape(QTableWidget.Shape.NoFrame)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.cellClicked.connect(self._want)
        self.cellActivated.connect(self._want)
        self.apply_theme(theme)

    @property
    def chosen(self) -> str:
        """The criterion of the row that is chosen; empty where none is."""
        row = self.currentRow()
        return self.rows[row].criterion if 0 <= row < len(self.rows) and self.rows[row].onset is not None else ""

    @property
    def height_of_all(self) -> int:
        """The height at which no row has to be scrolled to."""
        return self.horizontalHeader().sizeHint().height() + self.verticalHeader().length() + 2 * self.frameWidth()

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows; the criterion that is chosen stays so."""
        if tuple(rows) == self.rows:
            return
        before = self.chosen
        self.rows = tuple(rows)
        self.setRowCount(len(rows))
        for number, row in enumerate(rows):
            self._fill(number, row)
        self._fit()
        names = [row.criterion for row in self.rows]
        if before in names:
            self.setCurrentCell(names.index(before), 0)
        else:
            self.setCurrentCell(-1, -1)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.theme = theme
        self.setStyleSheet(
            f"QTableView {{ background: {theme.card}; border: none; }}"
            f"QTableView::item {{ padding: 2px 6px; border-bottom: 1px solid {theme.border}; }}"
            f"QTableView::item:selected {{ background: {theme.accent}; color: {theme.accent_text}; }}"
            f"QHeaderView::section {{ padding: 4px 6px; }}"
        )
        for number, row in enumerate(self.rows):
            self._fill(number, row)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resizeRowsToContents()

    # ------------------------------------------------------------ parts

    def _fill(self, number: int, row: Row) -> None:
        words = (
            row.criterion,
            "–" if row.onset is None else f"{row.onset:,}",
            "" if row.called is None else f"{row.called:,}",
            value_text(row.loss) if np.isfinite(row.loss) else "",
        )
        for column, text in enumerate(words):
            item = self.item(number, column)
            if item is None:
                item = QTableWidgetItem()
                side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
                item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(number, column, item)
            item.setText(text)
            item.setForeground(QBrush(self.theme.color("text")))
            item.setToolTip("" if row.onset is None else f"Go to epoch {row.onset:,}")
            if column == 0:
                item.setData(_LOOKS_AT, row.looks_at)
                item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, row.looks_at)

    def _fit(self) -> None:
        """Make columns as wide as their words, and rows as high as theirs need."""
        metrics = self.fontMetrics()
        for column in _NUMBERS:
            cells = [self.item(row, column) for row in range(self.rowCount())]
            words = [_TITLES[column], *(cell.text() for cell in cells if cell is not None)]
            self.setColumnWidth(column, max(metrics.horizontalAdvance(text) for text in words) + _ROOM)
        self.resizeRowsToContents()

    @Slot(int, int)
    def _want(self, row: int, column: int) -> None:
        if 0 <= row < len(self.rows) and self.rows[row].onset is not None:
            self.wanted.emit(row)
