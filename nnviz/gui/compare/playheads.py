"""The playheads of the compared runs: each its own, or linked so that all stand at the same epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nnviz.gui.controller import Controller
from nnviz.run import Run


class Playheads:
    """Moves playheads through the session. Linked, the runs follow whichever of them is moved, here or elsewhere.

    `epoch` is the common one, None for now. A run that ended before it shows its end, a fork that began after it shows
    where it began.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self.linked = True
        self.epoch: int | None = None
        self._moving = False  # whether what changes now is done here
        self._seen: dict[int, int | None] = {}  # by the number of a run, its playhead as it was left here

    def link(self, on: bool, runs: Sequence[Run]) -> None:
        """Link the playheads or let each go its own way; linked, all go to where the run in front is, or the first."""
        self.linked = on
        if on and runs:
            self._follow(self._leader(runs), runs)

    def go_to(self, epoch: int, runs: Sequence[Run], exact: bool = True) -> None:
        """Move some runs to an epoch; from the end of the longest on it means now."""
        if epoch >= last_epoch(runs):
            self.go_live(runs)
            return
        with self._here(runs):
            self.epoch = epoch
            for run in runs:
                if run is self._controller.run:
                    self._controller.go_to(epoch, exact)
                else:
                    self._controller.session.look.go_to(epoch, exact, run)

    def go_live(self, runs: Sequence[Run]) -> None:
        """Look at some runs as they are now."""
        with self._here(runs):
            self.epoch = None
            for run in runs:
                if run is self._controller.run:
                    self._controller.go_live()
                else:
                    self._controller.session.look.go_live(run)

    def keep_up(self, runs: Sequence[Run]) -> None:
        """Where one of the linked runs was moved elsewhere, on the timeline say, or joins them, bring all together."""
        if self._moving:
            return
        known = [run for run in runs if run.number in self._seen]
        moved = [run for run in known if run.playhead != self._seen[run.number]]
        if self.linked and moved:
            self._follow(self._leader(moved), runs)
        elif self.linked and known and len(known) < len(runs):
            self._all_to(self.epoch, [run for run in runs if run not in known])
        elif self.linked and runs and not known:
            self._follow(self._leader(runs), runs)
        self._seen = {run.number: run.playhead for run in runs}

    # ------------------------------------------------------------ parts

    @contextmanager
    def _here(self, runs: Sequence[Run]) -> Iterator[None]:
        """While runs are moved here, what is announced of them moves nothing else."""
        before, self._moving = self._moving, True
        try:
            yield
        finally:
            self._moving = before
            self._seen.update({run.number: run.playhead for run in runs})

    def _leader(self, runs: Sequence[Run]) -> Run:
        """Return which of some runs the others follow: the one in front, or the one that is looked at furthest on."""
        front = next((run for run in runs if run is self._controller.run), None)
        return front or max(runs, key=lambda run: -1 if run.playhead is None else run.playhead)

    def _follow(self, leader: Run, runs: Sequence[Run]) -> None:
        self._seen[leader.number] = leader.playhead
        self._all_to(leader.playhead, [run for run in runs if run is not leader])
        self.epoch = leader.playhead

    def _all_to(self, epoch: int | None, runs: Sequence[Run]) -> None:
        common = self.epoch
        if epoch is None:
            self.go_live(runs)
        else:
            self.go_to(epoch, runs)
        self.epoch = common


def first_epoch(runs: Sequence[Run]) -> int:
    """Return the first epoch that any of some runs can show."""
    return min((run.first_epoch for run in runs), default=0)


def last_epoch(runs: Sequence[Run]) -> int:
    """Return the last epoch of the longest of some runs."""
    return max((run.epoch for run in runs), default=0)
