"""What every unit computes, for the tiles of the network picture."""

from __future__ import annotations

import numpy as np

from nnviz.data.plane import Plane
from nnviz.engines.engine import Engine
from nnviz.network.shapes import drawn_stage
from nnviz.probes import Array, Probe, probes, shown_samples

TILE = 24
"""Pixels along each side of a tile."""

MOST_UNITS = 16
"""Units drawn per column; more are folded into a summary tile, so measuring them would be in vain."""


@probes.register
class UnitMaps(Probe):
    """One tile per drawn unit and column of the network picture, scaled to -1..1 by the column's largest value.

    A tuple with one array (units, h, w) for each column of the plan's picture, the input's first. Flat inputs:
    the unit's value over the plane (24 × 24). Images: the feature maps of one training sample for layers
    that keep the picture, and the unit's values over 576 training samples, sorted, for the others.
    """

    name = "unit_maps"
    title = "Unit maps"

    def measure(self, engine: Engine, plane: Plane) -> tuple[Array, ...]:
        image = engine.data.image_shape is not None
        train = engine.data.real_train.x
        x = train[shown_samples(len(train), TILE * TILE)] if image else plane.grid(TILE)
        stages = engine.activations(x)
        drawn = [drawn_stage(column) for column in engine.plan.picture()]
        inputs = x.reshape(len(x), *engine.plan.input_shape)
        return tuple(_tiles(inputs if stage is None else stages[stage.index], image) for stage in drawn)


def _tiles(values: Array, image: bool) -> Array:
    """Return tiles (units, h, w) from values (points, units) or feature maps (samples, channels, h, w)."""
    if values.ndim == 4:
        tiles = values[0, :MOST_UNITS]
    elif image:
        ordered = np.sort(values[:, :MOST_UNITS], axis=0)
        places = np.linspace(0, len(ordered) - 1, TILE * TILE).round().astype(int)
        tiles = ordered[places].T.reshape(-1, TILE, TILE)
    else:
        tiles = values[:, :MOST_UNITS].T.reshape(-1, TILE, TILE)
    largest = np.abs(tiles).max(initial=0.0)
    return np.ascontiguousarray(tiles / largest if largest > 0 and np.isfinite(largest) else np.zeros_like(tiles))
