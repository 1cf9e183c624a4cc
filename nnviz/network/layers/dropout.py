"""Dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

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


def reseed(module: torch.nn.Module, seed: int) -> None:
    """Fix the masks that the dropout layers of a network (or one such layer) draw from now on.

    The same seed, network and inputs give the same masks again, whatever was drawn before; so a step that is
    seeded by its number can be replayed exactly. Every layer has a stream of its own.
    """
    from nnviz.network.torch_modules import Dropout as DropoutModule

    layers = [child for child in module.modules() if isinstance(child, DropoutModule)]
    for number, layer in enumerate(layers):
        layer.reseed(_mixed(seed, number))


def _mixed(seed: int, number: int) -> int:
    """Return a seed whose every bit depends on both: torch's CPU generator looks at the lowest 32 bits alone."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
