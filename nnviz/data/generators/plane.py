"""A tilted plane: the regression that a single linear unit solves."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nnviz.data.dataset import Dataset
from nnviz.data.generators import Generator, Samples, TargetNoise, plane_values
from nnviz.settings import Kind, knob


@Generator.registry.register
class TiltedPlane(Kind, Generator, frozen=True, tag="plane"):
    """Target (x₁ cos a + x₂ sin a) / 6 over a disc of radius 6, so that it runs from -1 to 1."""

    title = "Plane"
    help = "Regression on a tilted plane. One linear unit is enough; anything more can only fit the noise."
    order = 70

    samples: Samples = 500
    noise: TargetNoise = 0.1
    angle: Annotated[
        float,
        knob("Direction", "Where the plane rises to, turned from the first feature.", unit="°", ge=0.0, le=360.0),
    ] = 45.0

    def load(self, seed: int) -> Dataset:
        rng = np.random.default_rng(seed)
        radius = 6.0 * np.sqrt(rng.uniform(0, 1, self.samples))
        around = rng.uniform(0, 2 * np.pi, self.samples)
        points = np.column_stack([radius * np.cos(around), radius * np.sin(around)])
        uphill = np.array([np.cos(np.deg2rad(self.angle)), np.sin(np.deg2rad(self.angle))])
        values = points @ uphill / 6.0
        return plane_values(points, values + rng.normal(0, 1, self.samples) * self.noise)
