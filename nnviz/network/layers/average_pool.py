"""Pooling by the average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from nnviz.network.layers import Layer, Shape, pooled_shape
from nnviz.settings import Kind, knob

if TYPE_CHECKING:
    import torch


@Layer.registry.register
class AveragePool(Kind, Layer, frozen=True, tag="average-pool"):
    """y[c, i, j] = the mean of x[c, ·, ·] over the square (i, j); the squares lie side by side.

    Rows and columns that do not fill a square are left out.
    """

    title = "Average pool"
    help = "Keeps the mean of every small square: smaller, blurred images."
    group = "image"
    order = 62

    size: Annotated[int, knob("Size", "Side of the squares.", unit="px", ge=2, le=16, soft_max=4)] = 2

    def output_shape(self, input_shape: Shape) -> Shape:
        return pooled_shape(input_shape, self.size, "An average pool")

    def module(self, input_shape: Shape) -> torch.nn.Module:
        from torch import nn

        return nn.AvgPool2d(self.size)

    def summary(self) -> str:
        return f"{self.size}×{self.size}"
