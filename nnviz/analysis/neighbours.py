"""What samples that lie close to each other tell: how well a network could do, and who is in two parts at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 5
"""Neighbours that vote."""

_BLOCK = 4_000_000
"""Distances held at a time: 32 MB."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Nearest:
    """The nearest points of each query, nearest first: their numbers (q, k) and Euclidean distances (q, k)."""

    points: NDArray[np.intp]
    distances: NDArray[np.float64]


def nearest(queries: NDArray[Any], points: NDArray[Any], k: int = 1, own: NDArray[np.intp] | None = None) -> Nearest:
    """Return the k nearest of points (n, d) for each of queries (q, d), k < n.

    `own` (q,) are points that must not count: with queries out of the points themselves, their own numbers. Squared
    distances come from a matrix product; those of the k that it finds are measured again without its rounding.
    """
    x, y = np.asarray(queries, np.float64), np.asarray(points, np.float64)
    middle = y.mean(axis=0)  # small numbers round less
    x, y = x - middle, y - middle
    squares, rows = np.einsum("ij,ij->i", y, y), max(1, _BLOCK // max(1, len(y)))
    found = np.empty((len(x), k), np.intp)
    for start in range(0, len(x), rows):
        part = slice(start, min(len(x), start + rows))
        gaps = squares - 2.0 * (x[part] @ y.T)
        if own is not None:
            gaps[np.arange(part.stop - start), own[part]] = np.inf
        found[part] = np.argpartition(gaps, k - 1, axis=1)[:, :k]
    distances = np.linalg.norm(x[:, None, :] - y[found], axis=2)
    order = np.argsort(distances, axis=1, kind="stable")
    return Nearest(np.take_along_axis(found, order, 1), np.take_along_axis(distances, order, 1))


def voted(classes: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    """Return the class that most of the neighbours (q, k), nearest first, have; the nearest of those that tie."""
    votes = (classes[:, :, None] == np.arange(n_classes)).sum(axis=1)
    winners = votes == votes.max(axis=1, keepdims=True)
    first = np.take_along_axis(winners, classes, 1).argmax(axis=1)
    return np.asarray(np.take_along_axis(classes, first[:, None], 1)[:, 0])


def chance_of_twins(features: NDArray[Any], points: int) -> float:
    """Return how probable it is that a sample has the very features of another one by chance, among so many others.

    1 − (1 − Π_j Σ_v c_jv (c_jv − 1) / m(m − 1))^n for n = `points`, with c_jv the number of samples of features (m, d)
    that have value v in feature j: as if features had nothing to do with each other. The sum is the share of pairs
    that agree. Features of few values, such as categories, make it large.
    """
    same, m = 1.0, len(features)
    for column in np.asarray(features).T:
        _, counts = np.unique(column, return_counts=True)
        same *= float(np.sum(counts * (counts - 1.0))) / max(1, m * (m - 1))
        if same < 1e-12:
            break
    return 1.0 - (1.0 - same) ** points
