"""The small controls in the title bar of a view."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton

_STYLE = """
QToolButton { color: palette(placeholder-text); font-size: 11px; padding: 1px 4px; }
QToolButton:checked, QToolButton:hover { color: palette(accent); }
"""


class BarButton(QToolButton):
    """A small button of a title bar, without a frame until it is used."""

    def __init__(self, text: str, tip: str) -> None:
        super().__init__()
        self.setObjectName("flat")
        self.setStyleSheet(_STYLE)
        self.setText(text)
        self.setToolTip(tip)
        self.setAccessibleName(tip)


class Choice(BarButton):
    """A button that shows the chosen one of some items and opens a menu of all."""

    chosen = Signal(int)
    """The user picked the item of this number."""

    def __init__(self, tip: str) -> None:
        super().__init__("", tip)
        self._items: tuple[str, ...] = ()
        self._menu = QMenu(self)
        self._menu.triggered.connect(self._picked)
        self.setMenu(self._menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def set_items(self, items: Sequence[str], number: int) -> None:
        """Offer other items, where they are others than before, and show the one of this number."""
        if tuple(items) != self._items:
            self._items = tuple(items)
            self._menu.clear()
            for position, item in enumerate(self._items):
                action = self._menu.addAction(item)
                action.setData(position)
                action.setCheckable(True)
        for action in self._menu.actions():
            action.setChecked(action.data() == number)
        words = f"{self._items[number]} ▾"
        if words != self.text():
            self.setText(words)

    def _picked(self, action: QAction) -> None:
        self.chosen.emit(action.data())


def add_switch(bar: QHBoxLayout, text: str, tip: str, on: bool, changed: Callable[[bool], None]) -> QToolButton:
    """Add a button that stays down while something is on; `changed` is a bound method of the view."""
    button = BarButton(text, tip)
    button.setCheckable(True)
    button.setChecked(on)
    button.toggled.connect(changed)
    bar.addWidget(button)
    return button


def add_choice(bar: QHBoxLayout, tip: str, items: Sequence[str], number: int, changed: Callable[[int], None]) -> Choice:
    """Add a choice; `changed`, a bound method of the view, gets the number of the item that the user picks."""
    choice = Choice(tip)
    choice.set_items(items, number)
    choice.chosen.connect(changed)
    bar.addWidget(choice)
    return choice
