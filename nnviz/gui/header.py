"""The header: transport on the left, read-outs in the middle, export and theme on the right."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.gui.controller import Controller
from nnviz.gui.icons import icon
from nnviz.gui.status_line import engine_sentence
from nnviz.gui.theme import Theme, font
from nnviz.run import Run
from nnviz.snapshot import Status

_SPEEDS: tuple[tuple[str, float | None, float], ...] = (
    ("Accelerating", 20.0, 0.8),  # a thousand epochs in the first 5 seconds, 50,000 in 10
    ("Full speed", None, 0.0),
    ("100 epochs/s", 100.0, 0.0),
    ("10 epochs/s", 10.0, 0.0),
    ("1 epoch/s", 1.0, 0.0),
)
"""The words for a speed, the most epochs per second, and how many more for every epoch behind.

Accelerating comes first: at full speed a small network is through with what there is to see in a tenth of a second.
"""


_LONG_COUNT = 10_000_000
"""The first number of epochs that is too long for its read-out."""

_SHORTEST_NAME, _LONGEST_NAME = 40, 110
"""Pixels for the name of the experiment, where there is room; the whole of it is in the title of the window."""

_NARROWEST, _ROOMY = 1090, 1420
"""Widths in pixels: the least that holds everything without words, and the least that holds the words too."""


class ReadOut(QWidget):
    """A small caption over a large number."""

    def __init__(self, caption: str, color: str, help: str, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._color = color
        self._caption = QLabel(caption.upper(), self)
        self._caption.setFont(font("small"))
        self._value = QLabel("–", self)
        self._value.setFont(font("large", bold=True, tabular=True))
        self._value.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._caption)
        column.addWidget(self._value)
        self._help = help
        self.setToolTip(help)
        self.setFixedWidth(width)

    def set(self, value: str, caption: str = "", more: str = "") -> None:
        """Show another value, another caption if one is given, and more about it in the tooltip."""
        self._value.setText(value)
        if caption:
            self._caption.setText(caption.upper())
        self.setAccessibleName(f"{self._caption.text()} {value}")
        help = f"{self._help} {more}".strip()
        if help != self.toolTip():  # one that is open would close
            self.setToolTip(help)
            self.setAccessibleDescription(help)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self._caption.setStyleSheet(f"color: {theme.color(self._color).name()};")
        self._value.setStyleSheet(f"color: {theme.text};")


class Header(QWidget):
    """What a user always needs at hand."""

    export_wanted = Signal()
    compare_wanted = Signal()
    theme_wanted = Signal()

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._theme = theme
        self._name = QLabel(self)
        self._name.setObjectName("muted")
        self._logo = QLabel("nnviz", self)
        self._logo.setFont(font("large", bold=True))
        self.reset = self._tool("Reset to the same initial weights", "Ctrl+R", controller.reset)
        self.play = QPushButton(self)
        self.play.setObjectName("primary")
        self.play.setFixedWidth(88)
        self.play.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves ← and → to the playhead
        self.play.clicked.connect(controller.toggle)
        self.epoch = self._tool("Train to the end of this epoch", "Ctrl+→", controller.step_epoch, "Epoch")
        self.batch = self._tool("Make one step, on one batch", "Ctrl+Shift+→", controller.step_batch, "Batch")
        self.speed = QComboBox(self)
        self.speed.setAccessibleName("Training speed")
        self.speed.setToolTip("How fast epochs may follow one another")
        for words, limit, growth in _SPEEDS:
            self.speed.addItem(words, (limit, growth))
        self.speed.currentIndexChanged.connect(self._limit_speed)
        self._limit_speed()
        self._outs = {
            "epoch": ReadOut("Epoch", "muted", "Passes over the training part so far.", 98, self),
            "train": ReadOut("Train error", "train", "Error on the training part, dropout off.", 84, self),
            "test": ReadOut("Test error", "test", "Error on samples that the network never learned from.", 84, self),
            "gap": ReadOut("Gap", "danger", "Test error minus train error: how much worse on new samples.", 76, self),
            "speed": ReadOut("Speed", "muted", "Epochs per second.", 104, self),
        }
        self.fork = self._tool("Go on from what you see as another run", "F", controller.fork, "Fork here")
        self.compare = self._tool("Compare runs", "C", self.compare_wanted.emit, "Compare")
        self.export = self._tool("Export a view or the run", "Ctrl+E", self.export_wanted.emit, "Export")
        self.theme_button = self._tool("Dark or light", "Ctrl+T", self.theme_wanted.emit)
        self._assemble()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.apply_theme(theme)
        self.refresh_status()

    def _tool(self, help: str, keys: str, slot: object, words: str = "") -> QToolButton:
        button = QToolButton(self)
        button.setText(words)
        button.setToolTip(f"{help} ({keys})")
        button.setAccessibleName(help)
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if words else Qt.ToolButtonStyle.ToolButtonIconOnly
        button.setToolButtonStyle(style)
        button.clicked.connect(slot)
        return button

    def _assemble(self) -> None:
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(8)
        row.addWidget(self._logo)
        row.addWidget(self._name)
        row.addSpacing(8)
        for widget in (self.reset, self.play, self.epoch, self.batch, self.speed):
            row.addWidget(widget)
        row.addStretch(1)
        for out in self._outs.values():
            row.addWidget(out)
        row.addStretch(1)
        for widget in (self.fork, self.compare, self.export, self.theme_button):
            row.addWidget(widget)

    def minimumSizeHint(self) -> QSize:
        return QSize(_NARROWEST, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out words when the window is narrow; the icons and tooltips remain."""
        roomy = event.size().width() >= _ROOMY
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if roomy else Qt.ToolButtonStyle.ToolButtonIconOnly
        for button in (self.epoch, self.batch, self.fork, self.compare, self.export):
            button.setToolButtonStyle(style)
        self._show_name()

    def _show_name(self) -> None:
        """Show as much of the experiment's name as there is room for."""
        gap = self._row.spacing()
        taken = 0 if self._name.isHidden() else self._name.minimumSizeHint().width() + gap
        room = min(_LONGEST_NAME, self.width() - self._row.minimumSize().width() + taken - gap)
        name = self._controller.experiment.name
        self._name.setText(self._name.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room))
        self._name.setToolTip(name)
        self._name.setVisible(room >= _SHORTEST_NAME)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour text and icons."""
        self._theme = theme
        for out in self._outs.values():
            out.apply_theme(theme)
        for button, name in ((self.reset, "reset"), (self.epoch, "step-epoch"), (self.batch, "step-batch")):
            button.setIcon(icon(name, theme.text))
        for button, name in ((self.fork, "fork"), (self.compare, "compare"), (self.export, "export")):
            button.setIcon(icon(name, theme.text))
        self.theme_button.setIcon(icon("theme", theme.text))
        self.speed.ensurePolished()
        self.speed.setMinimumWidth(self.speed.sizeHint().width())
        self.refresh_status()

    @Slot()
    def refresh_status(self) -> None:
        """Show whether training is going on."""
        playing, past = self._controller.session.playing, self._controller.run.playhead is not None
        self.play.setText("Pause" if playing else "Play")
        self.play.setIcon(icon("pause" if playing else "play", self._theme.accent_text))
        what = "Play what was trained as a film" if past else "Train the network"
        self.play.setToolTip("Pause (Space)" if playing else f"{what} (Space)")
        self._show_name()

    def refresh(self) -> None:
        """Show the newest numbers; called a few times per second."""
        run = self._controller.run
        regression = _is_regression(run.snapshot)
        epoch, train, test = shown_numbers(run)
        word = "RMSE" if regression else "error"
        self._outs["epoch"].set(count_text(epoch), more=f"Now {epoch:,}." if epoch >= _LONG_COUNT else "")
        self._outs["train"].set(error_text(train, regression), f"Train {word}")
        self._outs["test"].set(error_text(test, regression), f"Test {word}")
        gap = test - train
        self._outs["gap"].set(_number(gap) if regression else _points(gap))
        playing, snapshot = run.status is Status.RUNNING, run.snapshot
        speed = snapshot.speed if playing and snapshot is not None else 0.0
        words = "past" if run.playhead is not None else f"{speed_text(speed)} ep/s" if playing else run.status.value
        self._outs["speed"].set(words, more=engine_sentence(snapshot))

    @Slot()
    def _limit_speed(self) -> None:
        limit, growth = self.speed.currentData()
        self._controller.session.limit_speed(limit, growth)

    def actions_of(self, parent: QWidget) -> list[QAction]:
        """Return the transport as actions with shortcuts, for the menu."""
        made = []
        for words, keys, slot in (
            ("Play or pause", "Space", self._controller.toggle),
            ("Step one epoch", "Ctrl+Right", self._controller.step_epoch),
            ("Step one batch", "Ctrl+Shift+Right", self._controller.step_batch),
            ("Reset to the same initial weights", "Ctrl+R", self._controller.reset),
            ("New seed", "Ctrl+Shift+R", self._controller.new_seed),
        ):
            action = QAction(words, parent)
            action.setShortcut(keys)
            action.triggered.connect(slot)
            made.append(action)
        return made


def shown_numbers(run: Run) -> tuple[int, float, float]:
    """Return the epoch that is looked at, and train and test error there."""
    snapshot = run.snapshot
    if run.playhead is not None and snapshot is not None and snapshot.past:
        row = snapshot.row
        test = math.nan if run.history.sealed else float(row["test_error"][0])
        return snapshot.epoch, float(row["train_error"][0]), test
    return run.epoch, run.history.latest("train_error"), run.history.latest("test_error")


def _is_regression(snapshot: object) -> bool:
    data = getattr(snapshot, "data", None)
    return data is not None and data.task == "regression"


def error_text(value: float, regression: bool) -> str:
    """Return an error as it is read: in percent, for regression in the target's units."""
    return _number(value) if regression else ("–" if math.isnan(value) else f"{100 * value:.1f} %")


def _points(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.1f} pp"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.4g}"


def count_text(count: int) -> str:
    """Return a number of epochs: in full as long as it fits into the read-out, then in millions or more."""
    if count < _LONG_COUNT:
        return f"{count:,}"
    return f"{count / 1e6:.2f}M" if count < 999_995_000 else f"{count / 1e9:,.2f}G"


def speed_text(speed: float) -> str:
    """Return epochs per second with as many digits as can be read while they change."""
    if speed < 9.95:
        return f"{speed:.1f}"
    if speed < 9_999.5:
        return f"{speed:,.0f}"
    if speed < 999_500:
        return f"{speed / 1e3:.1f}k" if speed < 99_950 else f"{speed / 1e3:.0f}k"
    return f"{speed / 1e6:.2f}M"
