"""The training loop."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from nnviz.data.dataset import SplitData
from nnviz.engines.choose import make_engine
from nnviz.engines.engine import Columns, Engine, EngineState
from nnviz.experiment import Experiment

_SMALL_STATE = 50_000
"""Parameters up to which the state is kept after every slice; beyond, copying it is spaced out in time."""


@dataclass(frozen=True)
class End:
    """Why training stopped by itself."""

    diverged: bool
    text: str


class Trainer:
    """Trains one engine in slices of time, and stops it when the experiment says so.

    In the order in which things happen: `slice` trains until its time is up or the next stop is reached,
    returns the measurements of the epochs that were finished, and sets `end` when training is over.
    """

    def __init__(self, experiment: Experiment, data: SplitData) -> None:
        self.experiment = experiment
        self.engine: Engine = make_engine(experiment.network, experiment.training, data, experiment.seed)
        self.end: End | None = None
        self._best_loss = np.inf
        self._best_epoch = 0
        self._seconds_per_step = 1e-3
        self._finite: EngineState = self.engine.state()
        self._kept_at = 0.0

    @property
    def best_epoch(self) -> int:
        """The epoch with the smallest monitored loss so far, 0 before any was measured."""
        return self._best_epoch

    def slice(self, seconds: float, epochs: int | None = None) -> Columns | None:
        """Train for about `seconds`, at most `epochs` epochs; return the rows of the epochs that ended."""
        self.end = None
        steps = self._steps_per_epoch()
        began, step = time.perf_counter(), self.engine.step
        budget = max(1, int(seconds / self._seconds_per_step))
        if self.engine.position == 0 and budget >= steps:
            rows: Columns | None = self.engine.train_epochs(self._at_most(budget // steps, epochs))
        else:
            before = self.engine.epoch
            self.engine.train_steps(budget)
            rows = self.engine.measure() if self.engine.epoch > before else None
        self._learn_speed((time.perf_counter() - began) / max(1, self.engine.step - step))
        if rows is not None:
            self._judge(rows)
        return rows

    def step(self) -> Columns | None:
        """Make one optimizer step; return a row when it ended an epoch."""
        self.end = None
        before = self.engine.epoch
        self.engine.train_steps(1)
        rows = self.engine.measure() if self.engine.epoch > before else None
        if rows is not None:
            self._judge(rows)
        return rows

    def finished(self) -> End | None:
        """Return why training is over before another step, or None when it may go on."""
        limit, patience = self.experiment.training.epochs, self.experiment.training.patience
        if limit and self.engine.epoch >= limit:
            return End(False, f"Reached the epoch limit of {limit:,}.")
        if patience and self.engine.epoch - self._best_epoch >= patience:
            return End(
                False,
                f"Stopped early at epoch {self.engine.epoch:,}: no better {self._monitor()} loss for {patience:,} "
                f"epochs since epoch {self._best_epoch:,}.",
            )
        return None

    def configure(self, experiment: Experiment) -> None:
        """Apply live settings to the training that is going on."""
        self.experiment = experiment
        self.engine.configure(experiment.network, experiment.training)

    def set_data(self, experiment: Experiment, data: SplitData) -> None:
        """Go on with other samples. What was best on the old ones says nothing about the new."""
        self.experiment = experiment
        self.engine.set_data(data)
        self._best_loss, self._best_epoch = np.inf, self.engine.epoch

    # ------------------------------------------------------------ parts

    def _judge(self, rows: Columns) -> None:
        """Look at new measurements: keep the best, keep the last finite state, notice the end."""
        losses = rows[f"{self._monitor()}_loss"]
        for epoch, loss in zip(rows["epoch"], losses, strict=True):
            if loss < self._best_loss:
                self._best_loss, self._best_epoch = float(loss), int(epoch)
        if not (np.isfinite(rows["train_loss"][-1]) and np.isfinite(rows["gradient_norm"][-1])):
            self._recover(int(rows["epoch"][-1]))
            return
        now = time.monotonic()
        if self.engine.plan.n_parameters <= _SMALL_STATE or now - self._kept_at > 1.0:
            self._finite, self._kept_at = self.engine.state(), now
        self.end = self.finished()

    def _recover(self, epoch: int) -> None:
        """Go back to the last finite state, and say what may help."""
        rate = self.experiment.training.learning_rate
        self.engine.restore(self._finite)
        self.end = End(
            True,
            f"Diverged in epoch {epoch:,}: the loss is no longer a finite number. The network is back at epoch "
            f"{self._finite.epoch:,}. Lower the learning rate (now {rate:g}; try {rate / 10:g}), then play on.",
        )

    def _at_most(self, affordable: int, epochs: int | None) -> int:
        """Return how many epochs fit before the next stop, so that stopping never depends on timing."""
        training = self.experiment.training
        room = [affordable, *([epochs] if epochs else [])]
        if training.epochs:
            room.append(training.epochs - self.engine.epoch)
        if training.patience:
            room.append(training.patience - (self.engine.epoch - self._best_epoch))
        return max(1, min(room))

    def _monitor(self) -> str:
        return "validation" if len(self.engine.data.validation) else "test"

    def _steps_per_epoch(self) -> int:
        return -(-len(self.engine.data.train) // self.experiment.training.batch_size)

    def _learn_speed(self, seconds_per_step: float) -> None:
        self._seconds_per_step = 0.5 * self._seconds_per_step + 0.5 * seconds_per_step
