"""Initializers: one file each. Here: the contract, and the initial parameters of a whole network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnviz.network.layers import Parameter
from nnviz.settings import Choice, kinds


class Initializer(Choice):
    """Settings of one way to draw initial weights. numpy only, so that all engines start from the same numbers."""

    __slots__ = ()
    registry = kinds("initializer", "nnviz.network.initializers")

    def sample(self, rng: np.random.Generator, parameter: Parameter, gain: float) -> NDArray[np.float64]:
        """Return initial weights of the parameter's shape; `gain` belongs to the activation that follows."""
        raise NotImplementedError
