"""The plane through feature space that a decision surface is drawn on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import Floats, SplitData
from nnviz.data.settings import PlaneSettings


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Plane:
    """A rectangle in the plane `origin + u * across + v * up`, in scaled features.

    origin, across, up: (d,); `up` is zero for data with one feature. `bounds` is (left, right, bottom, top)
    in units of u and v; `labels` name the two axes. With two features shown in their own units,
    `to_units` maps u and v: (shift, scale) per axis.
    """

    origin: NDArray[np.float64]
    across: NDArray[np.float64]
    up: NDArray[np.float64]
    bounds: tuple[float, float, float, float]
    labels: tuple[str, str]
    to_units: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 1.0), (0.0, 1.0))

    def grid(self, resolution: int) -> NDArray[np.float32]:
        """Return the scaled features of a grid of points, row by row from the bottom: (resolution², d) float32.

        Points are the centres of the cells, so that an image of the grid fills `bounds` exactly.
        """
        left, right, bottom, top = self.bounds
        steps = (np.arange(resolution) + 0.5) / resolution
        v, u = np.meshgrid(bottom + (top - bottom) * steps, left + (right - left) * steps, indexing="ij")
        points = self.origin + u.reshape(-1, 1) * self.across + v.reshape(-1, 1) * self.up
        return points.astype(np.float32)

    def line(self, resolution: int) -> NDArray[np.float32]:
        """Return scaled features along `across` from the left to the right bound: (resolution, d) float32."""
        u = np.linspace(self.bounds[0], self.bounds[1], resolution)[:, None]
        return (self.origin + u * self.across).astype(np.float32)

    def project(self, x: Floats) -> NDArray[np.float32]:
        """Return the (u, v) coordinates of samples (n, d) on the plane, in displayed units: (n, 2) float32."""
        centred = np.asarray(x, np.float64) - self.origin
        uv = np.column_stack([centred @ self.across, centred @ self.up])
        (su, ku), (sv, kv) = self.to_units
        return np.column_stack([uv[:, 0] * ku + su, uv[:, 1] * kv + sv]).astype(np.float32)

    @property
    def display_bounds(self) -> tuple[float, float, float, float]:
        """The bounds in displayed units: (left, right, bottom, top)."""
        (su, ku), (sv, kv) = self.to_units
        left, right, bottom, top = self.bounds
        return left * ku + su, right * ku + su, bottom * kv + sv, top * kv + sv


def make_plane(settings: PlaneSettings, data: SplitData) -> Plane:
    """Return the plane that the settings ask for, with room around the samples.

    A feature number beyond the last one is taken as the last: data may change under a chosen plane.
    """
    if settings.mode == "principal" and data.n_features > 2:
        return _principal_plane(data)
    return _feature_plane(data, settings.first, settings.second)


def _feature_plane(data: SplitData, first: int, second: int) -> Plane:
    d = data.n_features
    i = min(first, d - 1)
    j = min(second, d - 1)
    if j == i and d > 1:
        j = i - 1 if i == d - 1 else i + 1
    origin = data.real_train.x.mean(axis=0).astype(np.float64)
    across, up = np.zeros(d), np.zeros(d)
    origin[i] = 0.0
    across[i] = 1.0
    names = [data.feature_names[i], data.target_name]
    units = [(float(data.scaling.shift[i]), float(data.scaling.scale[i])), (0.0, 1.0)]
    if d > 1:
        origin[j] = 0.0
        up[j] = 1.0
        names[1] = data.feature_names[j]
        units[1] = (float(data.scaling.shift[j]), float(data.scaling.scale[j]))
    bounds = _bounds(data, origin, across, up)
    return Plane(origin, across, up, bounds, (names[0], names[1]), (units[0], units[1]))


def _principal_plane(data: SplitData) -> Plane:
    """The two directions of largest variance in the training part (Pearson 1901), exact up to rounding."""
    x = data.real_train.x.astype(np.float64)
    origin = x.mean(axis=0)
    variances, rows = _principal_components(x - origin)
    # The sign of a component is arbitrary; make its largest entry positive so that the picture never flips.
    rows = rows[:2] * np.sign(rows[np.arange(2), np.abs(rows[:2]).argmax(axis=1)])[:, None]
    share = variances[:2] / max(float(variances.sum()), 1e-12)
    labels = (f"component 1 ({share[0]:.0%} of variance)", f"component 2 ({share[1]:.0%} of variance)")
    return Plane(origin, rows[0], rows[1], _bounds(data, origin, rows[0], rows[1]), labels)


def _principal_components(centred: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the variances (times n), largest first, and the components as rows: at least two of each."""
    n, d = centred.shape
    if n > d:  # the products of features are the smaller matrix: many times faster than decomposing the samples
        values, vectors = np.linalg.eigh(centred.T @ centred)
        return np.maximum(values[::-1], 0.0), vectors.T[::-1]
    padded = np.concatenate([centred, np.zeros((max(0, 2 - n), d))])
    _, s, rows = np.linalg.svd(padded, full_matrices=False)
    return s**2, rows


def _bounds(data: SplitData, origin: Floats, across: Floats, up: Floats) -> tuple[float, float, float, float]:
    x = np.concatenate([data.real_train.x, data.test.x]).astype(np.float64) - origin
    limits: list[float] = []
    for axis in (across, up):
        along = x @ axis
        low, high = float(along.min()), float(along.max())
        room = 0.12 * (high - low) or 1.0
        limits += [low - room, high + room]
    left, right, bottom, top = limits
    return left, right, bottom, top
