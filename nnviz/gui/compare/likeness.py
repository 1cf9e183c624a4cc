"""How alike the layers of two networks are: what they answer to the same samples, and their weights. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.similarity import FEWEST, cka, weight_cosines
from nnviz.data.dataset import SplitData
from nnviz.network.shapes import NetworkPlan
from nnviz.probes import shown_samples
from nnviz.probes.activations import MOST_SAMPLES
from nnviz.snapshot import Snapshot

_SAME = 1e-4
"""Samples are the same when their features differ by less than about this share of a feature's deviation."""


class NoLikeness(ValueError):
    """Two networks whose layers cannot be compared: one sentence that says why."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class Likeness:
    """Similarity of each layer of A with each of B: (layers of A, layers of B), over `samples` that both answered.

    `units` are the widths of the layers of A and of B. `cosines` holds, for each layer of A with weights, the cosine of
    its weights with those of the same layer of B: (layers,), NaN where B has none of that shape.
    """

    similarity: NDArray[np.float64]
    samples: int
    units: tuple[tuple[int, ...], tuple[int, ...]]
    cosines: NDArray[np.float64]
    debiased: bool

    @property
    def biased(self) -> bool:
        """Whether there are fewer samples than units somewhere, so that the plain form is large for any two layers."""
        return not self.debiased and self.samples < max((*self.units[0], *self.units[1]))


def likeness(a: Snapshot, b: Snapshot, debiased: bool) -> Likeness:
    """Return how alike two networks are, each as its snapshot has it, with `activations` and `parameters` measured.

    Raises NoLikeness where they did not answer the same samples.
    """
    first, second = a.arrays["activations"], b.arrays["activations"]
    here, there = common_samples(a.data, b.data)
    if len(here) < FEWEST:
        raise NoLikeness(
            "The two runs have no test samples in common, so their layers cannot be compared: "
            "similarity is that of answers to the same samples."
        )
    similar = np.array([[cka(x[here], y[there], debiased) for y in second] for x in first])
    units = tuple(x.shape[1] for x in first), tuple(y.shape[1] for y in second)
    cosines = cosines_of(a.plan, a.arrays["parameters"], b.plan, b.arrays["parameters"])
    return Likeness(similar, len(here), units, cosines, debiased)


def common_samples(a: SplitData, b: SplitData) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which of the shown test samples of A are the same as which of B: two arrays (n,) of numbers.

    They are compared in the units of the source: the two runs may scale them differently.
    """
    if a.feature_names != b.feature_names:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    first, second = (each.test.x[shown_samples(len(each.test), MOST_SAMPLES)] for each in (a, b))
    if np.array_equal(first, second) and np.array_equal(a.scaling.scale, b.scaling.scale):
        every = np.arange(len(first), dtype=np.intp)
        return every, every
    x, y = a.scaling.unscaled(first), b.scaling.unscaled(second)
    spread = x.std(axis=0)
    u, v = ((each - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0) for each in (x, y))
    distances = np.sum(u**2, axis=1)[:, None] + np.sum(v**2, axis=1) - 2 * u @ v.T
    nearest = distances.argmin(axis=1)
    here = np.flatnonzero(distances[np.arange(len(u)), nearest] < u.shape[1] * _SAME**2)
    return here, nearest[here]


def cosines_of(first: NetworkPlan, a: NDArray[Any], second: NetworkPlan, b: NDArray[Any]) -> NDArray[np.float64]:
    """Return the cosine between the weights of each layer of two networks: (layers of the first with weights,).

    NaN where the second one has no layer of that number, or one of another shape.
    """
    others = second.weight_slots
    found = np.full(len(first.weight_slots), np.nan)
    for number, slot in enumerate(first.weight_slots[: len(others)]):
        if slot.parameter.shape == others[number].parameter.shape:
            mine, its = a[slot.start : slot.stop], b[others[number].start : others[number].stop]
            found[number] = weight_cosines(mine, its, (_Whole(len(mine)),))[0]
    return found


@dataclass(frozen=True)
class _Whole:
    """All of an array."""

    stop: int
    start: int = 0
