"""One run in the training thread: its trainer, and what is posted of it."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace

from nnviz.data.dataset import DataError, SplitData
from nnviz.engines.choose import LossError, ShapeError, must_compile
from nnviz.engines.engine import Columns, Place
from nnviz.experiment import Experiment
from nnviz.history.chapters import Chapter, Edit
from nnviz.history.keyframes import Keyframe, KeyframePace
from nnviz.snapshot import Status
from nnviz.training.camera import Camera
from nnviz.training.commands import Recording
from nnviz.training.mailbox import Began, Changed, Kept, Mailbox, Notice, Rows
from nnviz.training.replay import Prepare
from nnviz.training.trainer import EditError, End, Trainer

COMPILING = "Compiling the fast engine for this processor: half a minute, once after an installation."

_SNAPSHOT_SHARE = 0.2
"""Largest share of time that probes may take while training."""

_EVENTS_APART = 0.5
"""Seconds between two states that are kept for the sake of an event."""


class Lane:
    """One run. A lane without a trainer is being prepared, has failed, or sleeps."""

    def __init__(
        self, run: int, experiment: Experiment, mailbox: Mailbox, prepare: Prepare, told: set[str] | None = None
    ) -> None:
        self.run, self.experiment = run, experiment
        self.mailbox = mailbox
        self.camera = Camera(run, mailbox)
        self.trainer: Trainer | None = None
        self.playing = False
        self.epochs_left: int | None = None  # of a step command; None while playing freely
        self.next_epoch_at = 0.0
        self.stale = False  # whether the last snapshot no longer shows the network as it is
        self._prepare = prepare
        self._told = told if told is not None else set()  # sentences that need no repeating, also for other runs
        self._asleep: Keyframe | None = None
        self._chapters: list[Chapter] = []
        self._announced = False  # whether the run says that the kernels are being compiled
        self._keyframe_pace = KeyframePace()
        self._next_event_at = 0.0
        self._next_snapshot_at = 0.0
        self._pace: deque[tuple[float, int]] = deque(maxlen=64)

    @property
    def epoch(self) -> int:
        """The epochs that it has finished."""
        return self.trainer.engine.epoch if self.trainer is not None else 0

    # ------------------------------------------------------------ beginning

    def start(self) -> None:
        """Prepare it at epoch 0. Raises what stands in the way: DataError, ShapeError, LossError."""
        self._post(Changed(self.run, Status.PREPARING))
        data = self._prepare(self.experiment.data)
        self.mailbox.offer(self.camera.samples(self.experiment, data))
        self.announce_compiling(Status.PREPARING, data)
        self.trainer = Trainer(self.experiment, data)
        self._begin_chapter(Chapter((0, 0), self.experiment))
        self._get_ready(self.trainer.begin(), Status.READY)

    def take_over(self, trainer: Trainer, chapters: tuple[Chapter, ...]) -> None:
        """Go on with a trainer that was brought to where this run was left."""
        self.trainer, self._chapters = trainer, list(chapters)
        self.experiment = trainer.experiment.replace(
            data=trainer.experiment.data.replace(plane=self.experiment.data.plane),
            name=self.experiment.name,
            description=self.experiment.description,
        )
        self._get_ready(None, Status.PAUSED, keep=False)

    def branch(self, trainer: Trainer, edits: tuple[Edit, ...]) -> None:
        """Begin as a fork: go on from where a trainer stands, with the settings of this lane.

        The first keyframe is the state after the change, so a fork needs nothing of the run that it came from.
        """
        self.trainer = trainer
        before = trainer.experiment.data
        same = self.experiment.data.samples == before.samples
        trainer.follow(self.experiment, trainer.engine.data if same else self._prepare(self.experiment.data))
        if edits:
            trainer.edit(edits)
        self._begin_chapter(Chapter(self._place(), self.experiment))
        rows = trainer.measure() if self._place()[1] == 0 else None  # in the middle of an epoch there is no row
        self._get_ready(rows, Status.READY)

    def _get_ready(self, rows: Columns | None, status: Status, keep: bool = True) -> None:
        assert self.trainer is not None
        self._tell_second_best()
        if rows is not None:
            self._post(Rows(self.run, rows))
        if keep:
            self.post_keyframe()
        self._look_again()
        self._announced = False
        self._post(Changed(self.run, status))

    def recording(self) -> Recording:
        """Return what it takes to go on from here. Raises LookupError for a run that was never prepared."""
        frame = self._asleep if self.trainer is None else self.trainer.keyframe(len(self._chapters) - 1)
        if frame is None:
            raise LookupError("This run has no state to go on from yet.")
        return Recording(tuple(self._chapters), frame)

    # ------------------------------------------------------------ sleeping

    def sleep(self) -> None:
        """Let go of the engine and keep the state, until the run is wanted again."""
        if self.trainer is not None:
            self._asleep = self.post_keyframe()
            self.trainer = None

    def wake(self) -> None:
        """Make an engine again, in the very state in which the last one was let go."""
        if self._asleep is None:
            return
        trainer = Trainer(self.experiment, self._prepare(self.experiment.data))
        trainer.resume(self._asleep)
        self.trainer, self._asleep = trainer, None
        self._look_again()

    # ------------------------------------------------------------ changing

    def configure(self, experiment: Experiment) -> None:
        """Apply live settings or other samples; what cannot be applied is said, and training goes on without it.

        On other samples the network is measured anew, at the end of an epoch: what was measured there was another loss.
        """
        before, self.experiment = self.experiment.data, experiment
        if self.trainer is None:
            return
        place = self._place()  # other samples may end an epoch of which there is nothing left
        try:
            if before.samples != experiment.data.samples:
                self.trainer.set_data(experiment, self._prepare(experiment.data))
        except DataError as error:  # half a drawing, say: training goes on with the samples it has
            self.experiment = experiment.replace(data=before.replace(plane=experiment.data.plane))
            self._post(Notice(self.run, str(error)))
        status = Status.RUNNING if self.playing else Status.PAUSED
        try:
            self.announce_compiling(status, self.trainer.engine.data)
            self.trainer.configure(self.experiment)
        except (LossError, ShapeError) as error:  # training goes on with the settings it has
            self.experiment = self.trainer.experiment
            self._post(Notice(self.run, str(error)))
        if self._announced:
            self._announced = False
            self._post(Changed(self.run, status))
        self._tell_second_best()
        if self._chapters[-1].experiment.decisive != self.experiment.decisive:
            self._begin_chapter(Chapter(place, self.experiment))
            if self.experiment.data.samples != before.samples and self._place()[1] == 0:
                self._post(Rows(self.run, self.trainer.measure()))
            self._keep_event()
        self._look_again()

    def edit(self, edits: tuple[Edit, ...]) -> None:
        """Set parameters by hand, and measure what has become of the network; what cannot be is said."""
        if self.trainer is None:
            return
        try:
            self.trainer.edit(edits)
        except EditError as error:
            self._post(Notice(self.run, str(error)))
            return
        self._begin_chapter(Chapter(self._place(), self.experiment, edits))
        if self._place()[1] == 0:
            self._post(Rows(self.run, self.trainer.measure()))
        self.post_keyframe(event=True)
        self._look_again()

    def announce_compiling(self, status: Status, data: SplitData) -> None:
        """Say, for as long as it takes, what takes so long on the first start after an installation."""
        if must_compile(self.experiment.network, self.experiment.training, data):
            self._announced = True
            self._post(Changed(self.run, status, COMPILING))

    def _tell_second_best(self) -> None:
        """Say once why a faster engine cannot be had."""
        choice = self.trainer.choice if self.trainer is not None else None
        if choice is not None and choice.second_best and choice.reason not in self._told:
            self._told.add(choice.reason)
            self._post(Notice(self.run, choice.reason))

    def _begin_chapter(self, chapter: Chapter) -> None:
        """Write down what holds from here on. What was replaced before anything came of it is not written down."""
        if len(self._chapters) > 1 and _replaces(chapter, self._chapters[-1], self._chapters[-2]):
            self._chapters.pop()
        self._chapters.append(chapter)
        self._post(Began(self.run, len(self._chapters) - 1, chapter))

    def _place(self) -> Place:
        assert self.trainer is not None
        return self.trainer.engine.epoch, self.trainer.engine.position

    # ------------------------------------------------------------ training

    def play(self, epochs: int | None) -> None:
        """Train from the next slice on: freely, or to the end of the epoch and so many epochs less one."""
        if self.trainer is None:
            return
        end = self.trainer.finished()
        if end is not None:
            self._finish(end)
            return
        self.playing, self.epochs_left = True, epochs
        self.next_epoch_at = time.monotonic()
        self._pace.clear()
        self._post(Changed(self.run, Status.RUNNING))

    def pause(self) -> None:
        """Train no more."""
        if self.playing:
            self.playing = False
            self._look_again()
            self._post(Changed(self.run, Status.PAUSED))

    def step_batch(self) -> None:
        """Make one optimizer step."""
        if self.trainer is None:
            return
        self.playing = False
        self._after(self.trainer.step())
        if self.trainer.end is None:
            self._post(Changed(self.run, Status.PAUSED))
        self._next_snapshot_at = 0.0

    def train(self, seconds: float, most: float | None) -> None:
        """Train one slice of about `seconds`, at most so many epochs per second."""
        assert self.trainer is not None
        # One epoch at a time where each can be seen; at a high limit as many as are due until the next look.
        due = None if most is None else max(1, int(most * seconds))
        rows = self.trainer.slice(seconds, min((n for n in (due, self.epochs_left) if n is not None), default=None))
        self._after(rows)
        if rows is None or not self.playing:
            return
        if most is not None:
            self.next_epoch_at = max(self.next_epoch_at + len(rows["epoch"]) / most, time.monotonic())
        if self.epochs_left is not None:
            self.epochs_left -= len(rows["epoch"])
            if self.epochs_left <= 0:
                self.pause()

    def fail(self, text: str) -> None:
        """Give up, with a sentence that says why."""
        self.playing = False
        self._post(Changed(self.run, Status.FAILED, text))

    def _after(self, rows: Columns | None) -> None:
        """Post what a slice brought."""
        assert self.trainer is not None
        self.stale = True
        if rows is not None:
            self._post(Rows(self.run, rows))
            self._pace.append((time.monotonic(), self.epoch))
            self._keyframe_if_due()
        if self.trainer.end is not None:
            self._take_back_chapters()
            self._finish(self.trainer.end)

    def _take_back_chapters(self) -> None:
        """Where the run went back behind a change of settings, have them hold from here on; edits did not survive."""
        place = self._place()
        for number, chapter in enumerate(self._chapters):
            if chapter.place > place:
                self._chapters[number] = moved = replace(chapter, place=place, edits=())
                self._post(Began(self.run, number, moved))

    def _finish(self, end: End) -> None:
        self.playing = False
        self._look_again()
        self.post_keyframe()
        self._post(Changed(self.run, Status.DIVERGED if end.diverged else Status.FINISHED, end.text))

    # ------------------------------------------------------------ keyframes and snapshots

    def post_keyframe(self, event: bool = False) -> Keyframe:
        """Post the state as it is."""
        assert self.trainer is not None
        frame = self.trainer.keyframe(len(self._chapters) - 1, "event" if event else "")
        self._post(Kept(self.run, frame))
        return frame

    def _keep_event(self) -> None:
        """Post the state where settings changed: users come back to it. A slider that is dragged is not one a frame."""
        now = time.monotonic()
        if now >= self._next_event_at:
            self.post_keyframe(event=True)
            self._next_event_at = now + max(_EVENTS_APART, (time.monotonic() - now) / _SNAPSHOT_SHARE)

    def _keyframe_if_due(self) -> None:
        """Post the state now and then."""
        if self._keyframe_pace.due(self.epoch):
            began = time.monotonic()
            self.post_keyframe()
            self._keyframe_pace.kept(self.epoch, time.monotonic() - began)

    def snapshot_if_due(self, wants: frozenset[str]) -> None:
        """Offer a snapshot when the last one was taken and the probes have not used up their share of time."""
        now = time.monotonic()
        if self.trainer is None or not self.stale or self.mailbox.waiting(self.run) or now < self._next_snapshot_at:
            return
        self.stale = False
        speed = self._speed() if self.playing else 0.0
        self.mailbox.offer(self.camera.network(self.trainer, self.experiment, wants, speed))
        taken = time.monotonic() - now
        self._next_snapshot_at = now + taken / _SNAPSHOT_SHARE if self.playing else 0.0

    def _look_again(self) -> None:
        self.stale, self._next_snapshot_at = True, 0.0

    def _speed(self) -> float:
        """Return epochs per second over the last slices, at most two seconds of them."""
        newest = self._pace[-1] if self._pace else (0.0, 0)
        before = [p for p in self._pace if p is not newest]
        oldest = next((p for p in before if newest[0] - p[0] < 2.0), before[-1] if before else newest)
        return (newest[1] - oldest[1]) / (newest[0] - oldest[0]) if newest[0] > oldest[0] else 0.0

    def _post(self, message: Rows | Kept | Began | Changed | Notice) -> None:
        self.mailbox.post(message)


def _replaces(new: Chapter, last: Chapter, before: Chapter) -> bool:
    """Say whether a chapter makes the last one, at the same place, as if it had never been.

    Not so where something came of it at once: other samples, another optimizer, parameters set by hand.
    """
    trio = (new, last, before)
    kinds = {chapter.experiment.training.optimizer.kind for chapter in trio}
    samples = [chapter.experiment.data.samples for chapter in trio]
    plain = not new.edits and not last.edits and len(kinds) == 1 and samples[0] == samples[1] == samples[2]
    return plain and new.place == last.place
