"""The rows that choose the plane through feature space."""

from __future__ import annotations

import html

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from nnviz.data.settings import PlaneSettings
from nnviz.gui.widgets.choice import ChoiceRow, Entry
from nnviz.settings import fields

PATH = "data.plane"
MODES = (
    Entry("features", "Two features", "All other features stay at their mean."),
    Entry("principal", "Principal components", "The two directions in which the training samples vary most."),
)


class PlaneRows(QWidget):
    """Two features by name, or principal components; hidden where there is only one plane to choose."""

    edited = Signal(str, object, str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        help = {f.name: f"<p>{html.escape(f.help)}</p><p>Applies at once.</p>" for f in fields(PlaneSettings)}
        self.mode = ChoiceRow("Plane", MODES, help["mode"], self)
        self.first = ChoiceRow("Across", (), "<p>Feature drawn from left to right.</p>", self, indent=12)
        self.second = ChoiceRow("Up", (), "<p>Feature drawn from bottom to top.</p>", self, indent=12)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for row in (self.mode, self.first, self.second):
            column.addWidget(row)
        self.mode.committed.connect(self._mode_chosen)
        self.first.committed.connect(self._first_chosen)
        self.second.committed.connect(self._second_chosen)
        self._names: tuple[str, ...] = ()
        self.set_names(())

    def set_names(self, names: tuple[str, ...]) -> None:
        """Offer the features of the data at hand."""
        if names != self._names:
            self._names = names
            entries = [Entry(number, name) for number, name in enumerate(names)]
            self.first.box.set_entries(entries)
            self.second.box.set_entries(entries)
        self.setVisible(len(names) > 2)

    def show_settings(self, plane: PlaneSettings) -> None:
        """Show the plane that is chosen."""
        self.mode.set_value(plane.mode)
        last = max(len(self._names) - 1, 0)
        self.first.set_value(min(plane.first, last))
        self.second.set_value(min(plane.second, last))
        by_name = plane.mode == "features"
        self.first.setVisible(by_name)
        self.second.setVisible(by_name)

    @Slot(object)
    def _mode_chosen(self, mode: object) -> None:
        self.edited.emit(f"{PATH}.mode", mode, f"Plane: {self.mode.text}", True)

    @Slot(object)
    def _first_chosen(self, number: object) -> None:
        self.edited.emit(f"{PATH}.first", number, f"Across: {self.first.text}", True)

    @Slot(object)
    def _second_chosen(self, number: object) -> None:
        self.edited.emit(f"{PATH}.second", number, f"Up: {self.second.text}", True)
