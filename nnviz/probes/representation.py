"""Where the last hidden layer puts the samples."""

from __future__ import annotations

from nnviz.data.plane import Plane
from nnviz.engines.engine import Engine
from nnviz.probes import Array, Probe, probes

MOST_SAMPLES = 600
"""Samples drawn of each part: more would hide each other."""


@probes.register
class Representation(Probe):
    """Activations of the last hidden stage for the first samples of train and test: two arrays (n, units).

    None when the network has no hidden layer.
    """

    name = "representation"
    title = "Representation"

    def measure(self, engine: Engine, plane: Plane) -> tuple[Array, Array] | None:
        if len(engine.plan.stages) < 2:
            return None
        train, test = (
            engine.activations(part.x[:MOST_SAMPLES])[-2].reshape(min(len(part), MOST_SAMPLES), -1)
            for part in (engine.data.train, engine.data.test)
        )
        return train, test
