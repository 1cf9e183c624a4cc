"""A ranked list of training samples, with pictures of those that are some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from nnviz.data.dataset import SplitData
from nnviz.gui.theme import Theme, font
from nnviz.gui.views.parts.colors import rgb

MOST = 200
"""Rows that are shown: nobody reads further down."""

_PICTURE, _ROW, _ROOM = 28, 24, 13

_PICTURES = 1
"""The column of pictures."""

_Index = QModelIndex | QPersistentModelIndex


class SampleModel(QAbstractTableModel):
    """Rows of words, one for each sample, and pictures of the samples."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.data_of: SplitData | None = None
        self.titles: tuple[str, ...] = ()
        self.numbers: list[int] = []
        self.rows: list[tuple[str, ...]] = []
        self._pictures: dict[int, QPixmap] = {}

    def show(
        self, data: SplitData | None, titles: Sequence[str], numbers: list[int], rows: list[tuple[str, ...]]
    ) -> None:
        """Show other rows."""
        self.beginResetModel()
        if data is not self.data_of:
            self._pictures.clear()
        self.data_of, self.titles, self.numbers, self.rows = data, tuple(titles), numbers, rows
        self.endResetModel()

    def recolor(self, theme: Theme) -> None:
        """Draw the pictures in other colours."""
        self.theme = theme
        self._pictures.clear()

    @property
    def pictured(self) -> bool:
        """Whether samples are pictures."""
        return self.data_of is not None and self.data_of.image_shape is not None

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.titles[section]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == _PICTURES and self.pictured:
            return self._picture(self.numbers[index.row()])
        return None

    def _picture(self, number: int) -> QPixmap:
        if number not in self._pictures:
            assert self.data_of is not None
            self._pictures[number] = thumbnail(self.data_of, number, self.theme)
        return self._pictures[number]


class SampleList(QTableView):
    """Rows of samples, best first; one may be chosen."""

    chosen = Signal(int)
    """The user chose the sample of this number."""

    def __init__(self, theme: Theme, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choosing = False
        self._last = 0  # the width that the last column needs
        self.samples = SampleModel(theme, self)
        self.setModel(self.samples)
        self.setAccessibleName(words)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setMinimumSectionSize(_ROOM)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setFont(font("body", tabular=True))
        self.setIconSize(QSize(_PICTURE, _PICTURE))
        self.apply_theme(theme)

    @property
    def numbers(self) -> list[int]:
        """The numbers of the samples that are listed."""
        return self.samples.numbers

    @property
    def current(self) -> int:
        """The number of the sample that is chosen, -1 where none is."""
        row = self.currentIndex().row()
        return self.numbers[row] if 0 <= row < len(self.numbers) else -1

    def show_samples(
        self, data: SplitData, titles: Sequence[str], numbers: Sequence[int], rows: Sequence[tuple[str, ...]]
    ) -> None:
        """Show rows of words, each of the sample of a number; the sample that is chosen stays so if it is there."""
        first, shown = list(numbers), list(rows)
        same = data is self.samples.data_of and tuple(titles) == self.samples.titles
        if same and (first, shown) == (self.samples.numbers, self.samples.rows):
            return
        before = self.current
        self.samples.show(data, titles, first, shown)
        self.verticalHeader().setDefaultSectionSize(_PICTURE + 6 if self.samples.pictured else _ROW)
        metrics = QFontMetrics(self.font())
        for column, title in enumerate(titles):
            self._last = max(map(metrics.horizontalAdvance, {title, *(row[column] for row in shown)})) + _ROOM
            self._last += (_PICTURE + 6) * (column == _PICTURES and self.samples.pictured)
            self.setColumnWidth(column, self._last)
        self._fill()
        self.choose(before)

    def _fill(self) -> None:
        """Have the last column reach to the edge, and be no narrower than its words, as Qt would make it."""
        last = len(self.samples.titles) - 1
        if last >= 0:
            room = self.viewport().width() - self.columnViewportPosition(last) - self.horizontalOffset()
            self.setColumnWidth(last, max(self._last, room))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fill()

    def clear(self) -> None:
        """Show no rows."""
        self.samples.show(None, (), [], [])

    def choose(self, number: int) -> None:
        """Choose a sample without saying so; one that is not in the list leaves none chosen."""
        self._choosing = True
        if number in self.numbers:
            self.setCurrentIndex(self.samples.index(self.numbers.index(number), 0))
        else:
            self.setCurrentIndex(QModelIndex())
            self.clearSelection()
        self._choosing = False

    def choose_row(self, row: int) -> None:
        """Choose the sample of a row, as a click does."""
        self.setCurrentIndex(self.samples.index(row, 0))

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        super().currentChanged(current, previous)
        if not self._choosing and current.isValid() and current.row() != previous.row():
            self.chosen.emit(self.numbers[current.row()])

    def focusInEvent(self, event: QFocusEvent) -> None:
        before = self.current
        self._choosing = True  # whoever only comes by chooses nothing, though Qt makes the first row the current one
        super().focusInEvent(event)
        self.choose(before)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.samples.recolor(theme)
        self.setStyleSheet(
            f"QTableView {{ background: {theme.card}; border: none; }}"
            f"QTableView::item {{ padding: 0 4px; }}"
            f"QTableView::item:selected {{ background: {theme.accent}; color: {theme.accent_text}; }}"
            f"QHeaderView::section {{ padding: 4px; }}"
            f"QTableView::corner {{ background: {theme.card}; border: none; }}"
        )


def thumbnail(data: SplitData, number: int, theme: Theme, side: int = _PICTURE) -> QPixmap:
    """Return the picture that a training sample is, large values in the colour of text on that of cards.

    Three channels are red, green and blue; of any other number the first is shown.
    """
    assert data.image_shape is not None
    values = data.scaling.unscaled(data.real_train.x[number : number + 1]).reshape(data.image_shape)
    low, high = float(values.min()), float(values.max())
    share: NDArray[Any] = (values - low) / (high - low if high > low else 1.0)
    if len(share) == 3:
        pixels = np.moveaxis(share, 0, 2) * 255.0
    else:
        card, ink = rgb(theme.color("card")), rgb(theme.color("text"))
        pixels = card + (ink - card) * share[0][:, :, None]
    image = np.ascontiguousarray(pixels.round().astype(np.uint8))
    height, width = image.shape[:2]
    shown = QImage(image.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    return QPixmap.fromImage(shown.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio))
