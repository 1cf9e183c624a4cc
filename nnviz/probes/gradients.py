"""The gradient of every parameter."""

from __future__ import annotations

from nnviz.data.plane import Plane
from nnviz.engines.engine import Engine
from nnviz.probes import Array, Probe, probes


@probes.register
class Gradients(Probe):
    """The loss gradient of the epoch's last batch, flat, in network order: (n_parameters,)."""

    name = "gradients"
    title = "Gradients"
    cost = "free"

    def measure(self, engine: Engine, plane: Plane) -> Array:
        return engine.gradients()
