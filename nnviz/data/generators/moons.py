"""Two half moons that reach into each other."""

from __future__ import annotations

import numpy as np

from nnviz.data.dataset import Dataset
from nnviz.data.generators import Generator, Noise, Samples, plane_classes
from nnviz.settings import Kind


@Generator.registry.register
class Moons(Kind, Generator, frozen=True, tag="moons"):
    """Two half circles of radius 3, the lower one shifted by (3, 1.5) and upside down, as in scikit-learn."""

    title = "Moons"
    help = "Two half moons that reach into each other. One smooth bend separates them."
    order = 40

    samples: Samples = 500
    noise: Noise = 0.5

    def load(self, seed: int) -> Dataset:
        rng = np.random.default_rng(seed)
        label = np.arange(self.samples) % 2
        angle = rng.uniform(0, np.pi, self.samples)
        upper = label == 0
        x = np.where(upper, np.cos(angle), 1 - np.cos(angle)) - 0.5
        y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle)) - 0.25
        points = 3.0 * np.column_stack([x, y])
        return plane_classes(points + rng.normal(0, 1, points.shape) * self.noise, label)
