"""The samples that a session has loaded, each of them once."""

from __future__ import annotations

from collections.abc import Callable

from nnviz.data.dataset import Dataset, SplitData
from nnviz.data.settings import DataSettings
from nnviz.data.source import Source
from nnviz.data.split import split

_GENERATED = 4
"""How many sets of samples are kept that can be made again; those that came from files are all kept."""

_Key = tuple[Source, int]


class Loaded:
    """Keeps samples by source and seed, so that a reset is quick, and two runs see the same ones.

    They stay what they were even if their file changes in between. The training thread alone changes what is kept.
    """

    def __init__(self) -> None:
        self._datasets: dict[_Key, Dataset] = {}
        self._versions: dict[_Key, object] = {}  # of the files that they came from, when they were read

    def get(self, source: Source, seed: int) -> Dataset | None:
        """Return the samples of a source and a seed as they were loaded, None where they were not."""
        return self._datasets.get((source, seed))

    def provide(self, source: Source, seed: int, dataset: Dataset) -> None:
        """Use these samples for a source and a seed, whatever has become of the file they came from."""
        self._datasets[source, seed] = dataset

    def prepare(self, settings: DataSettings, say: Callable[[str], None]) -> SplitData:
        """Return the samples of some settings, split; `say` once that a file has changed. Raises DataError."""
        key, version = (settings.source, settings.seed), _version(settings.source)
        if key not in self._datasets:
            self._load(key)
            self._versions[key] = version
        elif version is not None and self._versions.get(key, version) != version:
            self._versions[key] = version
            say(
                f"{settings.source.file()} has changed since it was loaded; what is trained here keeps the rows that "
                "it began with. Start nnviz anew to train on the new ones."
            )
        return split(self._datasets[key], settings)

    def _load(self, key: _Key) -> None:
        source, seed = key
        loaded = source.load(seed)
        made = [each for each in self._datasets if each[0].family != "file"]
        if source.family != "file" and len(made) >= _GENERATED:
            del self._datasets[made[0]]
        self._datasets[key] = loaded


def _version(source: Source) -> object:
    """Return what tells versions of the file of a source apart, None where there is none."""
    file = source.file()
    try:
        stat = file.stat() if file is not None else None
    except OSError:
        return None
    return None if stat is None else (stat.st_mtime_ns, stat.st_size)
