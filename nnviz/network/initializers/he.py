"""He (Kaiming) initialization."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnviz.network.initializers import Distribution, Initializer, centred
from nnviz.network.layers import Parameter
from nnviz.settings import Kind


@Initializer.registry.register
class He(Kind, Initializer, frozen=True, tag="he"):
    """Variance 2 / fan_in (He et al. 2015, equation 10), whatever the activation."""

    title = "He"
    help = "Keeps the size of signals through ReLU layers, which cut off half of them."
    order = 20

    distribution: Distribution = "normal"

    def sample(self, rng: np.random.Generator, parameter: Parameter, gain: float) -> NDArray[np.float64]:
        return centred(rng, parameter.shape, np.sqrt(2.0 / parameter.fan_in), self.distribution)
