"""Interleaved spirals: two, three or more arms that wind around each other."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nnviz.data.dataset import Dataset
from nnviz.data.generators import Generator, Noise, Samples, plane_classes
from nnviz.settings import Kind, knob


@Generator.registry.register
class Spirals(Kind, Generator, frozen=True, tag="spirals"):
    """Each class is one arm of an Archimedean spiral, radius 0.3 to 5.5, turned by 2π/arms to the next.

    Two arms are the classical test of Lang & Witbrock (1988), "Learning to tell two spirals apart".
    """

    title = "Spirals"
    help = "Arms that wind around each other. Easy to see, hard to learn: needs width, depth and patience."
    order = 30

    samples: Samples = 400
    noise: Noise = 0.2
    arms: Annotated[int, knob("Arms", "How many spirals there are; each is a class.", ge=2, le=5)] = 2
    turns: Annotated[
        float, knob("Turns", "How often an arm goes round. More turns are harder.", ge=0.25, le=4.0, soft_max=3.0)
    ] = 1.75

    def load(self, seed: int) -> Dataset:
        rng = np.random.default_rng(seed)
        label = np.arange(self.samples) % self.arms
        # The length of an arm grows with the square of the radius; the root spreads samples evenly along it.
        along = np.sqrt(rng.uniform(0, 1, self.samples))
        angle = 2 * np.pi * (self.turns * along + label / self.arms)
        radius = 0.3 + 5.2 * along
        points = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])
        return plane_classes(points + rng.normal(0, 1, points.shape) * self.noise, label, self.arms)
