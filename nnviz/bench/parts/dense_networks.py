"""Dense networks with random samples of their shape, and the engine that trains them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnviz.bench import BenchmarkError
from nnviz.data.dataset import Part, Scaling, SplitData
from nnviz.engines.choose import make_engine
from nnviz.engines.engine import Engine
from nnviz.engines.settings import TrainingSettings
from nnviz.network.layers import Layer
from nnviz.network.layers.linear import Linear
from nnviz.network.layers.relu import ReLU
from nnviz.network.layers.tanh import Tanh
from nnviz.network.settings import NetworkSettings

SAMPLES, BATCH_SIZE = 250, 10
"""Training samples and batch size of the small networks, whose class is that of `quadrants`."""


@dataclass(frozen=True)
class Dense:
    """A dense network: the number of inputs, the units of each hidden layer, the number of linear outputs."""

    name: str
    widths: tuple[int, ...]
    activation: Literal["tanh", "relu"] = "tanh"

    @property
    def settings(self) -> NetworkSettings:
        """The network as an engine is given it; its inputs and outputs follow from samples and loss."""
        after: Layer = Tanh() if self.activation == "tanh" else ReLU()
        return NetworkSettings(layers=tuple(layer for n in self.widths[1:-1] for layer in (Linear(units=n), after)))

    @property
    def weights(self) -> tuple[int, ...]:
        """The number of weights of each linear layer."""
        return tuple(a * b for a, b in pairwise(self.widths))


SMALL = (
    Dense("2-4-2-1", (2, 4, 2, 1)),
    Dense("2-8x6-1", (2, *(8,) * 6, 1)),
    Dense("2-64-64-1", (2, 64, 64, 1)),
    Dense("2-256-256-1", (2, 256, 256, 1)),
)


def quadrants(n: int = SAMPLES) -> SplitData:
    """Return `n` training and `n` test samples, uniform in [-1, 1]²; the class is whether both signs agree."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, (2 * n, 2)).astype(np.float32)
    classes = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    return _split(x, classes, n, ("no", "yes"))


def random_samples(n: int, features: int, classes: int) -> SplitData:
    """Return `n` training and 100 test samples of random numbers in [0, 1) and random classes: only speed is meant."""
    rng = np.random.default_rng(0)
    x = rng.random((n + 100, features), dtype=np.float32)
    return _split(x, rng.integers(0, classes, n + 100), n, tuple(map(str, range(classes))))


def engine_named(name: str, network: Dense, training: TrainingSettings, data: SplitData) -> Engine:
    """Return the engine of that name. Raises BenchmarkError where it cannot train the network here."""
    try:
        engine = make_engine(network.settings, training.replace(engine=name), data, seed=0)
    except (ValueError, ImportError) as error:
        raise BenchmarkError(str(error)) from error
    if engine.name != name:
        raise BenchmarkError(f"The {name} engine is not available here.")
    return engine


def train(engine: Engine, epochs: int) -> None:
    """Train without evaluation. The engine must stand at the beginning of an epoch."""
    all_of_it = len(engine.data.train)  # no epoch has more steps than samples
    for _ in range(epochs):
        engine.train_steps(all_of_it)


def check_finite(engine: Engine) -> None:
    """Raise BenchmarkError when training has diverged: the speed of a broken network says nothing."""
    if not np.isfinite(engine.measure()["train_loss"]).all():
        raise BenchmarkError(f"{engine.plan.describe()} diverged.")


def _split(x: NDArray[np.float32], classes: NDArray[Any], n: int, class_names: tuple[str, ...]) -> SplitData:
    def part(rows: slice) -> Part:
        return Part(x[rows], classes[rows], np.zeros(len(x[rows]), bool))

    d = x.shape[1]
    names = tuple(f"x{i}" for i in range(d))
    scaling = Scaling(np.zeros(d), np.ones(d))
    train_part, test = part(slice(n)), part(slice(n, None))
    return SplitData(train_part, part(slice(0)), test, "classification", scaling, names, "class", class_names)
