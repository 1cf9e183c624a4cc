"""Rectified linear activation."""

from __future__ import annotations

import math

from nnviz.network.layers import Activation, Layer
from nnviz.settings import Kind


@Layer.registry.register
class ReLU(Kind, Activation, frozen=True, tag="relu"):
    """y = max(0, x) (Nair & Hinton 2010)."""

    title = "ReLU"
    help = "Passes what is positive and cuts off the rest. Fast to learn; a unit that is never positive is dead."
    order = 20
    torch_class = "ReLU"
    gain = math.sqrt(2.0)  # torch.nn.init.calculate_gain; He et al. 2015
