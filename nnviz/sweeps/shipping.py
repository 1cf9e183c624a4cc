"""Trainings on their way to the workers of a cluster, and what a worker does with them.

What travels is small: settings, the name of the samples and, once to each worker, the samples themselves, as they were
loaded here. Workers need no file of the user's, but nnviz itself in the same version.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import nnviz
from nnviz.data.dataset import Dataset, SplitData
from nnviz.data.settings import DataSettings
from nnviz.data.split import split
from nnviz.experiment import Experiment
from nnviz.settings import encode
from nnviz.sweeps.plan import Member
from nnviz.sweeps.samples import Recent
from nnviz.sweeps.table import Result
from nnviz.sweeps.training import train

MISSING = (
    "The {name} backend needs {package}, which is not installed; install it with `pip install 'nnviz[cluster]'`, "
    "or leave --backend out."
)


@dataclass(frozen=True)
class Parcel:
    """One training as it travels: its identity, and its experiment without where the samples came from."""

    id: str
    experiment: Experiment
    every_epoch: bool


def packed(member: Member) -> Parcel:
    """Return a training ready to travel."""
    data = member.experiment.data.samples.replace(source=DataSettings().source)
    return Parcel(member.id, member.experiment.decisive.replace(data=data), member.every_epoch)


def samples_key(settings: DataSettings, sha256: str) -> str:
    """Return a name that samples of the same source and seed share, as long as their hash is the same.

    A worker lives longer than a sweep, and the file behind a source may have changed since.
    """
    plain = [encode(settings.source), settings.seed, sha256]  # type: ignore[arg-type]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:32]


def by_samples(batch: Sequence[Member]) -> list[list[Member]]:
    """Return trainings in groups that share their samples."""
    groups: dict[tuple[object, int], list[Member]] = {}
    for member in batch:
        groups.setdefault((member.experiment.data.source, member.experiment.data.seed), []).append(member)
    return list(groups.values())


# ---------------------------------------------------------------- on the worker


def train_parcels(
    dataset: Dataset, key: str, parcels: Sequence[Parcel], wanted: Callable[[], bool] = lambda: True
) -> list[Result]:
    """Train some experiments on the samples named `key`, and return a row for each; fewer once they are not wanted."""
    results = []
    for parcel in parcels:
        data = partial(_prepared, dataset, key, parcel.experiment.data)
        result = train(parcel.id, parcel.experiment, data, wanted, parcel.every_epoch)
        if result is None:
            break
        results.append(result)
    return results


def version() -> str:
    """Return which nnviz a worker has."""
    return nnviz.__version__


_SPLIT: Recent[SplitData] = Recent()
_LOCK = threading.Lock()


def _prepared(dataset: Dataset, key: str, settings: DataSettings) -> SplitData:
    """Return samples split as some settings say; splits are kept from batch to batch."""
    with _LOCK:
        return _SPLIT.get((key, settings), lambda: split(dataset, settings))
