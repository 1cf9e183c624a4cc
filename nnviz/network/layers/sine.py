"""Sine activation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nnviz.network.layers import Activation, Layer, Shape
from nnviz.settings import Kind

if TYPE_CHECKING:
    import torch


@Layer.registry.register
class Sine(Kind, Activation, frozen=True, tag="sine"):
    """y = sin(x)."""

    title = "sine"
    help = "A wave: fits fine detail quickly, and repeats itself where there is no data."
    order = 28
    gain = math.sqrt(2.0 / (1.0 - math.exp(-2.0)))  # E[sin² x] = (1 − e⁻²) / 2 for x from N(0, 1)

    def module(self, input_shape: Shape) -> torch.nn.Module:
        from nnviz.network.torch_modules import Sine as SineModule

        return SineModule()
