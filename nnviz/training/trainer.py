"""The training loop."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from nnviz.data.dataset import SplitData
from nnviz.engines.choose import EngineChoice, choice_for, make_engine
from nnviz.engines.engine import Columns, Engine, EngineState, Place
from nnviz.engines.transplant import transplanted
from nnviz.experiment import Experiment
from nnviz.history.chapters import Edit
from nnviz.history.keyframes import Keyframe, Reason
from nnviz.settings import differences

_UNKNOWN_PACE = 1e-3
"""Seconds per step that are assumed until the first slice has shown better."""

_SMALL_STATE = 50_000
"""Parameters up to which the state is kept after every slice; beyond, copying it is spaced out in time."""


@dataclass(frozen=True)
class End:
    """Why training stopped by itself."""

    diverged: bool
    text: str


class EditError(ValueError):
    """A parameter that cannot be set by hand: one sentence that says which, and why."""


class Trainer:
    """Trains one engine in slices of time, and stops it when the experiment says so.

    In the order in which things happen: `slice` trains until its time is up or the next stop is reached,
    returns the measurements of the epochs that were finished, and sets `end` when training is over.
    """

    def __init__(self, experiment: Experiment, data: SplitData) -> None:
        self.experiment = experiment
        self.choice: EngineChoice = choice_for(experiment.network, experiment.training, data)
        self.engine: Engine = self._make_engine(experiment, data)
        self.end: End | None = None
        self._best_loss = np.inf
        self._best_epoch = 0
        self._seconds_per_step = _UNKNOWN_PACE
        self._kept: EngineState = self.engine.state()
        self._kept_at = 0.0
        self._finite_epoch = 0  # the newest with finite measurements; the kept state may be somewhat older

    @property
    def best_epoch(self) -> int:
        """The epoch with the smallest monitored loss so far, 0 before any was measured."""
        return self._best_epoch

    def begin(self) -> Columns:
        """Return the row of the network before its first step; no batch has been seen, so gradients are NaN."""
        rows = self.measure()
        rows["gradient_norm"][:] = np.nan
        rows["gradient_norm_by_layer"][:] = np.nan
        return rows

    def measure(self) -> Columns:
        """Return the row of the network as it is, which may be the best so far."""
        rows = self.engine.measure()
        self._compare(rows)
        return rows

    def slice(self, seconds: float, epochs: int | None = None) -> Columns | None:
        """Train for about `seconds`, at most `epochs` epochs; return the rows of the epochs that ended."""
        self.end = self.finished()
        if self.end is not None:
            return None
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
        return None if rows is None else self._judge(rows)

    def step(self) -> Columns | None:
        """Make one optimizer step; return a row when it ended an epoch."""
        self.end = self.finished()
        if self.end is not None:
            return None
        before = self.engine.epoch
        self.engine.train_steps(1)
        return self._judge(self.engine.measure()) if self.engine.epoch > before else None

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

    def keyframe(self, chapter: int, reason: Reason = "") -> Keyframe:
        """Return everything that determines the future from here on; `chapter` is the number of the settings."""
        return Keyframe(self.engine.state(), chapter, self._best_loss, self._best_epoch, reason)

    def resume(self, frame: Keyframe) -> None:
        """Go on from a keyframe of a run with the settings that this trainer has."""
        self.engine.restore(frame.state)
        self._best_loss, self._best_epoch = frame.best_loss, frame.best_epoch
        self.end = None
        self._keep()

    def repeat(self, place: Place, seconds: float) -> bool:
        """Train towards a place where this run has been, for about `seconds`; return whether it is reached.

        It passes over whatever would stop a training that nobody has been through yet.
        """
        engine, until = self.engine, time.perf_counter() + seconds
        many = 1
        while (engine.epoch, engine.position) < place:
            left = place[0] - engine.epoch
            began = time.perf_counter()
            if left == 0:
                samples = place[1] - engine.position
                engine.train_steps(-(-samples // self.experiment.training.batch_size))
            else:
                rows = engine.train_epochs(min(many, left))
                self._compare(rows)
                taken = time.perf_counter() - began
                many = max(1, min(4 * many, 1_000, int(many * seconds / max(taken, 1e-6) / 4)))
            if time.perf_counter() >= until:
                break
        self._finite_epoch = engine.epoch
        return (engine.epoch, engine.position) >= place

    def follow(self, experiment: Experiment, data: SplitData) -> None:
        """Go on under any other settings, as a fork does; `data` are the samples that they ask for.

        What is live is applied as `configure` and `set_data` apply it. Any other change makes another engine, to which
        the state of all layers that both networks have is carried over.
        """
        if self._makes_another(experiment, data):
            self._replace_engine(experiment, data)
            return
        if data is not self.engine.data:
            self.set_data(experiment, data)
        self.configure(experiment)

    def edit(self, edits: Iterable[Edit]) -> None:
        """Set parameters by hand. Raises EditError, and changes nothing, where one cannot be set."""
        state = self.engine.state()
        parameters = state.parameters.copy()
        for edit in edits:
            if not 0 <= edit.parameter < len(parameters):
                raise EditError(
                    f"Parameter {edit.parameter:,} cannot be set: the network has {len(parameters):,}, counted from 0."
                )
            if not abs(edit.value) <= float(np.finfo(parameters.dtype).max):
                raise EditError(f"A parameter cannot be set to {edit.value:g}, which {parameters.dtype} does not hold.")
            parameters[edit.parameter] = edit.value
        self.engine.restore(replace(state, parameters=parameters))
        self._keep()

    def configure(self, experiment: Experiment) -> None:
        """Apply live settings to the training that is going on, with another engine if they ask for one.

        Raises LossError, and leaves everything as it was, when they do not fit the task.
        """
        self._keep()
        choice = choice_for(experiment.network, experiment.training, self.engine.data)
        if (choice.name, choice.device) == (self.choice.name, self.choice.device):
            self.engine.configure(experiment.network, experiment.training)
        else:
            engine = self._make_engine(experiment, self.engine.data)
            engine.restore(self.engine.state())
            self.engine = engine
        if experiment.training != self.experiment.training:
            self._seconds_per_step = _UNKNOWN_PACE  # another engine or batch size has another pace
        self.choice, self.experiment = choice, experiment

    def set_data(self, experiment: Experiment, data: SplitData) -> None:
        """Go on with other samples. What was best on the old ones says nothing about the new."""
        self._keep()
        self.experiment = self.experiment.replace(data=experiment.data)  # other settings may still be refused
        self.engine.set_data(data)
        self._seconds_per_step = _UNKNOWN_PACE
        self._best_loss, self._best_epoch = np.inf, self.engine.epoch

    # ------------------------------------------------------------ parts

    def _makes_another(self, experiment: Experiment, data: SplitData) -> bool:
        before = self.engine.data
        if (before.task, before.input_shape, before.class_names) != (data.task, data.input_shape, data.class_names):
            return True
        changes = differences(self.experiment, experiment)
        return any(not change.live for change in changes if not change.path.startswith("data."))

    def _replace_engine(self, experiment: Experiment, data: SplitData) -> None:
        choice = choice_for(experiment.network, experiment.training, data)
        before, engine = self.engine, self._make_engine(experiment, data)
        engine.restore(transplanted(before.state(), before.plan, engine.plan, engine.state()))
        engine.set_data(data)  # ends an epoch of which there is nothing left
        self.engine, self.choice, self.experiment = engine, choice, experiment
        self._best_loss, self._best_epoch = np.inf, engine.epoch
        self._seconds_per_step = _UNKNOWN_PACE
        self._keep()

    @staticmethod
    def _make_engine(experiment: Experiment, data: SplitData) -> Engine:
        return make_engine(experiment.network, experiment.training, data, experiment.seed)

    def _judge(self, rows: Columns) -> Columns | None:
        """Look at new measurements: note the best, keep a finite state, notice the end; return what holds of them."""
        finite = np.isfinite(rows["train_loss"]) & np.isfinite(rows["gradient_norm"])
        count = len(finite) if finite.all() else int(finite.argmin())
        good = {name: values[:count] for name, values in rows.items()}
        self._compare(good)
        if count:
            self._finite_epoch = int(good["epoch"][-1])
        if count < len(finite):
            return self._recover(good, int(rows["epoch"][count]))
        if self.engine.plan.n_parameters <= _SMALL_STATE or time.monotonic() - self._kept_at > 1.0:
            self._keep()
        self.end = self.finished()
        return good

    def _compare(self, rows: Columns) -> None:
        """Note the epoch with the smallest monitored loss."""
        for epoch, loss in zip(rows["epoch"], rows[f"{self._monitor()}_loss"], strict=True):
            if loss < self._best_loss:
                self._best_loss, self._best_epoch = float(loss), int(epoch)

    def _keep(self) -> None:
        """Keep the state to come back to, unless it is already broken."""
        state = self.engine.state()
        if np.isfinite(state.parameters).all():
            self._kept, self._kept_at, self._finite_epoch = state, time.monotonic(), state.epoch

    def _recover(self, good: Columns, epoch: int) -> Columns | None:
        """Go back to the newest epoch whose measurements were finite; return the rows up to it, if there are any.

        From the kept state the epochs since are trained again: they give the same numbers again, so where a
        diverged run stands does not depend on when its state was kept.
        """
        self.engine.restore(self._kept)
        missing = self._finite_epoch - self._kept.epoch
        if missing > 0 and not np.isfinite(self.engine.train_epochs(missing)["train_loss"]).all():
            self.engine.restore(self._kept)
        rate, back = self.experiment.training.learning_rate, self.engine.epoch
        self.end = End(
            True,
            f"Diverged in epoch {epoch:,}: the loss is no longer a finite number. The network is back at epoch "
            f"{back:,}. Lower the learning rate (now {rate:g}; try {rate / 10:g}), then play on.",
        )
        if back < self._finite_epoch:  # what was measured since no longer describes the network
            self._finite_epoch = back
            return self.engine.measure()
        return good if len(good["epoch"]) else None

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
