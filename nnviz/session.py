"""A session: the experiment at hand, its runs, and the thread that trains. No Qt.

Whoever shows a session calls `poll` at the rate of its display and reads `run.history` and
`run.snapshot`; everything else is a command that returns at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from nnviz.engines.losses import LossError
from nnviz.experiment import Experiment
from nnviz.history.history import MOST_ROWS, Event, History
from nnviz.settings import Change, differences
from nnviz.snapshot import Snapshot, Status
from nnviz.training.commands import Command, Configure, LimitSpeed, Pause, Play, Start, StepBatch, StepEpochs, Want
from nnviz.training.mailbox import Changed, Kept, Mailbox, Notice, Post, Rows
from nnviz.training.worker import Worker


@dataclass
class Run:
    """One training of an experiment: its settings as they are now, what was measured, and how it stands."""

    number: int
    name: str
    experiment: Experiment
    history: History = field(default_factory=History)
    snapshot: Snapshot | None = None
    status: Status = Status.PREPARING
    text: str = ""

    @property
    def epoch(self) -> int:
        """The newest epoch that was measured."""
        return int(self.history.column("epoch")[-1]) if len(self.history) else 0

    @property
    def trained(self) -> bool:
        """Whether there is anything in it that a user could miss."""
        return self.epoch > 0 or (self.snapshot is not None and self.snapshot.step > 0)

    def put_away(self) -> None:
        """Keep what can be compared later, and let go of what only a run in training needs."""
        if self.status is Status.RUNNING:
            self.status = Status.PAUSED
        if self.snapshot is not None:
            self.snapshot = replace(self.snapshot, arrays={})
        self.history.shrink(MOST_ROWS // 4)
        self.history.keyframes.shrink(most=64, bytes_limit=8 * 2**20)


class Session:
    """Holds runs and drives the worker. All methods belong to one thread, the one that polls."""

    def __init__(self, experiment: Experiment, start: bool = True) -> None:
        self.mailbox = Mailbox()
        self.worker = Worker(self.mailbox)
        self.runs: list[Run] = []
        self.notices: list[str] = []  # sentences about what could not be done, until somebody shows them
        self.experiment = experiment
        self.playing = False  # whether training is wanted, also while a run is only being prepared
        self._number = 0
        self._begin()
        if start:
            self.start()

    def start(self) -> None:
        """Let the worker begin; commands before this wait for it. A window does it after its first paint."""
        self.worker.start()

    # ------------------------------------------------------------ what the user does

    @property
    def run(self) -> Run:
        """The run that is being trained, or was last."""
        return self.runs[-1]

    def configure(self, experiment: Experiment, instead: bool = False) -> tuple[Change, ...]:
        """Change settings: at once in the run that is going on where all of them are live, else in a new run.

        The run so far stays in the list if anything was trained in it, and a new one is trained if it was.
        With `instead` a new run takes the place of the one so far: a slider on its way starts one run, not ten.
        Returns what changed.
        """
        changes = differences(self.experiment, experiment)
        self.experiment = experiment
        if not changes:
            return changes
        if self._live(changes):
            self._apply(changes)
        else:
            self._begin(instead=instead)
        return changes

    def refusal(self, experiment: Experiment) -> str:
        """Return why the run at hand cannot take on a change of its live settings; empty when it can."""
        changes, snapshot = differences(self.experiment, experiment), self.run.snapshot
        same_data = experiment.data.source == self.experiment.data.source
        if snapshot is None or not same_data or not all(change.live for change in changes):
            return ""
        try:
            experiment.training.resolved_loss(snapshot.data.task, snapshot.data.n_classes)
        except LossError as error:
            return str(error)
        return ""

    def play(self) -> None:
        """Train until paused, or until the experiment says stop."""
        self.playing = True
        self._send(Play())

    def pause(self) -> None:
        """Stop after the current slice."""
        self.playing = False
        self._send(Pause())

    def step_epoch(self, count: int = 1) -> None:
        """Train to the end of this epoch, and `count` - 1 more."""
        self.playing = False
        self._send(StepEpochs(count))

    def step_batch(self) -> None:
        """Make one optimizer step."""
        self.playing = False
        self._send(StepBatch())

    def reset(self) -> None:
        """Begin again from the same initial weights."""
        self.playing = False
        self._begin("the same again")

    def limit_speed(self, epochs_per_second: float | None, growth: float = 0.0) -> None:
        """Train at most so fast, and `growth` faster for every epoch behind; None is full speed."""
        self._send(LimitSpeed(epochs_per_second, growth))

    def want(self, names: frozenset[str]) -> None:
        """Say which probes the visible views need."""
        self._send(Want(names))

    def close(self) -> None:
        """Stop the worker and wait for it."""
        self.worker.stop()

    # ------------------------------------------------------------ what happened

    def poll(self) -> bool:
        """Take over what the worker posted; return whether there was anything."""
        posts, snapshot = self.mailbox.drain()
        runs = {run.number: run for run in self.runs}
        for post in posts:
            if post.run in runs:
                self._take(post, runs[post.run])
        if snapshot is not None and snapshot.run == self.run.number:
            self.run.snapshot = snapshot
        return bool(posts) or snapshot is not None

    def _take(self, post: Post, run: Run) -> None:
        """Take over one post. What an older run had still measured counts; that it plays no longer does."""
        match post:
            case Rows(columns=columns):
                run.history.append(columns)
            case Kept(epoch=epoch, parameters=parameters):
                run.history.keyframes.add(epoch, parameters)
            case Changed(status=status, text=text) if run is self.run or status.over:
                run.status, run.text = status, text
                if status.over and text:
                    _note(run.history, Event(run.epoch, text, "end"))
                if status in (Status.FINISHED, Status.DIVERGED) and run is self.run:
                    self.playing = False
            case Notice(text=text) if run is self.run:
                self.notices.append(text)

    # ------------------------------------------------------------ parts

    def _send(self, command: Command) -> None:
        self.worker.send(command)

    def _begin(self, name: str = "", instead: bool = False) -> None:
        """Start a run; one in which nothing was trained makes room for it. Its name is what sets it apart."""
        if self.runs and (instead or not self.run.trained):
            self.runs.pop()
        if self.runs:
            self.run.put_away()
            name = name or _summary(differences(self.run.experiment, self.experiment), self.experiment)
        self._number += 1
        self.runs.append(Run(self._number, name or self.experiment.name, self.experiment))
        self._send(Start(self._number, self.experiment, self.playing))

    def _live(self, changes: tuple[Change, ...]) -> bool:
        """Say whether the run at hand can take the changes on. New samples must have the shape of the old ones."""
        snapshot = self.run.snapshot
        if self.run.status is Status.FAILED:
            return False
        exchanged = [change for change in changes if change.path.startswith("data.source")]
        if exchanged:
            data = snapshot.data if snapshot is not None else None
            shape = (data.task, data.n_features, data.n_classes) if data is not None else None
            if shape is None or self.experiment.data.source.known_shape() != shape:
                return False
        return all(change.live for change in changes if change not in exchanged)

    def _apply(self, changes: tuple[Change, ...]) -> None:
        run = self.run
        run.experiment = self.experiment
        for change in changes:
            if change.path.startswith("data.plane") or change.path in ("name", "description"):
                continue
            if change.path.startswith("data."):
                run.history.forget_best()
            if change.path.startswith("data.source"):
                _note(run.history, Event(run.epoch, "Samples changed", "data"))
            else:
                _note(run.history, Event(run.epoch, str(change), "setting", change.path, change.before), change)
        self._send(Configure(self.experiment))


def _note(history: History, event: Event, change: Change | None = None) -> None:
    """Add an event; a slider that is dragged, or a stroke that is drawn, leaves one event and not a hundred."""
    last = history.events[-1] if history.events else None
    near = event.epoch // 50 if event.kind == "setting" else max(10, event.epoch // 50)
    if last is None or (last.kind, last.path) != (event.kind, event.path) or event.epoch - last.epoch > near:
        history.events.append(event)
    elif change is None:
        history.events[-1] = event
    else:
        whole = Change(change.path, last.before, change.after, change.title, change.live)
        history.events[-1] = Event(event.epoch, str(whole), event.kind, event.path, last.before)


def _summary(changes: tuple[Change, ...], experiment: Experiment) -> str:
    """Return a short name for a run that differs from the one before it."""
    if not changes or any(change.path == "name" for change in changes):
        return experiment.name
    rest = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
    return f"{changes[0]}{rest}"
