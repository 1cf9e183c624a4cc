"""LeCun initialization."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnviz.network.initializers import Distribution, Initializer, centred
from nnviz.network.layers import Parameter
from nnviz.settings import Kind


@Initializer.registry.register
class LeCun(Kind, Initializer, frozen=True, tag="lecun"):
    """Variance 1 / fan_in (LeCun et al. 1998, "Efficient BackProp", equation 16), whatever the activation."""

    title = "LeCun"
    help = "Keeps the size of signals through linear layers; the oldest of the rules that look at the number of inputs."
    order = 30

    distribution: Distribution = "normal"

    def sample(self, rng: np.random.Generator, parameter: Parameter, gain: float) -> NDArray[np.float64]:
        return centred(rng, parameter.shape, np.sqrt(1.0 / parameter.fan_in), self.distribution)
