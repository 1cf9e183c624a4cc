"""A checkerboard: many small regions, and so much room to overfit."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nnviz.data.dataset import Dataset
from nnviz.data.generators import Generator, Noise, Samples, plane_classes
from nnviz.settings import Kind, knob


@Generator.registry.register
class Checkerboard(Kind, Generator, frozen=True, tag="checkerboard"):
    """Squares of alternating class over [-5, 5] in both features; samples uniform within each class."""

    title = "Checkerboard"
    help = "Squares of alternating class. Every square needs its own piece of boundary, so few samples mislead."
    order = 60

    samples: Samples = 500
    noise: Noise = 0.1
    squares: Annotated[int, knob("Squares", "How many squares there are along each side.", ge=2, le=10)] = 4

    def load(self, seed: int) -> Dataset:
        rng = np.random.default_rng(seed)
        label = np.arange(self.samples) % 2
        columns, rows = np.divmod(np.arange(self.squares**2), self.squares)
        corners = np.column_stack([columns, rows])
        colour = (columns + rows) % 2
        points = rng.uniform(0, 1, (self.samples, 2))
        for k in (0, 1):  # an odd board has one more square of class A; drawing by class keeps the two equal
            own = corners[colour == k]
            points[label == k] += own[rng.integers(0, len(own), int((label == k).sum()))]
        points = 10.0 * points / self.squares - 5.0
        return plane_classes(points + rng.normal(0, 1, points.shape) * self.noise, label)
