"""Differences between runs, epoch by epoch, and over the seeds of runs that differ in nothing else. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.paired import Difference, paired_difference
from nnviz.experiment import Experiment
from nnviz.run import Run

Recipe = tuple[tuple[tuple[int, int], Experiment], ...]
"""What a run was told, and where, with every seed taken as 0: runs of the same recipe differ in the seed alone."""

Values = Callable[[Run], NDArray[Any]]
"""Returns one quantity of a run for every row of its history: (n,)."""

MOST_POINTS = 1_000
"""Epochs at which a difference over seeds is computed: as many as a plot has pixels."""


def recipe(run: Run, runs: Mapping[int, Run]) -> Recipe | None:
    """Return the recipe of a run, that of the runs it was forked from included; None where one of them is gone."""
    own = tuple((chapter.place, _seedless(chapter.experiment), chapter.edits) for chapter in run.chapters)
    steps = own or (((0, 0), _seedless(run.experiment), ()),)
    if any(edits for _, _, edits in steps):
        return None  # parameters set by hand belong to one network alone
    told = tuple((place, experiment) for place, experiment, _ in steps)
    if run.origin is None or not run.origin.epoch:
        return told
    origin = runs.get(run.origin.run)
    before = recipe(origin, runs) if origin is not None else None
    return None if before is None else (*(step for step in before if step[0] < told[0][0]), *told)


def seeds_of(run: Run, runs: Sequence[Run]) -> dict[int, Run]:
    """Return the runs of the same recipe by their seed, the run itself among them."""
    known = {each.number: each for each in runs}
    own = recipe(run, known)
    alike = [each for each in runs if own is not None and not each.archived and recipe(each, known) == own]
    return {each.experiment.seed: each for each in alike} | {run.experiment.seed: run}


def pairs_of(reference: Run, variant: Run, runs: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Return pairs of runs that share a seed: (one like the reference, one like the variant), by ascending seed.

    Where the two differ in their seed alone, or have no seed in common, they are the only pair.
    """
    first, second = seeds_of(reference, runs), seeds_of(variant, runs)
    if any(variant is each for each in first.values()):
        return [(reference, variant)]
    shared = [(first[seed], second[seed]) for seed in sorted(first.keys() & second.keys())]
    return shared or [(reference, variant)]


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class Course:
    """A difference over the epochs (n,) that both of at least one pair have."""

    epochs: NDArray[np.float64]
    difference: Difference


def course(pairs: Sequence[tuple[Run, Run]], values: Values, most: int = MOST_POINTS) -> Course:
    """Return the difference, second − first, of a quantity over the epochs, at most about `most` of them."""
    shared = [_shared(first, second, values) for first, second in pairs]
    epochs = np.unique(np.concatenate([each[0] for each in shared])) if shared else np.empty(0)
    if len(epochs) > most:
        epochs = epochs[np.unique(np.linspace(0, len(epochs) - 1, most).round().astype(np.intp))]
    baseline, variant = (np.full((len(shared), len(epochs)), np.nan) for _ in range(2))
    for number, (own, before, after) in enumerate(shared):
        _, here, there = np.intersect1d(epochs, own, assume_unique=True, return_indices=True)
        baseline[number, here], variant[number, here] = before[there], after[there]
    return Course(epochs, paired_difference(baseline, variant))


def last_in_common(pairs: Sequence[tuple[Run, Run]], values: Values) -> tuple[int, Difference] | None:
    """Return the last epoch that all pairs have with finite values, and the difference of a quantity there."""
    shared = [_shared(first, second, values) for first, second in pairs]
    finite = [epochs[np.isfinite(before) & np.isfinite(after)] for epochs, before, after in shared]
    common = finite[0] if finite else np.empty(0)
    for epochs in finite[1:]:
        common = np.intersect1d(common, epochs, assume_unique=True)
    if not len(common):
        return None
    places = [int(np.searchsorted(epochs, common[-1])) for epochs, _, _ in shared]
    before = np.array([each[1][at] for each, at in zip(shared, places, strict=True)])
    after = np.array([each[2][at] for each, at in zip(shared, places, strict=True)])
    return int(common[-1]), paired_difference(before, after)


def _shared(first: Run, second: Run, values: Values) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the epochs that two runs have in common, and the values of both there: three arrays (n,)."""
    a, b = first.history.column("epoch"), second.history.column("epoch")
    epochs, here, there = np.intersect1d(a, b, assume_unique=True, return_indices=True)
    before, after = values(first), values(second)
    if len(before) != len(a) or len(after) != len(b):  # one of them was never measured
        nothing = np.full(len(epochs), np.nan)
        return epochs, nothing, nothing
    return epochs, before[here].astype(np.float64), after[there].astype(np.float64)


def _seedless(experiment: Experiment) -> Experiment:
    """Return the settings that decide how a network trains, but for the seed."""
    return experiment.decisive.replace(seed=0)
