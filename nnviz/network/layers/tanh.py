"""Hyperbolic tangent activation."""

from __future__ import annotations

from nnviz.network.layers import Activation, Layer
from nnviz.settings import Kind


@Layer.registry.register
class Tanh(Kind, Activation, frozen=True, tag="tanh"):
    """y = tanh(x), between -1 and 1."""

    title = "tanh"
    help = "A smooth step from −1 to 1. Saturates: far from 0 its gradient vanishes."
    order = 25
    torch_class = "Tanh"
    gain = 5.0 / 3.0  # torch.nn.init.calculate_gain
