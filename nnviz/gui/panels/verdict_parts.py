"""Parts of the verdict: the buttons of a finding, a finding in a row of its own, and the criteria side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.analysis.criteria import Call, disagreement
from nnviz.findings import Action, Fork, Found, GoTo, OpenPage, OpenView, TryCures
from nnviz.gui.icons import icon
from nnviz.gui.theme import Theme, font
from nnviz.gui.widgets.section import FoldButton

_SPACING = 8

_UNITS = re.compile(r" (%|pp)")
"""Signs that stay on the line of their number."""

_TIPS: dict[type, Callable[[Action], str]] = {
    GoTo: lambda action: "Look at the network as it was at that epoch",
    Fork: lambda action: (
        "Train a run with this change from the same initial weights, beside this one"
        if isinstance(action, Fork) and action.anew
        else "Go on from there as another run with this change; this one stays as it is"
    ),
    OpenView: lambda action: "Show the view with what was measured",
    OpenPage: lambda action: "Open this page of the laboratory",
    TryCures: lambda action: "Train twins with one change each, and rank them by test error (Ctrl+K)",
}


class ActionBar(QWidget):
    """Buttons for what can be done: as many as fit beside each other, the others in a menu behind them."""

    wanted = Signal(object)
    """The Action whose button was pressed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions: tuple[Action, ...] = ()
        self.buttons: list[QPushButton] = []
        self.more = QToolButton(self)
        self.more.setObjectName("chip")
        self.more.setAccessibleName("More that can be done")
        self.more.setToolTip("More that can be done")
        self.more.setFixedSize(30, 30)
        self.more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.more.clicked.connect(self._open_menu)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(_SPACING)
        self._row.addWidget(self.more)
        self._row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.apply_theme(theme)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.more.setIcon(icon("more", theme.text))

    def set_actions(self, actions: Sequence[Action]) -> None:
        """Offer other actions; nothing moves where they are the same as before."""
        if tuple(actions) == self._actions:
            return
        self._actions = tuple(actions)
        while len(self.buttons) < len(actions):
            self._add_button()
        for button, action in zip(self.buttons, actions, strict=False):
            if button.text() != action.title:
                button.setText(action.title)
                button.setAccessibleName(action.title.rstrip("…"))
            button.setToolTip(_TIPS[type(action)](action))
        self._fit()
        self.setVisible(bool(actions))

    def button_of(self, kind: type) -> QPushButton | None:
        """Return the button of the first action of a kind."""
        found = (button for button, action in zip(self.buttons, self._actions, strict=False) if type(action) is kind)
        return next(found, None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _add_button(self) -> None:
        button = QPushButton(self)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves ← and → to the playhead
        button.clicked.connect(self._pressed)
        self._row.insertWidget(len(self.buttons), button)
        self.buttons.append(button)

    def _fit(self) -> None:
        """Show the first buttons for which there is room, at least one, and the menu for the rest."""
        left = self.width()
        shown = 0
        for number, button in enumerate(self.buttons[: len(self._actions)]):
            rest = self.more.width() + _SPACING if number + 1 < len(self._actions) else 0
            wide = button.sizeHint().width()
            if shown and wide + rest > left:
                break
            left -= wide + _SPACING
            shown += 1
        for number, button in enumerate(self.buttons):
            button.setVisible(number < shown)
        self.more.setVisible(shown < len(self._actions))

    @Slot()
    def _pressed(self) -> None:
        button = self.sender()
        if isinstance(button, QPushButton):
            self.wanted.emit(self._actions[self.buttons.index(button)])

    def menu(self) -> QMenu:
        """Return a menu of the actions that have no button."""
        menu = QMenu(self)
        for button, action in zip(self.buttons, self._actions, strict=False):
            if button.isHidden():
                entry = menu.addAction(action.title)
                entry.setToolTip(_TIPS[type(action)](action))
                entry.setData(action)
        return menu

    @Slot()
    def _open_menu(self) -> None:
        menu = self.menu()
        chosen = menu.exec(self.more.mapToGlobal(self.more.rect().bottomLeft()))
        menu.deleteLater()
        if chosen is not None:
            self.wanted.emit(chosen.data())


class Words(QLabel):
    """A sentence that wraps. Its height only grows while it tells of the same thing, so that nothing under it jumps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("muted")
        self.setFont(font("body", tabular=True))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._about, self._wide = "", 0

    def say(self, text: str, about: str) -> None:
        """Show a sentence about something."""
        if about != self._about:
            self._about = about
            self.setMinimumHeight(0)
        text = _UNITS.sub("\u00a0\\1", text)
        if text != self.text():
            self.setText(text)
        self._grow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != self._wide:
            self._wide = event.size().width()
            self.setMinimumHeight(0)
            self._grow()

    def _grow(self) -> None:
        needed = self.heightForWidth(max(1, self.width()))
        if needed > self.minimumHeight():
            self.setMinimumHeight(needed)


class FindingRow(QWidget):
    """A finding in one line; a click shows its sentence and buttons."""

    wanted = Signal(object)
    toggled = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = FoldButton("", self)
        self.words = Words(self)
        self.bar = ActionBar(theme, self)
        self.bar.wanted.connect(self.wanted)
        self._content = QWidget(self)
        inside = QVBoxLayout(self._content)
        inside.setContentsMargins(14, 0, 0, 6)
        inside.setSpacing(6)
        inside.addWidget(self.words)
        inside.addWidget(self.bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.button)
        column.addWidget(self._content)
        self._content.hide()
        self.button.toggled.connect(self._toggle)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.bar.apply_theme(theme)

    def show_found(self, found: Found, name: str) -> None:
        """Show what was found."""
        if self.button.text() != found.headline:
            self.button.setText(found.headline)
            self.button.setAccessibleName(found.headline)
            self.button.update()
        self.button.setToolTip("" if self.button.isChecked() else found.sentence)
        self.words.say(found.sentence, name)
        self.bar.set_actions(found.actions)

    @Slot(bool)
    def _toggle(self, opened: bool) -> None:
        self._content.setVisible(opened)
        self.toggled.emit()


class CriteriaTable(QWidget):
    """The onset of overfitting by each criterion, the epoch at which it was called, and how far they agree."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        self._cells: list[tuple[QLabel, QLabel, QLabel]] = []
        self.sentence = Words(self)
        self.sentence.setFont(font("small", tabular=True))
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 0, 0, 6)
        column.setSpacing(4)
        column.addLayout(self._grid)
        column.addWidget(self.sentence)
        self._add_row("Criterion", "Onset", "Called at")

    def show_calls(self, said: Sequence[Call]) -> None:
        """Show what the criteria say."""
        while len(self._cells) < len(said) + 1:
            self._add_row("", "", "")
        for cells, call in zip(self._cells[1:], said, strict=True):
            words = (call.criterion, *(f"{at:,}" if at is not None else "–" for at in (call.onset, call.epoch)))
            for cell, text in zip(cells, words, strict=True):
                if cell.text() != text:
                    cell.setText(text)
        self.sentence.say(disagreement(said), "criteria")

    def _add_row(self, *words: str) -> None:
        row = len(self._cells)
        cells = tuple(QLabel(text, self) for text in words)
        for column, cell in enumerate(cells):
            cell.setFont(font("small", tabular=True))
            cell.setTextFormat(Qt.TextFormat.PlainText)
            if row == 0:
                cell.setObjectName("muted")
            side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
            self._grid.addWidget(cell, row, column, side)
        self._cells.append((cells[0], cells[1], cells[2]))
