"""Adagrad."""

from __future__ import annotations

from typing import Any

from nnviz.engines.optimizers import Optimizer
from nnviz.settings import Kind


@Optimizer.registry.register
class Adagrad(Kind, Optimizer, frozen=True, tag="adagrad"):
    """s ← s + g², θ ← θ - η g / (√s + ε) (Duchi et al. 2011)."""

    title = "Adagrad"
    help = "Divides each gradient by the size of all before it: steps shrink where much has happened."
    formula = "s ← s + g²;  θ ← θ − η g / (√s + ε)"
    order = 50
    typical_rate = 0.05
    torch_name = "Adagrad"

    def torch_options(self) -> dict[str, Any]:
        return {"eps": 1e-10}
