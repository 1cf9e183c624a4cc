"""One training of an experiment, with everything that was measured, kept and said of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.onset import overfitting_onset, rise_matters
from nnviz.data.dataset import SplitData
from nnviz.engines.engine import Place
from nnviz.engines.losses import Loss
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
    _onset: tuple[int, int | None, bool, float] = (
        -1,
        None,
        False,
        0.0,
    )  # epoch, what was found then, is it clear, when
    _usual: tuple[SplitData | None, Loss | None, float] = (None, None, 0.0)  # the usual loss, and of what it is that

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
        resting = self.status is not Status.RUNNING or time.monotonic() >= self._onset[3] + 1.0
        if self._onset[0] != self.epoch and resting:
            epochs, train, monitored = self._losses(self.epoch)
            found = overfitting_onset(epochs, train, monitored)
            self._onset = (self.epoch, found, self._overfits(found, self.epoch), time.monotonic())
        return self._onset[1]

    @property
    def overfits_since(self) -> int | None:
        """The onset of an overfitting that is clear and goes on: what timeline and verdict tell of."""
        return self.onset if self.onset is not None and self._onset[2] else None

    def overfitted_at(self, epoch: int) -> bool:
        """Say whether, at an epoch, the overfitting since `onset` was clear and went on."""
        onset = self.onset
        return self._onset[2] if epoch >= self._onset[0] else self._overfits(onset, epoch)

    def _overfits(self, onset: int | None, epoch: int) -> bool:
        epochs, train, monitored = self._losses(epoch)
        at = int(np.searchsorted(epochs, onset)) if onset is not None else len(epochs)
        return at < len(epochs) and rise_matters(train, monitored, at, self._usual_loss())

    def _losses(self, epoch: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return epochs until one, training losses and monitored losses, (n,) each, of the samples that there are."""
        history = self.history
        rows, epochs = history.rows(_FEW_ROWS), history.column("epoch")
        rows = rows[(epochs[rows] >= max(self.first_epoch, history.best_from)) & (epochs[rows] <= epoch)]
        train, monitored = history.column("train_loss"), history.column(history.monitor)
        if not (len(train) and len(monitored)):
            rows = rows[:0]
        return epochs[rows], train[rows], monitored[rows]

    def _usual_loss(self) -> float:
        """Return the loss of the best answer that is the same for all samples; where those are not known, the first."""
        if self.snapshot is None:
            monitored = self.history.column(self.history.monitor)
            return float(monitored[0]) if len(monitored) else float("nan")
        data, loss = self.snapshot.data, self.snapshot.loss
        if self._usual[0] is not data or self._usual[1] != loss:
            self._usual = (data, loss, loss.of_constant(data.train.targets, data.n_classes))
        return self._usual[2]

    @property
    def end(self) -> Place:
        """The newest place that it is known to have been at."""
        frames = list(self.history.keyframes)
        known = [each[-1].place for each in (frames, self.chapters) if each]
        return max([(self.epoch, 0), *known])

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
