"""Live views: one file each. Here: the contract of a view.

A view draws what a run has measured. It sees the history, the newest snapshot and the theme, and nothing
else: never the session, the worker or another view. A new view is a module in this folder with one class
registered by `@views.register`; menus, exports and the generic tests pick it up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRectF, Signal
from PySide6.QtGui import QColor, QPainter
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


@dataclass(frozen=True)
class Key:
    """One entry of a legend: a sign in a colour, and what it stands for; `blank` goes on with the entry before."""

    label: str
    color: QColor
    sign: Literal["line", "dashes", "area", "dot", "ring", "square", "blank"] = "line"


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
    figure_size: ClassVar[tuple[int, int]] = (321, 220)
    """Width and height of a figure of it, in pixels at 96 per inch, at the width of a column (85 mm).

    A wider figure is higher too, but less than in proportion.
    """

    shared_values: tuple[float, float] | None = None
    """What the colours of a target reach from and to, where views stand side by side; without it, the own samples."""

    caption_changed = Signal(str)
    """The words at the right end of the title bar, when they change: plain text, or text with coloured spans."""
    redraw_wanted = Signal()
    """A control of the view was used: it wants a refresh with what there is."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.caption = ""
        self.setAccessibleName(self.title)
        self.setAccessibleDescription(self.help or self.question)
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

    def legend(self) -> tuple[Key, ...]:
        """Return what the colours and signs of the view as it is drawn now stand for."""
        return ()

    def paint_figure(self, painter: QPainter, rect: QRectF) -> None:
        """Draw the view into a figure; as vectors, as far as it has any. `rect` is as large as the view."""
        painter.save()
        painter.translate(rect.topLeft())
        self.render(painter, QPoint())
        painter.restore()

    def painting(self) -> float:
        """Return the seconds spent on painting since the last call; with those of `refresh` it is what the view costs.

        0 for a view that paints so little that nobody need know.
        """
        return 0.0

    def set_caption(self, text: str) -> None:
        """Change the words in the title bar, and say so if they are others."""
        if text != self.caption:
            self.caption = text
            self.caption_changed.emit(text)

    def state(self) -> dict[str, Any]:
        """Return the choices made in the controls, as plain values."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over the choices that `state` returned."""


views: Registry[View] = Registry("view", "nnviz.gui.views", name_of=lambda view: str(view.name))


_SIGNS = {"line": "━", "dashes": "┅", "area": "■", "dot": "●", "ring": "○", "square": "■", "blank": ""}


def caption_of(keys: Sequence[Key]) -> str:
    """Return a legend as text with coloured signs, for a title bar."""
    spans = (f"<span style='color:{key.color.name()}'>{_SIGNS[key.sign]}</span>&nbsp;{key.label}" for key in keys)
    return " &nbsp;".join(spans)


def why_nothing(history: History, sentence: str) -> str:
    """Return the first sentence of why a run ended before there was anything to show; else the given one."""
    last = history.events[-1] if history.events else None
    if last is None or last.kind != "end" or len(history) > 1:
        return sentence
    return re.split(r"(?<=[.!?])\s", last.text, maxsplit=1)[0]


def finite_range(*arrays: NDArray[Any]) -> tuple[float, float] | None:
    """Return the smallest and largest finite value of some arrays, None when there is none."""
    lows, highs = [], []
    for array in arrays:
        finite = array[np.isfinite(array)]
        if len(finite):
            lows.append(float(finite.min()))
            highs.append(float(finite.max()))
    return (min(lows), max(highs)) if lows else None
