"""All weights 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnviz.network.initializers import Initializer
from nnviz.network.layers import Parameter
from nnviz.settings import Kind


@Initializer.registry.register
class Zeros(Kind, Initializer, frozen=True, tag="zeros"):
    """Every weight 0: units of a layer get equal gradients, so they stay equal for as long as training lasts."""

    title = "Zeros"
    help = "Every weight 0. All units of a layer stay alike: shows why a network needs a random start."
    order = 70

    def sample(self, rng: np.random.Generator, parameter: Parameter, gain: float) -> NDArray[np.float64]:
        return np.zeros(parameter.shape)
