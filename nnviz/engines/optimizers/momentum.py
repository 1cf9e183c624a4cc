"""Gradient descent with momentum."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from nnviz.engines.optimizers import Optimizer
from nnviz.settings import Kind, knob


@Optimizer.registry.register
class Momentum(Kind, Optimizer, frozen=True, tag="momentum"):
    """v ← μ v + g, θ ← θ - η v (Polyak 1964)."""

    title = "Momentum"
    help = "Steps add up like a ball rolling downhill, so that narrow valleys are followed."
    formula = "v ← μ v + g;  θ ← θ − η v"
    order = 20
    typical_rate = 0.01
    torch_name = "SGD"

    momentum: Annotated[
        float,
        knob(
            "Momentum", "Share of the last update that is kept; 0 is plain gradient descent.", ge=0.0, lt=1.0, live=True
        ),
    ] = 0.9

    def torch_options(self) -> dict[str, Any]:
        # At exactly 0 torch leaves v as it was, and goes on from that once there is momentum again.
        return {"momentum": max(self.momentum, sys.float_info.min)}
