"""Rectified linear activation that leaks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

from nnviz.network.layers import Activation, Layer, Shape
from nnviz.settings import Kind, knob

if TYPE_CHECKING:
    import torch


@Layer.registry.register
class LeakyReLU(Kind, Activation, frozen=True, tag="leaky-relu"):
    """y = x for positive x, slope · x for the rest (Maas et al. 2013)."""

    title = "leaky ReLU"
    help = "ReLU that lets a little of the negative side through, so that no unit can die."
    order = 21

    slope: Annotated[
        float, knob("Slope", "How much of a negative input passes. 0 is ReLU, 1 is linear.", ge=0.0, le=1.0, live=True)
    ] = 0.01

    @property
    def gain(self) -> float:
        """√(2 / (1 + slope²)): torch.nn.init.calculate_gain; He et al. 2015, equation 15."""
        return math.sqrt(2.0 / (1.0 + self.slope**2))

    def module(self, input_shape: Shape) -> torch.nn.Module:
        from torch import nn

        return nn.LeakyReLU(self.slope)

    def configure(self, module: Any) -> None:
        module.negative_slope = self.slope

    def summary(self) -> str:
        return f"{self.slope:g}"
