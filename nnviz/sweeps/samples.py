"""The samples of the trainings of a sweep, loaded once and split once for all that share them."""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from nnviz.data.dataset import Dataset, SplitData
from nnviz.data.settings import DataSettings
from nnviz.data.split import split
from nnviz.project.library import Library

A = TypeVar("A", Dataset, SplitData)

_FEW = 8
_MOST_BYTES = 256 * 2**20


class Recent(Generic[A]):
    """Keeps the samples that were asked for last: a few sets, and of small ones as many as fit into 256 MiB.

    A sweep over many seeds of its data comes back to each of them with every seed of its networks. One thread at a time
    uses it.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, A] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, make: Callable[[], A]) -> A:
        """Return what has a key; where it is not kept it is made."""
        if key not in self._kept:
            self._kept[key] = made = make()
            self._bytes += _bytes(made)
            while len(self._kept) > _FEW and self._bytes > _MOST_BYTES:
                self._bytes -= _bytes(self._kept.popitem(last=False)[1])
        self._kept.move_to_end(key)
        return self._kept[key]


def _bytes(samples: Dataset | SplitData) -> int:
    if isinstance(samples, Dataset):
        return samples.features.nbytes + samples.targets.nbytes
    return sum(part.x.nbytes + part.targets.nbytes + part.noisy.nbytes for part in samples.parts().values())


class Samples:
    """Lends samples to trainings, each set made once as long as it is kept. Any thread may ask.

    `library` has the samples of a project, which are lent as they are there.
    """

    def __init__(self, library: Library | None = None) -> None:
        self._library = library
        self._loaded: Recent[Dataset] = Recent()
        self._split: Recent[SplitData] = Recent()
        self._sha256: weakref.WeakKeyDictionary[Dataset, str] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()

    def whole(self, settings: DataSettings) -> Dataset:
        """Return the samples of some settings as their source made them, before the split. Raises DataError."""
        with self._lock:
            return self._dataset(settings)

    def sha256(self, settings: DataSettings) -> str:
        """Return the hash of the samples of some settings: of their features and targets. Raises DataError."""
        with self._lock:
            dataset = self._dataset(settings)
            if dataset not in self._sha256:
                digest = hashlib.sha256(dataset.features.tobytes())
                digest.update(dataset.targets.tobytes())
                self._sha256[dataset] = digest.hexdigest()
            return self._sha256[dataset]

    def prepared(self, settings: DataSettings) -> SplitData:
        """Return the samples of some settings, split. Raises DataError."""
        settings = settings.samples
        with self._lock:  # held while loading: others would load the same
            return self._split.get(settings, lambda: split(self._dataset(settings), settings))

    def _dataset(self, settings: DataSettings) -> Dataset:
        source, seed = settings.source, settings.seed
        known = self._library.loaded(source, seed) if self._library is not None else None
        return known if known is not None else self._loaded.get((source, seed), lambda: source.load(seed))
