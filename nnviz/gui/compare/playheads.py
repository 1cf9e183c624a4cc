"""The playheads of the compared runs: each its own, or linked so that all stand at the same epoch."""

from __future__ import annotations

from collections.abc import Sequence

from nnviz.gui.controller import Controller
from nnviz.run import Run


class Playheads:
    """Moves playheads through the session. Linked, the runs follow whichever of them is moved, here or elsewhere.

    A run that ended before the common epoch shows its end.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._linked = True
        self._seen: dict[int, int | None] = {}  # by the number of a run, its playhead as it was left here

    @property
    def linked(self) -> bool:
        """Whether all stand at the same epoch."""
        return self._linked

    def link(self, on: bool, runs: Sequence[Run]) -> None:
        """Link the playheads or let each go its own way; linked, all go to where the run in front is, or the first."""
        self._linked = on
        if on and runs:
            self._follow(self._leader(runs), runs)

    def go_to(self, epoch: int, runs: Sequence[Run], exact: bool = True) -> None:
        """Move to an epoch; the end of a run means now."""
        for run in runs:
            if run is self._controller.run:
                self._controller.go_to(epoch, exact)
            else:
                self._controller.session.look.go_to(epoch, exact, run)
            self._seen[run.number] = run.playhead

    def go_live(self, runs: Sequence[Run]) -> None:
        """Look at runs as they are now."""
        for run in runs:
            if run.playhead is None:
                continue
            if run is self._controller.run:
                self._controller.go_live()
            else:
                self._controller.session.look.go_live(run)
        self._seen.update({run.number: None for run in runs})

    def keep_up(self, runs: Sequence[Run]) -> None:
        """Where one of the linked runs was moved elsewhere, on the timeline say, or joins them, bring all together."""
        known = [run for run in runs if run.number in self._seen]
        moved = [run for run in known if run.playhead != self._seen[run.number]]
        if self._linked and runs and (moved or len(known) < len(runs)):
            self._follow(self._leader(moved or known or runs), runs)
        self._seen = {run.number: run.playhead for run in runs}

    def _leader(self, runs: Sequence[Run]) -> Run:
        """Return which of some runs the others follow: the one in front, or the one that is looked at furthest on."""
        front = next((run for run in runs if run is self._controller.run), None)
        return front or max(runs, key=lambda run: -1 if run.playhead is None else run.playhead)

    def _follow(self, leader: Run, runs: Sequence[Run]) -> None:
        others = [run for run in runs if run is not leader]
        if leader.playhead is None:
            self.go_live(others)
        else:
            self.go_to(leader.playhead, others)
        self._seen[leader.number] = leader.playhead


def first_epoch(runs: Sequence[Run]) -> int:
    """Return the first epoch that any of some runs can show."""
    return min((run.first_epoch for run in runs), default=0)


def last_epoch(runs: Sequence[Run]) -> int:
    """Return the last epoch of the longest of some runs."""
    return max((run.epoch for run in runs), default=0)


def shown_epoch(runs: Sequence[Run]) -> int | None:
    """Return the epoch at which some runs are looked at, the latest of them; None where all show now."""
    past = [run.playhead for run in runs if run.playhead is not None]
    return max(past) if past else None
