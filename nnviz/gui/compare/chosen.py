"""Which runs are compared."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from nnviz.gui.controller import Controller
from nnviz.run import Run

MOST = 4
"""Runs that are compared at once: more have no room side by side, and each costs training time for its snapshots."""


class Chosen(QObject):
    """Up to four runs, in the order of the list. While `attended` the session takes snapshots of all of them.

    A run that comes into the list joins as long as there is room; one that leaves it is no longer chosen.
    """

    changed = Signal()
    refused = Signal(str)
    """A sentence about why a run cannot be chosen as well."""

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._numbers: set[int] = set()
        self._known: set[int] = set()  # numbers of the runs that were in the list at the last look
        self._attended = False

    @property
    def runs(self) -> list[Run]:
        """The chosen runs, oldest first."""
        return [run for run in self._controller.session.runs if run.number in self._numbers]

    def __contains__(self, run: Run) -> bool:
        return run.number in self._numbers

    def choose(self, run: Run, on: bool) -> bool:
        """Compare a run, or no longer; return whether that was possible."""
        if on and run not in self and len(self._numbers) >= MOST:
            self.refused.emit(f"At most {MOST} runs are compared at once: uncheck one first.")
            return False
        self._set(self._numbers | {run.number} if on else self._numbers - {run.number})
        return True

    def attend(self, attended: bool) -> None:
        """Have the session take snapshots of the chosen runs, or no longer."""
        self._attended = attended
        self.keep_up()
        self._tell()

    def keep_up(self) -> None:
        """Take notice of runs that came or went."""
        session = self._controller.session
        listed = {run.number: run for run in session.runs}
        new = [number for number, run in listed.items() if number not in self._known and not run.archived]
        self._known = set(listed)
        numbers = self._numbers & self._known
        # The newest are the likeliest to be compared, and the one in front is in any case.
        for number in [session.run.number, *sorted(new, reverse=True)]:
            if number in new and len(numbers) < MOST:
                numbers = numbers | {number}
        self._set(numbers)
        if self._attended and session.look.compared != self._in_order():
            self._tell()  # another project was opened

    def _set(self, numbers: set[int]) -> None:
        if numbers != self._numbers:
            self._numbers = numbers
            self._tell()
            self.changed.emit()

    def _in_order(self) -> tuple[int, ...]:
        return tuple(run.number for run in self.runs)

    def _tell(self) -> None:
        """Tell the session, and let go of the past of runs that are looked at no longer.

        A run that comes has let go of its arrays: its past is asked for once more.
        """
        session = self._controller.session
        before, wanted = session.look.compared, self._in_order() if self._attended else ()
        if wanted == before:
            return
        session.look.compare(wanted)
        for run in session.runs:
            if run is session.run or run.playhead is None:
                continue
            if run.number in wanted and run.number not in before:
                session.look.go_to(run.playhead, run=run)
            elif run.number in before and run.number not in wanted:
                session.look.look_away(run)
