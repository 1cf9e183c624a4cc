"""What the samples of a run say by themselves, before any training: how many, how alike, how well neighbours do."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.neighbours import NEIGHBOURS, chance_of_twins, nearest, voted
from nnviz.data.dataset import Part, SplitData
from nnviz.engines.losses import Loss

_NEAR = 0.01
"""How near a twin is: this share of the median distance between training samples and their next neighbour."""

_MOST_PROBES, _FEWEST_PROBES = 500, 20
"""Samples whose neighbours are looked for: enough for a share."""

_AT_ONCE, _AT_MOST = 3e6, 5e9
"""Products that take about a millisecond, and those that take seconds: what is done on the spot, and at all."""


@dataclass(frozen=True)
class Twins:
    """Test samples that the training part has too, or all but has: `count` of `looked` that were looked at.

    `chance` is the share that would be expected of samples that have nothing to do with each other.
    """

    count: int
    looked: int
    chance: float


@dataclass(frozen=True)
class Facts:
    """What is known of the samples of a run.

    `constant_error` and `constant_loss` are what the best answer that is the same for all samples gets on the training
    part; `neighbour_error` is what a vote, or the mean, of the five nearest other training samples gets there. Errors
    are rates, or RMSEs in the target's units. `noisy` counts wrong labels in the training part of `train` samples,
    changed copies included. NaN and None where something is not known, or not yet.
    """

    task: str
    train: int
    validation: int
    test: int
    copies: int
    noisy: int
    majority: float
    constant_error: float
    constant_loss: float
    neighbour_error: float = math.nan
    twins: Twins | None = None


class FactKeeper:
    """Keeps the facts of the split that was asked for last. What takes long is found out in a thread of its own."""

    def __init__(self) -> None:
        self._data: SplitData | None = None
        self._loss: Loss | None = None
        self._facts: Facts | None = None
        self._thread: threading.Thread | None = None
        self._slow: tuple[SplitData, float, Twins | None] | None = None

    def of(self, data: SplitData, loss: Loss) -> Facts:
        """Return what is known of a split; more may be known when it is asked for again."""
        if self._facts is None or data is not self._data or loss != self._loss:
            fresh = data is not self._data
            self._data, self._loss, self._facts = data, loss, quick_facts(data, loss)
            if not fresh and self._slow is not None and self._slow[0] is data:
                self._join()
            elif _work(data, _probes(data)) <= _AT_ONCE:
                self._slow = (data, *slow_facts(data))
                self._join()
        if self._facts.twins is None:
            self._look()
        return self._facts

    @property
    def busy(self) -> bool:
        """Whether something is being found out."""
        return self._thread is not None

    def wait(self) -> None:
        """Wait until what is being found out is known."""
        if self._thread is not None:
            self._thread.join()

    def _look(self) -> None:
        """Take over what was found out, and have the rest found out; one split at a time."""
        if self._thread is not None:
            if self._thread.is_alive():
                return
            self._thread = None
        if self._slow is not None and self._slow[0] is self._data:
            self._join()
        elif self._data is not None:
            self._thread = threading.Thread(target=self._find, args=(self._data,), name="nnviz-facts", daemon=True)
            self._thread.start()

    def _find(self, data: SplitData) -> None:
        self._slow = (data, *slow_facts(data))

    def _join(self) -> None:
        assert self._facts is not None
        assert self._slow is not None
        self._facts = replace(self._facts, neighbour_error=self._slow[1], twins=self._slow[2])


def quick_facts(data: SplitData, loss: Loss) -> Facts:
    """Return what can be counted in no time."""
    train = data.train
    if data.task == "classification":
        shares = np.bincount(train.targets, minlength=data.n_classes) / max(1, len(train))
        majority = float(shares.max())
        constant = 1.0 - majority
    else:
        majority, constant = math.nan, float(train.targets.std(dtype=np.float64) * data.scaling.target_scale)
    counts = (len(train), len(data.validation), len(data.test), data.copies, int(train.noisy.sum()))
    return Facts(data.task, *counts, majority, constant, loss.of_constant(train.targets, data.n_classes))


def slow_facts(data: SplitData) -> tuple[float, Twins]:
    """Return the neighbour error, and how many test samples have a twin in the training part.

    At most 500 samples of each part are looked at, fewer where the training part is very large. A twin is a training
    sample with the same target no farther away than 1 % of the median distance between neighbours that differ.
    """
    train, probes = data.real_train, _probes(data)
    some = _spread(len(train), probes)
    k = min(NEIGHBOURS, len(train) - 1)
    if k < 1:
        return math.nan, Twins(0, 0, 1.0)
    near = nearest(train.x[some], train.x, k, own=some)
    error = _neighbour_error(data, train, some, near.points)
    gaps = near.distances
    apart = np.where(gaps > 0.0, gaps, np.inf).min(axis=1)
    apart = apart[np.isfinite(apart)]
    reach = _NEAR * float(np.median(apart)) if len(apart) else 0.0
    return error, _twins(data, train, reach, probes)


def _neighbour_error(data: SplitData, train: Part, some: NDArray[np.intp], neighbours: NDArray[np.intp]) -> float:
    if data.task == "classification":
        answers = voted(train.targets[neighbours], data.n_classes)
        return float(np.mean(answers != train.targets[some]))
    residual = train.targets[neighbours].mean(axis=1, dtype=np.float64) - train.targets[some]
    return float(np.sqrt(np.mean(residual**2)) * data.scaling.target_scale)


def _twins(data: SplitData, train: Part, reach: float, probes: int) -> Twins:
    looked = _spread(len(data.test), probes)
    near = nearest(data.test.x[looked], train.x)
    same = _same_target(data, train.targets[near.points[:, 0]], data.test.targets[looked])
    count = int(np.sum((near.distances[:, 0] <= reach) & same))
    # Of samples on a line, the next neighbour of a share ln 2 · _NEAR is that near; in more dimensions of fewer.
    chance = max(_NEAR * math.log(2.0), chance_of_twins(train.x[_spread(len(train), 2_000)], len(train)))
    return Twins(count, len(looked), chance)


def _same_target(data: SplitData, targets: NDArray[Any], others: NDArray[Any]) -> NDArray[np.bool_]:
    if data.task == "classification":
        return np.asarray(targets == others)
    spread = float(data.train.targets.std()) or 1.0
    return np.asarray(np.abs(targets - others) <= _NEAR * spread)


def _probes(data: SplitData) -> int:
    affordable = _AT_MOST / max(1, len(data.real_train) * data.n_features)
    return int(min(_MOST_PROBES, max(_FEWEST_PROBES, affordable)))


def _work(data: SplitData, probes: int) -> float:
    queries = min(probes, len(data.real_train)) + min(probes, len(data.test))
    return float(queries) * len(data.real_train) * (data.n_features + 4)


def _spread(count: int, most: int) -> NDArray[np.intp]:
    """Return the numbers of at most `most` samples, evenly spread."""
    return np.linspace(0, max(0, count - 1), min(count, most)).round().astype(np.intp)
