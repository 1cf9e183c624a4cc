"""Glorot (Xavier) initialization."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnviz.network.initializers import Distribution, Initializer, centred
from nnviz.network.layers import Parameter
from nnviz.settings import Kind


@Initializer.registry.register
class Glorot(Kind, Initializer, frozen=True, tag="glorot"):
    """Variance gain² · 2 / (fan_in + fan_out) (Glorot & Bengio 2010), a compromise for both directions of flow."""

    title = "Glorot"
    help = "Keeps the size of signals and gradients about equal from layer to layer; made for tanh."
    order = 10

    distribution: Distribution = "uniform"

    def sample(self, rng: np.random.Generator, parameter: Parameter, gain: float) -> NDArray[np.float64]:
        deviation = gain * np.sqrt(2.0 / (parameter.fan_in + parameter.fan_out))
        return centred(rng, parameter.shape, deviation, self.distribution)
