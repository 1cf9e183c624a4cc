"""Logistic sigmoid activation."""

from __future__ import annotations

from nnviz.network.layers import Activation, Layer
from nnviz.settings import Kind


@Layer.registry.register
class Sigmoid(Kind, Activation, frozen=True, tag="sigmoid"):
    """y = σ(x) = 1 / (1 + e⁻ˣ), between 0 and 1."""

    title = "sigmoid"
    help = "A smooth step from 0 to 1. Its slope is at most ¼, so gradients shrink with every such layer."
    order = 26
    torch_class = "Sigmoid"
    gain = 1.0  # torch.nn.init.calculate_gain
