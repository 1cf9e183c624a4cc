"""The tools under the canvas: classes, brush size, tools, undo and clear."""

from __future__ import annotations

import math

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QSizePolicy, QToolButton, QWidget

from nnviz.data.drawings.drawing import MAX_CLASSES
from nnviz.gui.icons import icon
from nnviz.gui.theme import Theme
from nnviz.gui.widgets.canvas_keys import TOOLS
from nnviz.gui.widgets.sketch_view import RADIUS
from nnviz.gui.widgets.slider import Slider

_SIDE = 24
_CHIP = 34
_GAP = 4
_TIGHT = 2  # between tools where there is little room
_SECTION = 8  # between groups
_SLIDER = 64  # the least width of the slider
_STOPS = 60

_HELP = {
    "brush": "Brush: points along the way",
    "spray": "Spray: points at random, for as long as you hold the button",
    "point": "Point: one at a time",
    "erase": "Erase points",
    "lasso": "Lasso: surround points, then drag them, delete them or give them a class",
}


class DrawingTools(QWidget):
    """All controls of the canvas in one row, or in more where that is too narrow."""

    tool_chosen = Signal(str)
    class_chosen = Signal(int)
    radius_chosen = Signal(float)
    clear_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._editable = True
        self._with_classes = True
        self.chips: list[QToolButton] = []
        self._chip_group = QButtonGroup(self)
        self._chip_group.idClicked.connect(self.class_chosen)
        self._tool_group = QButtonGroup(self)
        self.tools = {name: self._tool(name, number) for number, name in enumerate(TOOLS)}
        self._tool_group.idClicked.connect(self._tool_clicked)
        self.slider = Slider(self)
        self.slider.setRange(0, _STOPS)
        self.slider.setAccessibleName("Brush size")
        self.slider.setToolTip("Brush size ([ and ], or the wheel on the canvas)")
        self.slider.valueChanged.connect(self._slid)
        self.add = self._button("add", "Add a class")
        self.add.clicked.connect(self._add_class)
        self.undo = self._button("undo", "Undo (Ctrl+Z)")
        self.redo = self._button("redo", "Redo (Ctrl+Shift+Z)")
        self.clear = self._button("clear", "Clear the drawing")
        self.clear.clicked.connect(self.clear_wanted)
        self.set_classes(2)
        self.show_tool("brush")
        self.show_class(0)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.apply_theme(theme)

    # ------------------------------------------------------------ what is shown

    def show_tool(self, tool: str) -> None:
        """Mark the tool that is in use."""
        self.tools[tool].setChecked(True)
        self._tint()

    def show_class(self, number: int) -> None:
        """Mark the class that is drawn."""
        if number < len(self.chips):
            self.chips[number].setChecked(True)

    def show_radius(self, radius: float) -> None:
        """Put the slider where a brush of this radius is."""
        low, high = RADIUS
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(_STOPS * math.log(radius / low) / math.log(high / low)))

    def set_classes(self, count: int) -> None:
        """Offer so many classes."""
        while len(self.chips) < count:
            self.chips.append(self._chip(len(self.chips)))
        while len(self.chips) > count:
            chip = self.chips.pop()
            self._chip_group.removeButton(chip)
            chip.hide()
            chip.deleteLater()
        self.add.setEnabled(self._editable and count < MAX_CLASSES)
        self._arrange()

    def set_mode(self, with_classes: bool) -> None:
        """Offer classes, or none where values are drawn."""
        if with_classes != self._with_classes:
            self._with_classes = with_classes
            self._arrange()

    def set_editable(self, editable: bool, why_not: str = "") -> None:
        """Switch the tools off where there is nothing to draw on; clearing always gives an empty canvas."""
        self._editable = editable
        for name, button in self.tools.items():
            button.setEnabled(editable)
            button.setToolTip(f"{_HELP[name]} ({TOOLS[name]})" if editable else why_not)
        for chip in (*self.chips, self.slider):
            chip.setEnabled(editable)
        self.add.setEnabled(editable and len(self.chips) < MAX_CLASSES)
        self.clear.setToolTip("Clear the drawing" if editable else "Begin an empty drawing")
        self.clear.setAccessibleName(self.clear.toolTip())

    @Slot(str)
    def show_undo(self, what: str) -> None:
        """Say what undo would take back."""
        self.undo.setToolTip(f"Undo {what[:1].lower()}{what[1:]}".strip() + " (Ctrl+Z)")

    @Slot(str)
    def show_redo(self, what: str) -> None:
        """Say what redo would do again."""
        self.redo.setToolTip(f"Redo {what[:1].lower()}{what[1:]}".strip() + " (Ctrl+Shift+Z)")

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self._theme = theme
        for button in (self.add, self.undo, self.redo, self.clear):
            button.setIcon(icon(f"draw-{button.objectName()}", theme.text))
        for number, chip in enumerate(self.chips):
            self._dress(chip, number)
        self.setStyleSheet("QToolButton { padding: 0; min-height: 0; }")
        self._tint()

    # ------------------------------------------------------------ making

    def _button(self, name: str, help: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setIconSize(QSize(16, 16))
        button.setFixedSize(_SIDE, _SIDE)
        button.setToolTip(help)
        button.setAccessibleName(help.split(" (")[0])
        # Not by click: after choosing a tool with the mouse, keys belong to the canvas.
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _tool(self, name: str, number: int) -> QToolButton:
        button = self._button(name, f"{_HELP[name]} ({TOOLS[name]})")
        button.setAccessibleName(name.capitalize())
        button.setCheckable(True)
        self._tool_group.addButton(button, number)
        return button

    def _chip(self, number: int) -> QToolButton:
        letter = chr(ord("A") + number)
        chip = QToolButton(self)
        chip.setText(letter)
        chip.setCheckable(True)
        chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        chip.setIconSize(QSize(8, 8))
        chip.setFixedSize(_CHIP, _SIDE)
        chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        chip.setToolTip(f"Draw class {letter}" + (f" ({number + 1})" if number < 9 else ""))
        chip.setAccessibleName(f"Class {letter}")
        chip.setEnabled(self._editable)
        self._chip_group.addButton(chip, number)
        self._dress(chip, number)
        return chip

    def _dress(self, chip: QToolButton, number: int) -> None:
        color = self._theme.class_color(number)
        chip.setIcon(_dot(color))
        chip.setStyleSheet(
            "QToolButton { padding: 0 2px 0 5px; }"
            f"QToolButton:checked {{ border-color: {color.name()}; color: {self._theme.text}; }}"
        )

    def _tint(self) -> None:
        for name, button in self.tools.items():
            button.setIcon(icon(f"draw-{name}", self._theme.accent if button.isChecked() else self._theme.text))

    # ------------------------------------------------------------ what is used

    @Slot(int)
    def _tool_clicked(self, number: int) -> None:
        self._tint()
        self.tool_chosen.emit(list(TOOLS)[number])

    @Slot(int)
    def _slid(self, stop: int) -> None:
        low, high = RADIUS
        self.radius_chosen.emit(low * (high / low) ** (stop / _STOPS))

    @Slot()
    def _add_class(self) -> None:
        self.set_classes(len(self.chips) + 1)
        self.chips[-1].setChecked(True)
        self.class_chosen.emit(len(self.chips) - 1)

    # ------------------------------------------------------------ arranging

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(width, move=False)

    def sizeHint(self) -> QSize:
        return QSize(248, self._place(248, move=False))

    def minimumSizeHint(self) -> QSize:
        tools, history = list(self.tools.values()), [self.undo, self.redo, self.clear]
        return QSize(_width(tools, _TIGHT) + _SECTION + _width(history, _TIGHT), _SIDE)

    def _arrange(self) -> None:
        height = self._place(self.width(), move=True)
        for chip in (*self.chips, self.add):
            chip.setVisible(self._with_classes)
        self.setMinimumHeight(height)
        self.updateGeometry()

    def _place(self, width: int, move: bool) -> int:
        """Lay the controls out in rows of a width; return the height. One row if it holds all, else two or more."""
        chips = [*self.chips, self.add] if self._with_classes else []
        tools, history = list(self.tools.values()), [self.undo, self.redo, self.clear]
        gap = _GAP if width >= _width(tools) + _SECTION + _width(history) else _TIGHT
        right = _width(tools, gap) + _SECTION + _width(history, gap)
        one_row = width >= _width(chips) + _SECTION * (1 + bool(chips)) + _SLIDER + right
        rest = right + _SECTION if one_row else 0
        x = y = 0
        for chip in chips:
            if x and x + chip.width() > width:
                x, y = 0, y + _SIDE + _GAP
            if move:
                chip.move(x, y)
            x += chip.width() + _GAP
        x += _SECTION - _GAP if x else 0
        if width - rest - x < _SLIDER:
            x, y = 0, y + _SIDE + _GAP
        if move:
            self.slider.setGeometry(x, y, width - rest - x, _SIDE)
        if not one_row:
            y += _SIDE + _GAP
        if move:
            _line_up(tools, width - right if one_row else 0, y, gap)
            _line_up(history, width - _width(history, gap), y, gap)
        return y + _SIDE


def _width(buttons: list[QToolButton], gap: int = _GAP) -> int:
    return sum(b.width() + gap for b in buttons) - gap if buttons else 0


def _line_up(buttons: list[QToolButton], x: int, y: int, gap: int) -> None:
    for button in buttons:
        button.move(x, y)
        x += button.width() + gap


def _dot(color: QColor) -> QIcon:
    made = QIcon()
    for ratio in (1, 2, 3):
        pixmap = QPixmap(8 * ratio, 8 * ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawEllipse(pixmap.rect())
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        made.addPixmap(pixmap)
    return made
