"""The network panel: the picture, with a card per layer above it, and every edit of the network."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

from nnviz.data.dataset import SplitData
from nnviz.engines.choose import LossError, plan_for
from nnviz.gui.controller import Controller
from nnviz.gui.network.chips import LAYER_MIME, InsertButton, LayerChip
from nnviz.gui.network.picture import NetworkPicture
from nnviz.gui.network.popover import LayerPopover
from nnviz.gui.network.unit_popover import UnitPopover, unit_parameters
from nnviz.gui.theme import Theme, font
from nnviz.network import edit
from nnviz.network.layers import Layer
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import NetworkPlan, Stage

_CHIP_HEIGHT, _GAP, _INSERT, _SUM_HEIGHT = 22, 4, 20, 15


class NetworkEditor(QWidget):
    """Shows the network of the experiment as it is set, also where it cannot work, and edits it."""

    caption_changed = Signal(str)
    """The network in one line, with its number of parameters."""

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self.setObjectName("network-editor")
        self._controller, self._theme = controller, theme
        self._plan: NetworkPlan | None = None
        self._data: SplitData | None = None
        self._chips: list[LayerChip] = []
        self._inserts: list[InsertButton] = []
        self._popover: LayerPopover | None = None
        self._drop_x: float | None = None
        self._sum_room = 0.0
        self._sums: list[tuple[float, float, str]] = []  # middle, top and words of the line under each column's cards
        self.picture = NetworkPicture(theme, self)
        self._problem = QLabel(self)
        self._problem.setObjectName("error")
        self._problem.setWordWrap(True)
        self._problem.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._problem.hide()
        self.setMinimumSize(self.picture.minimumSize())
        self.picture.unit_clicked.connect(self._edit_column)
        self.picture.weights_wanted.connect(self._edit_weights)
        controller.experiment_changed.connect(self._experiment_changed)

    # ------------------------------------------------------------ what is shown

    def refresh(self) -> None:
        """Show the newest snapshot."""
        snapshot = self._controller.run.snapshot
        if snapshot is not None and snapshot.data is not self._data:
            self._data = snapshot.data
            self._replan()
        self.picture.show_snapshot(snapshot)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self._theme = theme
        self.picture.apply_theme(theme)
        self.update()

    def _experiment_changed(self, _experiment: object) -> None:
        self._replan()

    def _replan(self) -> None:
        """Show the network as it is set for the data at hand."""
        if self._data is None:
            return
        experiment = self._controller.experiment
        try:
            plan = plan_for(experiment.network, experiment.training, self._data)
        except LossError as error:
            self._show_problem(str(error))
            return
        self._show_problem(plan.errors[0] if plan.errors else "")
        if plan != self._plan:
            self._plan = plan
            self.picture.show_plan(plan)
            self._make_chips(plan)
            if self._popover is not None and self._popover.index < len(plan.stages):
                self._popover.show_stage(plan.stages[self._popover.index])
            self.caption_changed.emit(f"{plan.describe()} · {plan.n_parameters:,} parameters")

    def _show_problem(self, text: str) -> None:
        self._problem.setText(text)
        self._problem.setVisible(bool(text))
        self._place()

    # ------------------------------------------------------------ cards

    def _make_chips(self, plan: NetworkPlan) -> None:
        focused = next((chip.stage.index for chip in self._chips if chip.hasFocus()), None)
        for widget in [*self._chips, *self._inserts]:
            widget.hide()
            widget.deleteLater()
        self._chips = [self._chip(stage) for stage in plan.stages]
        self._inserts = [self._insert(column) for column in plan.picture()[:-1]]
        for chip in self._chips:
            if chip.stage.index == focused:
                chip.setFocus()
        self._place()

    def _chip(self, stage: Stage) -> LayerChip:
        chip = LayerChip(stage, self)
        chip.setFont(font("small"))
        chip.edit_wanted.connect(self.edit_layer)
        chip.remove_wanted.connect(self.remove_layer)
        chip.duplicate_wanted.connect(self.duplicate_layer)
        chip.move_wanted.connect(self.move_layer)
        chip.show()
        return chip

    def _insert(self, column: tuple[Stage, ...]) -> InsertButton:
        button = InsertButton(column[-1].index + 1 if column else 0, self)
        button.hidden_layer_wanted.connect(self.add_hidden_layer)
        button.kind_wanted.connect(self.insert_layer)
        button.show()
        return button

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def _place(self) -> None:
        """Put the cards above their columns, in as many lines as the width between columns asks for."""
        below = self._problem.heightForWidth(self.width() - 24) + 8 if self._problem.isVisibleTo(self) else 0
        self._problem.setGeometry(12, self.height() - below, self.width() - 24, below)
        self.picture.setGeometry(0, 0, self.width(), self.height() - below)
        if self._plan is None:
            return
        columns = self._plan.picture()
        xs = self._column_middles(len(columns))
        step = (xs[1] - xs[0]) if len(xs) > 1 else self.width()
        for chip in self._chips:
            chip.fit(step - _GAP)
        lines = [self._lines([chip for chip in self._chips if chip.stage in column], step - 30) for column in columns]
        top = 8 + max(1, *(len(each) for each in lines)) * (_CHIP_HEIGHT + _GAP)
        # Between crowded cards there is no room for a ＋; then it stands below them.
        widest = max((self._width(line) for each in lines for line in each), default=0.0)
        crowded = widest > step - _INSERT - 2 * _GAP
        insert_y = top if crowded else 9
        for x, column_lines in zip(xs, lines, strict=True):
            for row, line in enumerate(column_lines):
                self._place_line(line, x, 8 + row * (_CHIP_HEIGHT + _GAP))
        for number, button in enumerate(self._inserts):
            button.move(round((xs[number] + xs[number + 1] - _INSERT) / 2), insert_y)
            button.raise_()
        self._sums = [
            (x, top + crowded * _INSERT, _sum(column)) for x, column in zip(xs, columns, strict=True) if column
        ]
        self._sum_room = step - _GAP
        self.picture.set_top(top + crowded * _INSERT + _SUM_HEIGHT)
        self.update()

    def _column_middles(self, count: int) -> list[float]:
        layout = self.picture.arrangement
        if layout is not None and len(layout.columns) == count:
            return [column.x for column in layout.columns]
        step = (self.width() - 120) / max(1, count - 1)  # a network that cannot be drawn still has its cards
        return [60 + number * step for number in range(count)]

    @staticmethod
    def _lines(chips: list[LayerChip], room: float) -> list[list[LayerChip]]:
        lines: list[list[LayerChip]] = []
        used = 0.0
        for chip in chips:
            width = chip.sizeHint().width() + _GAP
            if not lines or used + width > room:
                lines.append([])
                used = 0.0
            lines[-1].append(chip)
            used += width
        return lines

    @staticmethod
    def _width(line: list[LayerChip]) -> float:
        return sum(chip.sizeHint().width() for chip in line) + _GAP * (len(line) - 1)

    def _place_line(self, line: list[LayerChip], x: float, y: int) -> None:
        total = self._width(line)
        left = min(max(4.0, x - total / 2), self.width() - total - 4.0)
        for chip in line:
            width = chip.sizeHint().width()
            chip.setGeometry(QRect(round(left), y, width, _CHIP_HEIGHT))
            left += width + _GAP

    # ------------------------------------------------------------ edits

    def edit_layer(self, index: int) -> None:
        """Open the settings of a layer beside its card."""
        chip = self._chips[index]
        self._popover = LayerPopover(self._controller, index, self._theme, self)
        self._popover.show_stage(chip.stage)
        self._popover.destroyed.connect(self._forget_popover)
        self._popover.move(chip.mapToGlobal(QPoint(0, chip.height() + 4)))
        self._popover.show()

    @Slot(int, int)
    def _edit_column(self, column: int, _unit: int) -> None:
        """Open the settings of the layer whose unit was clicked."""
        stages = self._plan.picture()[column] if self._plan is not None else ()
        if stages and stages[0].role == "hidden":
            self.edit_layer(stages[0].index)

    @Slot(int, int, int, QPoint)
    def _edit_weights(self, column: int, unit: int, before: int, point: QPoint) -> None:
        """Let the user set the weights of a unit by hand."""
        snapshot = self._controller.run.snapshot
        flat = snapshot.arrays.get("parameters") if snapshot is not None else None
        if snapshot is None or flat is None or column == 0 or snapshot.plan != self._plan:
            return
        parameters = unit_parameters(snapshot.plan, column, unit, flat)
        if not parameters:
            return
        stages = snapshot.plan.picture()[column]
        name = "Output" if stages[0].role == "output" else f"Layer {column}"
        weights = [each.number for each in parameters if each.name.startswith("weight")]
        first = weights[before] if 0 <= before < len(weights) else parameters[0].number
        popover = UnitPopover(self._controller, f"{name}, unit {unit + 1}", parameters, first, self)
        popover.move(point)
        popover.show()

    @Slot()
    def _forget_popover(self) -> None:
        self._popover = None

    def add_hidden_layer(self, index: int) -> None:
        """Insert units and their activation, like the layer before them."""
        self._adopt(edit.add_hidden_layer(self._network, index), "Add hidden layer")

    def insert_layer(self, index: int, kind: str) -> None:
        """Insert a layer of a kind with its default settings."""
        layer: Layer = Layer.registry[kind]()
        self._adopt(edit.insert(self._network, index, layer), f"Insert {layer.title}")

    def remove_layer(self, index: int) -> None:
        """Remove a layer."""
        self._adopt(edit.remove(self._network, index), "Remove layer")

    def duplicate_layer(self, index: int) -> None:
        """Insert a copy of a layer behind it."""
        self._adopt(edit.duplicate(self._network, index), "Duplicate layer")

    def move_layer(self, index: int, to: int) -> None:
        """Move a layer to another position; beyond the ends nothing happens."""
        if 0 <= to < len(self._network.layers) and to != index:
            self._adopt(edit.move(self._network, index, to), "Move layer")

    @property
    def _network(self) -> NetworkSettings:
        return self._controller.experiment.network

    def _adopt(self, network: NetworkSettings, text: str) -> None:
        self._controller.change(self._controller.experiment.replace(network=network), text)

    # ------------------------------------------------------------ drag and drop

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(LAYER_MIME):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if event.mimeData().hasFormat(LAYER_MIME):
            self._drop_x = event.position().x()
            self.update()
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: object) -> None:
        self._drop_x = None
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        index = int(bytes(event.mimeData().data(LAYER_MIME).data()).decode())
        x, self._drop_x = event.position().x(), None
        before = sum(chip.geometry().center().x() < x for chip in self._chips if chip.editable)
        event.acceptProposedAction()
        self.update()
        self.move_layer(index, before - 1 if before > index else before)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("border"), 1))
        painter.setBrush(self._theme.color("card"))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 6, 6)
        painter.setFont(font("small"))
        painter.setPen(self._theme.color("muted"))
        for x, y, words in self._sums:
            room = self._sum_room
            fitted = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(room))
            painter.drawText(QRectF(x - room / 2, y, room, _SUM_HEIGHT), Qt.AlignmentFlag.AlignCenter, fitted)
        if self._drop_x is not None:
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.drawLine(round(self._drop_x), 4, round(self._drop_x), round(self.picture.top))


def _sum(column: tuple[Stage, ...]) -> str:
    """Return what a column hands on and what it learns, such as `8×4×4 · 80 par.`."""
    shape = next((stage.output_shape for stage in reversed(column) if stage.output_shape), ())
    size = "×".join(map(str, shape)) or "?"
    parameters = sum(stage.n_parameters for stage in column)
    return f"{size} · {parameters:,} par." if parameters else size
