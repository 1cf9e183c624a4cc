"""What pages have in common that show curves over epochs: plots under each other, a legend, a logarithmic axis."""

from __future__ import annotations

from typing import Generic, TypeVar

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from nnviz.gui.laboratory.parts.epoch_curves import EpochCurves
from nnviz.gui.laboratory.parts.legend import Legend
from nnviz.gui.laboratory.study_page import StudyPage
from nnviz.gui.theme import Theme
from nnviz.gui.views.parts.switches import add_switch
from nnviz.gui.widgets.card import card

R = TypeVar("R")

_LEAST = 70
"""Pixels that a plot is high at least, for each share of the height."""


class CurvesPage(StudyPage[R], Generic[R]):
    """A concrete page adds its plots with `add_plots`, and finds them in `plots`, the first one also as `plot`."""

    def add_plots(self, column: QVBoxLayout, *plots: tuple[str, str, int], log: bool = False) -> None:
        """Add plots over epochs under a legend: for each its name, what it says while empty, and its share."""
        self.plots = tuple(EpochCurves(self.theme, name, log, self) for name, _, _ in plots)
        self.plot = self.plots[0]
        self._empty = tuple(words for _, words, _ in plots)
        self.legend = Legend(self)
        bar = QHBoxLayout()
        bar.addWidget(self.legend, 1)
        add_switch(bar, "log epochs", "Logarithmic epochs: the beginning takes more room", log, self._set_log)
        column.addLayout(bar)
        for made, (_, _, share) in zip(self.plots, plots, strict=True):
            made.setMinimumHeight(_LEAST * share)
            column.addWidget(card(made), share)
        self.clear_plots()

    def clear_plots(self) -> None:
        """Show in place of all curves what each plot says while it is empty."""
        for plot, words in zip(self.plots, self._empty, strict=True):
            plot.clear(words)
        self.legend.show_keys(())

    @Slot(bool)
    def _set_log(self, on: bool) -> None:
        for plot in self.plots:
            plot.set_log_x(on)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for plot in self.plots:
            plot.apply_theme(theme)
        if self._shown is not None:
            self.show_report(self._shown)
