"""Small problems for the engines, made without any file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnviz.data.dataset import Part, Scaling, SplitData
from nnviz.engines.choose import make_engine
from nnviz.engines.settings import TrainingSettings
from nnviz.engines.torch_engine import TorchEngine
from nnviz.network.settings import NetworkSettings
from nnviz.settings import decode

LAYERS = [{"kind": "linear", "units": 6}, "tanh", {"kind": "linear", "units": 5}, "sigmoid"]


def samples(n_classes: int = 2, n: int = 37, test: int = 12, features: int = 3, image: Any = None) -> SplitData:
    """Return random samples with some order in them; `n_classes` 0 is a regression."""
    rng = np.random.default_rng(n_classes)

    def part(count: int) -> Part:
        x = rng.normal(size=(count, features)).astype(np.float32)
        signal = x @ np.linspace(1.0, -1.0, features) + 0.3 * rng.normal(size=count)
        if n_classes == 0:
            return Part(x, signal.astype(np.float32), np.zeros(count, bool))
        classes = np.argsort(np.argsort(signal)) * n_classes // max(1, count)
        return Part(x, classes.astype(np.int64), np.zeros(count, bool))

    return SplitData(
        train=part(n),
        validation=part(0),
        test=part(test),
        task="classification" if n_classes else "regression",
        scaling=Scaling(np.zeros(features), np.ones(features), 0.5, 2.0),
        feature_names=tuple(f"x{i}" for i in range(features)),
        target_name="y",
        class_names=tuple(f"class {k}" for k in range(n_classes)),
        image_shape=image,
    )


@pytest.fixture
def data_of() -> Any:
    """Return the function that makes samples."""
    return samples


@pytest.fixture
def engine_of() -> Any:
    """Return a function that makes an engine from plain settings."""

    def make(
        data: SplitData | None = None, layers: list[Any] | None = None, seed: int = 3, **training: Any
    ) -> TorchEngine:
        settings = {"learning_rate": 0.05, "batch_size": 8, "precision": "float64", **training}
        engine = make_engine(
            decode(NetworkSettings, {"layers": LAYERS if layers is None else layers}),
            decode(TrainingSettings, settings),
            data or samples(),
            seed,
        )
        assert isinstance(engine, TorchEngine)
        return engine

    return make
