"""One training of an experiment, with everything that was measured, kept and said of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np

from nnviz.analysis.onset import overfitting_onset, rise_matters
from nnviz.engines.engine import Place
from nnviz.experiment import Experiment
from nnviz.history.chapters import Chapter, chapter_at
from nnviz.history.history import MOST_ROWS, History
from nnviz.history.keyframes import Keyframes
from nnviz.snapshot import Snapshot, Status

_FEW_FRAMES, _FEW_BYTES = 64, 8 * 2**20
"""What is left of the keyframes of a run that is put away."""


_FEW_ROWS = 2_000
"""Rows that the search for the onset of overfitting looks at: more would not move it by a pixel."""


@dataclass(frozen=True)
class Origin:
    """Where a run came from: another run, and the epoch at which it left it. A twin leaves at epoch 0."""

    run: int
    epoch: int


@dataclass
class Run:
    """One training of an experiment: its settings as they are now, what was measured, and how it stands.

    `chapters` says what it was told and where. `playhead` is the past epoch that is looked at, None for now. `along`
    marks runs that train side by side with the one that is played. `note`, `color` (a number in the palette of runs, at
    first one that is free), `starred` and `archived` are the user's.
    """

    number: int
    name: str
    experiment: Experiment
    history: History = field(default_factory=History)
    snapshot: Snapshot | None = None
    status: Status = Status.PREPARING
    text: str = ""
    chapters: list[Chapter] = field(default_factory=list)
    origin: Origin | None = None
    playhead: int | None = None
    repeating: tuple[float, float] | None = None  # share of the way to the playhead, and seconds left
    along: bool = False
    note: str = ""
    color: int | None = None
    starred: bool = False
    archived: bool = False
    _onset: tuple[int, int | None, float] = (-1, None, 0.0)  # at which epoch it was looked for, what was found, when
    _matters: bool = False  # whether what was found is more than a trifle

    @property
    def epoch(self) -> int:
        """The newest epoch that was measured."""
        return int(self.history.column("epoch")[-1]) if len(self.history) else 0

    @property
    def first_epoch(self) -> int:
        """The epoch at which it began: 0, or where it left the run that it came from."""
        if self.chapters:
            return self.chapters[0].place[0]
        return self.origin.epoch if self.origin is not None else 0

    @property
    def shown_epoch(self) -> int:
        """The epoch that is looked at."""
        return self.epoch if self.playhead is None else self.playhead

    @property
    def trained(self) -> bool:
        """Whether there is anything in it that a user could miss."""
        stepped = self.origin is None and self.snapshot is not None and self.snapshot.step > 0
        return self.epoch > self.first_epoch or stepped

    @property
    def onset(self) -> int | None:
        """The epoch from which on it overfits, None as long as it does not; looked for anew with new rows.

        While it trains that is done once a second: it takes milliseconds, and is asked for many times.
        """
        resting = self.status is not Status.RUNNING or time.monotonic() >= self._onset[2] + 1.0
        if self._onset[0] != self.epoch and resting:
            history = self.history
            rows = history.rows(_FEW_ROWS)
            rows = rows[history.column("epoch")[rows] >= max(self.first_epoch, history.best_from)]
            epochs, train, monitored = (history.column(name) for name in ("epoch", "train_loss", history.monitor))
            measured = len(train) and len(monitored)
            found = overfitting_onset(epochs[rows], train[rows], monitored[rows]) if measured else None
            self._onset = (self.epoch, found, time.monotonic())
            at = int(np.searchsorted(epochs[rows], found)) if found is not None else 0
            self._matters = found is not None and rise_matters(train[rows], monitored[rows], at, float(monitored[0]))
        return self._onset[1]

    @property
    def overfits_since(self) -> int | None:
        """The onset of an overfitting that is clear and goes on: what the timeline shows, as the verdict says it."""
        return self.onset if self.onset is not None and self._matters else None

    @property
    def end(self) -> Place:
        """The newest place that it is known to have been at."""
        frames = list(self.history.keyframes)
        known = [each[-1].place for each in (frames, self.chapters) if each]
        return max((self.epoch, 0), *known)

    def experiment_at(self, epoch: int) -> Experiment:
        """Return the settings that were in force at the end of an epoch, drawn and named as they are now."""
        if not self.chapters:
            return self.experiment
        then, now = self.chapters[chapter_at(tuple(self.chapters), (epoch, 0))].experiment, self.experiment
        return then.replace(name=now.name, description=now.description, data=then.data.replace(plane=now.data.plane))

    def put_away(self) -> None:
        """Keep what can be compared and gone on from later, and let go of what only a run in training needs."""
        if self.status is Status.RUNNING:
            self.status = Status.PAUSED
        if self.snapshot is not None:
            self.snapshot = replace(self.snapshot, arrays={})
        self.history.shrink(MOST_ROWS // 4)
        self.history.keyframes.shrink(_FEW_FRAMES, _FEW_BYTES)

    def bring_back(self) -> None:
        """Give it room to grow again."""
        usual = Keyframes()
        self.history.most = MOST_ROWS
        self.history.keyframes.most, self.history.keyframes.bytes_limit = usual.most, usual.bytes_limit
