"""Opening project files: whole, or what is left of damaged ones."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec

from nnviz.experiment import from_plain
from nnviz.history.keyframes import Keyframe
from nnviz.project.archive import Archive
from nnviz.project.arrays import Arrays, unpacked
from nnviz.project.documents import Complain, project_from, refuse
from nnviz.project.project import Project, ProjectError, Samples
from nnviz.project.records import FrameRecord, RunRecord, SamplesRecord, frame_from, samples_from, state_from
from nnviz.project.stored import Stored
from nnviz.project.trees import Tree
from nnviz.project.versions import VERSION, Document, migrated, version_of
from nnviz.run import Run
from nnviz.settings import SettingsError

_RUN = re.compile(r"runs/([1-9][0-9]{0,8})/(run\.json|experiment\.toml)")


def is_project(path: Path) -> bool:
    """Say whether a file is a project, and not an experiment of the same ending.

    One of that ending which is empty or holds no text is a project too: what is left of one.
    """
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError:
        return False
    left = path.suffix.lower() == ".nnviz" and (not start.strip() or b"\0" in start)
    return start.startswith(b"PK") or left


def read(path: Path) -> Project:
    """Return the project in a file. Its keyframes and samples read their arrays when they are asked for.

    Raises ProjectError, with one sentence, for a file that is damaged, no project, or written by a newer nnviz.
    """
    parts = _ArchiveParts(Archive.open(path))
    project = project_from(parts.document(), parts, refuse)
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

    project = None
    try:
        parts = _CarefulParts(_opened(path, complain))
        project = project_from(parts.document_left(complain), parts, complain)
    except ProjectError as error:
        complain(error)
    if project is None:
        sentences.append(f"Nothing of {path.name} can be read.")
    return project, sentences


def _opened(path: Path, complain: Complain) -> Archive:
    """Open a file whose table of contents may be lost. Raises ProjectError."""
    try:
        return Archive.open(path)
    except ProjectError as error:
        complain(error)
        return Archive.open(path, salvage=True)


class _ArchiveParts:
    """The parts of a project in an archive."""

    def __init__(self, archive: Archive) -> None:
        self.name, self._archive = archive.name, archive

    def document(self) -> Document:
        """Return all JSON files in the present form. Raises ProjectError."""
        project = self._json("project.json")
        version = version_of(project)
        runs = {number: self._json(f"runs/{number}/run.json") for number in self._numbers()}
        return migrated({"project": project, "runs": runs}, version)

    def columns(self, number: int, record: RunRecord) -> Arrays:
        if not record.history.rows:
            return {}
        name = f"runs/{number}/history.npz"
        columns = unpacked(self._archive.read(name), f"{self.name}, {name}")
        if len(columns.get("epoch", ())) != record.history.rows:
            raise ProjectError(f"{self.name} is damaged at {name}: it has another number of rows.")
        return columns

    def frame(self, record: FrameRecord) -> Keyframe:
        stored = self._stored("keyframes", record.digest)
        if record.bytes > self._archive.entries[stored.name].size:
            raise ProjectError(f"{self.name} is damaged at {stored.name}: it is too short.")
        return frame_from(record, state_from(record, stored))

    def samples(self, record: SamplesRecord) -> Samples:
        return samples_from(record, self._stored("data", record.digest))

    def bare(self, number: int) -> Run:
        raise ProjectError(f"{self.name} lacks run {number}: the file is damaged.")

    def _numbers(self) -> list[int]:
        return sorted({int(match[1]) for name in self._archive.entries if (match := _RUN.fullmatch(name))})

    def _json(self, name: str) -> Tree:
        text = self._archive.text(name)
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            raise ProjectError(f"{self.name} is damaged at {name}: {error}.") from error

    def _stored(self, folder: str, digest: str) -> Stored:
        stored = Stored(self._archive, folder, digest)
        if stored.name not in self._archive:
            raise ProjectError(f"{self.name} lacks {stored.name}: the file is damaged.")
        return stored


class _CarefulParts(_ArchiveParts):
    """The same of a damaged project: everything is looked at, and settings are taken from wherever they are left."""

    def document_left(self, complain: Complain) -> Document:
        """Return the JSON files that can be read. Raises ProjectError for a project of a newer nnviz."""
        document: Document = {"runs": {}}
        version = VERSION
        try:
            document["project"] = self._json("project.json")
        except ProjectError as error:
            complain(error)
        else:
            version = version_of(document["project"])
        for number in self._numbers():
            try:
                document["runs"][number] = self._json(f"runs/{number}/run.json")
            except ProjectError as error:
                complain(error)
                document["runs"][number] = None
        return migrated(document, version)

    def frame(self, record: FrameRecord) -> Keyframe:
        frame = super().frame(record)
        frame.state.arrays()
        return frame

    def samples(self, record: SamplesRecord) -> Samples:
        samples = super().samples(record)
        len(samples.dataset.targets)
        return samples

    def bare(self, number: int) -> Run:
        name = f"runs/{number}/experiment.toml"
        try:
            plain = tomllib.loads(self._archive.text(name).decode())
            experiment = from_plain(plain, f"{self.name}, {name}")
        except (SettingsError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            raise ProjectError(f"{self.name} is damaged at {name}: {str(error).rstrip('.')}.") from error
        text = "Of this run nothing but the settings is left."
        return Run(number, experiment.name, experiment, text=text)
