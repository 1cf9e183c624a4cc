"""Round clouds, one for each class."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nnviz.data.dataset import Dataset
from nnviz.data.generators import Generator, Noise, Samples, plane_classes
from nnviz.settings import Kind, knob


@Generator.registry.register
class Blobs(Kind, Generator, frozen=True, tag="blobs"):
    """Normal distributions with their means evenly spaced on a circle of radius 3.5."""

    title = "Blobs"
    help = "One round cloud for each class. The easy start, and the place to see what many classes look like."
    order = 50

    samples: Samples = 500
    noise: Noise = 0.8
    classes: Annotated[int, knob("Classes", "How many clouds there are; each is a class.", ge=2, le=10)] = 3

    def load(self, seed: int) -> Dataset:
        rng = np.random.default_rng(seed)
        label = np.arange(self.samples) % self.classes
        angle = np.pi / 2 + 2 * np.pi * label / self.classes
        points = 3.5 * np.column_stack([np.cos(angle), np.sin(angle)])
        return plane_classes(points + rng.normal(0, 1, points.shape) * self.noise, label, self.classes)
