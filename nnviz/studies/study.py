"""What all studies have in common: a thread of their own, progress, cancelling, and a report that may be polled."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

import numpy as np

from nnviz.data.dataset import DataError
from nnviz.engines.choose import LossError, ShapeError
from nnviz.engines.engine import Engine
from nnviz.settings import SettingsError
from nnviz.training.background import Background
from nnviz.training.twin_report import Progress, State

log = logging.getLogger(__name__)

R = TypeVar("R")
J = TypeVar("J")
A = TypeVar("A")

MISTAKES = (DataError, ShapeError, LossError, SettingsError)
"""Errors whose text is a sentence for the user; all others are defects and are logged with their traceback."""

_TURN = 0.04
"""Seconds of training between two looks whether to stop."""


class Stopped(Exception):
    """Nobody wants what a study measures any more, and so it ended in the middle of that."""


class Study(Background, Generic[R]):
    """Answers one question by training networks in the background; `report()` is what is known so far.

    A subclass says in `study` what is to be done, on a thread of its own, and calls `tell` with a new report, a frozen
    value, whenever there is more to show. Use it in a `with` statement, or `close` it. `progress` and `report` may be
    called at any time, from any thread.
    """

    title = "study"

    def __init__(self, nothing: R, threads: int | None = None) -> None:
        super().__init__(self.title)
        self.threads = max(1, threads or os.cpu_count() or 1)
        self._report = nothing
        self._state: State = "waiting"
        self._text = ""
        self._share = 0.0
        self._began = 0.0

    def start(self) -> None:
        """Begin, in the background."""
        self._state = "preparing"
        super().start()

    def progress(self) -> Progress:
        """Return how it stands. The share never falls."""
        state, share = self._state, self._share
        if state == "finished":
            return Progress(state, 1.0, 0.0, self._text)
        spent = time.monotonic() - self._began
        left = spent * (1.0 - share) / share if state == "training" and share > 0.0 else float("nan")
        return Progress(state, share, 0.0 if state in ("cancelled", "failed") else left, self._text)

    def settled(self) -> bool:
        """Say whether the report holds all that is to be known at present: a study that follows a run never ends."""
        return self.progress().over

    def report(self) -> R:
        """Return what is known so far: a frozen value."""
        return self._report

    # ------------------------------------------------------------ what a subclass uses

    def study(self) -> None:
        """Do everything; ask `stopped` now and then. Raises one of `MISTAKES`, with a sentence, where it cannot."""
        raise NotImplementedError

    def begin_training(self) -> None:
        """Say that all is prepared: from here on the time that is left can be told."""
        self._began = time.monotonic()
        self._state = "training"

    def tell(self, report: R | None = None, share: float | None = None) -> None:
        """Publish a new report, and how much of the work is done, 0..1."""
        if report is not None:
            self._report = report
        if share is not None and self._state == "preparing":
            self.begin_training()
        if share is not None:
            self._share = max(self._share, min(1.0, share))

    def go_on(self) -> None:
        """Raise `Stopped` once nobody wants more: what measurements that take long call many times a second."""
        if self.stopped():
            raise Stopped

    def each(self, jobs: Iterable[J], work: Callable[[J], A]) -> Iterator[tuple[J, A]]:
        """Do `work` for every job on the study's threads; yield jobs with their results as they are done.

        Jobs are begun in the order given, few ahead of what is done; once the study is stopped no more are begun.
        An error in one ends them all and is raised here.
        """
        waiting, running = iter(jobs), dict[Future[A], J]()
        with ThreadPoolExecutor(self.threads, thread_name_prefix=f"nnviz-{self.title}") as pool:
            try:
                while True:
                    while len(running) < 2 * self.threads and not self.stopped():
                        job = next(waiting, None)
                        if job is None:
                            break
                        running[pool.submit(work, job)] = job
                    if not running:
                        return
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        yield running.pop(future), future.result()
            except BaseException:
                self.cancel()  # what is still running ends soon
                raise

    def _run(self) -> None:
        try:
            self.study()
            self._state = "cancelled" if self._cancelled.is_set() else "finished"
        except Stopped:
            self._state = "cancelled"
        except MISTAKES as error:
            self._text, self._state = str(error), "failed"
        except Exception as error:
            log.exception("A %s failed", self.title)
            self._text, self._state = f"The {self.title} failed: {type(error).__name__}: {error}", "failed"


def train_through(engine: Engine, epochs: Iterable[int], stopped: Callable[[], bool]) -> Iterator[int]:
    """Train an engine to each of some epochs, ascending, without measuring in between; yield each as it is reached.

    Ends early once `stopped` says so, which is asked many times a second, or the parameters are no longer finite.
    """
    turn = 1
    for epoch in epochs:
        while engine.epoch < epoch:
            if stopped():
                return
            began, wanted = time.perf_counter(), min(turn, epoch - engine.epoch)
            engine.pass_epochs(wanted)
            taken = max(time.perf_counter() - began, 1e-6)
            turn = max(1, min(4 * wanted, int(wanted * _TURN / taken)))
        if not np.isfinite(engine.parameters()).all():
            return
        yield epoch
