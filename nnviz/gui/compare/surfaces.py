"""What two networks answer over the same plane, and how far their answers lie apart. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.snapshot import Snapshot

Bounds = tuple[float, float, float, float]

_SAME = 1e-5
"""Planes that differ by less than this share of their size are the same, but for rounding."""


class NoDifference(ValueError):
    """Two answers that cannot be subtracted: one sentence that says why."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class Answers:
    """The answers of two networks at the same points: both (h, w, classes), (h, w), or (n,) along one feature.

    `bounds` is (left, right, bottom, top) in displayed units; points of a grid are the centres of its cells, those
    of a line reach from the left to the right bound.
    """

    a: NDArray[Any]
    b: NDArray[Any]
    bounds: Bounds
    labels: tuple[str, str]

    @property
    def classes(self) -> bool:
        """Whether they are probabilities of classes."""
        return self.a.ndim == 3

    def change(self, number: int) -> NDArray[Any]:
        """Return B − A: of the probability of a class, or of the output."""
        found: NDArray[Any] = self.b[:, :, number] - self.a[:, :, number] if self.classes else self.b - self.a
        return found

    def disagreement(self) -> float:
        """Return the share of the points at which the two name different classes: 0..1; NaN where none is finite."""
        finite = np.isfinite(self.a).all(axis=2) & np.isfinite(self.b).all(axis=2)
        if not finite.any():
            return float("nan")
        return float((self.a.argmax(axis=2) != self.b.argmax(axis=2))[finite].mean())


def answers(a: Snapshot, b: Snapshot) -> Answers | None:
    """Return the answers of two networks where both look at the same plane; None before they are measured.

    Planes of the same two features in the same units may show different parts: the answers are then those on the part
    that both show, interpolated. Raises NoDifference where a difference has no meaning.
    """
    _check(a, b)
    first, second = a.arrays.get("surface"), b.arrays.get("surface")
    if first is None or second is None:
        return None
    if first.shape[2:] != second.shape[2:] or first.ndim != second.ndim:
        raise NoDifference("The two networks answer in different forms, so their answers cannot be subtracted.")
    if _same_plane(a, b):
        return Answers(first, second, a.plane.display_bounds, a.plane.labels)
    if a.data.n_features > 2:
        raise NoDifference(
            "The two runs look at different planes through their features, since they were trained on different "
            "samples or have another plane chosen; choose the same one in the data panel of each."
        )
    bounds = _common(a.plane.display_bounds, b.plane.display_bounds)
    shape = first.shape[:2]
    on_common = [_resampled(each, one.plane.display_bounds, bounds, shape) for each, one in ((first, a), (second, b))]
    return Answers(on_common[0], on_common[1], bounds, a.plane.labels)


def _check(a: Snapshot, b: Snapshot) -> None:
    """Refuse networks that have different inputs or learn different things."""
    if a.data.task != b.data.task:
        raise NoDifference("One run learns classes and the other one values: there is nothing to subtract.")
    if a.data.feature_names != b.data.feature_names:
        raise NoDifference("The two runs have different features, so there is no plane that both could show.")
    if a.data.class_names != b.data.class_names:
        raise NoDifference("The two runs know different classes, so their probabilities cannot be subtracted.")
    if a.plane.labels != b.plane.labels:
        words = [" and ".join(each.plane.labels) for each in (a, b)]
        raise NoDifference(f"The two runs look at different planes: {words[0]}, and {words[1]}.")


def _same_plane(a: Snapshot, b: Snapshot) -> bool:
    """Say whether two networks are shown the same points, in the units of the source."""
    first, second = _corners(a), _corners(b)
    return bool(np.allclose(first, second, rtol=0.0, atol=_SAME * float(np.abs(first).max(initial=1e-12))))


def _corners(snapshot: Snapshot) -> NDArray[np.float64]:
    """Return the features (3, d) at the lower left, lower right and upper left corner of the plane."""
    plane = snapshot.plane
    left, right, bottom, top = plane.bounds
    uv = np.array([(left, bottom), (right, bottom), (left, top)])
    return snapshot.data.scaling.unscaled(plane.origin + uv[:, :1] * plane.across + uv[:, 1:] * plane.up)


def _common(a: Bounds, b: Bounds) -> Bounds:
    """Return the part that two rectangles share."""
    left, right, bottom, top = max(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), min(a[3], b[3])
    if left >= right or bottom >= top:
        raise NoDifference("The samples of the two runs lie so far apart that no part of the plane is shown by both.")
    return left, right, bottom, top


def _resampled(values: NDArray[Any], own: Bounds, wanted: Bounds, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return values over one rectangle at the points of a grid or line over another one, linearly interpolated."""
    if values.ndim == 1:
        x = np.linspace(wanted[0], wanted[1], shape[0])
        return np.interp(x, np.linspace(own[0], own[1], len(values)), values)
    rows, columns = shape
    x = wanted[0] + (np.arange(columns) + 0.5) / columns * (wanted[1] - wanted[0])
    y = wanted[2] + (np.arange(rows) + 0.5) / rows * (wanted[3] - wanted[2])
    across = (x - own[0]) / (own[1] - own[0]) * values.shape[1] - 0.5
    up = (y - own[2]) / (own[3] - own[2]) * values.shape[0] - 0.5
    return _between(_between(values, up, 0), across, 1)


def _between(values: NDArray[Any], places: NDArray[np.float64], axis: int) -> NDArray[Any]:
    """Return values at places between the entries of an axis; beyond its ends, those at its ends."""
    last = values.shape[axis] - 1
    places = np.clip(places, 0, last)
    low = np.minimum(places.astype(np.intp), max(0, last - 1))
    share = (places - low).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
    lower, upper = np.take(values, low, axis), np.take(values, np.minimum(low + 1, last), axis)
    return lower + (upper - lower) * share
