"""A run at a moment of its past, repeated exactly from a keyframe."""

from __future__ import annotations

import time
from collections.abc import Callable

from nnviz.data.dataset import SplitData
from nnviz.data.settings import DataSettings
from nnviz.engines.engine import Place
from nnviz.history.chapters import Chapter
from nnviz.history.keyframes import Keyframe, Reason
from nnviz.training.commands import Recording
from nnviz.training.trainer import Trainer

Prepare = Callable[[DataSettings], SplitData]
"""Returns the samples of some settings, loaded and split."""


class Replay:
    """Goes through a run again, from a keyframe or from where it already is, and applies its chapters on the way.

    The same settings at the same places give the same numbers, so it comes to every place with the parameters that the
    run had there, bit for bit, whichever keyframe it began with.
    """

    def __init__(self, prepare: Prepare) -> None:
        self._prepare = prepare
        self._trainer: Trainer | None = None
        self._chapters: tuple[Chapter, ...] = ()
        self._chapter = 0
        self._from: Keyframe | None = None  # where to begin, before going on
        self._began: Place = (0, 0)
        self._target: Place = (0, 0)
        self._pace = 0.0  # seconds per epoch, once known

    @property
    def trainer(self) -> Trainer:
        """The training at the place that was reached. Ask only after `advance`."""
        assert self._trainer is not None
        return self._trainer

    @property
    def place(self) -> Place:
        """Where it is, or will begin."""
        if self._from is not None or self._trainer is None:
            return self._began
        return self._trainer.engine.epoch, self._trainer.engine.position

    @property
    def chapter(self) -> int:
        """The number of the chapter that it is in."""
        return self._chapter

    @property
    def share(self) -> float:
        """How much of the way is behind, from 0 to 1."""
        whole = self._target[0] - self._began[0]
        return (self.place[0] - self._began[0]) / whole if whole > 0 else 1.0

    @property
    def seconds_left(self) -> float:
        """About how long the rest of the way takes; 0 as long as nothing is known."""
        return self._pace * max(0, self._target[0] - self.place[0])

    def aim(self, recording: Recording, place: Place) -> None:
        """Set out for a place, from where it is if that is on the way, else from the keyframe of the recording."""
        self._target = place
        same_run = recording.chapters[: self._chapter + 1] == self._chapters[: self._chapter + 1]
        under_way = self._trainer is not None and self._from is None
        on_the_way = under_way and same_run and recording.frame.place <= self.place <= place
        self._chapters = recording.chapters
        self._from = None if on_the_way else recording.frame
        self._began = self.place if on_the_way else recording.frame.place

    def advance(self, seconds: float) -> bool:
        """Go on for about `seconds`; return whether the place is reached. Raises what making an engine raises."""
        until = time.perf_counter() + seconds
        if self._from is not None:
            self._begin(self._from)
            self._from = None
        while True:
            before, began = self.place[0], time.perf_counter()
            following = self._chapter + 1
            last = following >= len(self._chapters) or self._chapters[following].place > self._target
            stop = self._target if last else self._chapters[following].place
            reached = self.trainer.repeat(stop, max(1e-3, until - time.perf_counter()))
            if self.place[0] > before:
                self._pace = (time.perf_counter() - began) / (self.place[0] - before)
            if reached and last:
                return True
            if reached:
                self._turn_to(following)
            if time.perf_counter() >= until:
                return False

    def keyframe(self, reason: Reason = "") -> Keyframe:
        """Return the state that was reached."""
        return self.trainer.keyframe(self._chapter, reason)

    def _begin(self, frame: Keyframe) -> None:
        """Make a training as it was at a keyframe; the chapters at its very place are those that it knows of."""
        self._chapter = frame.chapter
        experiment = self._chapters[self._chapter].experiment
        before = self._trainer
        if before is not None and before.experiment == experiment:
            before.resume(frame)
            return
        self._trainer = Trainer(experiment, self._prepare(experiment.data))
        self._trainer.resume(frame)

    def _turn_to(self, number: int) -> None:
        chapter, before = self._chapters[number], self.trainer.experiment.data
        same = chapter.experiment.data.samples == before.samples
        data = self.trainer.engine.data if same else self._prepare(chapter.experiment.data)
        self.trainer.follow(chapter.experiment, data)
        if chapter.edits:
            self.trainer.edit(chapter.edits)
        if (chapter.edits or not same) and self.trainer.engine.position == 0:
            self.trainer.measure()  # as the run did, which may have been its best
        self._chapter = number
