"""Nesterov's accelerated gradient."""

from __future__ import annotations

from typing import Annotated, Any

from nnviz.engines.optimizers import Optimizer
from nnviz.settings import Kind, knob


@Optimizer.registry.register
class Nesterov(Kind, Optimizer, frozen=True, tag="nesterov"):
    """v ← μ v + g, θ ← θ - η (g + μ v) (Nesterov 1983, in the form of Sutskever et al. 2013)."""

    title = "Nesterov"
    help = "Momentum that looks ahead: the gradient is corrected by where the ball is going."
    formula = "v ← μ v + g;  θ ← θ − η (g + μ v)"
    order = 30
    typical_rate = 0.01
    torch_name = "SGD"

    momentum: Annotated[
        float, knob("Momentum", "Share of the last update that is kept.", ge=0.001, lt=1.0, live=True)
    ] = 0.9

    def torch_options(self) -> dict[str, Any]:
        return {"momentum": self.momentum, "nesterov": True}
