"""Where the last hidden layer puts the samples."""

from __future__ import annotations

import numpy as np

from nnviz.data.plane import Plane
from nnviz.engines.engine import Engine
from nnviz.probes import Array, Probe, probes

MOST_SAMPLES = 600
"""Samples drawn of each part: more would hide each other."""


def shown_samples(count: int, most: int = MOST_SAMPLES) -> Array:
    """Return the numbers of the samples that stand for a part: evenly spread, because files are often sorted."""
    return np.unique(np.linspace(0, max(0, count - 1), min(count, most)).round().astype(np.intp))


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
        train, test = (
            engine.activations(part.x[shown_samples(len(part))])[-2].reshape(len(shown_samples(len(part))), -1)
            for part in (engine.data.train, engine.data.test)
        )
        return train, test
