"""The samples of the trainings of a sweep, loaded once and split once for all that share them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from nnviz.data.dataset import Dataset, SplitData
from nnviz.data.settings import DataSettings, PlaneSettings
from nnviz.data.source import Source
from nnviz.data.split import split
from nnviz.project.library import Library


class Samples:
    """Lends samples to trainings, of which a few sets are kept. Any thread may ask.

    `library` has the samples of a project, which are lent as they are there.
    """

    def __init__(self, library: Library | None = None, most: int = 8) -> None:
        self._library, self._most = library, most
        self._loaded: OrderedDict[tuple[Source, int], Dataset] = OrderedDict()
        self._split: OrderedDict[DataSettings, SplitData] = OrderedDict()
        self._lock = threading.Lock()

    def whole(self, settings: DataSettings) -> Dataset:
        """Return the samples of some settings as their source made them, before the split. Raises DataError."""
        with self._lock:
            return self._dataset(settings)

    def prepared(self, settings: DataSettings) -> SplitData:
        """Return the samples of some settings, split. Raises DataError."""
        settings = settings.replace(plane=PlaneSettings())
        with self._lock:  # held while loading: others would load the same
            if settings not in self._split:
                _keep(self._split, settings, split(self._dataset(settings), settings), self._most)
            self._split.move_to_end(settings)
            return self._split[settings]

    def _dataset(self, settings: DataSettings) -> Dataset:
        key = (settings.source, settings.seed)
        known = self._library.loaded(*key) if self._library is not None else None
        if known is not None:
            return known
        if key not in self._loaded:
            _keep(self._loaded, key, settings.source.load(settings.seed), self._most)
        self._loaded.move_to_end(key)
        return self._loaded[key]


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any, most: int) -> None:
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)
