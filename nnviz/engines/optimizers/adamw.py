"""Adam with decoupled weight decay."""

from __future__ import annotations

from typing import Annotated, Any

from nnviz.engines.optimizers import Optimizer
from nnviz.settings import Kind, knob


@Optimizer.registry.register
class AdamW(Kind, Optimizer, frozen=True, tag="adamw"):
    """Adam, with θ ← θ - η λ θ before the step instead of λ θ in the gradient (Loshchilov & Hutter 2019)."""

    title = "AdamW"
    help = "Adam whose weight decay shrinks the weights directly."
    formula = "θ ← θ − η (m̂ / (√v̂ + ε) + λ θ)"
    order = 70
    typical_rate = 0.003
    torch_name = "AdamW"
    decoupled = True

    beta1: Annotated[float, knob("Beta 1", "Memory of the average gradient.", ge=0.0, lt=1.0, live=True)] = 0.9
    beta2: Annotated[float, knob("Beta 2", "Memory of the average squared gradient.", ge=0.0, lt=1.0, live=True)] = (
        0.999
    )

    def torch_options(self) -> dict[str, Any]:
        return {"betas": (self.beta1, self.beta2), "eps": 1e-8}
