"""A project: the runs of a session, and the samples that came from files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nnviz.data.dataset import DataError, Dataset
from nnviz.data.source import Source
from nnviz.run import Run

Loaded = Callable[[Source, int], Dataset | None]
"""Returns the samples of a source and a seed as they were loaded, None where they were not."""

Desk = Mapping[str, Any]
"""What a window wants kept beside the runs, such as what can be undone: plain values; runs by their places."""


class ProjectError(DataError):
    """A project that cannot be read or written: one sentence that says what, where and what to do."""


@dataclass(frozen=True, eq=False)
class Samples:
    """What was read from a file for a source and a seed: it may have changed since, or be gone."""

    source: Source
    seed: int
    dataset: Dataset


@dataclass(frozen=True, eq=False)
class Project:
    """Runs, oldest first; `front` and `compared` are places in their list.

    Runs of a project that was read are numbered from 1 on, and their snapshots are None. `missing` are sentences about
    what could not be read.
    """

    runs: tuple[Run, ...]
    front: int = 0
    compared: tuple[int, ...] = ()
    samples: tuple[Samples, ...] = ()
    missing: tuple[str, ...] = ()
    desk: Desk = field(default_factory=dict)


def project_of(
    runs: Sequence[Run], front: Run, compared: Iterable[int], loaded: Loaded, desk: Desk | None = None
) -> Project:
    """Return the project that a session holds at this moment; `compared` are numbers of runs.

    It takes milliseconds: what changes is copied, and all else is shared. Whatever happens to the session then does
    not reach the project.
    """
    numbers = [run.number for run in runs]
    samples = [Samples(*key, dataset) for key in from_files(runs) if (dataset := loaded(*key)) is not None]
    places = tuple(numbers.index(number) for number in compared if number in numbers)
    return Project(tuple(map(copied, runs)), runs.index(front), places, tuple(samples), desk=desk or {})


def copied(run: Run) -> Run:
    """Return a run as it is now, without what is only looked at."""
    chapters, history = list(run.chapters), run.history.copy()
    return replace(run, snapshot=None, repeating=None, chapters=chapters, history=history)


def from_files(runs: Iterable[Run]) -> list[tuple[Source, int]]:
    """Return the sources, with their seeds, that runs have read files with, in the order of their first use."""
    settings = [each.data for run in runs for each in (*(c.experiment for c in run.chapters), run.experiment)]
    return list(dict.fromkeys((data.source, data.seed) for data in settings if data.source.family == "file"))
