"""All weights and biases."""

from __future__ import annotations

from nnviz.data.plane import Plane
from nnviz.engines.engine import Engine
from nnviz.probes import Array, Probe, probes


@probes.register
class Parameters(Probe):
    """All parameters, flat, in network order: (n_parameters,)."""

    name = "parameters"
    title = "Parameters"
    cost = "free"

    def measure(self, engine: Engine, plane: Plane) -> Array:
        return engine.parameters()
