"""A row with a list to choose from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QSignalBlocker, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

from nnviz.gui.widgets.keys import ARROWS, claim
from nnviz.gui.widgets.row import Row

_STYLE = """
QComboBox { padding: 0 0 0 7px; min-height: 22px; max-height: 22px; }
QComboBox:disabled { color: palette(placeholder-text); }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: none; }
"""


@dataclass(frozen=True)
class Entry:
    """One entry of a list: what it stands for, its words, and its tooltip as rich text."""

    value: Any
    text: str
    help: str = ""


def paint_chevron(painter: QPainter, centre: QPointF, pen: QPen, quarter_turns: int, size: float = 3.5) -> None:
    """Draw a small angle that points down, or to the right after three quarter turns."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    painter.translate(centre)
    painter.rotate(90.0 * quarter_turns)
    painter.drawPolyline(QPolygonF([QPointF(-size, -size / 2), QPointF(0, size / 2), QPointF(size, -size / 2)]))
    painter.restore()


def chevron_pen(widget: QWidget, hot: bool) -> QPen:
    """Return the pen for a chevron in the colours of a widget."""
    role = QPalette.ColorRole.Text if hot else QPalette.ColorRole.PlaceholderText
    pen = QPen(widget.palette().color(role), 1.4)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen


class ChoiceBox(QComboBox):
    """A combo box that can be narrow, leaves the wheel alone without the focus, and explains its entries."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumWidth(64)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setStyleSheet(_STYLE)
        self.entries: tuple[Entry, ...] = ()

    def set_entries(self, entries: Sequence[Entry]) -> None:
        """Offer these entries; emits nothing, and chooses the value that was chosen before if it is among them."""
        if tuple(entries) == self.entries:
            return
        chosen = self.chosen
        self.entries = tuple(entries)
        with QSignalBlocker(self):
            self.clear()
            self.addItems([entry.text for entry in entries])
            for position, entry in enumerate(entries):
                if entry.help:
                    self.setItemData(position, f"<p>{entry.help}</p>", Qt.ItemDataRole.ToolTipRole)
        self.choose(chosen)

    @property
    def chosen(self) -> Any:
        """The value of the entry that is shown, None when there is none."""
        position = self.currentIndex()
        return self.entries[position].value if 0 <= position < len(self.entries) else None

    def choose(self, value: Any) -> None:
        """Show the entry of a value without emitting anything."""
        places = [i for i, entry in enumerate(self.entries) if entry.value == value]
        with QSignalBlocker(self):
            self.setCurrentIndex(places[0] if places else -1)

    def showPopup(self) -> None:
        widest = max((self.fontMetrics().horizontalAdvance(entry.text) for entry in self.entries), default=0)
        self.view().setMinimumWidth(min(max(self.width(), math.ceil(widest) + 36), 480))
        super().showPopup()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        return claim(event, ARROWS | {Qt.Key.Key_Space}) or super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        room = self.width() - 34  # the style cuts words in the middle of a letter
        option.currentText = option.fontMetrics.elidedText(option.currentText, Qt.TextElideMode.ElideRight, room)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        hot = self.isEnabled() and (self.underMouse() or self.hasFocus())
        paint_chevron(painter, QPointF(self.width() - 12.0, self.height() / 2 + 0.5), chevron_pen(self, hot), 0)
        painter.end()


class ChoiceRow(Row):
    """A label and a list of entries."""

    def __init__(
        self,
        title: str,
        entries: Sequence[Entry] = (),
        help: str = "",
        parent: QWidget | None = None,
        *,
        indent: int = 0,
    ) -> None:
        super().__init__(title, help, parent, indent)
        self.box = ChoiceBox(self)
        self.box.set_entries(entries)
        self.place(self.box)
        self.box.view().setAccessibleName(title)
        self.setFocusProxy(self.box)
        self._given: Any = None
        self.box.activated.connect(self._chosen)

    @property
    def value(self) -> Any:
        """The value that is chosen."""
        return self.box.chosen

    @property
    def text(self) -> str:
        """The words of the entry that is chosen."""
        return self.box.currentText()

    def set_value(self, value: Any) -> None:
        same, self._given = value == self._given, value
        if self.error and same:
            return
        self.set_error("")
        if value != self.box.chosen or self.box.currentIndex() < 0:
            self.box.choose(value)

    @Slot(int)
    def _chosen(self, position: int) -> None:
        value = self.entries[position].value
        self.set_error("")
        if value == self._given:  # the list was opened and closed again
            return
        before, self._given = self._given, value
        self.committed.emit(value)
        if self.error:
            self._given = before

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What there is to choose from."""
        return self.box.entries
