"""Principal components, and how to keep a moving picture of them from turning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_EXACT = 64
"""Up to this many samples or features a full decomposition is fast enough for every frame."""

_ROUNDS = 60
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Principal:
    """Directions of largest variance: mean (d,), orthonormal axes (k, d), and each one's share of the variance (k,)."""

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]
    shares: NDArray[np.float64]

    def project(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Return the coordinates of samples (n, d) along the axes: (n, k)."""
        return np.asarray((np.asarray(x, np.float64) - self.mean) @ self.axes.T)


def principal(x: NDArray[Any], k: int = 2, start: NDArray[Any] | None = None) -> Principal:
    """Return the first k principal components of samples (n, d), k ≤ d (Pearson 1901).

    The sign of a component is arbitrary: its largest entry is made positive. Wide layers are decomposed by
    subspace iteration with Rayleigh-Ritz projection (Halko, Martinsson & Tropp 2011, algorithm 4.4) from `start`,
    axes (k, d) that are near already, to an angle of about 1e-5; where that is not reached, in full.
    """
    x = np.asarray(x, np.float64)
    mean = x.mean(axis=0)
    centred = x - mean
    found = _iterated(centred, k, start) if min(x.shape) > _EXACT else None
    variances, axes = found if found is not None else _decomposed(centred, k)
    axes = axes * np.where(axes[np.arange(k), np.abs(axes).argmax(axis=1)] < 0, -1.0, 1.0)[:, None]
    total = float((centred**2).sum())
    return Principal(mean, axes, variances / total if total > 0 else np.zeros(k))


def turned(found: Principal, reference: NDArray[Any]) -> Principal:
    """Return the same plane with axes turned, and mirrored if need be, to lie nearest to those of `reference` (k, d).

    Orthogonal Procrustes: the orthogonal R that minimises ‖R A − B‖ is V Uᵀ, with A Bᵀ = U S Vᵀ (Schönemann 1966).
    `shares` become those of the turned axes; their sum is the same.
    """
    u, _, vt = np.linalg.svd(found.axes @ np.asarray(reference, np.float64).T)
    turn = (u @ vt).T
    return Principal(found.mean, turn @ found.axes, (turn**2) @ found.shares)


def _decomposed(centred: NDArray[np.float64], k: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the k largest sums of squares and their directions, from the smaller matrix of products."""
    n, d = centred.shape
    if d <= n:
        values, vectors = np.linalg.eigh(centred.T @ centred)
        return np.maximum(values[::-1][:k], 0.0), vectors.T[::-1][:k]
    padded = np.concatenate([centred, np.zeros((max(0, k - n), d))])
    _, s, rows = np.linalg.svd(padded, full_matrices=False)
    return s[:k] ** 2, rows[:k]


def _iterated(
    centred: NDArray[np.float64], k: int, start: NDArray[Any] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return what `_decomposed` returns, or None where iteration does not settle."""
    d = centred.shape[1]
    block = np.random.default_rng(0).normal(size=(d, k + 6))
    if start is not None and np.shape(start) == (k, d):
        block[:, :k] = np.asarray(start).T
    values, axes = np.zeros(k), np.zeros((k, d))
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(block)[0]
        projected = centred @ basis
        found, turn = np.linalg.eigh(projected.T @ projected)
        before, axes, values = axes, (basis @ turn[:, ::-1][:, :k]).T, found[::-1][:k]
        # The sine of the largest angle between this plane and the last one.
        if np.linalg.norm(axes - (axes @ before.T) @ before, 2) < _TOLERANCE:
            return np.maximum(values, 0.0), axes
        block = centred.T @ projected
    return None
