"""Live views: one file each. Here: the contract of a view.

A view draws what a run has measured. It sees the history, the newest snapshot and the theme, and nothing
else: never the session, the worker or another view. A new view is a module in this folder with one class
registered by `@views.register`; menus, exports and the generic tests pick it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from nnviz.gui.theme import Theme
from nnviz.history.history import History
from nnviz.registry import Registry
from nnviz.snapshot import Snapshot

QUESTIONS = (
    "Is it learning?",
    "Is it overfitting?",
    "What does it answer?",
    "What has each layer learned?",
    "How do the weights move?",
    "Do the gradients flow?",
    "How sure is it?",
)
"""What a user wants to know, in the order of the menu; every view answers one of these."""

Table = Mapping[str, NDArray[Any]]
"""The numbers behind a view: columns of equal length by their heading, units in brackets."""


class View(QWidget):
    """One live view.

    The life of a view: `build(theme)` makes every graphics item once; `refresh(history, snapshot)` gives
    them new data (setData, setImage, never clear and plot again); `apply_theme(theme)` recolours them.
    `refresh` is called at most once per frame, only while the view is visible, and must cope with an
    empty history, no snapshot, NaN and any number of samples. It never changes what it is given.

    Controls that belong to a view (log axis, which part, which layer) are made in `controls` and stand in
    the title bar. `state` and `restore` carry their choices to a fresh copy of the view, which is how
    exports are drawn.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    question: ClassVar[str]
    help: ClassVar[str] = ""
    needs: ClassVar[frozenset[str]] = frozenset()
    """Names of the probes that must be measured for it; losses, errors and gradient norms always are."""
    order: ClassVar[int] = 100

    caption_changed = Signal(str)
    """The words at the right end of the title bar, when they change; for example the point under the mouse."""
    redraw_wanted = Signal()
    """A control of the view was used: it wants a refresh with what there is."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setAccessibleName(self.title)
        self.build(theme)
        self.apply_theme(theme)

    def build(self, theme: Theme) -> None:
        """Make the graphics items, once."""
        raise NotImplementedError

    def refresh(self, history: History, snapshot: Snapshot | None) -> None:
        """Show what was measured."""
        raise NotImplementedError

    def apply_theme(self, theme: Theme) -> None:
        """Recolour what `build` made."""
        self.theme = theme

    def controls(self, bar: QHBoxLayout) -> None:
        """Add the view's own controls to its title bar."""

    def table(self, history: History, snapshot: Snapshot | None) -> Table:
        """Return the numbers that are drawn, for CSV and the clipboard; empty when there is nothing to show."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """Return the choices made in the controls, as plain values."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over the choices that `state` returned."""


views: Registry[View] = Registry("view", "nnviz.gui.views", name_of=lambda view: str(view.name))


def finite_range(*arrays: NDArray[Any]) -> tuple[float, float] | None:
    """Return the smallest and largest finite value of some arrays, None when there is none."""
    lows, highs = [], []
    for array in arrays:
        finite = array[np.isfinite(array)]
        if len(finite):
            lows.append(float(finite.min()))
            highs.append(float(finite.max()))
    return (min(lows), max(highs)) if lows else None
