"""From a batch to records of a log: only what is new."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from nnviz import __version__
from nnviz.engines.engine import EngineState
from nnviz.export.files import replace_file
from nnviz.history.chapters import Chapter
from nnviz.project.arrays import packed
from nnviz.project.journal.batch import Batch, RunNow, Written, facts_of, standing_of
from nnviz.project.journal.record_log import Record
from nnviz.project.project import Samples
from nnviz.project.records import (
    ProjectRecord,
    chapter_record,
    frame_record,
    keyframes_record,
    record_of,
    samples_record,
    tree_of,
)
from nnviz.project.stored import arrays_of, digest, pending
from nnviz.project.trees import Tree, differences_between
from nnviz.project.versions import VERSION

DOCUMENT, ROWS, STATE = 1, 2, 3
"""Sorts of records: differences of the document, measurements of a run, the arrays of a state behind their digest."""


class Update:
    """One batch on its way into a log, and what will be known to be written after it.

    Samples go into files of their own in the folder of the journal: they are large, and never change.
    """

    def __init__(self, batch: Batch, folder: Path, tree: Tree, known: Mapping[int, Written], states: set[str]) -> None:
        self.tree: Tree = tree
        self.runs: dict[int, Written] = {}
        self.states = set(states)
        self.standing = standing_of([now.run for now in batch.runs], batch.front, batch.compared, batch.desk)
        self._batch, self._folder, self._before, self._known = batch, folder, tree, known

    def records(self) -> Iterator[Record]:
        """Yield what is to be written. The document comes last, when all that it speaks of is there. Raises OSError."""
        for now in self._batch.runs:
            yield from self._of_run(now, self._known.get(now.run.number, Written()))
        runs = {str(number): written.tree for number, written in self.runs.items()}
        self.tree = {"project": self._project_tree(), "runs": runs}
        yield DOCUMENT, msgspec.msgpack.encode(differences_between(self._before, self.tree))

    def _of_run(self, now: RunNow, known: Written) -> Iterator[Record]:
        chapters = _with_trees(now.run.chapters, known.chapters)
        tree = _run_tree(now, chapters)
        written = Written(facts_of(now.run), tree, chapters, known.epoch, known.went_back)
        self.runs[now.run.number] = written
        if now.frames is None:
            if known.tree is not None:
                tree |= {name: known.tree[name] for name in ("history", "keyframes")}
            return
        for frame in now.frames:
            if pending(frame.state) is None:
                yield from self._state(frame.state)
        if len(now.rows.get("epoch", ())):
            yield ROWS, msgspec.msgpack.encode({"run": now.run.number, "fresh": now.fresh, "rows": packed(now.rows)})
            written.epoch = float(now.rows["epoch"][-1])
        written.went_back = now.went_back
        records = [frame_record(frame, _elsewhere(frame.state)) for frame in now.frames]
        tree |= {"history": tree_of(now.history), "keyframes": tree_of(keyframes_record(now.frames, records))}

    def _state(self, state: EngineState) -> Iterator[Record]:
        name = digest(state)
        if name not in self.states:
            self.states.add(name)
            yield STATE, bytes.fromhex(name) + packed(arrays_of(state))

    def _project_tree(self) -> Tree:
        record = ProjectRecord(
            format="nnviz project",
            version=VERSION,
            app=__version__,
            saved=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            runs=[now.run.number for now in self._batch.runs],
            front=self._batch.front,
            compared=list(self._batch.compared),
            samples=[],
            desk=dict(self._batch.desk),
        )
        before = self._before["project"]["samples"] if self._before else []
        samples = [self._samples_tree(each) for each in self._batch.samples]
        return {**tree_of(record), "samples": samples or before}

    def _samples_tree(self, samples: Samples) -> Tree:
        file = self._folder / f"{digest(samples.dataset)}.npz"
        if pending(samples.dataset) is None and not file.exists():
            replace_file(file, packed(arrays_of(samples.dataset)))
        return tree_of(samples_record(samples, _elsewhere(samples.dataset)))


def _elsewhere(value: object) -> str:
    """Return the file that the arrays of a value are still in; empty for one that has them."""
    stored = pending(value)
    return str(stored.archive.path) if stored is not None else ""


def _with_trees(chapters: list[Chapter], known: list[tuple[Chapter, Tree]]) -> list[tuple[Chapter, Tree]]:
    """Return chapters with what is said of them; what is known is not worked out a second time."""
    same = 0
    while same < min(len(chapters), len(known)) and chapters[same] is known[same][0]:
        same += 1
    found = known[:same]
    for chapter in chapters[same:]:
        before = found[-1][0] if found else None
        found = [*found, (chapter, tree_of(chapter_record(chapter, before)))]
    return found


def _run_tree(now: RunNow, chapters: list[tuple[Chapter, Tree]]) -> Tree:
    """Return what is said of a run, without measurements and keyframes."""
    run = replace(now.run, chapters=[])
    tree = tree_of(record_of(run, {run.origin.run: run.origin.run} if run.origin is not None else {}))
    return {**tree, "chapters": [each for _, each in chapters]}
