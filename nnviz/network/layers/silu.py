"""Sigmoid linear activation."""

from __future__ import annotations

from nnviz.network.layers import Activation, Layer
from nnviz.settings import Kind


@Layer.registry.register
class SiLU(Kind, Activation, frozen=True, tag="silu"):
    """y = x · σ(x) = x / (1 + e⁻ˣ) (Elfwing et al. 2017; as Swish: Ramachandran et al. 2017)."""

    title = "SiLU"
    help = "x times its own sigmoid, also called swish: smooth, and never quite off for negative inputs."
    order = 23
    torch_class = "SiLU"
    gain = 1.6765324703  # 1/√E[y²]; there is no closed form
