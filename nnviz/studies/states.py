"""Measurements of the states that were kept of a run, one after another, also while it goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import SplitData
from nnviz.engines.engine import EngineState
from nnviz.experiment import Experiment
from nnviz.history.chapters import chapter_at
from nnviz.run import Run
from nnviz.settings import SettingsError
from nnviz.studies.study import Study
from nnviz.training.replay import Prepare

R = TypeVar("R")
P = TypeVar("P")


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class Kept:
    """A run at the end of an epoch: the settings in force there, and all that determined its future."""

    epoch: int
    experiment: Experiment
    state: EngineState


def kept_states(run: Run) -> tuple[Kept, ...]:
    """Return what was kept of a run at ends of epochs, in its order.

    The arrays are shared: they are read-only. They are those of the run's own epochs; a fork begins where it left.
    """
    chapters, made = tuple(run.chapters), dict[int, Experiment]()
    kept = []
    for frame in run.history.keyframes:
        if frame.place[1] == 0:
            chapter = chapter_at(chapters, frame.place)
            if chapter not in made:
                made[chapter] = run.experiment_at(frame.epoch)
            kept.append(Kept(frame.epoch, made[chapter], frame.state))
    return tuple(kept)


class StatesStudy(Study[R], Generic[R, P]):
    """Measures every state that it is offered; the report is made of all that were measured, in the order of epochs.

    First and last come first, and then always the state that is farthest from those already measured, so that a curve
    fills from coarse to fine. While it `follows` it waits for more, until it is cancelled; else it ends with the last
    one. A subclass measures one state and makes a report of all. `offered` are the epochs of the states that it was
    offered last.
    """

    def __init__(self, prepare: Prepare, states: Iterable[Kept], nothing: R, follow: bool = False) -> None:
        super().__init__(nothing, threads=1)
        self._prepare, self._follow = prepare, follow
        self._news = threading.Condition()
        states = tuple(states)
        self.offered = tuple(state.epoch for state in states)
        self._waiting = {state.epoch: state for state in states}
        self._first = self._waiting[min(self._waiting)] if self._waiting else None
        self._measured: dict[int, P] = {}
        self._data: tuple[Any, SplitData] | None = None
        if not self._waiting:
            raise SettingsError("Nothing was kept of this run yet; wait until it is ready, then begin.")

    @property
    def count(self) -> tuple[int, int]:
        """How many states are measured, and how many there are."""
        with self._news:
            return len(self._measured), len(self._measured) + len(self._waiting)

    def offer(self, states: Iterable[Kept]) -> None:
        """Have these states measured, but those that are already, and no longer others that still wait.

        So what a run has let go of, to keep its memory bounded, is let go of here too.
        """
        states = tuple(states)
        with self._news:
            self.offered = tuple(each.epoch for each in states)
            self._waiting = {each.epoch: each for each in states if each.epoch not in self._measured}
            self._news.notify()

    def settled(self) -> bool:
        with self._news:
            everything = bool(self._measured) and not self._waiting
        return everything or super().settled()

    def cancel(self) -> None:
        super().cancel()
        with self._news:
            self._news.notify()

    # ------------------------------------------------------------ what a subclass says

    def measure(self, kept: Kept, data: SplitData) -> P:
        """Return what there is to know of one state, with the samples as its settings split them."""
        raise NotImplementedError

    def made_of(self, points: dict[int, P]) -> R:
        """Return a report of all points measured so far, by epoch, ascending."""
        raise NotImplementedError

    def first(self) -> Kept:
        """Return the earliest state that was offered at the beginning."""
        assert self._first is not None  # without one there is no study
        return self._first

    # ------------------------------------------------------------ parts

    def study(self) -> None:
        self.begin_training()
        while (kept := self._next()) is not None:
            point = self.measure(kept, self._samples(kept.experiment))
            with self._news:
                self._waiting.pop(kept.epoch, None)
                self._measured[kept.epoch] = point
                done, total = len(self._measured), len(self._measured) + len(self._waiting)
            self.tell(self.made_of(dict(sorted(self._measured.items()))), None if self._follow else done / total)

    def _next(self) -> Kept | None:
        """Return the state to measure now, None at the end; waits while there is none and it follows."""
        with self._news:
            while not self.stopped():
                if self._waiting:
                    return self._waiting[_farthest(sorted(self._waiting), sorted(self._measured))]
                if not self._follow:
                    return None
                self._news.wait()
        return None

    def _samples(self, experiment: Experiment) -> SplitData:
        """Return the samples of an experiment; those of the last one stay at hand."""
        settings = experiment.data
        key = settings.replace(plane=type(settings.plane)())
        if self._data is None or self._data[0] != key:
            self._data = (key, self._prepare(settings))
        return self._data[1]


def _farthest(waiting: list[int], measured: list[int]) -> int:
    """Return the epoch to measure next, both ascending: the ends first, then the one with the most room around it."""
    if not measured or waiting[0] < measured[0]:
        return waiting[0]
    if waiting[-1] > measured[-1]:
        return waiting[-1]
    known: NDArray[np.int64] = np.array(measured)
    right = np.searchsorted(known, waiting)
    room = np.minimum(known[right] - waiting, np.asarray(waiting) - known[right - 1])
    return waiting[int(room.argmax())]
