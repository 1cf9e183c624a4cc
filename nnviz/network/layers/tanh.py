"""Hyperbolic tangent activation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnviz.network.layers import Layer, Shape
from nnviz.settings import Kind

if TYPE_CHECKING:
    import torch


@Layer.registry.register
class Tanh(Kind, Layer, frozen=True, tag="tanh"):
    """y = tanh(x), between -1 and 1."""

    title = "tanh"
    help = "A smooth step from −1 to 1. Saturates: far from 0 its gradient vanishes."
    group = "activation"
    order = 25
    gain = 5.0 / 3.0

    def module(self, input_shape: Shape) -> torch.nn.Module:
        from torch import nn

        return nn.Tanh()
