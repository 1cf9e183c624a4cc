"""What pages have in common that measure the states kept of a run, and go on as the run does."""

from __future__ import annotations

from typing import Generic, TypeVar

from nnviz.gui.laboratory.parts.curves_page import CurvesPage
from nnviz.studies.states import Kept, StatesStudy, kept_states
from nnviz.studies.study import Study

R = TypeVar("R")


class StatesPage(CurvesPage[R], Generic[R]):
    """Measures what is kept of the run in front, and follows it while it trains, until another run comes to the front.

    Nothing is trained for it, so a run that plays is not paused. A concrete page makes the study of `states()` with
    `follow` set.
    """

    begin_words = "Measure"

    def states(self) -> tuple[Kept, ...]:
        """Return what is kept of the run in front."""
        return kept_states(self.run)

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
            elif study.offered != tuple(frame.epoch for frame in self.run.history.keyframes if frame.place[1] == 0):
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
