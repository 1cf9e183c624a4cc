"""RMSProp."""

from __future__ import annotations

from typing import Annotated, Any

from nnviz.engines.optimizers import Optimizer
from nnviz.settings import Kind, knob


@Optimizer.registry.register
class RmsProp(Kind, Optimizer, frozen=True, tag="rmsprop"):
    """s ← α s + (1 - α) g², θ ← θ - η g / (√s + ε) (Tieleman & Hinton 2012)."""

    title = "RMSProp"
    help = "Divides each gradient by a running average of its size."
    formula = "s ← α s + (1 − α) g²;  θ ← θ − η g / (√s + ε)"
    order = 40
    typical_rate = 0.003
    torch_name = "RMSprop"
    fused = False

    alpha: Annotated[float, knob("Memory", "Share of the running average that is kept.", ge=0.0, lt=1.0, live=True)] = (
        0.99
    )

    def torch_options(self) -> dict[str, Any]:
        return {"alpha": self.alpha, "eps": 1e-8}
