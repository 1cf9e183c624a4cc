"""The journal of one session."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from nnviz.data.dataset import Dataset
from nnviz.data.source import Source
from nnviz.project.journal.batch import Batch, Facts, Written, facts_of, size_of, standing_of, taken
from nnviz.project.journal.lock import Lock
from nnviz.project.journal.record_log import RecordLog
from nnviz.project.journal.update import Update
from nnviz.project.project import Desk, Loaded, Samples, from_files
from nnviz.project.trees import Tree
from nnviz.run import Run

LOG, LOCK = "journal.log", "lock"
"""Names of files in the folder of a journal."""

_SLACK = 64 * 2**20
"""Bytes by which a log may grow beyond twice what it tells of before it is written anew."""


def folder() -> Path:
    """Return the folder of all journals; it need not exist yet.

    It is the system's place for the state of programs, or what the environment variable NNVIZ_STATE names.
    """
    import platformdirs

    chosen = os.environ.get("NNVIZ_STATE")
    return (Path(chosen) if chosen else platformdirs.user_state_path("nnviz", appauthor=False)) / "journals"


def nothing_loaded(source: Source, seed: int) -> Dataset | None:
    """Return no samples."""
    return None


class Journal:
    """Writes down what there is of a session.

    `change` and `autosave` do so at once. Where the session must not wait, its thread asks `differs` and calls
    `collect`, and another one `write`; the next `collect` has to wait for that. Raises OSError where there is no place
    for a journal. `desk` is what the window wants kept, to be replaced where that changes.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self.path = (parent or folder()) / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
        self.path.mkdir(parents=True, mode=0o700)
        self._lock = Lock(self.path / LOCK)
        self._lock.take()
        self._log = RecordLog(self.path / LOG)
        self._tree: Tree = {}
        self._runs: dict[int, Written] = {}
        self._states: set[str] = set()
        self._standing: Facts = ()
        self.desk: Desk = {}

    def differs(self, runs: Sequence[Run], front: Run, compared: Iterable[int] = ()) -> bool:
        """Say whether settings have changed that are not written yet; cheap enough for every frame."""
        if self._standing != standing_of(runs, front.number, compared, self.desk):
            return True
        return any(self._runs[run.number].facts != facts_of(run) for run in runs)

    def collect(
        self,
        runs: Sequence[Run],
        front: Run,
        compared: Iterable[int] = (),
        loaded: Loaded = nothing_loaded,
        everything: bool = True,
    ) -> Batch:
        """Return what is not written yet: of the settings, and with `everything` of measurements and keyframes.

        It takes a few milliseconds, and nothing that happens to the runs then reaches it.
        """
        whole = self._log.size > 2 * sum(map(size_of, runs)) + _SLACK
        everything = everything or whole
        now = (taken(run, self._runs.get(run.number, Written()), everything, whole) for run in runs)
        samples = ((*key, loaded(*key)) for key in from_files(runs)) if everything else ()
        found = tuple(Samples(source, seed, dataset) for source, seed, dataset in samples if dataset is not None)
        return Batch(tuple(now), front.number, tuple(compared), found, whole, self.desk)

    def write(self, batch: Batch) -> None:
        """Write a batch. When this returns, it is safe. Raises OSError, and what was safe before still is."""
        if batch.whole:
            self._write_anew(batch)
            return
        update = Update(batch, self.path, self._tree, self._runs, self._states)
        self._log.append(update.records())
        self._take(update)

    def change(self, runs: Sequence[Run], front: Run, compared: Iterable[int] = ()) -> None:
        """Write settings as they are now. Raises OSError."""
        self.write(self.collect(runs, front, compared, everything=False))

    def autosave(
        self, runs: Sequence[Run], front: Run, compared: Iterable[int] = (), loaded: Loaded = nothing_loaded
    ) -> None:
        """Write everything as it is now. Raises OSError."""
        self.write(self.collect(runs, front, compared, loaded))

    def close(self, keep: bool = False) -> None:
        """End the journal. Unless it is kept, there is nothing to recover from it."""
        self._log.close()
        self._lock.release()
        if not keep:
            shutil.rmtree(self.path, ignore_errors=True)

    def _write_anew(self, batch: Batch) -> None:
        """Write all into another log, which takes the place of the present one."""
        path = self.path / f"{secrets.token_hex(4)}.log"
        update = Update(batch, self.path, {}, {}, set())
        try:
            log = RecordLog(path)
            with contextlib.closing(log):
                log.append(update.records())
            log.replace(self._log)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._log = log
        self._take(update)

    def _take(self, update: Update) -> None:
        """Note what was written."""
        self._tree, self._runs, self._states = update.tree, update.runs, update.states
        self._standing = update.standing
