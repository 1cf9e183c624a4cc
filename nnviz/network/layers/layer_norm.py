"""Layer normalization."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nnviz.network.layers import Layer, Parameter, Shape, ShapeError
from nnviz.settings import Kind

if TYPE_CHECKING:
    import torch


@Layer.registry.register
class LayerNorm(Kind, Layer, frozen=True, tag="layer-norm"):
    """y = scale · (x − mean) / √(variance + 1e-5) + shift, over all values of one sample (Ba et al. 2016).

    Scale and shift have the shape of the sample: one of each per value.
    """

    title = "Layer norm"
    help = "Shifts and scales the values of every sample to mean 0 and spread 1; does not depend on the batch."
    group = "normalization"
    order = 51

    def output_shape(self, input_shape: Shape) -> Shape:
        if math.prod(input_shape) == 1:
            raise ShapeError(
                "Layer norm compares the values of one sample, and its input has only one, which would always "
                "become 0; remove it, or give the layer before it more units."
            )
        return input_shape

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        return Parameter("weight", input_shape, "scale"), Parameter("bias", input_shape, "shift")

    def module(self, input_shape: Shape) -> torch.nn.Module:
        from torch import nn

        return nn.LayerNorm(list(input_shape))
