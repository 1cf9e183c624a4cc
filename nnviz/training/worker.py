"""The thread that trains: commands in, mailbox out. It knows no Qt and never waits for whoever reads."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from typing import Any

from nnviz.data.dataset import DataError, Dataset, SplitData
from nnviz.data.plane import Plane, make_plane
from nnviz.data.settings import DataSettings, PlaneSettings
from nnviz.data.source import Source
from nnviz.data.split import split
from nnviz.engines.choose import LossError, ShapeError, must_compile, plan_for
from nnviz.engines.engine import Columns, Engine
from nnviz.experiment import Experiment
from nnviz.history.keyframes import Keyframes
from nnviz.probes import probes
from nnviz.snapshot import Snapshot, Status, read_only
from nnviz.training.commands import (
    Command,
    Configure,
    LimitSpeed,
    Pause,
    Play,
    Start,
    StepBatch,
    StepEpochs,
    Want,
)
from nnviz.training.mailbox import Changed, Kept, Mailbox, Notice, Rows
from nnviz.training.trainer import End, Trainer

log = logging.getLogger(__name__)

SLICE = 0.008
"""Seconds of training between two looks at the commands: an answer within one frame at 60 Hz."""

_COMPILING = "Compiling the fast engine for this processor: half a minute, once after an installation."

_SNAPSHOT_SHARE = 0.2
"""Largest share of time that probes may take while training."""

_MISTAKES = (DataError, ShapeError, LossError)
"""Errors whose text is a sentence for the user; all others are defects and are logged with their traceback."""


class Worker:
    """One long-lived thread that trains one run at a time. Its methods may be called from any thread."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self._commands: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name="nnviz-training", daemon=True)
        self._pending: deque[Command | None] = deque()
        self._dataset: tuple[tuple[Source, int], Dataset] | None = None
        self._broken: set[str] = set()  # probes that failed in this run
        self._announced = False  # whether the run says that the kernels are being compiled
        self._told: set[str] = set()  # sentences that need no repeating
        self._run = -1
        self._trainer: Trainer | None = None
        self._experiment = Experiment()
        self._playing = False
        self._epochs_left: int | None = None  # of a step command; None while playing freely
        self._wants: frozenset[str] = frozenset()
        self._limit = LimitSpeed(None)
        self._next_epoch_at = 0.0
        self._next_snapshot_at = 0.0
        self._plane: tuple[tuple[SplitData, PlaneSettings], Plane] | None = None
        self._stale = False  # whether the last snapshot no longer shows the network as it is
        self._keyframe_epoch = 0
        self._pace: deque[tuple[float, int]] = deque(maxlen=64)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def send(self, command: Command) -> None:
        """Queue a command; it is carried out after the current slice."""
        self._commands.put(command)

    def stop(self, timeout: float = 30.0) -> bool:
        """End the thread after its current slice and wait for it; return whether it has ended."""
        self._commands.put(None)  # also for a thread that is only about to start
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    # ------------------------------------------------------------ the loop

    def _loop(self) -> None:
        while True:
            command = self._next_command()
            if command is _STOP:
                return
            try:
                if isinstance(command, Command):
                    self._obey(command)
                elif self._playing:
                    self._train()
                self._snapshot_if_due()
            except _MISTAKES as error:
                self._end(Status.FAILED, str(error))
            except Exception as error:
                log.exception("Run %d failed", self._run)
                self._end(Status.FAILED, f"The run failed: {type(error).__name__}: {error}")

    def _next_command(self) -> Command | object | None:
        """Return the next command, `_STOP`, or None when there is something else to do.

        Idle, this waits without end; with a snapshot owed, it looks again after a moment, because the
        reader empties the slot at its own pace.
        """
        if not self._pending:
            try:
                self._pending.append(self._commands.get(*self._patience()))
            except queue.Empty:
                return None
            while not self._commands.empty():
                self._pending.append(self._commands.get())
            self._pending = deque(still_needed(list(self._pending)))
        command = self._pending.popleft()
        return _STOP if command is None else command

    def _patience(self) -> tuple[bool, float | None]:
        """Return whether to wait for a command, and how long: None is without end."""
        if not self._playing:
            return True, 0.01 if self._stale else None
        wait = self._next_epoch_at - time.monotonic() if self._most() else 0.0
        return (True, wait) if wait > 0 else (False, None)

    def _obey(self, command: Command) -> None:
        match command:
            case Start():
                self._begin(command)
            case Configure(experiment):
                self._configure(experiment)
            case Want(names):
                self._stale = self._stale or bool(names - self._wants)
                self._wants = names
            case LimitSpeed() as limit:
                self._limit, self._next_epoch_at = limit, time.monotonic()
            case Play():
                self._set_playing(None)
            case StepEpochs(count):
                self._set_playing(count)
            case StepBatch():
                self._step_batch()
            case Pause():
                self._pause()

    def _begin(self, command: Start) -> None:
        self._run, self._experiment, self._trainer = command.run, command.experiment, None
        self._playing, self._keyframe_epoch = False, 0
        self._broken.clear()
        self._pace.clear()
        self.mailbox.post(Changed(self._run, Status.PREPARING))
        data = self._prepare(command.experiment.data)
        self._show_samples(command.experiment, data)
        self._announce_compiling(command.experiment, data, Status.PREPARING)
        self._trainer = Trainer(command.experiment, data)
        if self._trainer.choice.second_best:
            self._say_once(self._trainer.choice.reason)
        self._post(self._trainer.begin())
        self._stale, self._next_snapshot_at = True, 0.0
        self._announced = False
        self.mailbox.post(Changed(self._run, Status.READY))
        if command.play:
            self._set_playing(None)

    def _announce_compiling(self, experiment: Experiment, data: SplitData, status: Status) -> None:
        """Say, for as long as it takes, what takes so long on the first start after an installation."""
        if must_compile(experiment.network, experiment.training, data):
            self._announced = True
            self.mailbox.post(Changed(self._run, status, _COMPILING))

    def _say_once(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self.mailbox.post(Notice(self._run, sentence))

    def _show_samples(self, experiment: Experiment, data: SplitData) -> None:
        """Offer a snapshot of samples and network alone: the engine may take seconds to load for the first time."""
        loss = experiment.training.resolved_loss(data.task, data.n_classes)
        plan = plan_for(experiment.network, experiment.training, data)
        self.mailbox.offer(Snapshot(self._run, 0, 0, experiment, data, plan, self._plane_of(data), loss, engine=""))

    def _configure(self, experiment: Experiment) -> None:
        before, self._experiment = self._experiment.data, experiment
        if self._trainer is None:
            return
        try:
            if before.replace(plane=experiment.data.plane) != experiment.data:
                self._trainer.set_data(experiment, self._prepare(experiment.data))
        except DataError as error:  # half a drawing, say: training goes on with the samples it has
            self._experiment = experiment.replace(data=before.replace(plane=experiment.data.plane))
            self.mailbox.post(Notice(self._run, str(error)))
        status = Status.RUNNING if self._playing else Status.PAUSED
        try:
            self._announce_compiling(self._experiment, self._trainer.engine.data, status)
            self._trainer.configure(self._experiment)
        except (LossError, ShapeError) as error:  # training goes on with the settings it has
            self._experiment = self._trainer.experiment
            self.mailbox.post(Notice(self._run, str(error)))
        if self._announced:
            self._announced = False
            self.mailbox.post(Changed(self._run, status))
        if self._trainer.choice.second_best:
            self._say_once(self._trainer.choice.reason)
        self._stale, self._next_snapshot_at = True, 0.0

    def _prepare(self, settings: DataSettings) -> SplitData:
        """Return the samples of some settings; those of the same source are not loaded a second time.

        So a reset is quick, and two runs see the same samples even if their file has changed in between.
        """
        key = (settings.source, settings.seed)
        if self._dataset is None or self._dataset[0] != key:
            self._dataset = (key, settings.source.load(settings.seed))
        return split(self._dataset[1], settings)

    def _set_playing(self, epochs: int | None) -> None:
        if self._trainer is None:
            return
        end = self._trainer.finished()
        if end is not None:
            self._finish(end)
            return
        self._playing, self._epochs_left = True, epochs
        self._next_epoch_at = time.monotonic()
        self._pace.clear()
        self.mailbox.post(Changed(self._run, Status.RUNNING))

    def _pause(self) -> None:
        if self._playing:
            self._playing = False
            self._stale, self._next_snapshot_at = True, 0.0
            self.mailbox.post(Changed(self._run, Status.PAUSED))

    def _step_batch(self) -> None:
        if self._trainer is None:
            return
        self._playing = False
        rows = self._trainer.step()
        self._after(rows)
        if self._trainer.end is None:
            self.mailbox.post(Changed(self._run, Status.PAUSED))
        self._next_snapshot_at = 0.0

    def _train(self) -> None:
        assert self._trainer is not None
        most = self._most()
        # One epoch at a time where each can be seen; at a high limit as many as are due until the next look.
        due = None if most is None else max(1, int(most * SLICE))
        epochs = min((n for n in (due, self._epochs_left) if n is not None), default=None)
        rows = self._trainer.slice(SLICE, epochs)
        self._after(rows)
        if rows is None or not self._playing:
            return
        if most is not None:
            self._next_epoch_at = max(self._next_epoch_at + len(rows["epoch"]) / most, time.monotonic())
        if self._epochs_left is not None:
            self._epochs_left -= len(rows["epoch"])
            if self._epochs_left <= 0:
                self._pause()

    def _most(self) -> float | None:
        """Return the most epochs per second now; None without a limit, and for steps, which end by themselves."""
        if self._epochs_left is not None:
            return None
        return self._limit.at(self._trainer.engine.epoch if self._trainer is not None else 0)

    def _after(self, rows: Columns | None) -> None:
        """Post what a slice brought."""
        assert self._trainer is not None
        self._stale = True
        if rows is not None:
            self._post(rows)
        if self._trainer.end is not None:
            self._finish(self._trainer.end)

    def _post(self, rows: Columns) -> None:
        assert self._trainer is not None
        self.mailbox.post(Rows(self._run, rows))
        epoch = self._trainer.engine.epoch
        self._pace.append((time.monotonic(), epoch))
        if epoch >= self._keyframe_epoch:
            # Denser at the beginning, where most happens; never more than the history would keep.
            self._keyframe_epoch = epoch + max(1, epoch // (Keyframes().most // 2))
            self._post_keyframe()

    def _post_keyframe(self) -> None:
        assert self._trainer is not None
        engine = self._trainer.engine
        self.mailbox.post(Kept(self._run, engine.epoch, engine.parameters()))

    def _finish(self, end: End) -> None:
        self._end(Status.DIVERGED if end.diverged else Status.FINISHED, end.text)

    def _end(self, status: Status, text: str) -> None:
        self._playing = False
        self._stale, self._next_snapshot_at = self._trainer is not None, 0.0
        if self._trainer is not None:
            self._post_keyframe()
        self.mailbox.post(Changed(self._run, status, text))

    # ------------------------------------------------------------ snapshots

    def _snapshot_if_due(self) -> None:
        """Offer a snapshot when the last one was taken and the probes have not used up their share of time."""
        now = time.monotonic()
        if self._trainer is None or not self._stale or self.mailbox.waiting or now < self._next_snapshot_at:
            return
        self._stale = False
        self.mailbox.offer(self._snapshot())
        taken = time.monotonic() - now
        self._next_snapshot_at = now + taken / _SNAPSHOT_SHARE if self._playing else 0.0

    def _snapshot(self) -> Snapshot:
        assert self._trainer is not None
        engine = self._trainer.engine
        plane = self._plane_of(engine.data)
        measured = {name: self._measure(name, engine, plane) for name in sorted(self._wants - self._broken)}
        return Snapshot(
            run=self._run,
            epoch=engine.epoch,
            step=engine.step,
            experiment=self._experiment,
            data=engine.data,
            plan=engine.plan,
            plane=plane,
            loss=engine.loss,
            engine=engine.name,
            engine_reason=self._trainer.choice.reason,
            speed=self._speed() if self._playing else 0.0,
            wanted=self._wants,
            arrays={name: read_only(value) for name, value in measured.items() if value is not None},
        )

    def _measure(self, name: str, engine: Engine, plane: Plane) -> Any:
        """Return what a probe measures; one that fails is left out for the rest of the run, and said so once."""
        try:
            return probes[name]().measure(engine, plane)
        except Exception as error:  # one broken picture must not stop the training
            log.exception("Probe %s failed", name)
            self._broken.add(name)
            self.mailbox.post(Notice(self._run, f"{probes[name].title} cannot be measured in this run: {error}"))
            return None

    def _plane_of(self, data: SplitData) -> Plane:
        """Return the plane of the decision surface, the same object as long as nothing that it depends on changes."""
        key = (data, self._experiment.data.plane)
        if self._plane is None or self._plane[0] != key:
            self._plane = (key, make_plane(key[1], data))
        return self._plane[1]

    def _speed(self) -> float:
        """Return epochs per second over the last slices, at most two seconds of them."""
        newest = self._pace[-1] if self._pace else (0.0, 0)
        before = [p for p in self._pace if p is not newest]
        oldest = next((p for p in before if newest[0] - p[0] < 2.0), before[-1] if before else newest)
        return (newest[1] - oldest[1]) / (newest[0] - oldest[0]) if newest[0] > oldest[0] else 0.0


_STOP = object()


def still_needed(commands: list[Command | None]) -> list[Command | None]:
    """Leave out what later commands make pointless: everything for a run that another Start replaces, and a
    Configure right before another, each of which holds the whole experiment.
    """
    last_start = max((i for i, command in enumerate(commands) if isinstance(command, Start)), default=-1)
    kept: list[Command | None] = []
    for i, command in enumerate(commands):
        replaced = i < last_start and not isinstance(command, Want | LimitSpeed | None)
        following = commands[i + 1] if i + 1 < len(commands) else None
        outdated = isinstance(command, Configure) and isinstance(following, Configure)
        if not (replaced or outdated):
            kept.append(command)
    return kept
