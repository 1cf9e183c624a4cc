"""Adam."""

from __future__ import annotations

from typing import Annotated, Any

from nnviz.engines.optimizers import Optimizer
from nnviz.settings import Kind, knob


@Optimizer.registry.register
class Adam(Kind, Optimizer, frozen=True, tag="adam"):
    """m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², θ ← θ - η m̂ / (√v̂ + ε) (Kingma & Ba 2015)."""

    title = "Adam"
    help = "Momentum and a step size of its own for every weight; weight decay joins the gradient."
    formula = "θ ← θ − η m̂ / (√v̂ + ε)"
    order = 60
    typical_rate = 0.003
    torch_name = "Adam"

    beta1: Annotated[float, knob("Beta 1", "Memory of the average gradient.", ge=0.0, lt=1.0, live=True)] = 0.9
    beta2: Annotated[float, knob("Beta 2", "Memory of the average squared gradient.", ge=0.0, lt=1.0, live=True)] = (
        0.999
    )

    def torch_options(self) -> dict[str, Any]:
        return {"betas": (self.beta1, self.beta2), "eps": 1e-8}
