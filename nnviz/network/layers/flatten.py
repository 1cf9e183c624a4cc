"""From images to a list of features."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nnviz.network.layers import Layer, Shape
from nnviz.settings import Kind

if TYPE_CHECKING:
    import torch


@Layer.registry.register
class Flatten(Kind, Layer, frozen=True, tag="flatten"):
    """(channels, height, width) becomes (channels · height · width,), channel by channel, row by row.

    A flat input stays what it is.
    """

    title = "Flatten"
    help = "Lays the pixels of an image out as one list, which Linear layers need."
    group = "image"
    order = 63

    def output_shape(self, input_shape: Shape) -> Shape:
        return (math.prod(input_shape),)

    def module(self, input_shape: Shape) -> torch.nn.Module:
        from torch import nn

        return nn.Flatten()
