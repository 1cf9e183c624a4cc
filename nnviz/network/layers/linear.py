"""Fully connected layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from nnviz.network.layers import Layer, Parameter, Shape, flat_size
from nnviz.settings import Kind, knob

if TYPE_CHECKING:
    import torch


@Layer.registry.register
class Linear(Kind, Layer, frozen=True, tag="linear"):
    """y = W x + b, for every unit a weighted sum of all inputs."""

    title = "Linear"
    help = "Every unit adds up all inputs, each times its own weight, plus a bias."
    group = "units"
    order = 10
    starts_column = True

    units: Annotated[int, knob("Units", "Number of outputs.", ge=1, le=8192, soft_max=128, scale="log")] = 8

    def output_shape(self, input_shape: Shape) -> Shape:
        flat_size(input_shape, "A linear layer")
        return (self.units,)

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        n = flat_size(input_shape, "A linear layer")
        return (
            Parameter("weight", (self.units, n), "weight", fan_in=n, fan_out=self.units),
            Parameter("bias", (self.units,), "bias"),
        )

    def module(self, input_shape: Shape) -> torch.nn.Module:
        from torch import nn

        return nn.Linear(flat_size(input_shape, "A linear layer"), self.units)

    def summary(self) -> str:
        return str(self.units)
