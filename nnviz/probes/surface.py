"""What the network answers over the plane of the decision surface."""

from __future__ import annotations

from nnviz.data.plane import Plane
from nnviz.engines.engine import Engine
from nnviz.probes import Array, Probe, probes

RESOLUTION = 100
"""Grid points along each side of the surface."""


@probes.register
class Surface(Probe):
    """The answer at every point of a grid on the plane, row by row from the bottom.

    Classification: class probabilities (100, 100, classes). Regression: the output in the target's units
    (100, 100), or for data with one feature the fitted curve (100,) from the left to the right bound.
    """

    name = "surface"
    title = "Decision surface"

    def measure(self, engine: Engine, plane: Plane) -> Array:
        data = engine.data
        if data.n_features == 1 and data.task == "regression":
            return data.scaling.unscaled_target(engine.predict(plane.line(RESOLUTION))[:, 0])
        outputs = engine.predict(plane.grid(RESOLUTION))
        if data.task == "regression":
            return data.scaling.unscaled_target(outputs[:, 0]).reshape(RESOLUTION, RESOLUTION)
        return engine.loss.probabilities(outputs).reshape(RESOLUTION, RESOLUTION, -1)
