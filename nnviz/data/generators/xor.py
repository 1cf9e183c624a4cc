"""Opposite quadrants share a class: the problem that ended the first wave of neural networks."""

from __future__ import annotations

import numpy as np

from nnviz.data.dataset import Dataset
from nnviz.data.generators import Generator, Noise, Samples, plane_classes
from nnviz.settings import Kind


@Generator.registry.register
class Xor(Kind, Generator, frozen=True, tag="xor"):
    """Class A where x₁ and x₂ have the same sign, class B elsewhere; a gap of 0.6 between the quadrants."""

    title = "Exclusive or"
    help = "Opposite quadrants share a class. No single straight line separates them; two hidden units do."
    order = 20

    samples: Samples = 500
    noise: Noise = 0.3

    def load(self, seed: int) -> Dataset:
        rng = np.random.default_rng(seed)
        label = np.arange(self.samples) % 2
        sign = rng.choice([-1.0, 1.0], self.samples)
        signs = np.column_stack([sign, np.where(label == 0, sign, -sign)])
        points = signs * rng.uniform(0.3, 5.0, (self.samples, 2))
        return plane_classes(points + rng.normal(0, 1, points.shape) * self.noise, label)
