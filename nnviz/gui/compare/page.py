"""The contract of a page: one way to compare the chosen runs."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from nnviz.gui.run_colors import run_color
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key
from nnviz.gui.widgets.card import card
from nnviz.run import Run


class Page(QWidget):
    """One page of the window. It is drawn with two runs or more, and only while it can be seen.

    A page asks for probes with `needs`, and says with `needs_changed` when they are others. `unfinished` tells that it
    waits for something that comes without any news of a run, so that it is to be drawn again.
    """

    title: ClassVar[str]
    help: ClassVar[str]
    rate: ClassVar[float] = 10.0
    """Draws per second at most."""

    needs_changed = Signal()
    redraw_wanted = Signal()
    """A control was used: it wants to be drawn with what there is."""
    caption_changed = Signal(str)
    """The words beside the controls, plain or as a legend in colour."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.caption = ""
        self.unfinished = False
        self.setAccessibleName(self.title)
        self.setAccessibleDescription(self.help)

    @property
    def needs(self) -> frozenset[str]:
        """The probes that it shows."""
        return frozenset()

    def show_runs(self, runs: Sequence[Run]) -> None:
        """Draw two to four runs as they are now."""
        raise NotImplementedError

    def controls(self, bar: QHBoxLayout) -> None:
        """Add its own controls to a bar."""

    def apply_theme(self, theme: Theme) -> None:
        """Take over the colours of a theme; it is drawn again after that."""
        self.theme = theme

    def painting(self) -> float:
        """Return the seconds spent on painting since the last call."""
        return 0.0

    def set_caption(self, text: str) -> None:
        """Change the words beside the controls, and say so if they are others."""
        if text != self.caption:
            self.caption = text
            self.caption_changed.emit(text)


def add_aside(page: Page, shown: QWidget, width: int) -> QVBoxLayout:
    """Lay out a page: what it shows in a card, and a column of a fixed width, in pixels, beside it.

    Returns the layout of the column; its `parentWidget()` is what a page hides when it has nothing to say.
    """
    aside = QWidget(page)
    aside.setFixedWidth(width)
    column = QVBoxLayout(aside)
    column.setContentsMargins(0, 4, 0, 0)
    column.setSpacing(10)
    row = QHBoxLayout(page)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(12)
    row.addWidget(card(shown), 1)
    row.addWidget(aside)
    return column


def short(name: str, most: int = 28) -> str:
    """Return a name that leaves room for others."""
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


def run_keys(runs: Sequence[Run], most: int = 28) -> list[Key]:
    """Return a legend of runs for a caption, in which names must not be taken for its marks."""
    return [Key(escape(short(run.name, most)), run_color(run)) for run in runs]
