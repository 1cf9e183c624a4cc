"""What every layer makes of the same samples."""

from __future__ import annotations

from nnviz.data.plane import Plane
from nnviz.engines.engine import Engine
from nnviz.probes import Array, Probe, probes, shown_samples

MOST_SAMPLES = 500
"""Samples of the test part: enough for a similarity that does not hang on which they are."""

MOST_UNITS = 1_024
"""Units of a layer: more would take a Gram matrix of the same size, and tell the same."""


@probes.register
class Activations(Probe):
    """What each layer passes on for the shown samples of the test part: a tuple of arrays (n, p), float32.

    One array for each column of the network picture but the input's: the output of the column's last stage, after its
    activation, normalization and dropout (off), as the next layer gets it. n is at most 500 samples, p at most 1,024
    numbers of the flattened output, both evenly spread.
    """

    name = "activations"
    title = "Activations"

    def measure(self, engine: Engine, plane: Plane) -> tuple[Array, ...]:
        x = engine.data.test.x
        shown = x[shown_samples(len(x), MOST_SAMPLES)]
        stages = engine.activations(shown)
        return tuple(_flat(stages[column[-1].index]) for column in engine.plan.picture()[1:])


def _flat(values: Array) -> Array:
    """Return activations (n, *shape) as (n, p)."""
    flat = values.reshape(len(values), -1)
    return flat[:, shown_samples(flat.shape[1], MOST_UNITS)]
