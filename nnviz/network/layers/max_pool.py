"""Pooling by the maximum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from nnviz.network.layers import Layer, Shape, pooled_shape
from nnviz.settings import Kind, knob

if TYPE_CHECKING:
    import torch


@Layer.registry.register
class MaxPool(Kind, Layer, frozen=True, tag="max-pool"):
    """y[c, i, j] = the largest x[c, ·, ·] in the square (i, j); the squares lie side by side.

    Rows and columns that do not fill a square are left out.
    """

    title = "Max pool"
    help = "Keeps the largest value of every small square: smaller images, and small shifts matter less."
    group = "image"
    order = 61

    size: Annotated[int, knob("Size", "Side of the squares.", unit="px", ge=2, le=16, soft_max=4)] = 2

    def output_shape(self, input_shape: Shape) -> Shape:
        return pooled_shape(input_shape, self.size, "A max pool")

    def module(self, input_shape: Shape) -> torch.nn.Module:
        from torch import nn

        return nn.MaxPool2d(self.size)

    def summary(self) -> str:
        return f"{self.size}×{self.size}"
