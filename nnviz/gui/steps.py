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


class Step(QUndoCommand):
    """One step. While a controller puts stored steps onto its stack they are only counted, not carried out."""

    def __init__(self, controller: Controller, text: str) -> None:
        super().__init__(text)
        self._controller = controller
        self.before_at = controller.standpoint()

    def runs(self) -> tuple[Run, ...]:
        """Return the runs that it speaks of."""
        return (self.before_at.run,)

    def redo(self) -> None:
        if not self._controller.replaying:
            self.carry_out()

    def undo(self) -> None:
        if not self._controller.replaying:
            self.take_back()

    def carry_out(self) -> None:
        """Do it, the first time or again."""
        raise NotImplementedError

    def take_back(self) -> None:
        """Make it undone."""
        raise NotImplementedError


class ExperimentStep(Step):
    """From one experiment to another and back.

    Where the change made another run, undoing it goes back to the run before and to what was looked at there; the other
    run stays if it was trained, for nothing that was computed is thrown away.
    """

    def __init__(self, controller: Controller, before: Experiment, after: Experiment, text: str, merge: str) -> None:
        super().__init__(controller, text)
        self.before, self.after, self._merge = before, after, merge
        self.after_at = self.before_at

    def runs(self) -> tuple[Run, ...]:
        return self.before_at.run, self.after_at.run

    def carry_out(self) -> None:
        there = self._controller.return_to(self.before_at)
        if self.after_at.run is not self.before_at.run and self._controller.return_to(self.after_at):
            self._controller.drop_untrained(self.before_at.run)
            return
        if not there:  # its run has made room for another
            self.before_at = self._controller.standpoint()
        self._controller.adopt(self.after)
        self.after_at = self._controller.standpoint()

    def take_back(self) -> None:
        made = self.after_at.run if self.after_at.run is not self.before_at.run else None
        self._controller.return_to(self.after_at)
        there = made is None or self._controller.return_to(self.before_at)
        if made is not None and there:
            self._controller.drop_untrained(made)
        if self._controller.experiment != self.before:
            self._controller.adopt(self.before)
        if not there:  # the run before had made room; now there is another like it
            self.before_at = self._controller.standpoint()

    def id(self) -> int:
        return hash(self._merge) & 0x3FFFFFFF if self._merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, ExperimentStep) or other._merge != self._merge:
            return False
        self.after, self.after_at = other.after, other.after_at
        return True


class NewRunStep(Step):
    """A run that is made by asking for it: a fork, a twin, another beginning. `make` returns it, or None."""

    def __init__(self, controller: Controller, make: Callable[[], Run | None], text: str) -> None:
        super().__init__(controller, text)
        self._make = make
        self.made: Run | None = None
        self._at = 0
        self._joined = False  # whether a twin has made the run in front train along

    def runs(self) -> tuple[Run, ...]:
        return self.before_at.run, *([self.made] if self.made is not None else [])

    def carry_out(self) -> None:
        origin = self.before_at.run
        if self.made is not None:
            origin.along = origin.along or self._joined
            self._controller.put_back(self.made, self._at)
            self._controller.select(self.made)
            return
        alone = not origin.along
        self.made = self._make()
        self._joined = alone and origin.along
        self.setObsolete(self.made is None)

    def take_back(self) -> None:
        if self.made is not None:
            if self._joined:
                self.before_at.run.along = False
            self._at = self._controller.take_out(self.made)
            self._controller.return_to(self.before_at)


class EditStep(Step):
    """Parameters that were set by hand in the run that goes on; undoing sets them back to what they were."""

    def __init__(self, controller: Controller, edits: tuple[Edit, ...], before: tuple[Edit, ...], text: str) -> None:
        super().__init__(controller, text)
        self.edits, self.before = edits, before

    def carry_out(self) -> None:
        self._apply(self.edits, self.text())

    def take_back(self) -> None:
        self._apply(self.before, f"{self.text()}, undone")

    def _apply(self, edits: tuple[Edit, ...], text: str) -> None:
        if self._controller.return_to(self.before_at):
            self._controller.session.set_parameters(edits, text)


class RemoveStep(Step):
    """A run that is taken out of the list. One that was in front returns there; else what is looked at stays."""

    def __init__(self, controller: Controller, run: Run) -> None:
        super().__init__(controller, f"Remove {run.name}")
        self._run, self._at = run, 0

    def carry_out(self) -> None:
        self.before_at = self._controller.standpoint()
        self._at = self._controller.take_out(self._run)

    def take_back(self) -> None:
        self._controller.put_back(self._run, self._at)
        if self.before_at.run is self._run:
            self._controller.return_to(self.before_at)


class NoteStep(Step):
    """Something that the user wrote or chose about a run: its name, note, colour, star, or that it is put away."""

    def __init__(self, controller: Controller, run: Run, field: str, value: object) -> None:
        super().__init__(controller, f"Change {field} of {run.name}")
        self.run, self.field = run, field
        self.before, self.after = getattr(run, field), value

    def runs(self) -> tuple[Run, ...]:
        return (self.run,)

    def carry_out(self) -> None:
        self._controller.write(self.run, self.field, self.after)

    def take_back(self) -> None:
        self._controller.write(self.run, self.field, self.before)
