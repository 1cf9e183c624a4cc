"""A row for a seed: the number, and a button for another one."""

from __future__ import annotations

import html

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from nnviz.gui.widgets.number import NumberRow
from nnviz.gui.widgets.scale import NumberFormat
from nnviz.gui.widgets.section import FlatButton
from nnviz.settings import Settings, fields


class SeedRow(NumberRow):
    """The seed at a path, as its settings class describes it."""

    YARDSTICK = "0"

    edited = Signal(str, object, str, bool)
    new_wanted = Signal()

    def __init__(self, button: str, cls: type[Settings], path: str, help: str, parent: QWidget) -> None:
        field = next(f for f in fields(cls) if f.name == path.rpartition(".")[2])
        tooltip = f"<p>{html.escape(field.help)}</p><p>Starts a new run.</p>"
        super().__init__(field.title, tooltip, parent, format=NumberFormat(integer=True))
        self._path = path
        self.button = FlatButton(button, help, self)
        holder = QWidget(self)
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.button)
        line.addStretch(1)
        self.place(holder, self.number)
        self.setFocusProxy(self.button)
        self.number.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.number.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
        self.button.clicked.connect(self.new_wanted)
        self.committed.connect(self._report)

    def home(self) -> QWidget:
        return self.number

    @Slot(object)
    def _report(self, value: object) -> None:
        self.edited.emit(self._path, value, self.title, True)

    def show_problem(self, path: str, sentence: str) -> None:
        """Say what is wrong with the number that was typed, if it is this seed."""
        if path == self._path:
            self.set_error(sentence.removeprefix(f"{path}: "))
