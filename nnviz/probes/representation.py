"""Where the last hidden layer puts the samples."""

from __future__ import annotations

from nnviz.data.dataset import Part
from nnviz.data.plane import Plane
from nnviz.engines.engine import Engine
from nnviz.probes import Array, Probe, probes, shown_samples

MOST_SAMPLES = 600
"""Samples drawn of each part: more would hide each other."""


@probes.register
class Representation(Probe):
    """Activations of the last hidden stage for the shown samples of train and test: two arrays (n, units).

    None when the network has no hidden layer.
    """

    name = "representation"
    title = "Representation"

    def measure(self, engine: Engine, plane: Plane) -> tuple[Array, Array] | None:
        if len(engine.plan.stages) < 2:
            return None
        train, test = (self._of(engine, part) for part in (engine.data.real_train, engine.data.test))
        return train, test

    def _of(self, engine: Engine, part: Part) -> Array:
        shown = part.x[shown_samples(len(part), MOST_SAMPLES)]
        return engine.activations(shown)[-2].reshape(len(shown), -1)
