"""What can be undone, and the test vault, as plain values in a project: so that both go on after opening it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtGui import QUndoCommand, QUndoStack

from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.gui.steps import EditStep, ExperimentStep, NewRunStep, NoteStep, Standpoint
from nnviz.gui.vault_keeper import keeper_of
from nnviz.history.chapters import Edit
from nnviz.project.project import Project
from nnviz.project.records import tree_of
from nnviz.project.trees import Tree, differences_between, with_differences
from nnviz.run import Run
from nnviz.settings import SettingsError, decode

MOST = 60
"""Steps that are kept: the last ones."""

Record = dict[str, Any]


class _LostError(Exception):
    """A step that speaks of a run which is no longer there."""


class UndoRecord:
    """What can be undone in a window, for its project and its journal."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._key: tuple[object, ...] = ()
        self._desk: Record = {}

    def desk(self) -> Record:
        """Return what a project keeps of it: the same object as long as nothing has changed.

        A step that speaks of a run which was removed ends the chain: of the steps that are done those after it are
        kept, of the undone ones those before it.
        """
        stack, runs = self._controller.undo_stack, self._controller.session.runs
        vault = keeper_of(self._controller).vault
        key = (vault, stack.index(), stack.count(), self._controller.experiment, tuple(run.number for run in runs))
        if key != self._key:
            self._key, self._desk = key, {"undo": _recorded(stack, runs), "vault": vault.plain()}
        return self._desk

    def restore(self, project: Project) -> None:
        """Put the steps of a project, whose runs the session has, onto the undo stack. It never raises."""
        controller, stack = self._controller, self._controller.undo_stack
        keeper_of(controller).restore(project.desk.get("vault"))
        record = project.desk.get("undo")
        try:
            index, plain = int(record["index"]), list(record["steps"])  # type: ignore[index]
            reader = _Reader(controller, project.runs)
            steps = [reader.step(each) for each in plain]
        except (_LostError, SettingsError, ValueError, KeyError, TypeError, IndexError, AttributeError):
            return  # a project without its undo history is still a project
        controller.replaying = True  # steps move the stack's index, and do nothing else
        try:
            for step in steps:
                stack.push(step)
            stack.setIndex(max(0, min(index, stack.count())))
        finally:
            controller.replaying = False
        stack.setClean()


def _recorded(stack: QUndoStack, runs: Sequence[Run]) -> Record:
    """Return the steps of a stack; runs are named by their place in the list, experiments by what differs."""
    writer = _Writer(runs)
    index, steps = stack.index(), [stack.command(i) for i in range(stack.count())]
    first = index
    while first > max(0, index - MOST) and writer.can(steps[first - 1]):
        first -= 1
    last = index
    while last < len(steps) and writer.can(steps[last]):
        last += 1
    return {"index": index - first, "steps": [writer.plain(step) for step in steps[first:last]]}


class _Writer:
    """Turns steps into plain values."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._places = {run.number: place for place, run in enumerate(runs)}
        self._last: Tree = None

    def can(self, step: QUndoCommand) -> bool:
        """Say whether a step can be stored."""
        return isinstance(step, ExperimentStep | NewRunStep | NoteStep | EditStep) and all(
            run.number in self._places for run in step.runs()
        )

    def plain(self, step: QUndoCommand) -> Record:
        match step:
            case ExperimentStep():
                where = {"from": self._where(step.before_at), "to": self._where(step.after_at)}
                return {
                    "kind": "experiment",
                    "text": step.text(),
                    **where,
                    "before": self._experiment(step.before),
                    "after": self._experiment(step.after),
                }
            case NewRunStep():
                made = self._places[step.runs()[-1].number]
                return {"kind": "run", "text": step.text(), "from": self._where(step.before_at), "made": made}
            case NoteStep():
                told = {"field": step.field, "before": step.before, "after": step.after}
                return {"kind": "note", "run": self._places[step.run.number], **told}
            case EditStep():
                edits = {"edits": _plain_edits(step.edits), "before": _plain_edits(step.before)}
                return {"kind": "edit", "text": step.text(), "at": self._where(step.before_at), **edits}
        raise TypeError(f"{type(step).__name__} cannot be stored.")

    def _where(self, at: Standpoint) -> list[int | None]:
        return [self._places[at.run.number], at.playhead]

    def _experiment(self, experiment: Experiment) -> Tree:
        tree, before = tree_of(experiment), self._last
        self._last = tree
        return {"is": tree} if before is None else {"differs": differences_between(before, tree)}


class _Reader:
    """Makes steps of plain values."""

    def __init__(self, controller: Controller, runs: Sequence[Run]) -> None:
        self._controller, self._runs = controller, runs
        self._last: Tree = None
        self._makers: dict[str, Callable[[Record], QUndoCommand]] = {
            "experiment": self._experiment_step,
            "run": self._run_step,
            "note": self._note_step,
            "edit": self._edit_step,
        }

    def step(self, record: Record) -> QUndoCommand:
        """Return the step of a record. Raises what a damaged one leads to."""
        return self._makers[record["kind"]](record)

    def _experiment_step(self, record: Record) -> QUndoCommand:
        before, after = self._experiment(record["before"]), self._experiment(record["after"])
        step = ExperimentStep(self._controller, before, after, str(record["text"]), "")
        step.before_at, step.after_at = self._where(record["from"]), self._where(record["to"])
        return step

    def _run_step(self, record: Record) -> QUndoCommand:
        step = NewRunStep(self._controller, lambda: None, str(record["text"]))
        step.before_at, step.made = self._where(record["from"]), self._run(record["made"])
        return step

    def _note_step(self, record: Record) -> QUndoCommand:
        if record["field"] not in ("name", "note", "color", "starred", "archived"):
            raise ValueError(record["field"])
        step = NoteStep(self._controller, self._run(record["run"]), record["field"], record["after"])
        step.before = record["before"]
        return step

    def _edit_step(self, record: Record) -> QUndoCommand:
        edits, before = _edits(record["edits"]), _edits(record["before"])
        step = EditStep(self._controller, edits, before, str(record["text"]))
        step.before_at = self._where(record["at"])
        return step

    def _where(self, plain: list[int | None]) -> Standpoint:
        place, playhead = plain
        return Standpoint(self._run(place), None if playhead is None else int(playhead))

    def _run(self, place: int | None) -> Run:
        if place is None or not 0 <= place < len(self._runs):
            raise _LostError
        return self._runs[place]

    def _experiment(self, record: Record) -> Experiment:
        tree = record["is"] if "is" in record else with_differences(self._last, record["differs"])
        experiment = decode(Experiment, tree)
        self._last = tree_of(experiment)  # with bytes where a file has text for them
        return experiment


def _plain_edits(edits: tuple[Edit, ...]) -> list[list[float]]:
    return [[edit.parameter, edit.value] for edit in edits]


def _edits(plain: list[list[float]]) -> tuple[Edit, ...]:
    return tuple(Edit(int(parameter), float(value)) for parameter, value in plain)
