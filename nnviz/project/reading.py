"""Opening project files: whole, or what is left of damaged ones."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from nnviz.experiment import from_plain
from nnviz.history.keyframes import Keyframe
from nnviz.project.archive import Archive
from nnviz.project.arrays import Arrays, unpacked
from nnviz.project.project import Project, ProjectError, Samples
from nnviz.project.records import (
    FrameRecord,
    ProjectRecord,
    RunRecord,
    SamplesRecord,
    checked,
    frame_from,
    run_from,
    samples_from,
    state_from,
)
from nnviz.project.stored import Stored
from nnviz.project.trees import Tree
from nnviz.project.versions import VERSION, Document, migrated, version_of
from nnviz.run import Run
from nnviz.settings import SettingsError

T = TypeVar("T")

Complain = Callable[[ProjectError], None]
"""What becomes of something that cannot be read: it is raised, or noted down and passed over."""

_RUN = re.compile(r"runs/([1-9][0-9]{0,8})/(run\.json|experiment\.toml)")


def is_project(path: Path) -> bool:
    """Say whether a file is a project, and not an experiment of the same ending."""
    try:
        with path.open("rb") as file:
            return file.read(2) == b"PK"
    except OSError:
        return False


def read(path: Path) -> Project:
    """Return the project in a file. Its keyframes and samples read their arrays when they are asked for.

    Raises ProjectError, with one sentence, for a file that is damaged, no project, or written by a newer nnviz.
    """

    def complain(error: ProjectError) -> None:
        raise error

    archive = Archive.open(path)
    project = _Reader(archive, complain).project()
    if project is None:
        raise ProjectError(f"{path.name} holds no runs.")
    return project


def read_what_is_left(path: Path) -> tuple[Project | None, list[str]]:
    """Return what can still be read of a damaged project, None if that is nothing, and sentences on what is missing.

    Every keyframe is looked at, so that nothing fails later: this takes as long as reading all of the file.
    """
    sentences: list[str] = []

    def complain(error: ProjectError) -> None:
        sentences.append(str(error))

    try:
        archive = Archive.open(path)
    except ProjectError as error:
        complain(error)
        try:
            archive = Archive.open(path, salvage=True)
        except ProjectError:
            return None, sentences
    try:
        project = _Reader(archive, complain, lenient=True).project()
    except ProjectError as error:
        project = None
        complain(error)
    if project is None:
        sentences.append(f"Nothing of {path.name} can be read.")
    return project, sentences


class _Reader:
    """Reads one archive."""

    def __init__(self, archive: Archive, complain: Complain, lenient: bool = False) -> None:
        self._archive, self._complain, self._lenient = archive, complain, lenient

    def project(self) -> Project | None:
        """Return the project, None where there is no run. Raises ProjectError for what is no project at all."""
        document = self._document()
        record = self._header(document)
        numbers = record.runs if record is not None else sorted(document["runs"])
        found = {number: run for number in numbers if (run := self._run(number, document)) is not None}
        if not found:
            return None
        places = {number: place for place, number in enumerate(found)}
        for number, run in found.items():
            run.number = places[number] + 1
            if run.origin is not None:
                origin = run.origin.run
                run.origin = replace(run.origin, run=places[origin] + 1 if origin in places else -1)
        front = places.get(record.front, 0) if record is not None else 0
        compared = tuple(places[n] for n in record.compared if n in places) if record is not None else ()
        samples = [self._samples(each) for each in record.samples] if record is not None else []
        return Project(tuple(found.values()), front, compared, tuple(each for each in samples if each is not None))

    # ------------------------------------------------------------ settings

    def _document(self) -> Document:
        """Return all JSON files as they are in the present form."""
        document: Document = {"runs": {}}
        project = self._attempt(lambda: self._json("project.json"))
        if project is not None:
            document["project"] = project
        version = version_of(document) if not self._lenient or project is not None else VERSION
        numbers = {int(match[1]) for name in self._archive.entries if (match := _RUN.fullmatch(name))}
        for number in sorted(numbers):
            document["runs"][number] = self._attempt(partial(self._json, f"runs/{number}/run.json"))
        return migrated(document, version)

    def _header(self, document: Document) -> ProjectRecord | None:
        if "project" not in document:
            return None
        where = f"{self._archive.name}, project.json,"
        record = self._attempt(lambda: checked(document["project"], ProjectRecord, where))
        if record is not None and (len(set(record.runs)) < len(record.runs) or record.front not in record.runs):
            self._complain(ProjectError(f"{where} is damaged: its list of runs does not hold together."))
            return None
        return record

    def _json(self, name: str) -> Tree:
        try:
            return msgspec.json.decode(self._archive.text(name))
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            if isinstance(error, ProjectError):
                raise
            raise ProjectError(f"{self._archive.name} is damaged at {name}: {error}.") from error

    # ------------------------------------------------------------ runs

    def _run(self, number: int, document: Document) -> Run | None:
        tree = document["runs"].get(number)
        run = self._attempt(lambda: self._recorded(number, tree)) if tree is not None else None
        return run if run is not None else self._attempt(lambda: self._bare(number))

    def _recorded(self, number: int, tree: Tree) -> Run:
        record: RunRecord = checked(tree, RunRecord, f"{self._archive.name}, run {number},")
        columns = self._attempt(lambda: self._columns(number, record)) or {}
        lost: list[FrameRecord] = []

        def frame_of(each: FrameRecord) -> Keyframe | None:
            try:
                return self._frame(each)
            except ProjectError:
                if not self._lenient:
                    raise
                lost.append(each)
                return None

        run = run_from(record, number, columns, frame_of)
        if lost:
            all_frames = len(record.keyframes.frames)
            self._complain(ProjectError(f"{len(lost)} of the {all_frames} keyframes of {run.name!r} are lost."))
        return run

    def _columns(self, number: int, record: RunRecord) -> Arrays:
        if not record.history.rows:
            return {}
        name = f"runs/{number}/history.npz"
        columns = unpacked(self._archive.read(name), f"{self._archive.name}, {name}")
        if len(columns.get("epoch", ())) != record.history.rows:
            raise ProjectError(f"{self._archive.name} is damaged at {name}: it has another number of rows.")
        return columns

    def _frame(self, record: FrameRecord) -> Keyframe:
        stored = self._stored("keyframes", record.digest)
        if record.bytes > self._archive.entries[stored.name].size:
            raise ProjectError(f"{self._archive.name} is damaged at {stored.name}: it is too short.")
        frame = frame_from(record, state_from(record, stored))
        if self._lenient:
            frame.state.arrays()
        return frame

    def _bare(self, number: int) -> Run:
        """Return a run of which nothing but its settings are left. Raises ProjectError."""
        if not self._lenient:
            raise ProjectError(f"{self._archive.name} lacks run {number}: the file is damaged.")
        name = f"runs/{number}/experiment.toml"
        try:
            plain = tomllib.loads(self._archive.text(name).decode())
            experiment = from_plain(plain, f"{self._archive.name}, {name}")
        except (SettingsError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            raise ProjectError(f"{self._archive.name} is damaged at {name}: {error}") from error
        self._complain(ProjectError(f"Of {experiment.name!r} only the settings are left."))
        return Run(number, experiment.name, experiment)

    # ------------------------------------------------------------ parts

    def _samples(self, record: SamplesRecord) -> Samples | None:
        def found() -> Samples:
            samples = samples_from(record, self._stored("data", record.digest))
            if self._lenient:
                samples.dataset.features.shape  # noqa: B018 - reads them
            return samples

        return self._attempt(found)

    def _stored(self, folder: str, digest: str) -> Stored:
        stored = Stored(self._archive, folder, digest)
        if stored.name not in self._archive:
            raise ProjectError(f"{self._archive.name} lacks {stored.name}: the file is damaged.")
        return stored

    def _attempt(self, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except ProjectError as error:
            self._complain(error)
            return None
