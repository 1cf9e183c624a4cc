"""Which of several varied settings matter for a measured objective, and which point is best.

How much of the objective's variance a setting explains by itself is its main effect in the functional analysis of
variance (Sobol 1993; Hooker 2007; for hyperparameters Hutter, Hoos & Leyton-Brown 2014).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnviz.analysis.paired import CONFIDENCE, t_quantile

_MOST_BINS = 10
_POINTS_PER_STEP = 3
"""Points for each free number of the additive model where values have to be put into bins."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Importance:
    """Shares of the variance of an objective, each 0..1: by setting, by settings acting together, and by chance.

    `main` is the share that each setting explains by itself, `chance` the share that seeds make at the same point, and
    `together` what is left: how settings act on each other, or what an additive model misses. `together` and `chance`
    are NaN where no point was repeated, since they cannot be told apart then; `unexplained` is the sum of both.
    """

    main: Mapping[str, float]
    together: float
    chance: float
    unexplained: float
    rows: int


def importance(settings: Mapping[str, ArrayLike], objective: ArrayLike) -> Importance:
    """Return how much of the variance of an objective (rows,) each setting explains; only rows with a finite one count.

    `settings` has a column (rows,) per setting: numbers, or labels. The objective is modelled as
    y = c + Σ f_i(x_i) + rest by least squares, with f_i constant on each value of setting i, or on bins with equally
    many rows where there are too many values for the points. The share of setting i is

        S_i = [Σ_rows f_i (y − ȳ) − (q_i − 1) s²] / Σ_rows (y − ȳ)²,

    at least 0, with q_i the number of values or bins and s² the variance that is chance: that of rows with equal
    settings around their mean, or where no settings are equal that of the rest. On a complete grid the first term is
    the sum of squares between the values of the setting, so that S_i is Kelley's ε² (Kelley 1935), and without chance
    the first-order Sobol index (Sobol 1993). On other designs, where settings go together, it is the sum of structural
    and correlative sensitivity (Li et al. 2010). Raises ValueError for columns of different lengths.
    """
    y = np.asarray(objective, np.float64)
    columns = {name: np.asarray(values) for name, values in settings.items()}
    if any(values.shape != y.shape for values in columns.values()):
        raise ValueError("Every setting needs a value for each objective.")
    known = np.isfinite(y)
    y = y[known]
    codes = {name: np.unique(values[known], return_inverse=True)[1] for name, values in columns.items()}
    moved = y - y.mean() if len(y) else y
    total = float(moved @ moved)
    if not codes or len(y) < 2 or total <= 1e-24 * max(1.0, float(np.max(np.abs(y), initial=0.0)) ** 2):
        return Importance(dict.fromkeys(columns, math.nan), math.nan, math.nan, math.nan, len(y))
    points = np.unique(np.stack(list(codes.values()), axis=1), axis=0, return_inverse=True)[1].ravel()
    n_points = int(points.max()) + 1
    if not _levels_will_do(codes, n_points):
        most = max(2, min(_MOST_BINS, n_points // (_POINTS_PER_STEP * len(codes))))
        codes = {name: _bins(code, most) for name, code in codes.items()}
    parts, rest = _additive(codes, moved)
    chance = _within(points, y) if n_points < len(y) else None
    free = len(y) - 1 - sum(int(code.max()) for code in codes.values())
    noise = chance if chance is not None else (rest / free if free > 0 else 0.0)
    main = {
        name: min(1.0, max(0.0, (float(part @ moved) - int(codes[name].max()) * noise) / total))
        for name, part in parts.items()
    }
    unexplained = max(0.0, 1.0 - sum(main.values()))
    by_chance = math.nan if chance is None else min(unexplained, chance * (len(y) - 1) / total)
    return Importance(main, unexplained - by_chance, by_chance, unexplained, len(y))


def _levels_will_do(codes: Mapping[str, NDArray[np.intp]], n_points: int) -> bool:
    """Say whether every value can have an effect of its own: on a complete grid, or with two points for each."""
    sizes = [int(code.max()) + 1 for code in codes.values()]
    return n_points == math.prod(sizes) or 2 * (1 + sum(size - 1 for size in sizes)) <= n_points


def _bins(code: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """Return the numbers of at most `most` bins with about equally many rows; equal values share one."""
    if int(code.max()) < most:
        return code
    counts = np.cumsum(np.bincount(code))
    edges = np.minimum((counts - 0.5) / counts[-1] * most, most - 1).astype(np.intp)
    return np.asarray(np.unique(edges[code], return_inverse=True)[1], np.intp)


def _additive(
    codes: Mapping[str, NDArray[np.intp]], moved: NDArray[np.float64]
) -> tuple[dict[str, NDArray[np.float64]], float]:
    """Return each f_i at every row, with mean 0, and the sum of squares that they leave."""
    blocks = []
    for code in codes.values():
        block = (code[:, None] == np.arange(int(code.max()) + 1)).astype(np.float64)
        blocks.append(block - block.mean(axis=0))
    design = np.concatenate(blocks, axis=1)
    weights = np.linalg.lstsq(design, moved, rcond=None)[0]
    parts, start = {}, 0
    for name, block in zip(codes, blocks, strict=True):
        parts[name] = block @ weights[start : start + block.shape[1]]
        start += block.shape[1]
    rest = moved - design @ weights
    return parts, float(rest @ rest)


def _within(points: NDArray[np.intp], y: NDArray[np.float64]) -> float:
    """Return the variance of rows around the mean of their point (pure error)."""
    counts = np.bincount(points)
    means = np.bincount(points, y) / counts
    return float(np.sum((y - means[points]) ** 2) / (len(y) - len(counts)))


# ---------------------------------------------------------------- the best points


@dataclass(frozen=True, eq=False)
class Ranked:
    """Points from the best to the worst: arrays (points,) of the same order.

    `point` is the number of each, `row` the first of its rows, `mean` the mean objective over its `seeds` rows with the
    confidence interval from `low` to `high`, which is NaN for one seed alone. `broken` counts the rows of a point that
    have no finite objective or were not sound; points with such rows come last.
    """

    point: NDArray[np.int64]
    row: NDArray[np.int64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    seeds: NDArray[np.int64]
    broken: NDArray[np.int64]
    confidence: float = CONFIDENCE

    def __len__(self) -> int:
        return len(self.point)


def best_points(
    point: ArrayLike, objective: ArrayLike, sound: ArrayLike | None = None, confidence: float = CONFIDENCE
) -> Ranked:
    """Rank points by their mean objective, the smallest first; `point` and `objective` have one entry per row.

    `sound` says which rows count, all by default. The interval is mean ± t s/√K with K rows and t the
    (1 + confidence) / 2 quantile of Student's distribution with K − 1 degrees of freedom (Student 1908). The interval
    of the best of many points is too hopeful: part of what made it the best is chance.
    """
    numbers, y = np.asarray(point, np.int64), np.asarray(objective, np.float64)
    good = np.isfinite(y) & (np.ones(len(y), bool) if sound is None else np.asarray(sound, bool))
    names, first, place = np.unique(numbers, return_index=True, return_inverse=True)
    n = len(names)
    seeds = np.bincount(place[good], minlength=n)
    broken = np.bincount(place[~good], minlength=n)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(place[good], y[good], minlength=n) / seeds
        squares = np.bincount(place[good], (y[good] - mean[place[good]]) ** 2, minlength=n)
        error = np.sqrt(squares / (seeds - 1) / seeds)
    quantile = {int(k): t_quantile(int(k) - 1, confidence) if k > 1 else math.nan for k in np.unique(seeds)}
    half: NDArray[Any] = np.array([quantile[int(k)] for k in seeds]) * error if n else np.zeros(0)
    order = np.lexsort((names, np.where(np.isnan(mean), np.inf, mean), broken > 0))
    return Ranked(
        point=names[order],
        row=first[order].astype(np.int64),
        mean=mean[order],
        low=(mean - half)[order],
        high=(mean + half)[order],
        seeds=seeds[order].astype(np.int64),
        broken=broken[order].astype(np.int64),
        confidence=confidence,
    )
