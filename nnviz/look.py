"""What is looked at: which runs, now or at which epoch of their past, and the past played as a film."""

from __future__ import annotations

import time
from collections.abc import Callable

from nnviz.roster import Roster, recording_of
from nnviz.run import Run
from nnviz.snapshot import Snapshot
from nnviz.training.commands import Command, LimitSpeed, Show, ShowNow, Want

_WHOLE = 10.0
"""Seconds that a film takes at full speed, however long the run was."""


class Film:
    """A moving playhead. It has the pace of the training speed that is chosen; at full speed it takes ten seconds."""

    def __init__(self, epoch: int, end: int, limit: LimitSpeed) -> None:
        self._epoch, self._limit = float(epoch), limit
        self._full = max(1.0, (end - epoch) / _WHOLE)
        self._at = time.monotonic()

    def epoch(self) -> int:
        """Return the epoch that is due now."""
        now = time.monotonic()
        pace = self._limit.at(int(self._epoch))
        self._epoch += (self._full if pace is None else pace) * (now - self._at)
        self._at = now
        return int(self._epoch)


class Look:
    """Playheads: one per run, and what the training thread has to show of them."""

    def __init__(self, roster: Roster, send: Callable[[Command], None]) -> None:
        self.compared: tuple[int, ...] = ()  # numbers of runs that are looked at beside the one in front
        self.film: Film | None = None
        self._roster, self._send = roster, send
        self._wants: frozenset[str] = frozenset()

    def go_to(self, epoch: int, exact: bool = True, run: Run | None = None) -> None:
        """Look at an epoch of a run, the one in front by default. Its end means now.

        While a place is only being looked for, `exact` may be left out: if repeating would take long, the nearest state
        that was kept is shown.
        """
        run = run or self._roster.front
        epoch = max(epoch, run.first_epoch)
        recording = recording_of(run, epoch)
        if epoch >= run.epoch or recording is None:
            self.go_live(run)
            return
        run.playhead, run.repeating = epoch, None
        self._send(Show(run.number, recording, epoch, run.experiment.data.plane, exact))
        self.send_want()

    def go_live(self, run: Run | None = None) -> None:
        """Look at a run as it is now."""
        run = run or self._roster.front
        if run is self._roster.front:
            self.film = None
        if run.playhead is not None:
            run.playhead, run.repeating = None, None
            self._roster.adopt(run)
            self._send(ShowNow(run.number))
            self.send_want()

    def look_away(self, run: Run) -> None:
        """Let the training thread forget the past of a run; its playhead stays where it is."""
        if run.playhead is not None:
            self._send(ShowNow(run.number))

    def compare(self, runs: tuple[int, ...]) -> None:
        """Look at some runs beside the one in front."""
        self.compared = runs
        self.send_want()

    def want(self, names: frozenset[str]) -> None:
        """Say which probes the visible views need."""
        self._wants = names
        self.send_want()

    def send_want(self) -> None:
        """Tell the training thread of which runs, as they are now, it shall take snapshots."""
        numbered = (self._roster.numbered(number) for number in self.compared)
        seen = [self._roster.front, *(run for run in numbered if run is not None)]
        now = [run for run in seen if run.playhead is None]
        for run in now:
            self._roster.adopt(run)
        self._send(Want(self._wants, frozenset(run.number for run in now)))

    def take(self, snapshot: Snapshot, run: Run) -> bool:
        """Take over a snapshot if it is of what is looked at, and say so: now, or the past."""
        if snapshot.past != (run.playhead is not None):
            return False
        run.snapshot = snapshot
        return True

    def start_film(self, limit: LimitSpeed) -> None:
        """Play the past of the run in front from what is looked at on, as fast as training might be."""
        run = self._roster.front
        self.film = Film(run.shown_epoch, run.epoch, limit)

    def turn_film(self) -> bool:
        """Show the next picture of the film once the one before has come; at the end of the run stop at now.

        Returns whether anything moved.
        """
        run = self._roster.front
        if self.film is None or run.playhead is None:
            return False
        shown = run.snapshot is not None and run.snapshot.past and run.snapshot.epoch == run.playhead
        epoch = self.film.epoch()
        if epoch < run.epoch and not (shown and epoch > run.playhead):
            return False
        self.go_to(epoch)
        return True
