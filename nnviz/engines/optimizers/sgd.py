"""Stochastic gradient descent."""

from __future__ import annotations

from nnviz.engines.optimizers import Optimizer
from nnviz.settings import Kind


@Optimizer.registry.register
class Sgd(Kind, Optimizer, frozen=True, tag="sgd"):
    """θ ← θ - η g (Robbins & Monro 1951)."""

    title = "SGD"
    help = "One step against the gradient of each batch."
    formula = "θ ← θ − η g"
    order = 10
    typical_rate = 0.03
    torch_name = "SGD"
