"""What pages have in common that measure the states kept of a run, and go on as the run does."""

from __future__ import annotations

from typing import Generic, TypeVar

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from nnviz.gui.compare.page import card
from nnviz.gui.laboratory.parts.epoch_curves import EpochCurves
from nnviz.gui.laboratory.parts.legend import Legend
from nnviz.gui.laboratory.study_page import StudyPage
from nnviz.gui.theme import Theme
from nnviz.gui.views.parts.switches import add_switch
from nnviz.studies.states import Kept, StatesStudy, kept_states
from nnviz.studies.study import Study

R = TypeVar("R")

_LEAST = 70
"""Pixels that a plot is high at least, for each share of the height."""


class StatesPage(StudyPage[R], Generic[R]):
    """Measures what is kept of the run in front, and follows it while it trains, until another run comes to the front.

    Nothing is trained for it, so a run that plays is not paused. A concrete page makes the study of `states()` with
    `follow` set.
    """

    begin_words = "Measure"

    def add_plots(self, column: QVBoxLayout, upper: tuple[str, str, int], lower: tuple[str, str, int]) -> None:
        """Add two plots over epochs under a legend: for each its name, what it says while empty, and its share."""
        self.plot, self.lower_plot = (EpochCurves(self.theme, name, False, self) for name, _, _ in (upper, lower))
        self.plots = (self.plot, self.lower_plot)
        self.legend = Legend(self)
        bar = QHBoxLayout()
        bar.addWidget(self.legend, 1)
        add_switch(bar, "log epochs", "Logarithmic epochs: the beginning takes more room", False, self._set_log)
        column.addLayout(bar)
        for plot, (_, empty, share) in zip(self.plots, (upper, lower), strict=True):
            plot.clear(empty)
            plot.setMinimumHeight(_LEAST * share)
            column.addWidget(card(plot), share)

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

    def states(self) -> tuple[Kept, ...]:
        """Return what is kept of the run in front."""
        found = kept_states(self.run)
        self._offered = [each.epoch for each in found]
        return found

    def begin(self) -> None:
        playing = self.controller.session.playing and self.run.playhead is None
        super().begin()
        if playing:
            self.controller.session.play()

    def refresh(self) -> None:
        study, before = self.study, self._shown
        following = isinstance(study, StatesStudy) and not study.progress().over
        if isinstance(study, StatesStudy) and following:
            if self._of[0] != self.run.number:
                study.cancel()
            elif self._offered != [frame.epoch for frame in self.run.history.keyframes if frame.place[1] == 0]:
                study.offer(self.states())
        super().refresh()
        if isinstance(study, StatesStudy) and not study.progress().over:
            done, total = study.count
            self.button.setText("Stop")
            self.bar.setValue(round(1000 * done / total))
            more = "; more come as the run trains" if done == total else ""
            self.status.setText(f"{done:,} of {total:,} kept states measured{more}.")
            if self._shown is not None and self._shown is not before:
                self.sentence.setText(self.finished(self._shown))

    def _over_words(self) -> str:
        assert self.study is not None
        study: Study[R] = self.study
        words = super()._over_words()
        return words if study.progress().state != "cancelled" else words.replace("Cancelled", "Stopped", 1)
