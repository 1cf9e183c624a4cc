"""The settings of one layer, beside its card."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nnviz.gui.controller import Controller
from nnviz.gui.form import Form
from nnviz.gui.network.chips import stage_words
from nnviz.gui.theme import Theme, font
from nnviz.network import edit
from nnviz.network.layers import Layer
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import Stage
from nnviz.settings import kind_of


class LayerPopover(QFrame):
    """A small window that closes when the user clicks elsewhere; every change applies at once."""

    def __init__(self, controller: Controller, index: int, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("Layer settings")
        self._controller, self.index = controller, index
        self._gesture = controller.gesture("layer")
        layer = self._layer
        self._kinds = QComboBox(self)
        self._kinds.setAccessibleName("Kind of layer")
        for kind in Layer.registry:
            if kind.group == layer.group:
                self._kinds.addItem(kind.title, kind_of(kind))
        self._kinds.setCurrentIndex(self._kinds.findData(layer.kind))
        self._kinds.currentIndexChanged.connect(self._change_kind)
        self._help = QLabel(layer.help, self)
        self._help.setObjectName("muted")
        self._help.setFont(font("small"))
        self._help.setWordWrap(True)
        self._facts = QLabel(self)
        self._facts.setFont(font("small", tabular=True))
        self._facts.setWordWrap(True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 12, 12, 12)
        self._column.setSpacing(8)
        self._column.addWidget(self._kinds)
        self._column.addWidget(self._help)
        self._form: Form | None = None
        self._buttons = self._make_buttons()
        self._column.addWidget(self._facts)
        self._column.addLayout(self._buttons)
        self._make_form()
        self.setFixedWidth(280)

    @property
    def _layer(self) -> Any:
        return self._controller.experiment.network.layers[self.index]

    def _make_form(self) -> None:
        if self._form is not None:
            self._form.hide()
            self._form.deleteLater()
        layer = self._layer
        self._form = Form(type(layer), f"network.layers[{self.index}]", self)
        self._form.show_settings(layer)
        self._form.edited.connect(self._edited)
        self._column.insertWidget(self._column.count() - 2, self._form)
        self._help.setText(layer.help)
        self.adjustSize()

    def show_stage(self, stage: Stage) -> None:
        """Say what the layer hands on and learns where it stands, or why it cannot work there."""
        self._facts.setObjectName("error" if stage.error else "muted")
        self._facts.setText(stage.error or stage_words(stage).capitalize() + ".")
        self._facts.style().polish(self._facts)
        self.adjustSize()

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for words, slot in (("Duplicate", self._duplicate), ("Remove", self._remove)):
            button = QPushButton(words, self)
            button.clicked.connect(slot)
            row.addWidget(button)
        return row

    @Slot()
    def _duplicate(self) -> None:
        self._adopt(edit.duplicate(self._controller.experiment.network, self.index), "Duplicate layer")

    @Slot()
    def _remove(self) -> None:
        self._adopt(edit.remove(self._controller.experiment.network, self.index), "Remove layer")

    def _adopt(self, network: NetworkSettings, text: str) -> None:
        """Change the network and close: the layer under this window is no longer the one it was opened for."""
        self.close()
        self._controller.change(self._controller.experiment.replace(network=network), text)

    def _change_kind(self) -> None:
        kind = Layer.registry[str(self._kinds.currentData())]
        network = edit.replace(self._controller.experiment.network, self.index, kind())
        self._controller.change(self._controller.experiment.replace(network=network), f"Change to {kind.title}")
        self._make_form()

    def _edited(self, path: str, value: object, text: str, final: bool) -> None:
        problem = self._controller.set(path, value, text, merge=self._gesture)
        if final:  # the next change is a step of its own
            self._gesture = self._controller.gesture("layer")
        if problem and self._form is not None:
            self._form.show_problem(path, problem)
