"""The thread that trains: commands in, mailbox out. It knows no Qt and never waits for whoever reads."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nnviz.data.dataset import DataError, Dataset, SplitData
from nnviz.data.settings import DataSettings, PlaneSettings
from nnviz.data.source import Source
from nnviz.engines.choose import LossError, ShapeError
from nnviz.engines.engine import Place
from nnviz.experiment import Experiment
from nnviz.snapshot import Snapshot, Status
from nnviz.training.camera import Camera
from nnviz.training.commands import (
    Adopt,
    Command,
    Configure,
    Focus,
    Forget,
    Fork,
    Keep,
    LimitSpeed,
    Pause,
    Play,
    Provide,
    Recording,
    SetParameters,
    Show,
    ShowNow,
    Start,
    StepBatch,
    StepEpochs,
    Want,
    still_needed,
)
from nnviz.training.lane import Lane
from nnviz.training.loaded import Loaded
from nnviz.training.mailbox import Changed, Kept, Mailbox, Notice, Repeating
from nnviz.training.replay import Replay
from nnviz.training.trainer import EditError

log = logging.getLogger(__name__)

SLICE = 0.008
"""Seconds of training between two looks at the commands: an answer within one frame at 60 Hz."""

_TELL_AFTER, _TELL_EVERY = 0.3, 0.1
"""Seconds of repeating a past epoch after which progress is posted, and between two such posts."""

_ROUGH = 0.15
"""Seconds of repeating that are too long for somebody who is only looking for a place."""

_KEEP_WITHIN = 3.0
"""Seconds after which it is given up to keep a best epoch."""

_MISTAKES = (DataError, ShapeError, LossError, EditError)
"""Errors whose text is a sentence for the user; all others are defects and are logged with their traceback."""


@dataclass
class _Repeat:
    """A piece of a run that is being repeated, and what is done when it is through."""

    replay: Replay
    run: int
    epoch: int
    done: Callable[[Replay], None]
    exact: bool = True
    began: float = field(default_factory=time.monotonic)
    told: float = 0.0
    idle: bool = False  # whether it waits until there is nothing else to do


@dataclass
class _Shown:
    """The past of a run that somebody looks at, drawn on a plane."""

    replay: Replay
    camera: Camera
    plane: PlaneSettings
    stale: bool = False

    def snapshot(self, wants: frozenset[str]) -> Snapshot:
        """Return the network as it was, with the settings that were in force."""
        trainer = self.replay.trainer
        experiment = trainer.experiment.replace(data=trainer.experiment.data.replace(plane=self.plane))
        return self.camera.past(trainer, experiment, wants, trainer.engine.measure())


class Worker:
    """One long-lived thread that trains runs in turns. Its methods may be called from any thread."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self._commands: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name="nnviz-training", daemon=True)
        self._pending: deque[Command | None] = deque()
        self._loaded = Loaded()
        self._told: set[str] = set()
        self._lanes: dict[int, Lane] = {}
        self._repeats: dict[tuple[str, int], _Repeat] = {}
        self._shown: dict[int, _Shown] = {}
        self._wants: frozenset[str] = frozenset()
        self._watched: frozenset[int] = frozenset()
        self._limit = LimitSpeed(None)
        self._wished: dict[int, int | None] = {}  # runs to be played, for so many epochs, once they are prepared
        self._waiting: dict[int, list[Callable[[Lane], None]]] = {}  # what runs were told that are being prepared
        self._at_work: int = -1  # the run that answers for an error
        self._turn = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def samples(self, source: Source, seed: int) -> Dataset | None:
        """Return the samples of a source and a seed as they were loaded, None where they were not."""
        return self._loaded.get(source, seed)

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
                    self._at_work = getattr(command, "run", self._at_work)
                    self._obey(command)
                else:
                    self._work()
                self._take_snapshots()
            except _MISTAKES as error:
                self._fail(str(error))
            except Exception as error:
                log.exception("Run %d failed", self._at_work)
                self._fail(f"The run failed: {type(error).__name__}: {error}")

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
        if self._repeats:
            return False, None
        playing = self._playing()
        if not playing:
            return True, 0.01 if self._owes_snapshots() else None
        wait = min(self._due(lane) for lane in playing) - time.monotonic()
        return (True, wait) if wait > 0 else (False, None)

    def _work(self) -> None:
        """Do the next piece of work: repeat some past, or train the run that is due, in turns."""
        urgent = [key for key, repeat in self._repeats.items() if not repeat.idle]
        playing = [lane for lane in self._playing() if self._due(lane) <= time.monotonic()]
        self._turn += 1
        if urgent and (not playing or self._turn % 2):
            self._repeat(urgent[0])
        elif playing:
            lane = min(playing, key=lambda each: each.epoch)  # side by side: the one behind goes first
            self._at_work = lane.run
            lane.train(SLICE, self._most(lane))
        elif self._repeats:
            self._repeat(next(iter(self._repeats)))

    def _obey(self, command: Command) -> None:
        match command:
            case Start(run, experiment):
                self._lanes[run] = lane = self._lane(run, experiment)
                lane.start()
            case Fork():
                self._fork(command)
            case Adopt():
                self._adopt(command)
            case Focus(run):
                self._focus(run)
            case Forget(run):
                self._forget(run)
            case Provide(source, seed, dataset):
                self._loaded.provide(source, seed, dataset)
            case Configure(run, experiment):
                self._woken(run, lambda lane: lane.configure(experiment))
            case SetParameters(run, edits):
                self._woken(run, lambda lane: lane.edit(edits))
            case Play(runs):
                self._play(runs, None)
            case StepEpochs(runs, count):
                self._play(runs, count)
            case StepBatch(runs):
                for lane in self._only(runs):
                    self._woken(lane.run, Lane.step_batch)
            case Pause():
                self._wished.clear()
                for lane in self._lanes.values():
                    lane.pause()
            case LimitSpeed() as limit:
                self._limit = limit
                for lane in self._lanes.values():
                    lane.next_epoch_at = time.monotonic()
            case Want(names, runs):
                self._want(names, runs)
            case Show():
                self._show(command)
            case ShowNow(run):
                self._shown.pop(run, None)
                self._repeats.pop(("show", run), None)
            case Keep():
                self._keep(command)

    def _fail(self, text: str) -> None:
        lane = self._lanes.get(self._at_work)
        if lane is not None:
            lane.fail(text)
        else:
            self.mailbox.post(Notice(self._at_work, text))

    # ------------------------------------------------------------ runs

    def _lane(self, run: int, experiment: Experiment) -> Lane:
        return Lane(run, experiment, self.mailbox, self.prepare, self._told)

    def _fork(self, command: Fork) -> None:
        """Repeat the origin up to the place, or copy it as it is now, and go on from there as another run."""
        lane, recording, place = self._lane(command.run, command.experiment), command.recording, command.place
        self._lanes[command.run] = lane  # it answers for what goes wrong
        if recording is None:
            recording = self._lanes[command.origin].recording()
            place = recording.frame.place
        self._prepare_lane(lane, recording, place, lambda replay: lane.branch(replay.trainer, command.edits))

    def _adopt(self, command: Adopt) -> None:
        """Bring a run of old to where it was left."""
        chapters = command.recording.chapters
        if command.run not in self._lanes:
            lane = self._lane(command.run, chapters[-1].experiment)
            self._prepare_lane(
                lane, command.recording, command.place, lambda replay: lane.take_over(replay.trainer, chapters)
            )

    def _prepare_lane(self, lane: Lane, recording: Recording, place: Place, begin: Callable[[Replay], None]) -> None:
        self._lanes[lane.run] = lane
        self.mailbox.post(Changed(lane.run, Status.PREPARING))

        def done(replay: Replay) -> None:
            begin(replay)
            for change in self._waiting.pop(lane.run, ()):
                change(lane)
            if lane.run in self._wished:
                lane.play(self._wished.pop(lane.run))

        replay = Replay(self.prepare)
        replay.aim(recording, place)
        self._repeats["run", lane.run] = _Repeat(replay, lane.run, place[0], done)

    def _focus(self, run: int) -> None:
        for lane in self._lanes.values():
            if lane.run == run:
                lane.wake()
            elif not lane.playing and lane.run not in self._watched:
                lane.sleep()

    def _forget(self, run: int) -> None:
        self._lanes.pop(run, None)
        self._shown.pop(run, None)
        self._waiting.pop(run, None)
        for what in ("run", "show", "keep"):
            self._repeats.pop((what, run), None)

    def _woken(self, run: int, change: Callable[[Lane], None]) -> None:
        """Carry out a change, once the run is prepared."""
        lane = self._lanes.get(run)
        if lane is not None and ("run", run) in self._repeats:
            self._waiting.setdefault(run, []).append(change)
        elif lane is not None:
            lane.wake()
            change(lane)

    def _play(self, runs: tuple[int, ...], epochs: int | None) -> None:
        for lane in self._only(runs):
            self._at_work = lane.run
            if ("run", lane.run) in self._repeats:
                self._wished[lane.run] = epochs
            else:
                lane.play(epochs)

    def _only(self, runs: tuple[int, ...]) -> list[Lane]:
        """Return the lanes of some runs, awake; pause all others."""
        self._wished.clear()
        for lane in self._lanes.values():
            if lane.run not in runs:
                lane.pause()
        chosen = [self._lanes[run] for run in runs if run in self._lanes]
        for lane in chosen:
            lane.wake()
        return chosen

    def prepare(self, settings: DataSettings) -> SplitData:
        """Return the samples of some settings, as `Loaded` keeps them. Raises DataError."""
        return self._loaded.prepare(settings, lambda text: self.mailbox.post(Notice(self._at_work, text)))

    # ------------------------------------------------------------ turns

    def _playing(self) -> list[Lane]:
        return [lane for lane in self._lanes.values() if lane.playing and lane.trainer is not None]

    def _most(self, lane: Lane) -> float | None:
        """Return the most epochs per second now; None without a limit, and for steps, which end by themselves."""
        return None if lane.epochs_left is not None else self._limit.at(lane.epoch)

    def _due(self, lane: Lane) -> float:
        """Return when a lane may train its next epoch, in seconds of `time.monotonic`."""
        return lane.next_epoch_at if self._most(lane) else 0.0

    # ------------------------------------------------------------ the past

    def _show(self, command: Show) -> None:
        new = _Shown(Replay(self.prepare), Camera(command.run, self.mailbox), command.plane)
        shown = self._shown.setdefault(command.run, new)
        shown.plane = command.plane
        shown.replay.aim(command.recording, (command.epoch, 0))
        if not command.exact and shown.replay.seconds_left > _ROUGH:
            shown.replay.aim(command.recording, command.recording.frame.place)

        def done(replay: Replay) -> None:
            shown.stale = True

        self._repeats["show", command.run] = _Repeat(shown.replay, command.run, command.epoch, done, command.exact)

    def _keep(self, command: Keep) -> None:
        def done(replay: Replay) -> None:
            self.mailbox.post(Kept(command.run, replay.keyframe("best")))

        replay = Replay(self.prepare)
        replay.aim(command.recording, (command.epoch, 0))
        self._repeats["keep", command.run] = _Repeat(replay, command.run, command.epoch, done, idle=True)

    def _repeat(self, key: tuple[str, int]) -> None:
        """Go on with one piece for a slice, and do what is to be done when it is through."""
        repeat = self._repeats[key]
        self._at_work = repeat.run
        try:
            through = repeat.replay.advance(SLICE)
        except Exception as error:
            del self._repeats[key]
            if key[0] == "run":
                raise
            log.exception("Epoch %d of run %d cannot be repeated", repeat.epoch, repeat.run)
            self.mailbox.post(Notice(repeat.run, f"Epoch {repeat.epoch:,} cannot be shown: {error}"))
            return
        now = time.monotonic()
        if through:
            del self._repeats[key]
            if repeat.told:
                self.mailbox.post(Repeating(repeat.run, repeat.epoch, 1.0, 0.0))
            repeat.done(repeat.replay)
        elif repeat.idle:
            if now - repeat.began > _KEEP_WITHIN:
                del self._repeats[key]
        elif now - repeat.began > _TELL_AFTER and now - repeat.told > _TELL_EVERY:
            repeat.told = now
            replay = repeat.replay
            self.mailbox.post(Repeating(repeat.run, repeat.epoch, replay.share, replay.seconds_left))

    # ------------------------------------------------------------ snapshots

    def _want(self, names: frozenset[str], runs: frozenset[int]) -> None:
        more = bool(names - self._wants)
        for lane in self._lanes.values():
            if lane.run in runs:
                if lane.run not in self._watched:
                    lane.wake()
                lane.stale = lane.stale or more or lane.run not in self._watched
        for shown in self._shown.values():
            shown.stale = shown.stale or more
        self._wants, self._watched = names, runs

    def _owes_snapshots(self) -> bool:
        return any(self._lanes[run].stale for run in self._watched & self._lanes.keys()) or any(
            shown.stale for shown in self._shown.values()
        )

    def _take_snapshots(self) -> None:
        for run in self._watched & self._lanes.keys():
            self._lanes[run].snapshot_if_due(self._wants)
        for run, shown in self._shown.items():
            if shown.stale and ("show", run) not in self._repeats and not self.mailbox.waiting(run):
                shown.stale = False
                self.mailbox.offer(shown.snapshot(self._wants))


_STOP: Any = object()
"""What ends the loop."""
