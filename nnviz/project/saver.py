"""Saving in the background: a plain thread, one file after the other."""

from __future__ import annotations

import logging
import threading
from collections import deque
from pathlib import Path
from typing import Literal

from nnviz.project.project import Project, ProjectError
from nnviz.project.writing import write

log = logging.getLogger(__name__)

Stage = Literal["waiting", "writing", "saved", "failed", "cancelled"]


class _CancelledError(Exception):
    """Somebody has thought better of it."""


class Saving:
    """One file on its way. Whoever shows it looks at it from time to time, from any thread.

    `text` is a sentence on what went wrong, or on what is missing in the file.
    """

    def __init__(self, path: Path, project: Project) -> None:
        self.path = path
        self.stage: Stage = "waiting"
        self.share = 0.0
        self.text = ""
        self._project: Project | None = project
        self._cancelled = False
        self._over = threading.Event()

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self._over.is_set()

    def cancel(self) -> None:
        """Do not save after all; the old file stays. Too late once the new one has taken its place."""
        self._cancelled = True

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is over, or for so long; return whether it is."""
        return self._over.wait(seconds)

    def _carry_out(self) -> None:
        """Write the file. Never raises."""
        project, self._project = self._project, None  # what was saved need not stay in memory
        assert project is not None
        try:
            self._go_on(0.0)
            self.stage = "writing"
            self.text = " ".join(write(self.path, project, self._go_on))
            self.stage, self.share = "saved", 1.0
        except _CancelledError:
            self.stage = "cancelled"
        except ProjectError as error:
            self.stage, self.text = "failed", str(error)
        except Exception as error:
            log.exception("%s was not saved", self.path)
            self.stage, self.text = "failed", f"{self.path} was not saved: {type(error).__name__}: {error}"
        self._over.set()

    def _go_on(self, share: float) -> None:
        self.share = share
        if self._cancelled:
            raise _CancelledError


class Saver:
    """Saves projects one after the other: a newer one waits for the older."""

    def __init__(self) -> None:
        self._waiting: deque[Saving] = deque()
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def save(self, path: Path, project: Project) -> Saving:
        """Begin to save a project and return at once. Raises RuntimeError after `close`."""
        saving = Saving(path, project)
        with self._change:
            if self._closed:
                raise RuntimeError("The saver is closed.")
            self._waiting.append(saving)
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="nnviz-saving", daemon=True)
                self._thread.start()
            self._change.notify()
        return saving

    def close(self) -> None:
        """Finish what was begun, and wait for it."""
        with self._change:
            self._closed = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join()

    def _loop(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                saving = self._waiting.popleft()
            saving._carry_out()
