"""Between the window and the session: every change of the experiment goes through here, and can be undone."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from nnviz.experiment import Experiment
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
    """The new Experiment, after every change, undo and redo included."""
    run_changed = Signal()
    """Another run is being trained, or the list of runs changed."""
    status_changed = Signal()
    """The run's status or its sentence changed."""
    ticked = Signal()
    """Once per frame in which something arrived."""
    notice = Signal(str)
    """A sentence for the user about something that could not be done."""

    UNDO_LIMIT = 100

    def __init__(self, experiment: Experiment, parent: QObject | None = None, start: bool = True) -> None:
        super().__init__(parent)
        self.session = Session(experiment, start)
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(self.UNDO_LIMIT)
        self._gestures = 0
        self._gesture_run = ("", -1)  # the run that a gesture has started
        self._instead = False  # whether the change at hand goes on with that gesture
        self._seen: tuple[int, Status, str, bool] = (self.run.number, self.run.status, "", False)

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
        self.undo_stack.push(_ExperimentStep(self, self.experiment, experiment, text, merge))
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
        if experiment == self.experiment:
            self.reset()
        else:
            self.change(experiment, f"Open {experiment.name}")

    def adopt(self, experiment: Experiment) -> None:
        """Make an experiment the current one, without a step to undo: what the steps themselves do."""
        self.session.configure(experiment, self._instead)
        self.experiment_changed.emit(experiment)
        self._announce()

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

    def step_batch(self) -> None:
        self.session.step_batch()

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

    def _announce(self) -> None:
        """Emit what differs from the last time."""
        run = self.run
        before, self._seen = self._seen, (run.number, run.status, run.text, self.session.playing)
        if before[0] != run.number:
            self.run_changed.emit()
        if before != self._seen:
            self.status_changed.emit()


class _ExperimentStep(QUndoCommand):
    """From one experiment to another and back."""

    def __init__(self, controller: Controller, before: Experiment, after: Experiment, text: str, merge: str) -> None:
        super().__init__(text)
        self._controller, self._before, self._after, self._merge = controller, before, after, merge

    def redo(self) -> None:
        self._controller.adopt(self._after)

    def undo(self) -> None:
        self._controller.adopt(self._before)

    def id(self) -> int:
        return hash(self._merge) & 0x3FFFFFFF if self._merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _ExperimentStep) or other._merge != self._merge:
            return False
        self._after = other._after
        return True
