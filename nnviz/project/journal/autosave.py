"""Keeping a journal without the session waiting for the disk."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

from nnviz.project.journal.batch import Batch
from nnviz.project.journal.journal import Journal
from nnviz.project.project import Desk, Loaded
from nnviz.run import Run
from nnviz.snapshot import Status

log = logging.getLogger(__name__)

EVERY = 30.0
"""Seconds between two times that measurements and keyframes are written."""

_AGAIN = 5.0
"""Seconds after which it is tried again where writing failed."""


class Autosave:
    """Looks at a session, and writes what is new in a thread of its own.

    Settings are written as soon as they change; all else every 30 seconds, and when training pauses. `trouble` is a
    sentence as long as that does not work.
    """

    def __init__(self, journal: Journal, every: float = EVERY) -> None:
        self.trouble = ""
        self._journal, self._every = journal, every
        self._due, self._again = time.monotonic() + every, 0.0
        self._seen: tuple[Any, ...] = ()  # of the measurements, when they were written last
        self._running = False
        self._batch: Batch | None = None  # on its way to the disk
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def look(
        self, runs: Sequence[Run], front: Run, compared: Iterable[int], loaded: Loaded, desk: Desk | None = None
    ) -> None:
        """Write what is new, if it is due. Call it often, in the thread to which the runs belong: it takes no time.

        A `desk` that is the same object as before has not changed.
        """
        now = time.monotonic()
        if self._batch is not None or self._closed or now < self._again:
            return
        if desk is not None:
            self._journal.desk = desk
        running = any(run.status is Status.RUNNING for run in runs)
        everything = (now >= self._due or (self._running and not running)) and self._seen != _progress(runs)
        self._running = running
        if everything:
            self._seen, self._due = _progress(runs), now + self._every
        if everything or self._journal.differs(runs, front, compared):
            self._hand_over(self._journal.collect(runs, front, compared, loaded, everything))

    def hurry(self) -> None:
        """Write all that is new the next time, also measurements and keyframes."""
        self._due, self._seen = 0.0, ()

    @property
    def behind(self) -> bool:
        """Whether something is being written, or about to be since that was asked for."""
        return self._batch is not None or self._due == 0.0

    def flush(self, seconds: float | None = None) -> bool:
        """Wait until what was looked at is written, or for so long; return whether it is."""
        with self._change:
            return self._change.wait_for(lambda: self._batch is None, seconds) and not self.trouble

    def close(self, keep: bool = False) -> None:
        """End the journal after what is being written. Unless it is kept, there is nothing to recover from it."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._journal.close(keep)

    def _hand_over(self, batch: Batch) -> None:
        with self._change:
            self._batch = batch
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="nnviz-journal", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def _loop(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._batch is not None or self._closed)
                batch = self._batch
            if batch is None:
                return
            trouble = self._written(batch)
            with self._change:
                self._batch, self.trouble = None, trouble
                self._change.notify_all()

    def _written(self, batch: Batch) -> str:
        """Write a batch; return what is wrong, or nothing."""
        try:
            self._journal.write(batch)
        except Exception as error:
            if not isinstance(error, OSError):
                log.exception("The journal was not written")
            self._again = self._due = time.monotonic() + _AGAIN
            self._seen = ()
            reason = getattr(error, "strerror", None) or str(error).rstrip(".") or type(error).__name__
            return f"Your work is not safe from a crash: {reason}. Save it as a project."
        return ""


def _progress(runs: Sequence[Run]) -> tuple[Any, ...]:
    """Return what changes where anything was measured or kept."""
    return tuple((run.number, run.epoch, run.history.went_back, len(run.history.keyframes), run.end) for run in runs)
