"""The drawing panel: the samples of the experiment, and the tools to draw them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication, QFrame, QToolButton, QVBoxLayout, QWidget

from nnviz.data.dataset import DataError, SplitData, Task
from nnviz.data.drawings.drawing import Drawing
from nnviz.data.drawings.editing import clear
from nnviz.data.settings import DataSettings
from nnviz.gui.controller import Controller
from nnviz.gui.panels.drawing_tools import DrawingTools
from nnviz.gui.theme import Theme
from nnviz.gui.widgets.canvas import Canvas
from nnviz.gui.widgets.samples import beginning, can_be_drawn_on, shown, thumbnails
from nnviz.snapshot import Snapshot, Status

_PATIENCE_MS = 300
"""How long samples may take before the canvas says that they are being prepared."""

_THUMBNAILS = 60


class DrawingPanel(QFrame):
    """Shows the samples that the network is given, and puts what the user draws in their place.

    Drawn samples come straight from the experiment, all others from the newest snapshot; what is shown already is
    not drawn again.
    """

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._controller = controller
        self._shown: tuple[Any, ...] = ()
        self._step = ("", 0)  # the key of the last stroke and where the undo stack then was
        self.canvas = Canvas(theme, self)
        self.tools = DrawingTools(theme, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.tools)
        self._waiting = QTimer(self)
        self._waiting.setSingleShot(True)
        self._waiting.setInterval(_PATIENCE_MS)
        self._waiting.timeout.connect(self._still_waiting)
        self._connect()
        self.tools.show_radius(self.canvas.radius)
        stack = controller.undo_stack
        self.tools.undo.setEnabled(stack.canUndo())
        self.tools.redo.setEnabled(stack.canRedo())
        self.tools.show_undo(stack.undoText())
        self.tools.show_redo(stack.redoText())
        self.refresh()

    def _connect(self) -> None:
        controller, canvas, tools = self._controller, self.canvas, self.tools
        controller.experiment_changed.connect(self._experiment_changed)
        controller.ticked.connect(self.refresh)
        controller.status_changed.connect(self.refresh)
        controller.run_changed.connect(self.refresh)
        canvas.drawing_wanted.connect(self._begin)
        canvas.edited.connect(self._edited)
        canvas.cancelled.connect(self._cancelled)
        canvas.said.connect(controller.notice)
        canvas.tool_changed.connect(tools.show_tool)
        canvas.label_changed.connect(tools.show_class)
        canvas.radius_changed.connect(tools.show_radius)
        tools.tool_chosen.connect(self._choose_tool)
        tools.class_chosen.connect(self._choose_class)
        tools.radius_chosen.connect(canvas.set_radius)
        tools.clear_wanted.connect(self.clear)
        stack = controller.undo_stack
        # These carry what there is to show: the stack, which empties itself at its end, cannot be asked then.
        stack.canUndoChanged.connect(tools.undo.setEnabled)
        stack.canRedoChanged.connect(tools.redo.setEnabled)
        stack.undoTextChanged.connect(tools.show_undo)
        stack.redoTextChanged.connect(tools.show_redo)
        tools.undo.clicked.connect(stack.undo)
        tools.redo.clicked.connect(stack.redo)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.canvas.apply_theme(theme)
        self.tools.apply_theme(theme)

    # ------------------------------------------------------------ showing

    @Slot()
    def refresh(self) -> None:
        """Show the samples as they are now, if they are others than before."""
        data = self._controller.experiment.data
        if isinstance(data.source, Drawing):
            self._waiting.stop()
            self._show_drawing(data.source, data)
            return
        run = self._controller.run
        if run.snapshot is not None:
            self._waiting.stop()
            self._show_samples(run.snapshot)
        elif run.status is Status.FAILED:
            self._waiting.stop()
            self._show_text(run.text, failed=True)
        else:
            self.canvas.suspend()
            if not self._waiting.isActive() and self._shown[:1] != ("text",):
                self._waiting.start()

    @Slot(object)
    def _experiment_changed(self, _experiment: object) -> None:
        self.refresh()

    def _show_drawing(self, drawing: Drawing, data: DataSettings) -> None:
        split = (data.train_share, data.validation_share, data.seed)
        if self._shown[:1] == ("drawing",) and self._shown[1] is drawing and self._shown[2] == split:
            self.canvas.editable = True
            return
        before = len(self.tools.chips) if self._shown[:1] == ("drawing",) else 0
        self._shown = ("drawing", drawing, split)
        self.canvas.show_drawing(drawing, data)
        self._offer(drawing.mode, max(before, drawing.n_classes))

    def _show_samples(self, snapshot: Snapshot) -> None:
        data, plane = snapshot.data, snapshot.experiment.data.plane
        if self._shown[:1] == ("samples",) and self._shown[1] is data and self._shown[2] == plane:
            self.canvas.editable = can_be_drawn_on(data)
            return
        self._shown = ("samples", data, plane)
        editable = can_be_drawn_on(data)
        if data.image_shape is not None:
            self.canvas.show_images(thumbnails(data, _THUMBNAILS), _about_pictures(data))
        else:
            samples, bounds = shown(data, snapshot.plane)
            foot = "" if editable else f"→ {snapshot.plane.labels[0]}   ↑ {snapshot.plane.labels[1]}"
            equal = editable and data.task == "classification"
            self.canvas.show_samples(samples, bounds, equal=equal, foot=foot)
        self.canvas.editable = editable
        self._offer(data.task, max(2, data.n_classes) if editable else 2, _why_not(data))

    def _show_text(self, text: str, failed: bool = False) -> None:
        if self._shown != ("text", text):
            self._shown = ("text", text)
            self.canvas.show_text(text, failed)
            self._offer("classification", 2, "There are no samples to draw on.")

    @Slot()
    def _still_waiting(self) -> None:
        if self._controller.run.snapshot is None and not isinstance(self._controller.experiment.data.source, Drawing):
            self._show_text("Preparing the samples…")

    def _offer(self, task: Task, n_classes: int, why_not: str = "") -> None:
        """Offer the tools that go with what is shown."""
        self.tools.set_mode(task == "classification" and self.canvas.editable)
        self.tools.set_classes(n_classes)
        self.tools.set_editable(self.canvas.editable, why_not)
        self.canvas.n_labels = n_classes
        if self.canvas.label >= n_classes:
            self.canvas.set_label(0)
        self.tools.show_class(self.canvas.label)

    # ------------------------------------------------------------ drawing

    @Slot()
    def clear(self) -> None:
        """Empty the canvas; samples of any kind make room for a drawing of the same task."""
        source, snapshot = self._controller.experiment.data.source, self._controller.run.snapshot
        if isinstance(source, Drawing):
            empty = clear(source)
        else:
            empty = Drawing(mode=snapshot.data.task if snapshot is not None else "classification")
        self._change(empty, "Clear the drawing")

    @Slot()
    def _begin(self) -> None:
        """Turn the samples into a drawing; the experiment follows with the first change."""
        data = self._controller.experiment.data
        try:
            drawing = beginning(data)
        except DataError as error:
            self._controller.notice.emit(str(error))
            return
        self.canvas.show_drawing(drawing, data)

    @Slot(object, str, str)
    def _edited(self, drawing: Drawing, text: str, key: str) -> None:
        data = self._controller.experiment.data
        self._shown = ("drawing", drawing, (data.train_share, data.validation_share, data.seed))
        self._change(drawing, text, key)
        self._step = (key, self._controller.undo_stack.index())

    @Slot(str)
    def _cancelled(self, key: str) -> None:
        """Take back a stroke and forget it: it is no step to redo either."""
        stack = self._controller.undo_stack
        if key and self._step == (key, stack.index()):
            stack.undo()
            stack.command(stack.index()).setObsolete(True)
            stack.redo()  # of an obsolete step: it is not done, only removed

    def _change(self, drawing: Drawing, text: str, key: str = "") -> None:
        experiment = self._controller.experiment
        self._controller.change(experiment.replace(data=experiment.data.replace(source=drawing)), text, key)

    # ------------------------------------------------------------ tools

    @Slot(str)
    def _choose_tool(self, tool: str) -> None:
        self.canvas.set_tool(tool)
        self._focus_canvas()

    @Slot(int)
    def _choose_class(self, number: int) -> None:
        self.canvas.n_labels = len(self.tools.chips)
        self.canvas.set_label(number)
        self._focus_canvas()

    def _focus_canvas(self) -> None:
        """Give the canvas the keys after a click on a tool; whoever chose it by keyboard stays there."""
        if not isinstance(QApplication.focusWidget(), QToolButton):
            self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)


def _about_pictures(data: SplitData) -> str:
    assert data.image_shape is not None
    _, height, width = data.image_shape
    classes = f" · {data.n_classes} classes" if data.n_classes else ""
    return f"{sum(map(len, data.parts().values())):,} pictures · {width} × {height}{classes}"


def _why_not(data: SplitData) -> str:
    """Return why samples cannot be drawn on."""
    if data.image_shape is not None:
        return "Pictures cannot be drawn on. Clear to begin a drawing of your own."
    return (
        f"Samples with {data.n_features} feature{'s' * (data.n_features > 1)} and a {_TARGETS[data.task]} cannot be "
        "drawn on. Clear to begin a drawing of your own."
    )


_TARGETS = {"classification": "class", "regression": "value"}
