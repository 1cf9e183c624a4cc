"""Trainings on their way to the workers of a cluster, and what a worker does with them.

What travels is small: settings, the name of the samples and, once to each worker, the samples themselves, as they were
loaded here. Workers need no file of the user's, but nnviz itself in the same version.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import nnviz
from nnviz.data.dataset import DataError, Dataset, SplitData
from nnviz.data.settings import DataSettings
from nnviz.data.split import split
from nnviz.experiment import Experiment
from nnviz.settings import encode
from nnviz.sweeps.plan import Member
from nnviz.sweeps.table import Result
from nnviz.sweeps.training import failed, train

MISSING = (
    "The {name} backend needs {package}, which is not installed; install it with `pip install 'nnviz[cluster]'`, "
    "or leave --backend out."
)


@dataclass(frozen=True)
class Parcel:
    """One training as it travels: its identity, and its experiment without where the samples came from."""

    id: str
    experiment: Experiment


def packed(member: Member) -> Parcel:
    """Return a training ready to travel."""
    data = member.experiment.data.samples.replace(source=DataSettings().source)
    return Parcel(member.id, member.experiment.decisive.replace(data=data))


def samples_key(settings: DataSettings) -> str:
    """Return a name that samples of the same source and seed share."""
    plain = [encode(settings.source), settings.seed]  # type: ignore[arg-type]
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
        try:
            data = _prepared(dataset, key, parcel.experiment.data)
        except DataError as error:
            results.append(failed(parcel.id, str(error)))
            continue
        result = train(parcel.id, parcel.experiment, data, wanted)
        if result is None:
            break
        results.append(result)
    return results


def version() -> str:
    """Return which nnviz a worker has."""
    return nnviz.__version__


_MOST = 8
_SPLIT: OrderedDict[tuple[str, DataSettings], SplitData] = OrderedDict()
_LOCK = threading.Lock()


def _prepared(dataset: Dataset, key: str, settings: DataSettings) -> SplitData:
    """Return samples split as some settings say; a few splits are kept from batch to batch."""
    with _LOCK:
        if (key, settings) not in _SPLIT:
            _SPLIT[key, settings] = split(dataset, settings)
            while len(_SPLIT) > _MOST:
                _SPLIT.popitem(last=False)
        _SPLIT.move_to_end((key, settings))
        return _SPLIT[key, settings]
