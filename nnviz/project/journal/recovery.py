"""What journals of sessions have left that did not end as they should."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from nnviz.engines.engine import EngineState
from nnviz.history.history import Event, History
from nnviz.history.keyframes import Keyframe
from nnviz.project.archive import Archive
from nnviz.project.arrays import Arrays, unpacked
from nnviz.project.documents import project_from
from nnviz.project.journal.journal import LOCK, LOG, folder
from nnviz.project.journal.lock import is_held
from nnviz.project.journal.record_log import records_in
from nnviz.project.journal.update import DOCUMENT, ROWS, STATE
from nnviz.project.project import Project, ProjectError, Samples
from nnviz.project.records import (
    FrameRecord,
    RunRecord,
    SamplesRecord,
    frame_from,
    samples_from,
    state_facts,
    state_from,
)
from nnviz.project.stored import Stored, dataset_arrays, state_arrays
from nnviz.project.trees import Tree, with_differences
from nnviz.project.versions import migrated, version_of
from nnviz.run import Run

_DAY = 86_400.0
_BROKEN = (msgspec.DecodeError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What comes of a record that another program has written."""


@dataclass(frozen=True)
class Leftover:
    """A journal whose session is gone: when it was written last, in seconds of `time.time`, and the runs in it.

    `worthwhile` says whether anybody would miss it: something was trained, drawn or changed in a run.
    """

    path: Path
    time: float
    names: tuple[str, ...]
    epochs: tuple[int, ...]
    worthwhile: bool


def recoverable(parent: Path | None = None) -> list[Leftover]:
    """Return what there is to recover, the newest first. Journals of sessions that live are not among it."""
    parent = parent or folder()
    try:
        paths = [path for path in parent.iterdir() if path.is_dir()]
    except OSError:
        return []
    found = [left for path in paths if (left := _leftover(path)) is not None]
    return sorted(found, key=lambda left: left.time, reverse=True)


def recover(path: Path) -> Project:
    """Return the runs in a journal, as far as they were written: they go on exactly as they would have gone on.

    Raises ProjectError when nothing can be read.
    """
    missing: list[str] = []

    def complain(error: ProjectError) -> None:
        missing.append(str(error))

    log = _Log.read(path)
    version = version_of(log.tree.get("project"))
    project = project_from(migrated(log.document(), version), log, complain)
    if project is None:
        raise ProjectError("The journal holds no runs.")
    return replace(project, missing=tuple(missing))


def discard(path: Path) -> None:
    """Delete a journal for good. Raises ProjectError while its session lives."""
    if (path / LOCK).exists() and is_held(path / LOCK):
        raise ProjectError("This journal belongs to a session that is still open.")
    shutil.rmtree(path, ignore_errors=True)


def _leftover(path: Path) -> Leftover | None:
    """Return what there is in a folder, None for nothing or a session that lives. Empty folders of old are deleted."""
    try:
        if is_held(path / LOCK):
            return None
        written = (path / LOG).stat().st_mtime
        tree = _Log.read(path, settings_only=True).tree
        runs = [tree["runs"][str(number)] for number in tree["project"]["runs"]]
        names = tuple(str(run["name"]) for run in runs)
        epochs = tuple(int(run["history"]["epoch"]) for run in runs)
        return Leftover(path, written, names, epochs, any(map(_worthwhile, runs)))
    except (OSError, ProjectError, *_BROKEN):
        if _age(path) > _DAY:
            shutil.rmtree(path, ignore_errors=True)
        return None


def _worthwhile(run: Tree) -> bool:
    drawn = run["experiment"]["data"]["source"]["kind"] == "drawing"
    return bool(drawn or run["history"]["epoch"] > 0 or len(run["chapters"]) > 1 or run["note"])


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


@dataclass
class _Log:
    """What a log holds: the document, measurements by run, and states by digest."""

    path: Path
    tree: Tree = field(default_factory=dict)
    rows: dict[int, list[bytes]] = field(default_factory=dict)
    states: dict[str, bytes] = field(default_factory=dict)
    name: str = "The journal"
    _waiting: list[dict[str, Any]] = field(default_factory=list)  # measurements under settings that are yet to come
    _archives: dict[str, Archive] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, settings_only: bool = False) -> _Log:
        """Read a log up to its end or the first record that is not whole. Raises ProjectError where there is none."""
        log = cls(path)
        take: dict[int, Callable[[bytes], None]] = {DOCUMENT: log._differ, ROWS: log._add_rows, STATE: log._add_state}
        try:
            for kind, content in records_in(path / LOG, frozenset({ROWS, STATE}) if settings_only else frozenset()):
                if content:
                    take[kind](content)
        except OSError as error:
            raise ProjectError(f"The journal cannot be read: {error.strerror or error}.") from error
        except _BROKEN:  # whole, but not ours: all before it counts
            pass
        return log

    def _differ(self, content: bytes) -> None:
        """Take over what is said of the runs, and only now the measurements that it speaks of."""
        self.tree = with_differences(self.tree, msgspec.msgpack.decode(content))
        for record in self._waiting:
            kept = [] if record["fresh"] else self.rows.get(record["run"], [])
            self.rows[record["run"]] = [*kept, record["rows"]]
        self._waiting.clear()

    def _add_rows(self, content: bytes) -> None:
        self._waiting.append(msgspec.msgpack.decode(content))

    def _add_state(self, content: bytes) -> None:
        self.states[content[:16].hex()] = content[16:]

    # ------------------------------------------------------------ parts of the document

    def document(self) -> dict[str, Any]:
        """Return what is said of the runs."""
        return {"project": self.tree["project"], "runs": {int(key): tree for key, tree in self.tree["runs"].items()}}

    def columns(self, number: int, record: RunRecord) -> Arrays:
        facts, rows = record.history, History(sys.maxsize)
        for content in self.rows.get(number, ()):
            rows.append(unpacked(content, self.name))
        columns = {name: rows.column(name) for name in rows.names}
        try:
            history = History.of(columns, max(facts.most, len(rows)), facts.widest, facts.best_from)
        except ValueError as error:
            raise ProjectError(f"{self.name}: the measurements of run {number} are damaged: {error}") from error
        history.events = [Event(event.epoch, event.text) for event in record.events]
        history.shrink(facts.most)  # only now: which rows stay depends on what is best, and on the events
        return {name: history.column(name) for name in history.names}

    def frame(self, record: FrameRecord) -> Keyframe:
        if record.archive:
            return frame_from(record, state_from(record, self._stored(record.archive, "keyframes", record.digest)))
        if record.digest not in self.states:
            raise ProjectError("It was not written any more.")
        arrays = state_arrays(self.states[record.digest], self.name)
        return frame_from(record, EngineState(**state_facts(record), **arrays))

    def samples(self, record: SamplesRecord) -> Samples:
        if record.archive:
            return samples_from(record, self._stored(record.archive, "data", record.digest))
        try:
            arrays = dataset_arrays((self.path / f"{record.digest}.npz").read_bytes(), self.name)
        except OSError as error:
            raise ProjectError(f"Samples of the journal cannot be read: {error.strerror or error}.") from error
        return samples_from(record, arrays)

    def bare(self, number: int) -> Run:
        raise ProjectError(f"Run {number} cannot be read.")

    def _stored(self, archive: str, kind: str, digest: str) -> Stored:
        """Return where something lies in a project that the session had opened. Raises ProjectError."""
        if archive not in self._archives:
            self._archives[archive] = Archive.open(Path(archive))
        stored = Stored(self._archives[archive], kind, digest)
        if stored.name not in stored.archive:
            raise ProjectError(f"{stored.archive.name} was replaced by another file.")
        return stored
