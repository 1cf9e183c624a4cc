"""A drawing: samples placed by hand, kept inside the experiment itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import DataError, Dataset, Floats, Task
from nnviz.data.generators import PLANE_LIMIT, plane_classes
from nnviz.data.source import Source
from nnviz.settings import Kind, knob

Mode = Literal["classification", "regression"]

VALUE_LIMIT = 1.5
"""A drawn value of a regression lies in [-1.5, 1.5], the range in which a network starts out."""

MAX_POINTS = 200_000
MAX_CLASSES = 10
FEWEST_SAMPLES = 4


@Source.registry.register
class Drawing(Kind, Source, frozen=True, tag="drawing"):
    """Points in the order in which they were drawn; `nnviz.data.drawings.editing` makes changed copies.

    In a classification a point is (x₁, x₂) in [-6, 6]² and its label the number of its class. In a regression it is
    (x, y): one feature in [-6, 6] and its value in [-1.5, 1.5]; labels then mean nothing. The arrays are kept as
    bytes, so that a drawing compares, hashes and travels (as base64) like every other setting. A value that cannot
    be a drawing raises ValueError, which `nnviz.settings.decode` turns into a sentence with its place.
    """

    title = "Drawing"
    help = "Samples that you place yourself: draw, spray, erase, lasso and move them while the network learns."
    order = 5
    family = "drawing"
    is_scaled = True

    mode: Annotated[Mode, knob("Task", "Points of several classes in the plane, or values over one feature.")] = (
        "classification"
    )
    points: Annotated[bytes, knob("Points", "Coordinates: pairs of 32-bit floats, lowest byte first.", live=True)] = b""
    labels: Annotated[bytes, knob("Labels", "The class of each point: one byte each.", live=True)] = b""
    identities: Annotated[
        bytes,
        knob(
            "Identities",
            "A number for each point, 32 bits, lowest byte first, that keeps it on its side of the split.",
            live=True,
        ),
    ] = b""

    def __post_init__(self) -> None:
        n = len(self.labels)
        if len(self.points) != 8 * n or len(self.identities) != 4 * n:
            raise ValueError(
                f"The drawing is damaged: {len(self.points) / 8:g} points, {n} labels and "
                f"{len(self.identities) / 4:g} identities should be equally many; clear it and draw again"
            )
        if n > MAX_POINTS:
            raise ValueError(f"A drawing holds at most {MAX_POINTS:,} points, not {n:,}; remove some of them")
        if n and not np.isfinite(self.positions).all():
            raise ValueError("The drawing holds coordinates that are not finite numbers; clear it and draw again")
        if n and int(self.classes.max()) >= MAX_CLASSES:
            raise ValueError(f"A drawing has at most {MAX_CLASSES} classes, numbered from 0; relabel its points")

    @classmethod
    def of(
        cls, mode: Mode, positions: Floats, classes: NDArray[np.integer], numbers: NDArray[np.integer] | None = None
    ) -> Self:
        """Return the drawing of points at positions (n, 2) with classes (n,); identities count from 0 if not given."""
        numbers = np.arange(len(positions)) if numbers is None else numbers
        return cls(
            mode=mode,
            points=np.ascontiguousarray(positions, "<f4").tobytes(),
            labels=np.ascontiguousarray(classes, np.uint8).tobytes(),
            identities=np.ascontiguousarray(numbers, "<u4").tobytes(),
        )

    @property
    def n_points(self) -> int:
        return len(self.labels)

    @property
    def positions(self) -> NDArray[np.float32]:
        """The coordinates of the points, a read-only view: (n, 2) float32."""
        return np.frombuffer(self.points, "<f4").reshape(-1, 2)

    @property
    def classes(self) -> NDArray[np.uint8]:
        """The class of each point, a read-only view: (n,) uint8."""
        return np.frombuffer(self.labels, np.uint8)

    @property
    def numbers(self) -> NDArray[np.uint32]:
        """The identity of each point, a read-only view: (n,) uint32."""
        return np.frombuffer(self.identities, "<u4")

    @property
    def n_classes(self) -> int:
        """The number of classes: at least 2, and enough for the highest label."""
        return max(2, int(self.classes.max()) + 1 if self.n_points else 0)

    def known_shape(self) -> tuple[Task, int, int]:
        return ("classification", 2, self.n_classes) if self.mode == "classification" else ("regression", 1, 0)

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """The limits of the coordinates: (left, right, bottom, top)."""
        height = PLANE_LIMIT if self.mode == "classification" else VALUE_LIMIT
        return -PLANE_LIMIT, PLANE_LIMIT, -height, height

    def load(self, seed: int) -> Dataset:
        positions, numbers = self.positions, self.numbers
        if self.mode == "regression":
            self._require(self.n_points, "points")
            values = positions[:, 1].copy()
            return Dataset(positions[:, :1].copy(), values, "regression", ("x",), "y", identities=numbers)
        present = np.flatnonzero(np.bincount(self.classes, minlength=2))
        if len(present) < 2:
            name = chr(ord("A") + int(present[0])) if len(present) else ""
            raise DataError(
                f"All samples of the drawing are of class {name}; draw some of another class."
                if name
                else "The drawing is empty; draw samples of two classes."
            )
        self._require(self.n_points, "samples of two classes")
        return replace(plane_classes(positions, self.classes, self.n_classes), identities=numbers)

    @staticmethod
    def _require(n: int, what: str) -> None:
        if n < FEWEST_SAMPLES:
            state = "is empty" if n == 0 else f"has only {n} sample{'s' * (n > 1)}"
            raise DataError(f"The drawing {state}; draw at least {FEWEST_SAMPLES} {what}.")
