"""What a journal has to write, taken from a session in a moment, so that nothing that happens then reaches it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nnviz.history.chapters import Chapter
from nnviz.history.history import History
from nnviz.history.keyframes import Keyframes
from nnviz.project.arrays import Arrays
from nnviz.project.project import Desk, Samples
from nnviz.project.records import HistoryRecord, history_record
from nnviz.project.trees import Tree
from nnviz.run import Run

Facts = tuple[Any, ...]
"""What of a run is written as soon as it changes, to be compared."""


@dataclass
class Written:
    """What is known to be written of a run: what is said of it, its chapters, and its measurements up to an epoch."""

    facts: Facts = ()
    tree: Tree = None
    chapters: list[tuple[Chapter, Tree]] = field(default_factory=list)
    epoch: float = -1.0
    went_back: int = 0

    @property
    def has_frames(self) -> bool:
        """Whether there is a keyframe among it."""
        return self.tree is not None and bool(self.tree["keyframes"]["frames"])


@dataclass(frozen=True, eq=False)
class RunNow:
    """A run at one moment. The history of `run` holds its events alone.

    `frames` is None where only settings are written. Otherwise `rows` are the measurements that are not written yet;
    if they are `fresh`, they replace all that were. `history` tells of all of them.
    """

    run: Run
    frames: Keyframes | None
    rows: Arrays
    fresh: bool
    history: HistoryRecord
    went_back: int


@dataclass(frozen=True, eq=False)
class Batch:
    """A session at one moment; `front` and `compared` are numbers of runs. With `whole` nothing written counts."""

    runs: tuple[RunNow, ...]
    front: int
    compared: tuple[int, ...]
    samples: tuple[Samples, ...]
    whole: bool
    desk: Desk = field(default_factory=dict)


def facts_of(run: Run) -> Facts:
    """Return what of a run is written as soon as it changes."""
    last = run.chapters[-1] if run.chapters else None
    noted = run.name, run.note, run.color, run.starred, run.archived, run.along, run.origin
    return (*noted, run.experiment, len(run.chapters), last)


def size_of(run: Run) -> int:
    """Return how many bytes the measurements and keyframes of a run take."""
    history = run.history
    return sum(history.stored(name).nbytes for name in history.names) + history.keyframes.nbytes


def standing_of(runs: Sequence[Run], front: int, compared: Iterable[int], desk: Desk) -> Facts:
    """Return what of a session is written as soon as it changes, besides its runs themselves."""
    return tuple(run.number for run in runs), front, tuple(compared), desk


def taken(run: Run, known: Written, everything: bool, whole: bool) -> RunNow:
    """Return a run as it is now, with the measurements that are not `known` to be written.

    Unless `everything` is wanted they are left out; but not where no keyframe is written yet, without which a run could
    not go on.
    """
    history = run.history
    light = History(history.most)
    light.events = list(history.events)
    copy = replace(run, snapshot=None, repeating=None, chapters=list(run.chapters), history=light)
    about = history_record(history)
    if not everything and (known.has_frames or not len(history.keyframes)):
        return RunNow(copy, None, {}, False, about, history.went_back)
    fresh = whole or known.epoch < 0 or known.went_back != history.went_back
    first = 0 if fresh else int(np.searchsorted(history.column("epoch"), known.epoch, side="right"))
    rows = {name: history.stored(name)[first:].copy() for name in history.names}
    return RunNow(copy, history.keyframes.copy(), rows, fresh, about, history.went_back)
