"""Which classes are taken for which."""

from __future__ import annotations

import numpy as np

from nnviz.data.plane import Plane
from nnviz.engines.engine import Engine
from nnviz.probes import Array, Probe, probes


@probes.register
class Confusion(Probe):
    """Counts of samples by true class (rows) and predicted class (columns): (2, classes, classes), train then test.

    None for regression.
    """

    name = "confusion"
    title = "Confusion matrix"
    unit = "samples"

    def measure(self, engine: Engine, plane: Plane) -> Array | None:
        data = engine.data
        if data.task != "classification":
            return None
        tables = []
        for part in (data.train, data.test):
            predicted = engine.loss.classes(engine.predict(part.x))
            table = np.zeros((data.n_classes, data.n_classes), np.int64)
            np.add.at(table, (part.targets, predicted), 1)
            tables.append(table)
        return np.stack(tables)
