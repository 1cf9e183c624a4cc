"""Small problems for the engines, made without any file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnviz.data.dataset import Part, Scaling, SplitData
from nnviz.engines.choose import make_engine
from nnviz.engines.settings import TrainingSettings
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
    """Return a function that makes an engine from plain settings, torch if not told otherwise."""
    return make


@pytest.fixture
def pair_of() -> Any:
    """Return a function that makes a compiled and a torch engine for the same experiment."""
    return lambda *experiment, **training: tuple(
        make(*experiment, engine=name, **training) for name in ("compiled", "torch")
    )


def make(
    data: SplitData | None = None,
    layers: list[Any] | None = None,
    seed: int = 3,
    engine: str = "torch",
    **training: Any,
) -> Any:
    settings = {"learning_rate": 0.05, "batch_size": 8, "precision": "float64", "engine": engine, **training}
    made = make_engine(
        decode(NetworkSettings, {"layers": LAYERS if layers is None else layers}),
        decode(TrainingSettings, settings),
        data or samples(),
        seed,
    )
    assert made.name == engine
    return made
