"""The weights of one unit, to be set by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDoubleSpinBox, QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nnviz.gui.controller import Controller
from nnviz.gui.theme import font
from nnviz.history.chapters import Edit
from nnviz.network.shapes import NetworkPlan

_MOST_FIELDS = 14
_FURTHEST = 1e4


@dataclass(frozen=True)
class UnitParameter:
    """One parameter of a unit: its number in network order, what it is, and its value."""

    number: int
    name: str
    value: float


def unit_parameters(plan: NetworkPlan, column: int, unit: int, flat: np.ndarray) -> list[UnitParameter]:
    """Return the bias of a unit of a picture column and its incoming weights, all parameters (n,) given."""
    stage = plan.picture()[column][0].index
    found: list[UnitParameter] = []
    for slot in plan.slots:
        if slot.stage != stage:
            continue
        size = slot.parameter.size // slot.parameter.shape[0]
        first = slot.start + unit * size
        for i in range(size):
            name = slot.parameter.name if slot.parameter.role != "weight" else f"weight from {i + 1}"
            found.append(UnitParameter(first + i, name, float(flat[first + i])))
    return sorted(found, key=lambda each: each.name.startswith("weight"))


class UnitPopover(QFrame):
    """A small window that closes when the user clicks elsewhere. What is typed into a field is set at once."""

    def __init__(
        self, controller: Controller, title: str, parameters: list[UnitParameter], first: int, parent: QWidget
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(f"Weights of {title}")
        self._controller, self._title = controller, title
        strongest = sorted(parameters, key=lambda each: (each.number != first, -abs(each.value)))[:_MOST_FIELDS]
        self._all = parameters
        self.fields: dict[QDoubleSpinBox, UnitParameter] = {}
        heading = QLabel(title, self)
        heading.setFont(font("body", bold=True))
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        for row, each in enumerate(each for each in parameters if each in strongest):
            field = self._field(each)
            label = QLabel(each.name, self)
            label.setBuddy(field)
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1)
            if each.number == first:
                field.setFocus()
                field.selectAll()
        hidden = len(parameters) - len(strongest)
        note = QLabel(
            f"{hidden:,} weaker ones are not listed." if hidden else "Set by hand; undo sets them back.", self
        )
        note.setObjectName("muted")
        note.setFont(font("small"))
        self.off = QPushButton("Switch the unit off", self)
        self.off.setToolTip("Set its bias and all of its incoming weights to 0")
        self.off.clicked.connect(self._switch_off)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addWidget(heading)
        column.addLayout(grid)
        column.addWidget(note)
        column.addWidget(self.off)

    def _field(self, parameter: UnitParameter) -> QDoubleSpinBox:
        field = QDoubleSpinBox(self)
        field.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        field.setRange(-_FURTHEST, _FURTHEST)
        field.setDecimals(4)
        field.setSingleStep(0.1)
        field.setKeyboardTracking(False)
        field.setValue(parameter.value)
        field.setAccessibleName(parameter.name)
        field.setFixedWidth(110)
        field.valueChanged.connect(self._set)
        self.fields[field] = parameter
        return field

    @Slot(float)
    def _set(self, value: float) -> None:
        field = self.sender()
        assert isinstance(field, QDoubleSpinBox)
        before = self.fields[field]
        self.fields[field] = UnitParameter(before.number, before.name, value)
        self._controller.set_parameters(
            (Edit(before.number, value),),
            (Edit(before.number, before.value),),
            f"{self._title}: {before.name} {before.value:.4g} → {value:.4g}",
        )

    @Slot()
    def _switch_off(self) -> None:
        off = tuple(Edit(each.number, 0.0) for each in self._all)
        before = tuple(Edit(each.number, each.value) for each in self._all)
        self.close()
        self._controller.set_parameters(off, before, f"{self._title} switched off")
