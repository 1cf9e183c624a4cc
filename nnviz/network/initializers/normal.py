"""Normal initialization."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nnviz.network.initializers import Initializer
from nnviz.network.layers import Parameter
from nnviz.settings import Kind, knob


@Initializer.registry.register
class Normal(Kind, Initializer, frozen=True, tag="normal"):
    """Normal with mean 0 and a fixed standard deviation, whatever the size of the layer."""

    title = "Normal"
    help = (
        "Random numbers of one spread for all layers. Too small, and deep signals vanish; too large, and they explode."
    )
    order = 50

    std: Annotated[float, knob("Standard deviation", "Spread of the weights.", ge=0.0, le=100.0, soft_max=2.0)] = 0.1

    def sample(self, rng: np.random.Generator, parameter: Parameter, gain: float) -> NDArray[np.float64]:
        return rng.normal(0.0, self.std, parameter.shape)
