"""Gaussian error linear activation."""

from __future__ import annotations

import math

from nnviz.network.layers import Activation, Layer
from nnviz.settings import Kind


@Layer.registry.register
class GELU(Kind, Activation, frozen=True, tag="gelu"):
    """y = x · Φ(x) = x/2 · (1 + erf(x/√2)), the exact form (Hendrycks & Gimpel 2016)."""

    title = "GELU"
    help = "A ReLU with a smooth bend that dips slightly below 0; the usual choice in transformers."
    order = 22
    torch_class = "GELU"
    gain = 1.0 / math.sqrt(1.0 / 3.0 + 1.0 / (2.0 * math.pi * math.sqrt(3.0)))  # E[y²] by Stein's lemma, twice
