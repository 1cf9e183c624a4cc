"""Dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from nnviz.network.layers import Layer, Shape
from nnviz.settings import Kind, knob

if TYPE_CHECKING:
    import torch


@Layer.registry.register
class Dropout(Kind, Layer, frozen=True, tag="dropout"):
    """Training: y = m · x / (1 − rate), every m its own coin: 0 with probability `rate`, else 1. Evaluation: y = x.

    Srivastava et al. 2014, scaled in training (inverted), so that the mean of y is x.
    """

    title = "Dropout"
    help = "Switches off random units in every training step, so that none can rely on a single other one."
    group = "regularization"
    order = 40

    rate: Annotated[
        float, knob("Rate", "Share of the units that is off in a training step.", ge=0.0, le=0.95, live=True)
    ] = 0.5

    def module(self, input_shape: Shape) -> torch.nn.Module:
        from nnviz.network.torch_modules import Dropout as DropoutModule

        return DropoutModule(self.rate)

    def configure(self, module: Any) -> None:
        module.p = self.rate

    def summary(self) -> str:
        return f"{100 * self.rate:g} %"


def dropout_threshold(rate: float) -> int:
    """Return the 32-bit word below which a unit is switched off, so that it happens with probability `rate`."""
    return min(int(rate * 2.0**32), 0xFFFF_FFFF)
