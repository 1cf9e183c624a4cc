"""A noisy sine of one feature: the textbook picture of underfitting and overfitting."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nnviz.data.dataset import Dataset
from nnviz.data.generators import Generator, Samples, TargetNoise
from nnviz.settings import Kind, knob


@Generator.registry.register
class NoisySine(Kind, Generator, frozen=True, tag="noisy-sine"):
    """Target 0.8 sin(2π p x / 12) for x uniform over [-6, 6], with p periods across it."""

    title = "Noisy sine"
    help = "Regression on a wave of one feature. With few samples and many units the curve bends to each one."
    order = 90

    samples: Samples = 80
    noise: TargetNoise = 0.2
    periods: Annotated[float, knob("Periods", "How many waves there are from left to right.", ge=0.25, le=8.0)] = 1.5

    def load(self, seed: int) -> Dataset:
        rng = np.random.default_rng(seed)
        x = rng.uniform(-6.0, 6.0, self.samples)
        values = 0.8 * np.sin(2 * np.pi * self.periods * x / 12.0)
        values += rng.normal(0, 1, self.samples) * self.noise
        return Dataset(x[:, None].astype(np.float32), values.astype(np.float32), "regression", ("x",), "y")
