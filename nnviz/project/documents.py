"""From what files say to a project: the part of reading that project files and the journal share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar

from nnviz.data.dataset import DataError
from nnviz.data.split import split
from nnviz.engines.engine import Place
from nnviz.events import matters
from nnviz.experiment import Experiment
from nnviz.history.chapters import Chapter, chapter_at
from nnviz.history.history import History
from nnviz.history.keyframes import Keyframe
from nnviz.project.arrays import Arrays
from nnviz.project.project import Project, ProjectError, Samples
from nnviz.project.records import FrameRecord, ProjectRecord, RunRecord, SamplesRecord, checked, run_from
from nnviz.project.trees import Tree
from nnviz.project.versions import Document
from nnviz.run import Run
from nnviz.settings import differences

T = TypeVar("T")

Complain = Callable[[ProjectError], None]
"""What becomes of something that cannot be read: it is raised, or noted down and passed over."""


class Parts(Protocol):
    """Where a document is from: it has the numbers that belong to it. All methods raise ProjectError."""

    name: str
    """What messages call it."""

    def columns(self, number: int, record: RunRecord) -> Arrays:
        """Return the measurements of a run by name."""
        ...

    def frame(self, record: FrameRecord) -> Keyframe:
        """Return a keyframe."""
        ...

    def samples(self, record: SamplesRecord) -> Samples:
        """Return samples that came from a file."""
        ...

    def bare(self, number: int) -> Run:
        """Return a run of which nothing else can be read, with its settings alone."""
        ...


def refuse(error: ProjectError) -> None:
    """Raise the first thing that is wrong: only a whole document will do."""
    raise error


def project_from(document: Document, parts: Parts, complain: Complain) -> Project | None:
    """Return the project of a document in the present form, None where there is no run.

    Runs are numbered anew from 1 on. Unless `complain` raises, what is damaged is left out and complained of.
    """
    return _Assembly(document, parts, complain).project()


class _Assembly:
    """One document that is being read."""

    def __init__(self, document: Document, parts: Parts, complain: Complain) -> None:
        self._document, self._parts, self._complain = document, parts, complain

    def project(self) -> Project | None:
        record = self._header()
        numbers = record.runs if record is not None else sorted(self._document["runs"])
        found = {number: run for number in numbers if (run := self._run(number)) is not None}
        if not found:
            return None
        places = {number: place for place, number in enumerate(found)}
        for number, run in found.items():
            run.number = places[number] + 1
            if run.origin is not None:
                origin = run.origin.run
                run.origin = replace(run.origin, run=places[origin] + 1 if origin in places else -1)
        for run in found.values():
            _settle(run, {other.number: other for other in found.values()})
        if record is None:
            return Project(tuple(found.values()))
        samples = [self._attempt(partial(self._parts.samples, each)) for each in record.samples]
        return Project(
            tuple(found.values()),
            places.get(record.front, 0),
            tuple(places[number] for number in record.compared if number in places),
            tuple(each for each in samples if each is not None),
            desk=record.desk if len(found) == len(record.runs) else {},  # it names runs by their places
        )

    def _header(self) -> ProjectRecord | None:
        if "project" not in self._document:
            return None
        where = f"{self._parts.name}, project.json,"
        record: ProjectRecord | None = self._attempt(lambda: checked(self._document["project"], ProjectRecord, where))
        if record is not None and (len(set(record.runs)) < len(record.runs) or record.front not in record.runs):
            self._complain(ProjectError(f"{where} is damaged: its list of runs does not hold together."))
            return None
        return record

    def _run(self, number: int) -> Run | None:
        tree = self._document["runs"].get(number)
        run = self._attempt(lambda: self._recorded(number, tree)) if tree is not None else None
        return run if run is not None else self._attempt(lambda: self._parts.bare(number))

    def _recorded(self, number: int, tree: Tree) -> Run:
        record: RunRecord = checked(tree, RunRecord, f"{self._parts.name}, run {number},")
        columns = self._attempt(lambda: self._parts.columns(number, record)) or {}
        lost: list[ProjectError] = []

        def frame_of(each: FrameRecord) -> Keyframe | None:
            try:
                return self._parts.frame(each)
            except ProjectError as error:
                lost.append(error)
                return None

        run = run_from(record, number, columns, frame_of)
        if lost:
            whole = len(record.keyframes.frames)
            self._complain(ProjectError(f"Of {whole} keyframes of {run.name!r}, {len(lost)} cannot be read: {lost[0]}"))
        return run

    def _attempt(self, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except ProjectError as error:
            self._complain(error)
            return None


def _settle(run: Run, runs: Mapping[int, Run]) -> None:
    """Carry out what the training thread had been told, and had not answered, when the run was written.

    A fork that had not begun is repeated from the run that it came from; where that is gone, its settings begin anew.
    Settings that are newer than the last chapter begin one.
    """
    origin, history = run.origin, run.history
    if origin is not None and origin.epoch > 0 and not run.chapters and not len(history.keyframes):
        _begin(run, runs.get(origin.run), (origin.epoch, 0))
    elif run.chapters:
        last = run.chapters[-1].experiment
        followed = _followed(last, run.experiment)
        if any(map(matters, differences(last, followed))):
            run.chapters.append(Chapter(run.end, followed))


def _followed(last: Experiment, now: Experiment) -> Experiment:
    """Return the settings that training goes on with: half a drawing leaves it the samples that it has."""
    source = now.data.source
    if source.family == "drawing" and source != last.data.source:
        try:
            split(source.load(now.data.seed), now.data)
        except DataError:
            return now.replace(data=last.data)
    return now


def _begin(run: Run, origin: Run | None, place: Place) -> None:
    """Give a fork the keyframe before the place where it begins, and the chapters that lead from there."""
    frame = origin.history.keyframes.before(place) if origin is not None else None
    if origin is None or frame is None:
        run.origin, run.history = None, History()
        return
    chapters = tuple(origin.chapters)
    between = chapters[frame.chapter + 1 : chapter_at(chapters, place) + 1]
    first = Chapter(frame.place, chapters[frame.chapter].experiment)
    run.chapters = [first, *between, Chapter(place, run.experiment)]
    run.history = origin.history.until(place[0])
    run.history.keyframes.add(replace(frame, chapter=0, reason=""))
