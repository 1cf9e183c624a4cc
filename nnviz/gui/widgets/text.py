"""A row with a line of text."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from nnviz.gui.widgets.row import Row

_STYLE = "QLineEdit { padding: 0 7px; min-height: 22px; max-height: 22px; }"


class TextRow(Row):
    """A label and a field; the text is settled with Return or when the focus leaves."""

    def __init__(self, title: str, help: str = "", parent: QWidget | None = None, *, indent: int = 0) -> None:
        super().__init__(title, help, parent, indent)
        self.field = QLineEdit(self)
        self.field.setStyleSheet(_STYLE)
        self.place(self.field)
        self.setFocusProxy(self.field)
        self._given = ""
        self._settled = ""
        self.field.editingFinished.connect(self._finished)

    @property
    def value(self) -> str:
        """The text in the field."""
        return self.field.text()

    def set_value(self, value: str) -> None:
        same, self._given = value == self._given, value
        if same and (self.error or self.field.isModified()):
            return
        self.set_error("")
        self._settled = value
        if self.field.text() != value:
            self.field.setText(value)

    @Slot()
    def _finished(self) -> None:
        text = self.field.text()
        self.field.setModified(False)
        if text == self._settled:
            return
        self._settled = text
        self.set_error("")
        if text != self._given:
            self.committed.emit(text)
