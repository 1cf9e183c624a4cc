"""Which two of the chosen runs a page compares."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout

from nnviz.gui.compare.page import short
from nnviz.gui.views.parts.switches import BarButton, add_choice
from nnviz.run import Run


class Pair(QObject):
    """A and B: at first the oldest of the chosen runs and the one after it. They are never the same run."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._numbers: list[int] = [-1, -1]
        self._runs: Sequence[Run] = ()

    def controls(self, bar: QHBoxLayout) -> None:
        """Add the choices of both runs, and a button that exchanges them."""
        self._first = add_choice(bar, "Run A", ("A",), 0, self._choose_first)
        swap = BarButton("⇄", "Exchange A and B")
        swap.clicked.connect(self._swap)
        bar.addWidget(swap)
        self._second = add_choice(bar, "Run B", ("B",), 0, self._choose_second)

    def of(self, runs: Sequence[Run]) -> tuple[Run, Run]:
        """Return A and B of two runs or more; runs that are gone are replaced."""
        self._runs = runs
        a, b = (next((run for run in runs if run.number == number), None) for number in self._numbers)
        a = a or next(run for run in runs if run is not b)
        b = b or next(run for run in runs if run is not a)
        self._numbers = [a.number, b.number]
        names = [short(run.name, 22) for run in runs]
        for letter, choice, run in (("A", self._first, a), ("B", self._second, b)):
            at = next(i for i, each in enumerate(runs) if each is run)
            choice.set_items([f"{letter}  {name}" for name in names], at)
        return a, b

    @Slot(int)
    def _choose_first(self, number: int) -> None:
        self._choose(0, self._runs[number].number)

    @Slot(int)
    def _choose_second(self, number: int) -> None:
        self._choose(1, self._runs[number].number)

    def _choose(self, place: int, number: int) -> None:
        if number == self._numbers[1 - place]:
            self._numbers.reverse()
        else:
            self._numbers[place] = number
        self.changed.emit()

    @Slot()
    def _swap(self) -> None:
        self._numbers.reverse()
        self.changed.emit()
