"""One use of a drawing tool, from press to release: what it makes of the drawing. No Qt.

A stroke is told where the pointer went, frame by frame, and holds the drawing as it was and as it is now.
Positions and radii are in the units of the drawing's frame.
"""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nnviz.data.drawings.drawing import Drawing
from nnviz.data.drawings.editing import Mask, add_points, erase, move, spray

Radii = tuple[float, float]
Places = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""Left, right, bottom, top."""


def make_stroke(
    tool: str, start: Drawing, label: int, radii: Radii, mask: Mask | None, rng: np.random.Generator
) -> Stroke:
    """Return a new stroke of a tool; the lasso moves what it has selected."""
    if tool == "lasso" and mask is not None:
        return MoveStroke(start, mask)
    if tool == "erase":
        return EraseStroke(start, radii)
    if tool == "point":
        return PointStroke(start, label)
    kind = SprayStroke if tool == "spray" else BrushStroke
    return kind(start, label, radii, rng)


class Stroke:
    """What all strokes have. `path` is where the pointer was since the last call, (k, 2) with k ≥ 1."""

    text: ClassVar[str]
    """The name of the step that undoes it."""
    effect: ClassVar[Literal["adds", "removes", "shifts"]] = "adds"
    """What has to be drawn anew: points added at the end, the region `touched`, or the chosen points elsewhere."""

    def __init__(self, start: Drawing) -> None:
        self.start = start
        self.result = start
        self.touched: Box = (0.0, 0.0, 0.0, 0.0)

    def extend(self, path: Places) -> None:
        """Go on along a path."""

    def wait(self) -> None:
        """Let one frame pass with the button held down."""


class BrushStroke(Stroke):
    """Points evenly along the path, spread over the width of the brush. A thick brush lays more of them."""

    text = "Draw"
    DENSITY = 9.0  # points per unit of area under a thick brush
    SPACING = (0.03, 0.25)  # between points along the path

    def __init__(self, start: Drawing, label: int, radii: Radii, rng: np.random.Generator) -> None:
        super().__init__(start)
        self._label, self._radii, self._rng = label, radii, rng
        self._spacing = float(np.clip(0.5 / (self.DENSITY * radii[0]), *self.SPACING))
        self._last: Places | None = None
        self._owed = 0.0  # how far along the path the next point is

    def extend(self, path: Places) -> None:
        corners = path if self._last is None else np.concatenate([self._last, path])
        self._last = corners[-1:]
        # Distances as on the screen, where the brush is round.
        across, up = np.diff(corners, axis=0).T
        lengths = np.hypot(across, up * self._radii[0] / self._radii[1])
        along = np.concatenate([[0.0], np.cumsum(lengths)])
        steps = np.arange(self._owed, along[-1] + 1e-9, self._spacing)
        self._owed += len(steps) * self._spacing - along[-1]
        centres = np.column_stack([np.interp(steps, along, c) for c in corners.T])
        self.result = add_points(self.result, centres + self._scatter(len(steps)), self._label)

    def _scatter(self, count: int) -> Places:
        """Return places in the brush: (count, 2), denser towards its middle."""
        distance, angle = self._rng.uniform(0, 1, (count, 2)).T
        angle = 2 * np.pi * angle
        return np.column_stack([np.cos(angle), np.sin(angle)]) * distance[:, None] ** 0.75 * self._radii


class SprayStroke(Stroke):
    """Points at random under the brush, for as long as the button is held."""

    text = "Spray"
    RATE = 4.0  # points per frame and unit of radius

    def __init__(self, start: Drawing, label: int, radii: Radii, rng: np.random.Generator) -> None:
        super().__init__(start)
        self._label, self._radii, self._rng = label, radii, rng
        self._path: Places = np.empty((0, 2))

    def extend(self, path: Places) -> None:
        self._path = np.concatenate([self._path[-1:], path])

    def wait(self) -> None:
        if not len(self._path):
            return
        for _ in range(max(1, round(self.RATE * self._radii[0]))):
            centre = self._path[self._rng.integers(len(self._path))]
            self.result = spray(self.result, centre, self._radii, self._label, 1, self._rng)
        self._path = self._path[-1:]


class PointStroke(Stroke):
    """One point where the button went down."""

    text = "Add point"

    def __init__(self, start: Drawing, label: int) -> None:
        super().__init__(start)
        self._label = label

    def extend(self, path: Places) -> None:
        if self.result is self.start:
            self.result = add_points(self.start, path[:1], self._label)


class EraseStroke(Stroke):
    """No points wherever the brush was."""

    text = "Erase"
    effect = "removes"

    def __init__(self, start: Drawing, radii: Radii) -> None:
        super().__init__(start)
        self._radii = radii
        self._last: Places | None = None

    def extend(self, path: Places) -> None:
        corners = path[:1] if self._last is None else self._last
        for place in path:  # places closer than half a brush add nothing to what is erased, only time
            gap = np.hypot(*((place - corners[-1]) / self._radii))
            if gap >= 0.5:
                corners = np.concatenate([corners, place[None]])
        corners = np.concatenate([corners, path[-1:]])
        for a, b in pairwise(corners):
            self.result = erase(self.result, a, b, self._radii)
        self._last = path[-1:]
        (left, bottom), (right, top) = corners.min(axis=0) - self._radii, corners.max(axis=0) + self._radii
        self.touched = (float(left), float(right), float(bottom), float(top))


class MoveStroke(Stroke):
    """The chosen points go with the pointer, as far as the frame lets all of them."""

    text = "Move points"
    effect = "shifts"

    def __init__(self, start: Drawing, mask: Mask) -> None:
        super().__init__(start)
        self._mask = mask
        self._from: Places | None = None
        self.delta = (0.0, 0.0)
        positions = start.positions
        left, right, bottom, top = start.frame
        x, y = positions[mask, 0], positions[mask, 1]
        self._room = (
            (min(0.0, left - float(x.min())), max(0.0, right - float(x.max()))),
            (min(0.0, bottom - float(y.min())), max(0.0, top - float(y.max()))),
        )

    def extend(self, path: Places) -> None:
        if self._from is None:
            self._from = path[0]
        wanted = (path[-1] - self._from).tolist()
        across, up = (min(max(d, low), high) for d, (low, high) in zip(wanted, self._room, strict=True))
        self.delta = (across, up)
        self.result = move(self.start, self._mask, self.delta) if any(self.delta) else self.start
