"""Hills and valleys: a regression with a curved surface."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nnviz.data.dataset import Dataset
from nnviz.data.generators import Generator, Samples, TargetNoise, plane_values
from nnviz.settings import Kind, knob

CENTRES = np.array([[-4.0, 2.5], [0.0, 2.5], [4.0, 2.5], [-4.0, -2.5], [0.0, -2.5], [4.0, -2.5]])
HEIGHTS = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])


@Generator.registry.register
class MultiGaussian(Kind, Generator, frozen=True, tag="multi-gaussian"):
    """Target Σ ±exp(-‖x - c‖² / 2w²) of six bumps of alternating sign, x uniform over [-6, 6] × [-5, 5]."""

    title = "Hills and valleys"
    help = "Regression on three hills and three valleys. A smooth surface that a small network can only blur."
    order = 80

    samples: Samples = 500
    noise: TargetNoise = 0.1
    width: Annotated[
        float, knob("Width", "Standard deviation of each bump. Narrow bumps are harder.", ge=0.3, le=3.0)
    ] = 1.2

    def load(self, seed: int) -> Dataset:
        rng = np.random.default_rng(seed)
        points = rng.uniform([-6.0, -5.0], [6.0, 5.0], (self.samples, 2))
        squared = ((points[:, None, :] - CENTRES) ** 2).sum(axis=2)
        values = np.exp(-squared / (2 * self.width**2)) @ HEIGHTS
        return plane_values(points, values + rng.normal(0, 1, self.samples) * self.noise)
