"""Saving project files in one step."""

from __future__ import annotations

import errno
import os
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from nnviz import __version__
from nnviz.data.dataset import Dataset
from nnviz.engines.engine import EngineState
from nnviz.experiment import to_toml
from nnviz.export.files import replacing
from nnviz.history.keyframes import Keyframe, Keyframes
from nnviz.project.archive import MOST_PACKED, open_at
from nnviz.project.arrays import packed
from nnviz.project.project import Project, ProjectError
from nnviz.project.records import ProjectRecord, record_of, samples_record, tree_of
from nnviz.project.stored import arrays_of, digest, entry_name, pending
from nnviz.project.versions import VERSION
from nnviz.run import Run

Told = Callable[[float], None]
"""Is told which share of the way is behind, from 0 to 1. Whatever it raises ends the writing; nothing has changed."""

Large = dict[str, EngineState | Dataset]
"""Values with arrays by the names of the entries that hold them."""

_PIECE = 8 * 2**20
"""Bytes that are written between two looks at whether to go on."""

_REASONS = {
    errno.ENOSPC: "there is no room left on the disk; make some, or choose another place",
    errno.EDQUOT: "your share of the disk is used up; make room, or choose another place",
    errno.EFBIG: "the disk takes no file of this size; choose another place",
    errno.EACCES: "the folder or the file must not be written to; choose another place",
    errno.EPERM: "the folder or the file must not be written to; choose another place",
    errno.EROFS: "the disk can only be read; choose another place",
    errno.ENOENT: "the folder is not there any more; choose another place",
    errno.ENOTDIR: "the folder is not there any more; choose another place",
    errno.EIO: "the disk does not work; choose another place",
}


def write(path: Path, project: Project, told: Told = lambda share: None) -> list[str]:
    """Write a project in one step: whatever happens, the file is the old one or the new one, whole.

    Returns sentences about what could not be saved, because the file that it came from is damaged or gone. Raises
    ProjectError, and has changed nothing, when the file cannot be written.
    """
    missing: list[str] = []
    try:
        try:
            _write(path, project, told)
        except _UnreadableError:
            project, missing = _without_unreadable(project)
            _write(path, project, told)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, (error.strerror or str(error)).rstrip("."))
        unchanged = " The file that was there is unchanged." if path.exists() else ""
        raise ProjectError(f"{path} cannot be saved: {reason}.{unchanged}") from error
    return missing


class _UnreadableError(Exception):
    """Arrays that are still in another file cannot be read."""


def _write(path: Path, project: Project, told: Told) -> None:
    large = _large(project)
    with ExitStack() as replaced, replacing(path) as file:
        with zipfile.ZipFile(file, "w") as archive:
            _write_settings(archive, project)
            _write_histories(archive, project)
            _write_large(archive, large, told)
        file.flush()
        os.fsync(file.fileno())  # now: nobody can read from the old file from here to its replacement
        for before in open_at(path):
            _bring_home(before.lent, large)
            replaced.enter_context(before.set_aside())


def _large(project: Project) -> Large:
    """Return what goes into the file once, whoever has it, by the names of the entries."""
    large: Large = {entry_name("data", digest(each.dataset)): each.dataset for each in project.samples}
    states = (frame.state for run in project.runs for frame in run.history.keyframes)
    return large | {entry_name("keyframes", digest(state)): state for state in states}


def _bring_home(lent: Iterable[EngineState | Dataset], saved: Large) -> None:
    """Have values read their arrays that are still in a file which is about to be replaced by one without them."""
    for value in list(lent):
        stored = pending(value)
        if stored is not None and stored.name not in saved:
            with suppress(ProjectError):  # as unreadable now as later
                arrays_of(value)


def _without_unreadable(project: Project) -> tuple[Project, list[str]]:
    """Return the project without keyframes and samples that can no longer be read, and sentences about them."""
    missing = []
    runs = []
    for run in project.runs:
        kept = [frame for frame in run.history.keyframes if _readable(frame.state)]
        lost = len(run.history.keyframes) - len(kept)
        if lost:
            what = "1 keyframe" if lost == 1 else f"{lost} keyframes"
            missing.append(f"The project lacks {what} of {run.name!r}: the file that held them is damaged or gone.")
        runs.append(_with_frames(run, kept))
    samples = tuple(each for each in project.samples if _readable(each.dataset))
    if len(samples) < len(project.samples):
        missing.append("The project lacks some samples: the file that held them is damaged or gone.")
    return replace(project, runs=tuple(runs), samples=samples), missing


def _with_frames(run: Run, frames: list[Keyframe]) -> Run:
    history, kept = run.history.copy(), run.history.keyframes
    history.keyframes = Keyframes.of(frames, kept.most, kept.bytes_limit, kept.widest)
    return replace(run, history=history)


def _readable(value: EngineState | Dataset) -> bool:
    stored = pending(value)
    try:
        return stored is None or bool(stored.read())
    except ProjectError:
        return False


# ---------------------------------------------------------------- entries


def _write_settings(archive: zipfile.ZipFile, project: Project) -> None:
    numbers = {run.number: place + 1 for place, run in enumerate(project.runs)}
    _add(archive, "project.json", _json(_project_record(project)))
    for number, run in enumerate(project.runs, 1):
        _add(archive, f"runs/{number}/run.json", _json(record_of(run, numbers)))
        _add(archive, f"runs/{number}/experiment.toml", to_toml(run.experiment).encode("utf-8", "replace"))


def _project_record(project: Project) -> ProjectRecord:
    return ProjectRecord(
        format="nnviz project",
        version=VERSION,
        app=__version__,
        saved=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        runs=list(range(1, len(project.runs) + 1)),
        front=project.front + 1,
        compared=[place + 1 for place in project.compared],
        samples=[samples_record(samples) for samples in project.samples],
        desk=dict(project.desk),
    )


def _json(record: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(tree_of(record)), indent=1)


def _write_histories(archive: zipfile.ZipFile, project: Project) -> None:
    for number, run in enumerate(project.runs, 1):
        history = run.history
        if len(history):
            columns = {name: history.stored(name) for name in history.names}
            _add(archive, f"runs/{number}/history.npz", packed(columns))


def _write_large(archive: zipfile.ZipFile, large: Large, told: Told) -> None:
    sizes = [_size(value) for value in large.values()]
    whole, done = max(1, sum(sizes)), 0
    for (name, value), size in zip(large.items(), sizes, strict=True):
        content = _content(value)
        for written in _pieces(archive, name, content):
            told((done + size * written) / whole)
        done += size
    told(1.0)


def _size(value: EngineState | Dataset) -> int:
    """Return about how many bytes a value takes in the file."""
    stored = pending(value)
    if stored is not None and stored.name in stored.archive:
        return stored.archive.entries[stored.name].size
    return value.nbytes if isinstance(value, EngineState) else value.features.nbytes


def _content(value: EngineState | Dataset) -> bytes:
    stored = pending(value)
    if stored is None:
        return packed(arrays_of(value))
    try:
        return stored.read()
    except ProjectError as error:
        raise _UnreadableError from error


def _pieces(archive: zipfile.ZipFile, name: str, content: bytes) -> Iterator[float]:
    """Write an entry as it is, piece by piece, and return the share that is written after each."""
    info = zipfile.ZipInfo(name)
    info.file_size = len(content)
    with archive.open(info, "w") as entry:
        for start in range(0, len(content), _PIECE):
            entry.write(content[start : start + _PIECE])
            yield min(1.0, (start + _PIECE) / len(content))


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Write an entry packed, which halves measurements and makes a twentieth of text; states would lose a tenth."""
    info = zipfile.ZipInfo(name)  # of 1980: when it was written stands in project.json
    info.compress_type = zipfile.ZIP_DEFLATED if len(content) <= MOST_PACKED else zipfile.ZIP_STORED
    archive.writestr(info, content, compresslevel=1)
