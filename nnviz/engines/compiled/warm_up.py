"""Loads or compiles every kernel, so that the first Play does not wait for it."""

from __future__ import annotations

from typing import Literal

import numpy as np

from nnviz.data.dataset import Part, Scaling, SplitData
from nnviz.engines.compiled.folder import mark_compiled
from nnviz.engines.compiled_engine import CompiledEngine
from nnviz.engines.settings import TrainingSettings
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import plan


def warm_up(precision: Literal["float32", "float64"]) -> None:
    """Train a tiny network in one precision and ask it everything."""
    x = np.zeros((2, 2), np.float32)
    some = Part(x, np.zeros(2, np.int64), np.zeros(2, bool))
    none = Part(x[:0], np.zeros(0, np.int64), np.zeros(0, bool))
    scaling = Scaling(np.zeros(2), np.ones(2))
    for validation in (none, some):  # the kernels are made for a number of parts
        data = SplitData(some, validation, some, "classification", scaling, ("x", "y"), "class", ("a", "b"))
        network, training = NetworkSettings(), TrainingSettings(batch_size=1, precision=precision)
        engine = CompiledEngine(plan(network, (2,), 1), network, training, data, seed=0)
        engine.measure()
        engine.train_steps(1)
        engine.train_epochs(1)
        engine.pass_epochs(1)
        engine.predict(x)
        engine.activations(x)
    mark_compiled(precision)
