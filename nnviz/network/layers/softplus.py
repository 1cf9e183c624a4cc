"""Softplus activation."""

from __future__ import annotations

from nnviz.network.layers import Activation, Layer
from nnviz.settings import Kind


@Layer.registry.register
class Softplus(Kind, Activation, frozen=True, tag="softplus"):
    """y = ln(1 + eˣ) (Dugas et al. 2000); torch takes y = x above 20, where the two differ by less than 3e-9."""

    title = "softplus"
    help = "ReLU with a rounded corner: always positive, and its slope is the sigmoid."
    order = 27
    torch_class = "Softplus"
    gain = 1.0418668355  # 1/√E[y²]; there is no closed form
