"""Between the window and the session: every change of the experiment goes through here, and can be undone."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoStack

from nnviz.experiment import Experiment
from nnviz.gui.steps import EditStep, ExperimentStep, NewRunStep, NoteStep, RemoveStep, Standpoint
from nnviz.history.chapters import Edit
from nnviz.project.project import Project
from nnviz.run import Run
from nnviz.session import Session
from nnviz.settings import SettingsError, changed
from nnviz.snapshot import Status


class Controller(QObject):
    """Holds the session and the undo stack. Panels call its methods and listen to its signals.

    Signals carry no arrays: `ticked` says that there may be something new to draw, and whoever draws reads
    `run.history` and `run.snapshot`.
    """

    experiment_changed = Signal(object)
    """The Experiment that holds where the user looks, after every change of either, undo and redo included."""
    run_changed = Signal()
    """Another run is in front, another epoch of it is looked at, or the list of runs changed."""
    status_changed = Signal()
    """The run's status or its sentence changed."""
    ticked = Signal()
    """Once per frame in which something arrived."""
    best_wanted = Signal()
    """The user goes to the best epoch of the run in front: who keeps the test vault counts it."""
    notice = Signal(str)
    """A sentence for the user about something that could not be done."""

    UNDO_LIMIT = 100

    def __init__(self, experiment: Experiment, parent: QObject | None = None, start: bool = True) -> None:
        super().__init__(parent)
        self.session = Session(experiment, start)
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(self.UNDO_LIMIT)
        self.replaying = False  # whether stored steps are put onto the stack, which changes nothing
        self._gestures = 0
        self._gesture_run = ("", -1)  # the run that a gesture has started
        self._instead = False  # whether the change at hand goes on with that gesture
        self._seen = self._state()
        self._told = experiment  # what experiment_changed said last

    @property
    def experiment(self) -> Experiment:
        return self.session.experiment

    @property
    def run(self) -> Run:
        return self.session.run

    # ------------------------------------------------------------ changing the experiment

    def change(self, experiment: Experiment, text: str, merge: str = "") -> None:
        """Replace the experiment, as one step that can be undone under the name `text`.

        Changes in a row with the same `merge` key (a slider that is dragged, one stroke) become one step.
        """
        if experiment == self.experiment:
            return
        before = self.run.number
        self._instead = bool(merge) and self._gesture_run == (merge, before)
        self.undo_stack.push(ExperimentStep(self, self.experiment, experiment, text, merge))
        self._instead = False
        if self.run.number != before:
            self._gesture_run = (merge, self.run.number)

    def set(self, path: str, value: object, text: str, merge: str = "") -> str:
        """Replace one setting; return what is wrong with the value, or an empty string."""
        try:
            experiment = changed(self.experiment, path, value)
        except SettingsError as error:
            return str(error)
        refusal = self.session.refusal(experiment)
        if not refusal:
            self.change(experiment, text, merge)
        return refusal

    def open(self, experiment: Experiment) -> None:
        """Turn to another experiment, paused; undo returns to the one before. The same one begins again."""
        self.session.pause()
        self.session.look.go_live()
        if experiment == self.experiment:
            self.reset()
        else:
            self.change(experiment, f"Open {experiment.name}")

    def open_project(self, project: Project) -> None:
        """Turn to the runs of a project, paused; what could be undone before belongs to the runs before."""
        self.undo_stack.clear()
        self.session.open(project)
        self._told = self.experiment
        self.experiment_changed.emit(self.experiment)
        self._announce()
        self.run_changed.emit()

    def adopt(self, experiment: Experiment) -> None:
        """Make an experiment the current one, without a step to undo: what the steps themselves do."""
        self.session.configure(experiment, self._instead)
        self._told = experiment
        self.experiment_changed.emit(experiment)
        self._announce()

    def set_parameters(self, edits: tuple[Edit, ...], before: tuple[Edit, ...], text: str) -> None:
        """Set parameters by hand; `before` holds what they are now. In the past this makes a fork from there."""
        if self.run.playhead is None:
            self.undo_stack.push(EditStep(self, edits, before, text))
            return
        experiment = self.experiment
        self._push_run(lambda: self.session.fork(experiment, text, edits), text)

    # ------------------------------------------------------------ runs

    def fork(self) -> None:
        """Go on from what is looked at as another run."""
        self._push_run(lambda: self.session.fork(self.experiment), "Fork")

    def fork_with(self, experiment: Experiment, name: str = "") -> None:
        """Go on from what is looked at as another run, with other settings."""
        self._push_run(lambda: self.session.fork(experiment, name), f"Fork with {name}" if name else "Fork")

    def twin(self, experiment: Experiment, name: str = "") -> None:
        """Train other settings from the same beginning, side by side with the run in front."""
        self._push_run(lambda: self.session.twin(experiment, name), f"Twin with {name}" if name else "Twin")

    def begin(self, experiment: Experiment, name: str) -> None:
        """Begin a run of its own with any settings, paused, whatever it has in common with the one in front."""
        self._push_run(lambda: self.session.begin(experiment, name), f"Open {name}")

    def select(self, run: Run) -> None:
        """Bring a run to the front."""
        self.session.select(run)
        self._announce()

    def remove(self, run: Run) -> None:
        """Take a run out of the list; undo returns it."""
        if len(self.session.runs) > 1:
            self.undo_stack.push(RemoveStep(self, run))
        else:
            self.notice.emit("The only run cannot be removed; open or reset the experiment to begin another.")

    def describe(self, run: Run, field: str, value: object) -> None:
        """Change what the user says of a run: `name`, `note`, `color`, `starred` or `archived`."""
        if getattr(run, field) != value:
            self.undo_stack.push(NoteStep(self, run, field, value))

    def train_along(self, run: Run, along: bool) -> None:
        """Have a run train side by side with the one that is played, or no longer."""
        for each in (run, self.run) if along else (run,):
            self.session.train_along(each, along)
        self.run_changed.emit()

    def _push_run(self, make: object, text: str) -> None:
        assert callable(make)
        self.undo_stack.push(NewRunStep(self, make, text))
        self._announce()

    # What the steps do.

    def standpoint(self) -> Standpoint:
        """Return what is looked at."""
        return Standpoint(self.run, self.run.playhead)

    def return_to(self, standpoint: Standpoint) -> bool:
        """Look at something again; return whether it is still there."""
        run, playhead = standpoint.run, standpoint.playhead
        if run not in self.session.runs:
            return False
        if run is not self.run:
            self.session.select(run)
        if run.playhead != playhead:
            self.session.look.go_live() if playhead is None else self.session.look.go_to(playhead)
        self._announce()
        return True

    def drop_untrained(self, run: Run) -> None:
        """Take out a run that nobody would miss."""
        if not run.trained and run in self.session.runs:
            self.take_out(run)

    def take_out(self, run: Run) -> int:
        """Take a run out of the list and return where it stood."""
        at = self.session.runs.index(run) if run in self.session.runs else len(self.session.runs)
        if run in self.session.runs:
            self.session.remove(run)
        self._announce()
        self.run_changed.emit()
        return at

    def put_back(self, run: Run, at: int) -> None:
        """Return a run to the list; what is in front stays there."""
        if run not in self.session.runs:
            self.session.put_back(run, at)
        self._announce()

    def write(self, run: Run, field: str, value: object) -> None:
        """Write down what the user says of a run."""
        setattr(run, field, value)
        self.run_changed.emit()

    # ------------------------------------------------------------ transport

    def toggle(self) -> None:
        """Play, or pause."""
        if self.session.playing:
            self.session.pause()
        else:
            self.session.play()
        self._announce()

    def step_epoch(self) -> None:
        self.session.step_epoch()
        self._announce()

    def step_batch(self) -> None:
        self.session.step_batch()
        self._announce()

    def reset(self) -> None:
        """Begin again from the same initial weights."""
        self.session.reset()
        self._announce()

    def gesture(self, path: str) -> str:
        """Return a new key under which the changes of one drag become one step."""
        self._gestures += 1
        return f"{path} {self._gestures}"

    def new_seed(self) -> None:
        """Begin again from other initial weights and another order of samples."""
        seed = (self.experiment.seed + 1) % 2**31
        self.change(self.experiment.replace(seed=seed), "New seed")

    # ------------------------------------------------------------ the past

    def go_to(self, epoch: int, exact: bool = True) -> None:
        """Look at an epoch of the run in front; its end means now."""
        self.session.look.film = None
        self.session.look.go_to(epoch, exact)
        self._announce()

    @Slot()
    def go_live(self) -> None:
        """Look at the run as it is now."""
        self.session.look.go_live()
        self._announce()

    @Slot()
    def go_to_beginning(self) -> None:
        """Look at where the run began."""
        self.go_to(self.run.first_epoch)

    @Slot()
    def go_to_best(self) -> None:
        """Look at the epoch with the smallest validation loss, or test loss where there is no validation part."""
        best = self.run.history.best_epoch
        if best is None and self.run.history.sealed and self.run.epoch > 0:
            self.notice.emit(
                "Only the test part says which epoch is best, and it is locked: set a validation part aside."
            )
        elif best is None:
            self.notice.emit("There is no best epoch yet: nothing has been measured.")
        else:
            self.best_wanted.emit()
            self.go_to(best)

    def move(self, epochs: int) -> None:
        """Look so many epochs further on, or back; from now it goes back."""
        self.go_to(self.run.shown_epoch + epochs)

    def move_keyframe(self, forward: bool) -> None:
        """Look at the next keyframe, or the one before: states that were kept, which appear at once."""
        shown = self.run.shown_epoch
        kept = [frame.epoch for frame in self.run.history.keyframes if frame.place[1] == 0]
        beyond = [epoch for epoch in kept if (epoch > shown if forward else epoch < shown)]
        if beyond:
            self.go_to(beyond[0] if forward else beyond[-1])
        elif forward:
            self.go_live()

    # ------------------------------------------------------------ frames

    def tick(self) -> bool:
        """Take over what the worker posted and tell the window; called once per frame. Return whether there was any."""
        news = self.session.poll()
        if news:
            self._announce()
            self.ticked.emit()
        for text in self.session.notices:
            self.notice.emit(text)
        self.session.notices.clear()
        return news

    def close(self) -> None:
        """Stop training and wait for the worker."""
        self.session.close()

    def _state(self) -> tuple[tuple[int, int | None, int], tuple[Status, str, bool]]:
        run = self.run
        return (run.number, run.playhead, len(self.session.runs)), (run.status, run.text, self.session.playing)

    def _announce(self) -> None:
        """Emit what differs from the last time."""
        before, self._seen = self._seen, self._state()
        experiment = self.experiment
        if experiment is not self._told and experiment != self._told:
            self._told = experiment
            self.experiment_changed.emit(experiment)
        if before[0] != self._seen[0]:
            self.run_changed.emit()
        if before != self._seen:
            self.status_changed.emit()
