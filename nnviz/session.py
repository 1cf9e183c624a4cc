"""A session: the runs, the one in front, and the thread that trains. No Qt.

Whoever shows a session calls `poll` at the rate of its display and reads `run.history` and
`run.snapshot`; everything else is a command that returns at once.
"""

from __future__ import annotations

from dataclasses import replace

from nnviz.engines.losses import LossError
from nnviz.events import fork_name, matters, note, summary
from nnviz.experiment import Experiment
from nnviz.history.chapters import Edit
from nnviz.history.history import Event
from nnviz.intake import Intake
from nnviz.look import Look
from nnviz.project.project import Desk, Project, project_of
from nnviz.roster import Roster, recording_of
from nnviz.run import Origin, Run
from nnviz.settings import Change, differences
from nnviz.snapshot import Status
from nnviz.training.commands import (
    Command,
    Configure,
    Focus,
    Fork,
    Keep,
    LimitSpeed,
    Pause,
    Play,
    Provide,
    SetParameters,
    Start,
    StepBatch,
    StepEpochs,
)
from nnviz.training.mailbox import Changed, Mailbox, Notice, Post
from nnviz.training.worker import Worker

__all__ = ["Origin", "Run", "Session"]


class Session:
    """Holds runs and drives the worker. All methods belong to one thread, the one that polls."""

    def __init__(self, experiment: Experiment, start: bool = True) -> None:
        self.mailbox = Mailbox()
        self.worker = Worker(self.mailbox)
        self._roster = Roster(self._send)
        self.look = Look(self._roster, self._send)
        self.notices: list[str] = []  # sentences about what could not be done, until somebody shows them
        self._training = False  # whether training is wanted, also while a run is only being prepared
        self._limit = LimitSpeed(None)
        self._intake = Intake()
        self._begin(experiment)
        if start:
            self.start()

    def start(self) -> None:
        """Let the worker begin; commands before this wait for it. A window does it after its first paint."""
        self.worker.start()

    # ------------------------------------------------------------ what there is

    @property
    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        return self._roster.runs

    @property
    def run(self) -> Run:
        """The run in front."""
        return self._roster.front

    @property
    def experiment(self) -> Experiment:
        """The settings of the run in front, in the past those that were in force."""
        run = self.run
        return run.experiment if run.playhead is None else run.experiment_at(run.playhead)

    @property
    def playing(self) -> bool:
        """Whether something moves: training, or the film of what is past."""
        return self._training or self.look.film is not None

    # ------------------------------------------------------------ changing settings

    def configure(self, experiment: Experiment, instead: bool = False) -> tuple[Change, ...]:
        """Change settings: at once in the run that is going on where all of them are live, else in a new run.

        The run so far stays in the list if anything was trained in it, and a new one is trained if it was. A change
        in the past, or in a fork that has not gone on yet, makes a fork from there.
        With `instead` a new run takes the place of the one so far: a slider on its way starts one run, not ten.
        Returns what changed.
        """
        run, changes = self.run, differences(self.experiment, experiment)
        if not changes:
            return changes
        if not any(matters(change) for change in changes):
            run.experiment = self._renamed(experiment)
            self._send(Configure(run.number, run.experiment))
            if run.playhead is not None:
                self.look.go_to(run.playhead)
        elif run.playhead is not None:
            self.fork(experiment, instead=instead)
        elif self._live(experiment, changes):
            self._apply(experiment, changes, instead)
        elif run.origin is not None and run.origin.epoch > 0 and (instead or not run.trained):
            self._fork_again(run, experiment)
        else:
            self._begin(experiment, instead=instead)
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

    def set_parameters(self, edits: tuple[Edit, ...], text: str) -> None:
        """Set parameters of the network by hand, in the run in front as it is now."""
        run = self.run
        note(run.history, Event(run.epoch, text, "edit"))
        self._send(SetParameters(run.number, edits))

    def reset(self) -> None:
        """Begin again from the same initial weights."""
        self.pause()
        self._begin(self.experiment, "the same again")

    def begin(self, experiment: Experiment, name: str) -> Run:
        """Add a run of its own, paused at its beginning, whatever it has in common with the one in front."""
        self.pause()
        run = Run(self._roster.next_number(), name, experiment)
        self._add(run, Start(run.number, experiment))
        return run

    # ------------------------------------------------------------ forks and twins

    def fork(
        self, experiment: Experiment, name: str = "", edits: tuple[Edit, ...] = (), instead: bool = False
    ) -> Run | None:
        """Go on from what is looked at, now or past, as another run with other settings or parameters set by hand.

        Returns the new run, which comes to the front; None while there is no state to go on from. With `instead` the
        run in front, which is a fork itself, makes room.
        """
        origin, epoch = self.run, self.run.shown_epoch
        recording = None
        if origin.playhead is not None:
            recording = recording_of(origin, epoch)
            if recording is None:
                self.notices.append("This epoch cannot be gone on from: no state is kept at it or before it.")
                return None
        elif origin.status in (Status.PREPARING, Status.FAILED):
            self.notices.append("There is nothing to fork yet: the run is not ready.")
            return None
        changes = differences(self.experiment, experiment)
        fork = Run(self._roster.next_number(), name or fork_name(changes, epoch), experiment)
        fork.origin = Origin(origin.number, epoch)
        fork.history = origin.history.until(epoch)
        fork.snapshot = replace(origin.snapshot, run=fork.number, past=False) if origin.snapshot is not None else None
        command = Fork(fork.number, origin.number, experiment, edits, recording, (epoch, 0))
        self._add(fork, command, instead)
        return fork

    def twin(self, experiment: Experiment, name: str = "", play: bool = False) -> Run:
        """Add a run that begins with the run in front at epoch 0: same weights, same order, these settings.

        Both train along from then on.
        """
        original = self.run
        name = name or summary(differences(original.experiment, experiment), experiment)
        twin = Run(self._roster.next_number(), name, experiment)
        twin.origin = Origin(original.number, 0)
        original.along = twin.along = True
        self._training = self._training or play
        self._add(twin, Start(twin.number, experiment))
        return twin

    def _fork_again(self, run: Run, experiment: Experiment) -> None:
        """Replace a fork that has not gone on yet by one with other settings, from the same place."""
        assert run.origin is not None
        origin = self._roster.origin_of(run)
        epoch = run.origin.epoch
        recording = recording_of(origin, epoch) if origin is not None else None
        if origin is None or recording is None:
            origin, recording = run, recording_of(run, epoch)
        changes = differences(origin.experiment_at(epoch), experiment)
        fork = Run(self._roster.next_number(), fork_name(changes, epoch), experiment)
        fork.origin, fork.history, fork.color = run.origin, origin.history.until(epoch), run.color
        fork.snapshot = replace(run.snapshot, run=fork.number) if run.snapshot is not None else None
        self._add(fork, Fork(fork.number, origin.number, experiment, (), recording, (epoch, 0)), instead=True)

    # ------------------------------------------------------------ transport

    def play(self) -> None:
        """Train until paused, or until the experiment says stop; in the past, play what was trained as a film."""
        run = self.run
        if run.playhead is not None:
            self.look.start_film(self._limit)
            return
        self._training = True
        self._send(Play(self._players()))

    def pause(self) -> None:
        """Stop after the current slice."""
        self._training, self.look.film = False, None
        self._send(Pause())

    def step_epoch(self, count: int = 1) -> None:
        """Train to the end of this epoch, and `count` - 1 more; in the past, look at the next epoch."""
        if self.run.playhead is not None:
            self.look.go_to(self.run.playhead + count)
            return
        self._training = False
        self._send(StepEpochs(self._players(), count))

    def step_batch(self) -> None:
        """Make one optimizer step, on the newest state."""
        self.look.go_live()
        self._training = False
        self._send(StepBatch(self._players()))

    def limit_speed(self, epochs_per_second: float | None, growth: float = 0.0) -> None:
        """Train at most so fast, and `growth` faster for every epoch behind; None is full speed."""
        self._limit = LimitSpeed(epochs_per_second, growth)
        if self.look.film is not None:
            self.look.start_film(self._limit)
        self._send(self._limit)

    def train_along(self, run: Run, along: bool) -> None:
        """Have a run train side by side with the one that is played, or no longer."""
        run.along = along
        if along:
            self._roster.adopt(run)
        if self._training:
            self._send(Play(self._players()))

    def _players(self) -> tuple[int, ...]:
        """Return the numbers of the runs that train together."""
        along = [run for run in self.runs if run.along and not run.archived] if self.run.along else []
        for run in along:
            self._roster.adopt(run)
        return tuple(dict.fromkeys([self.run.number, *(run.number for run in along)]))

    # ------------------------------------------------------------ the list of runs

    def select(self, run: Run) -> None:
        """Bring a run to the front; training stops unless that run trains too."""
        if run is self.run:
            return
        self.look.film = None
        if self._training and run.number not in self._players():
            self.pause()
        self._bring_to_front(run)

    def remove(self, run: Run) -> None:
        """Take a run out of the list; the last one stays. `put_back` undoes it."""
        if len(self.runs) < 2:
            return
        if run is self.run:
            at = self.runs.index(run)
            self.select(self.runs[at - 1] if at else self.runs[1])
        self._roster.take_out(run)

    def put_back(self, run: Run, at: int) -> None:
        """Return a run that was removed to its place in the list; what is in front stays there."""
        self.runs.insert(min(at, len(self.runs)), run)

    def replace_runs(self, runs: list[Run], front: int) -> None:
        """Turn to other runs altogether, those of a project; the ones so far are let go."""
        self.pause()
        self.look.compared = ()
        self._roster.exchange(runs)
        for run in runs:
            self._intake.know(run)
        self._bring_to_front(runs[front])

    def project(self, desk: Desk | None = None) -> Project:
        """Return what a project file of this session holds, in a few milliseconds; `desk` is the window's."""
        return project_of(self.runs, self.run, self.look.compared, self.worker.samples, desk)

    def open(self, project: Project) -> None:
        """Turn to the runs of a project; its samples count more than the files that they came from."""
        for samples in project.samples:
            self._send(Provide(samples.source, samples.seed, samples.dataset))
        self.replace_runs(list(project.runs), project.front)
        self.look.compare(tuple(project.runs[place].number for place in project.compared))

    def want(self, names: frozenset[str]) -> None:
        """Say which probes the visible views need."""
        self.look.want(names)

    def close(self) -> None:
        """Stop the worker and wait for it."""
        self.worker.stop()

    # ------------------------------------------------------------ what happened

    def poll(self) -> bool:
        """Take over what the worker posted; return whether there was anything."""
        posts, snapshots = self.mailbox.drain()
        runs = {run.number: run for run in self.runs}
        for post in posts:
            if post.run in runs:
                self._take(post, runs[post.run])
        taken = [self.look.take(snapshot, runs[snapshot.run]) for snapshot in snapshots if snapshot.run in runs]
        moved = self.look.turn_film()
        return bool(posts) or any(taken) or moved

    def _take(self, post: Post, run: Run) -> None:
        """Take over one post."""
        match post:
            case Changed(status=status, text=text):
                self._take_status(run, status, text)
            case Notice(text=text):
                self.notices.append(text)
            case _:
                self._intake.take(post, run, self._roster.origin_of(run))

    def _take_status(self, run: Run, status: Status, text: str) -> None:
        run.status, run.text = status, text
        if status.over and text:
            note(run.history, Event(run.epoch, text, "end"))
        if status in (Status.FINISHED, Status.DIVERGED):  # the next change may mend one that failed
            players = [each for each in self.runs if each.number in self._players()]
            if all(each.status.over for each in players):
                self._training = False
        if status.over or status is Status.PAUSED:
            self._keep_best(run)

    def _keep_best(self, run: Run) -> None:
        """Have the state of the best epoch kept: users come back to it."""
        best = run.history.best_epoch
        recording = recording_of(run, best) if best is not None and best >= run.first_epoch else None
        if best is not None and recording is not None and recording.frame.place != (best, 0):
            self._send(Keep(run.number, recording, best))

    # ------------------------------------------------------------ parts

    def _send(self, command: Command) -> None:
        self.worker.send(command)

    def _add(self, run: Run, command: Command, instead: bool = False) -> None:
        """Put a run at the end of the list and to the front; with `instead` the one in front, a fork, makes room."""
        before = self.run
        self._intake.know(run)
        self._roster.add(run, command)
        self._bring_to_front(run)
        if instead and before.origin is not None:
            self._roster.take_out(before)
        if self._training:
            self.play()

    def _bring_to_front(self, run: Run) -> None:
        for other in self.runs:
            if other is run or other.number in self.look.compared:
                continue
            self.look.look_away(other)
            if not other.along:
                other.put_away()
        self._roster.front = run
        run.bring_back()
        if run.playhead is None:
            self._roster.adopt(run)
        self._send(Focus(run.number))
        if run.playhead is not None:
            self.look.go_to(run.playhead)
        self.look.send_want()

    def _begin(self, experiment: Experiment, name: str = "", instead: bool = False) -> None:
        """Start a run; one in which nothing was trained makes room for it. Its name is what sets it apart."""
        before = self.run if self.runs else None
        if before is not None and (instead or not before.trained):
            self._roster.take_out(before)
        if self.runs:
            akin = before if before is not None and before in self.runs else self.runs[-1]
            name = name or summary(differences(akin.experiment, experiment), experiment)
        else:
            name = ""  # there is nothing that it could be told apart from
        run = Run(self._roster.next_number(), name or experiment.name, experiment)
        self._roster.add(run, Start(run.number, experiment))
        self._bring_to_front(run)
        self._send(Play(self._players()) if self._training else Pause())

    def _renamed(self, experiment: Experiment) -> Experiment:
        """Return the settings of the run in front under another name and on another plane."""
        now = self.run.experiment
        data = now.data.replace(plane=experiment.data.plane)
        return now.replace(name=experiment.name, description=experiment.description, data=data)

    def _rename(self, run: Run, experiment: Experiment, instead: bool) -> None:
        """Give a fork the name of what sets it apart now, unless the user named it.

        That is for one that has not gone on yet, or, with `instead`, for one that the slider on its way has made.
        """
        origin = self._roster.origin_of(run)
        if run.origin is None or origin is None or (run.trained and not instead):
            return
        epoch = run.origin.epoch
        base = origin.experiment_at(epoch)
        if run.name == fork_name(differences(base, run.experiment), epoch):
            run.name = fork_name(differences(base, experiment), epoch)

    def _live(self, experiment: Experiment, changes: tuple[Change, ...]) -> bool:
        """Say whether the run at hand can take the changes on. New samples must have the shape of the old ones."""
        snapshot = self.run.snapshot
        if self.run.status is Status.FAILED:
            return False
        exchanged = [change for change in changes if change.path.startswith("data.source")]
        if exchanged:
            data = snapshot.data if snapshot is not None else None
            shape = (data.task, data.n_features, data.n_classes) if data is not None else None
            if shape is None or experiment.data.source.known_shape() != shape:
                return False
        return all(change.live for change in changes if change not in exchanged)

    def _apply(self, experiment: Experiment, changes: tuple[Change, ...], instead: bool) -> None:
        run = self.run
        self._rename(run, experiment, instead)
        run.experiment = experiment
        for change in changes:
            if not matters(change):
                continue
            if change.path.startswith("data.source"):
                note(run.history, Event(run.epoch, "Samples changed", "data"))
            else:
                note(run.history, Event(run.epoch, str(change), "setting", change.path, change.before), change)
        self._send(Configure(run.number, experiment))
