"""Initializers: one file each. Here: the contract, and the initial parameters of a whole network."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from nnviz.network.layers import Parameter, Shape
from nnviz.settings import Choice, kinds, knob

Distribution = Annotated[Literal["uniform", "normal"], knob("Distribution", "Shape of the random numbers.")]
"""The setting of those initializers that prescribe a variance and leave the rest open."""


class Initializer(Choice):
    """Settings of one way to draw initial weights. numpy only, so that all engines start from the same numbers."""

    __slots__ = ()
    registry = kinds("initializer", "nnviz.network.initializers")

    def sample(self, rng: np.random.Generator, parameter: Parameter, gain: float) -> NDArray[np.float64]:
        """Return initial weights of the parameter's shape; `gain` belongs to the activation that follows."""
        raise NotImplementedError


def centred(
    rng: np.random.Generator, shape: Shape, deviation: float, distribution: Literal["uniform", "normal"]
) -> NDArray[np.float64]:
    """Return random numbers of mean 0 and the given standard deviation d; the uniform ones lie in ±√3 · d."""
    if distribution == "normal":
        return rng.normal(0.0, deviation, shape)
    limit = np.sqrt(3.0) * deviation
    return rng.uniform(-limit, limit, shape)
