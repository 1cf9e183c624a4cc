"""Small problems, made without any file, and engines that train them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.checks import Unavailable
from nnviz.data.dataset import Part, Scaling, SplitData
from nnviz.engines.choose import choice_for, make_engine
from nnviz.engines.engine import Engine
from nnviz.engines.settings import TrainingSettings
from nnviz.network.settings import NetworkSettings
from nnviz.settings import decode

ENGINES = {"compiled": "compiled", "torch": "PyTorch"}
"""The engines by name, and what readers are told."""

SEED = 3
"""Start of the random numbers of every engine here."""


def samples(n_classes: int = 0, n: int = 37, features: int = 3, image: tuple[int, int, int] | None = None) -> SplitData:
    """Return n random training samples and as many for testing; `n_classes` 0 is a regression.

    The target is a sum of the features with weights between 1 and -1 and some noise, or its rank cut into classes.
    """
    rng = np.random.default_rng(n_classes)

    def part() -> Part:
        x = rng.normal(size=(n, features)).astype(np.float32)
        signal = x @ np.linspace(1.0, -1.0, features) + 0.3 * rng.normal(size=n)
        classes = np.argsort(np.argsort(signal)) * n_classes // n
        targets = classes.astype(np.int64) if n_classes else signal.astype(np.float32)
        return Part(x, targets, np.zeros(n, bool))

    return split_of(part(), part(), n_classes, image)


def split_of(train: Part, test: Part, n_classes: int = 0, image: tuple[int, int, int] | None = None) -> SplitData:
    """Return two parts as a split of which nothing was scaled, with an empty validation part."""
    features = train.x.shape[1]
    none = Part(train.x[:0], train.targets[:0], train.noisy[:0])
    return SplitData(
        train=train,
        validation=none,
        test=test,
        task="classification" if n_classes else "regression",
        scaling=Scaling(np.zeros(features), np.ones(features)),
        feature_names=tuple(f"x{i}" for i in range(features)),
        target_name="y",
        class_names=tuple(f"class {k}" for k in range(n_classes)),
        image_shape=image,
    )


def engine(name: str, data: SplitData, layers: list[Any], **training: Any) -> Engine:
    """Return an engine of one name for a network in plain settings. Raises Unavailable where it cannot be had."""
    network = decode(NetworkSettings, {"layers": layers})
    settings = decode(TrainingSettings, {"engine": name, "precision": "float64", **training})
    choice = choice_for(network, settings, data)
    if choice.name != name:
        raise Unavailable(choice.reason)
    return make_engine(network, settings, data, seed=SEED)


def train(trained: Engine, steps: int) -> None:
    """Make exactly so many steps, over the ends of epochs."""
    done = 0
    while done < steps:
        done += trained.train_steps(steps - done)


def apart(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the Euclidean length of the difference of two arrays, relative to that of the second."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    return float(np.linalg.norm(a - b)) / max(float(np.linalg.norm(b)), 1e-12)
