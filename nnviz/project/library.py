"""Samples by source and seed: those that a project has, and others as they are loaded."""

from __future__ import annotations

from collections.abc import Iterable

from nnviz.data.dataset import Dataset, SplitData
from nnviz.data.settings import DataSettings
from nnviz.data.source import Source
from nnviz.data.split import split
from nnviz.project.project import Samples


class Library:
    """Lends the samples of one source and seed always as they were first had, whatever becomes of their file."""

    def __init__(self, samples: Iterable[Samples] = ()) -> None:
        self._datasets = {(each.source, each.seed): each.dataset for each in samples}

    def prepare(self, settings: DataSettings) -> SplitData:
        """Return the samples of some settings, split. Raises DataError when they cannot be had."""
        key = (settings.source, settings.seed)
        if key not in self._datasets:
            self._datasets[key] = settings.source.load(settings.seed)
        return split(self._datasets[key], settings)

    def loaded(self, source: Source, seed: int) -> Dataset | None:
        """Return the samples of a source and a seed, None where nobody has asked for them yet."""
        return self._datasets.get((source, seed))
