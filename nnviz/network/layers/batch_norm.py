"""Batch normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from nnviz.network.layers import Layer, Parameter, Shape
from nnviz.settings import Kind, knob

if TYPE_CHECKING:
    import torch


@Layer.registry.register
class BatchNorm(Kind, Layer, frozen=True, tag="batch-norm"):
    """y = scale · (x − mean) / √(variance + 1e-5) + shift, per feature, or per channel of an image.

    Ioffe & Szegedy 2015. Training takes mean and variance of the batch, evaluation their running averages. A
    training batch with a single value per channel has no variance: there the running averages stand in for it,
    and are left as they are.
    """

    title = "Batch norm"
    help = (
        "Shifts and scales every feature to mean 0 and spread 1 over the batch, then lets the network undo it. "
        "Evaluation, and a batch of one, use running averages instead."
    )
    group = "normalization"
    order = 50

    momentum: Annotated[
        float,
        knob(
            "Momentum",
            "Weight of the newest batch in the running averages.",
            gt=0.0,
            le=1.0,
            live=True,
            advanced=True,
        ),
    ] = 0.1

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        shape = input_shape[:1]
        return Parameter("weight", shape, "scale"), Parameter("bias", shape, "shift")

    def module(self, input_shape: Shape) -> torch.nn.Module:
        from nnviz.network.torch_modules import BatchNorm1d, BatchNorm2d

        if len(input_shape) == 1:
            return BatchNorm1d(input_shape[0], momentum=self.momentum)
        return BatchNorm2d(input_shape[0], momentum=self.momentum)

    def configure(self, module: Any) -> None:
        module.momentum = self.momentum
