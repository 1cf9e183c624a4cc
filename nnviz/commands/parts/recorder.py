"""Writing a training down as a run, as a session does: measurements, keyframes and how it ended."""

from __future__ import annotations

import time

import numpy as np

from nnviz.engines.engine import Columns
from nnviz.history.chapters import Chapter
from nnviz.history.history import Event
from nnviz.history.keyframes import KeyframePace
from nnviz.run import Run
from nnviz.snapshot import Status
from nnviz.training.trainer import Trainer


class Recorder:
    """Records what a trainer does from where it stands; `run` is what it is written into."""

    def __init__(self, run: Run, trainer: Trainer) -> None:
        self.run, self._trainer = run, trainer
        self._pace = KeyframePace()
        place = trainer.engine.epoch, trainer.engine.position
        run.chapters = [Chapter(place, run.experiment)]
        row = trainer.engine.measure()
        if trainer.engine.step == 0:  # no batch has been seen
            row["gradient_norm"][:] = row["gradient_norm_by_layer"][:] = np.nan
        run.history.append(row)
        self._keep()

    def take(self, rows: Columns) -> None:
        """Write down the measurements of new epochs, and now and then the state."""
        self.run.history.append(rows)
        if self._pace.due(self._trainer.engine.epoch):
            self._keep()

    def end(self) -> None:
        """Write down where it stands at the end, and why it ended."""
        self._keep()
        end, run = self._trainer.end, self.run
        run.status = Status.PAUSED if end is None else Status.DIVERGED if end.diverged else Status.FINISHED
        if end is not None:
            run.text = end.text
            run.history.events.append(Event(run.epoch, end.text, "end"))

    def _keep(self) -> None:
        began = time.monotonic()
        self.run.history.keyframes.add(self._trainer.keyframe(len(self.run.chapters) - 1))
        self._pace.kept(self._trainer.engine.epoch, time.monotonic() - began)
