"""The keys of the canvas, which it takes from the window while it has the focus."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

TOOLS = {"brush": "B", "spray": "S", "point": "P", "erase": "E", "lasso": "L"}
"""The tools and their keys."""

Order = tuple[str, str | int | tuple[int, int]]
"""What a key asks for, and with what."""

_STANDARD = QKeySequence.StandardKey
_PLAIN: dict[Qt.Key, Order] = {
    **{Qt.Key(ord(key)): ("tool", tool) for tool, key in TOOLS.items()},
    **{Qt.Key(Qt.Key.Key_1 + k): ("class", k) for k in range(9)},
    Qt.Key.Key_BracketLeft: ("size", -1),
    Qt.Key.Key_BracketRight: ("size", 1),
    Qt.Key.Key_Delete: ("delete", ""),
    Qt.Key.Key_Backspace: ("delete", ""),
    Qt.Key.Key_Escape: ("escape", ""),
    Qt.Key.Key_Left: ("nudge", (-1, 0)),
    Qt.Key.Key_Right: ("nudge", (1, 0)),
    Qt.Key.Key_Up: ("nudge", (0, -1)),
    Qt.Key.Key_Down: ("nudge", (0, 1)),
    Qt.Key.Key_Return: ("press", ""),
    Qt.Key.Key_Enter: ("press", ""),
}
_BRACKETS: dict[str, Order] = {"[": ("size", -1), "]": ("size", 1)}


def order_of(event: QKeyEvent) -> Order | None:
    """Return what a key asks the canvas for, None for keys that mean nothing to it."""
    for key, name in ((_STANDARD.Copy, "copy"), (_STANDARD.Paste, "paste"), (_STANDARD.SelectAll, "select all")):
        if event.matches(key):
            return name, ""
    if event.text() in _BRACKETS:  # by text, because on some keyboards they need AltGr
        return _BRACKETS[event.text()]
    if event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier):
        return None
    return _PLAIN.get(Qt.Key(event.key()))
