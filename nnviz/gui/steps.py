"""What can be undone: changes of settings, and runs that came or went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QUndoCommand

from nnviz.experiment import Experiment
from nnviz.history.chapters import Edit
from nnviz.run import Run

if TYPE_CHECKING:
    from nnviz.gui.controller import Controller


@dataclass(frozen=True)
class Standpoint:
    """A run, and which epoch of it is looked at; None is now."""

    run: Run
    playhead: int | None


class ExperimentStep(QUndoCommand):
    """From one experiment to another and back.

    Where the change made another run, undoing it goes back to the run before and to what was looked at there; the other
    run stays if it was trained, for nothing that was computed is thrown away.
    """

    def __init__(self, controller: Controller, before: Experiment, after: Experiment, text: str, merge: str) -> None:
        super().__init__(text)
        self._controller, self._before, self._after, self._merge = controller, before, after, merge
        self._from = self._to = controller.standpoint()

    def redo(self) -> None:
        self._controller.return_to(self._from)
        if self._to.run is not self._from.run and self._controller.return_to(self._to):
            return
        self._controller.adopt(self._after)
        self._to = self._controller.standpoint()

    def undo(self) -> None:
        made = self._to.run if self._to.run is not self._from.run else None
        self._controller.return_to(self._to)
        if made is not None and self._controller.return_to(self._from):
            self._controller.drop_untrained(made)
        if self._controller.experiment != self._before:
            self._controller.adopt(self._before)

    def id(self) -> int:
        return hash(self._merge) & 0x3FFFFFFF if self._merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, ExperimentStep) or other._merge != self._merge:
            return False
        self._after, self._to = other._after, other._to
        return True


class NewRunStep(QUndoCommand):
    """A run that is made by asking for it: a fork, a twin, another beginning. `make` returns it, or None."""

    def __init__(self, controller: Controller, make: Callable[[], Run | None], text: str) -> None:
        super().__init__(text)
        self._controller, self._make = controller, make
        self._from = controller.standpoint()
        self._made: Run | None = None
        self._at = 0

    def redo(self) -> None:
        if self._made is not None:
            self._controller.put_back(self._made, self._at)
            return
        self._made = self._make()
        self.setObsolete(self._made is None)

    def undo(self) -> None:
        if self._made is not None:
            self._at = self._controller.take_out(self._made)
            self._controller.return_to(self._from)


class EditStep(QUndoCommand):
    """Parameters that were set by hand in the run that goes on; undoing sets them back to what they were."""

    def __init__(self, controller: Controller, edits: tuple[Edit, ...], before: tuple[Edit, ...], text: str) -> None:
        super().__init__(text)
        self._controller, self._edits, self._before = controller, edits, before
        self._where = controller.standpoint()

    def redo(self) -> None:
        self._apply(self._edits, self.text())

    def undo(self) -> None:
        self._apply(self._before, f"{self.text()}, undone")

    def _apply(self, edits: tuple[Edit, ...], text: str) -> None:
        if self._controller.return_to(self._where):
            self._controller.session.set_parameters(edits, text)


class RemoveStep(QUndoCommand):
    """A run that is taken out of the list."""

    def __init__(self, controller: Controller, run: Run) -> None:
        super().__init__(f"Remove {run.name}")
        self._controller, self._run, self._at = controller, run, 0

    def redo(self) -> None:
        self._at = self._controller.take_out(self._run)

    def undo(self) -> None:
        self._controller.put_back(self._run, self._at)


class NoteStep(QUndoCommand):
    """Something that the user wrote or chose about a run: its name, note, colour, star, or that it is put away."""

    def __init__(self, controller: Controller, run: Run, field: str, value: object) -> None:
        super().__init__(f"Change {field} of {run.name}")
        self._controller, self._run, self._field = controller, run, field
        self._before, self._after = getattr(run, field), value

    def redo(self) -> None:
        self._controller.write(self._run, self._field, self._after)

    def undo(self) -> None:
        self._controller.write(self._run, self._field, self._before)
