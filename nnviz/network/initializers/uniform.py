"""Uniform initialization."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nnviz.network.initializers import Initializer
from nnviz.network.layers import Parameter
from nnviz.settings import Kind, knob


@Initializer.registry.register
class Uniform(Kind, Initializer, frozen=True, tag="uniform"):
    """Uniform in ±limit, whatever the size of the layer; with 0.5 the start of TensorFlow Playground's weights."""

    title = "Uniform"
    help = "Random numbers from one interval for all layers, as TensorFlow Playground draws them."
    order = 60

    limit: Annotated[float, knob("Limit", "Weights lie between −limit and limit.", ge=0.0, le=100.0, soft_max=2.0)] = (
        0.5
    )

    def sample(self, rng: np.random.Generator, parameter: Parameter, gain: float) -> NDArray[np.float64]:
        return rng.uniform(-self.limit, self.limit, parameter.shape)
