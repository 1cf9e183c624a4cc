"""Two rings, one inside the other: the first thing a linear model cannot do."""

from __future__ import annotations

import numpy as np

from nnviz.data.dataset import Dataset
from nnviz.data.generators import Generator, Noise, Samples, plane_classes
from nnviz.settings import Kind


@Generator.registry.register
class Circles(Kind, Generator, frozen=True, tag="circles"):
    """Class A fills a disc of radius 2.5, class B a ring from radius 3.5 to 5 around it."""

    title = "Circles"
    help = "A disc inside a ring. Needs a closed boundary: three units are enough."
    order = 10

    samples: Samples = 500
    noise: Noise = 0.3

    def load(self, seed: int) -> Dataset:
        rng = np.random.default_rng(seed)
        label = np.arange(self.samples) % 2
        # The square root makes samples uniform over the area instead of crowded at the centre.
        low, high = np.where(label == 0, 0.0, 3.5), np.where(label == 0, 2.5, 5.0)
        radius = np.sqrt(rng.uniform(low**2, high**2))
        angle = rng.uniform(0, 2 * np.pi, self.samples)
        points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
        return plane_classes(points + rng.normal(0, 1, points.shape) * self.noise, label)
