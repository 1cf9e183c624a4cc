"""The runs of a session, and which of them the training thread knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nnviz.history.history import History
from nnviz.run import Run
from nnviz.snapshot import Status
from nnviz.training.commands import Adopt, Command, Forget, Fork, Recording, Start

COLORS = 8
"""How many colours runs are told apart by."""


class Roster:
    """A list of runs, oldest first, one of them in front. Numbers are never given twice."""

    def __init__(self, send: Callable[[Command], None]) -> None:
        self.runs: list[Run] = []
        self._send = send
        self._number = 0
        self._adopted: set[int] = set()  # numbers of the runs that the training thread knows
        self._front: Run | None = None

    @property
    def front(self) -> Run:
        """The run in front."""
        assert self._front is not None
        return self._front

    @front.setter
    def front(self, run: Run) -> None:
        self._front = run

    def next_number(self) -> int:
        """Return a number that no run has had."""
        self._number += 1
        return self._number

    def numbered(self, number: int) -> Run | None:
        """Return the run of a number, None when it is no longer there."""
        return next((run for run in self.runs if run.number == number), None)

    def origin_of(self, run: Run) -> Run | None:
        """Return the run that another one came from, None when there is none or it is no longer there."""
        return self.numbered(run.origin.run) if run.origin is not None else None

    def add(self, run: Run, command: Command) -> None:
        """Put a run at the end of the list, which a command begins in the training thread."""
        if run.color is None:
            used = {other.color for other in self.runs}
            run.color = next((number for number in range(COLORS) if number not in used), run.number % COLORS)
        self._adopted.add(run.number)
        self.runs.append(run)
        self._send(command)

    def take_out(self, run: Run) -> None:
        """Take a run out of the list; the training thread forgets it."""
        self.runs.remove(run)
        self._adopted.discard(run.number)
        self._send(Forget(run.number))

    def exchange(self, runs: list[Run]) -> None:
        """Put other runs in the place of all; they get numbers that no post on its way can mean."""
        for run in list(self.runs):
            self.take_out(run)
        numbers = {run.number: self.next_number() for run in runs}
        for run in runs:
            run.number = numbers[run.number]
            if run.origin is not None:
                run.origin = replace(run.origin, run=numbers.get(run.origin.run, -1))
        self.runs = list(runs)

    def adopt(self, run: Run) -> None:
        """Have the training thread take over a run that it does not know, as it was left."""
        if run.number in self._adopted:
            return
        self._adopted.add(run.number)
        run.status, run.text = Status.PREPARING, ""  # until the thread has brought it to where it was left
        self._send(self._beginning(run))

    def _beginning(self, run: Run) -> Command:
        """Return what brings a run to where it was left, to where it forks off, or to epoch 0 if nothing was kept."""
        recording = recording_of(run, run.end[0])
        if recording is not None:
            return Adopt(run.number, recording, run.end)
        if run.first_epoch > 0:
            origin, place = self.origin_of(run), (run.first_epoch, 0)
            recording = recording_of(origin, run.first_epoch) if origin is not None else None
            if origin is not None and recording is not None:
                return Fork(run.number, origin.number, run.experiment, (), recording, place)
            run.origin, run.history = None, History(run.history.most)
        return Start(run.number, run.experiment)


def recording_of(run: Run, epoch: int) -> Recording | None:
    """Return what it takes to repeat a run up to the end of an epoch, None where nothing before it was kept."""
    frame = run.history.keyframes.before((epoch, 0))
    return Recording(tuple(run.chapters), frame) if frame is not None and run.chapters else None
