"""The cards above the columns of the network picture: one per layer, and a ＋ between columns."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QDrag, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu, QToolButton, QWidget

from nnviz.gui.widgets.menu import add_heading
from nnviz.network.layers import Layer
from nnviz.network.shapes import Stage

LAYER_MIME = "application/x-nnviz-layer"
"""Carries the index of a layer that is dragged."""

GROUPS = {
    "units": "Units",
    "activation": "Activation",
    "regularization": "Regularization",
    "normalization": "Normalization",
    "image": "Image",
}


def stage_words(stage: Stage) -> str:
    """Return what a layer hands on and how much it learns, such as `output 8×4×4, 80 parameters`."""
    size = "×".join(map(str, stage.output_shape)) if stage.output_shape else "unknown"
    return f"output {size}, {stage.n_parameters:,} parameters"


class LayerChip(QToolButton):
    """One layer: its kind and size. Click edits it, drag moves it, Delete removes it."""

    edit_wanted = Signal(int)
    remove_wanted = Signal(int)
    duplicate_wanted = Signal(int)
    move_wanted = Signal(int, int)

    def __init__(self, stage: Stage, parent: QWidget) -> None:
        super().__init__(parent)
        self.stage = stage
        self._pressed: QPoint | None = None
        self._short = "out" if stage.role == "output" else stage.layer.title
        self._full = f"{self._short} {stage.layer.summary()}".strip()
        self.setText(self._full)
        self.setObjectName("error-chip" if stage.error else "chip")
        self.setToolTip(self._card())
        self.setAccessibleName(f"Layer {stage.index + 1}: {self._full}")
        self.setAccessibleDescription(stage.error or stage_words(stage))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self._edit)

    def fit(self, room: float) -> None:
        """Leave out the size of the layer where the words are wider than the room between columns."""
        self.setText(self._full)
        if self.sizeHint().width() > room:
            self.setText(self._short)

    @property
    def editable(self) -> bool:
        """The output layer follows from the data and the loss."""
        return self.stage.role == "hidden"

    def _card(self) -> str:
        stage = self.stage
        if stage.role == "output":
            role = "The output layer: its size follows from the data and the loss."
        else:
            role = stage.layer.help
        problem = f"<br><b>Cannot work here:</b> {stage.error}" if stage.error else ""
        hint = "<br><i>Click: edit · drag: move · Del: remove · Ctrl+D: duplicate</i>" if self.editable else ""
        return f"<b>{self._full}</b> · {stage_words(stage)}<br>{role}{problem}{hint}"

    def _edit(self) -> None:
        if self.editable:
            self.edit_wanted.emit(self.stage.index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index, key, modifiers = self.stage.index, event.key(), event.modifiers()
        if not self.editable:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove_wanted.emit(index)
        elif key == Qt.Key.Key_D and modifiers & Qt.KeyboardModifier.ControlModifier:
            self.duplicate_wanted.emit(index)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and modifiers & Qt.KeyboardModifier.AltModifier:
            self.move_wanted.emit(index, index - 1 if key == Qt.Key.Key_Left else index + 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._edit()
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the settings: the second press has closed the window that the first one opened."""
        self._edit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.editable:
            return
        index, menu = self.stage.index, QMenu(self)
        edit = menu.addAction("Edit…")
        duplicate = menu.addAction("Duplicate\tCtrl+D")
        earlier = menu.addAction("Move towards the input\tAlt+←")
        later = menu.addAction("Move towards the output\tAlt+→")
        menu.addSeparator()
        remove = menu.addAction("Remove\tDel")
        chosen = menu.exec(event.globalPos())
        menu.deleteLater()
        if chosen is edit:
            self.edit_wanted.emit(index)
        elif chosen is duplicate:
            self.duplicate_wanted.emit(index)
        elif chosen is earlier:
            self.move_wanted.emit(index, index - 1)
        elif chosen is later:
            self.move_wanted.emit(index, index + 1)
        elif chosen is remove:
            self.remove_wanted.emit(index)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        start = self._pressed
        held = bool(event.buttons() & Qt.MouseButton.LeftButton)
        if start is None or not held or not self.editable:
            super().mouseMoveEvent(event)
            return
        distance = (event.position().toPoint() - start).manhattanLength()
        if distance < QApplication.startDragDistance():
            return
        self._pressed = None
        self.setDown(False)
        drag, mime = QDrag(self), QMimeData()
        mime.setData(LAYER_MIME, str(self.stage.index).encode())
        drag.setMimeData(mime)
        drag.setPixmap(self.grab())
        drag.setHotSpot(start)
        drag.exec(Qt.DropAction.MoveAction)


class InsertButton(QToolButton):
    """The ＋ between two columns: adds a hidden layer, or with its menu any kind of layer."""

    hidden_layer_wanted = Signal(int)
    kind_wanted = Signal(int, str)

    def __init__(self, index: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.index = index
        self.setText("+")
        self.setObjectName("insert")
        self.setFixedSize(20, 20)
        self.setToolTip("Insert a layer here")
        self.setAccessibleName(f"Insert a layer at position {index + 1}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self._ask)

    def _ask(self) -> None:
        menu = layer_menu(self)
        first = menu.actions()[0]
        chosen = menu.exec(self.mapToGlobal(QPoint(0, self.height() + 2)))
        menu.deleteLater()
        if chosen is first:
            self.hidden_layer_wanted.emit(self.index)
        elif chosen is not None:
            self.kind_wanted.emit(self.index, str(chosen.data()))


def layer_menu(parent: QWidget) -> QMenu:
    """Return a menu of all layer kinds by group; the first entry adds units with their activation in one go."""
    menu = QMenu(parent)
    menu.setToolTipsVisible(True)
    menu.addAction("Hidden layer (units and activation)")
    for group, title in GROUPS.items():
        members = [kind for kind in Layer.registry if kind.group == group]
        if members:
            add_heading(menu, title)
        for kind in members:
            action = menu.addAction(kind.title)
            action.setToolTip(kind.help)
            action.setData(kind.__struct_config__.tag)
    return menu
