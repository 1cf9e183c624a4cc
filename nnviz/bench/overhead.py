"""What the torch engine costs on top of the loop that anyone would write with PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnviz.bench import Benchmark, Row, ratio, rows
from nnviz.bench.parts.dense_networks import random_samples
from nnviz.data.bundled.digits import Digits
from nnviz.data.dataset import SplitData
from nnviz.data.settings import DataSettings
from nnviz.data.split import prepare
from nnviz.engines.choose import make_engine
from nnviz.engines.optimizers import Optimizer
from nnviz.engines.optimizers.adam import Adam
from nnviz.engines.optimizers.sgd import Sgd
from nnviz.engines.settings import TrainingSettings
from nnviz.network.layers.conv2d import Conv2d
from nnviz.network.layers.flatten import Flatten
from nnviz.network.layers.linear import Linear
from nnviz.network.layers.max_pool import MaxPool
from nnviz.network.layers.relu import ReLU
from nnviz.network.settings import NetworkSettings

if TYPE_CHECKING:
    import torch

RATE = 0.001


@rows.register
class Overhead(Benchmark):
    """Steps of the engine ÷ steps of a plain loop on the same samples, network, optimizer and number of threads."""

    name = "torch/overhead"
    title = "Torch engine against plain PyTorch"
    help = "How fast the torch engine trains a digits CNN and a 784-512-512-10 network, as a share of a plain loop."
    order = 10

    def measure(self) -> list[Row]:
        cases = {
            "digits CNN": (_digits(), _cnn, _plain_cnn, 32),
            "784-512-512-10": (random_samples(6_000, 784, 10), _mlp, _plain_mlp, 128),
        }
        found = {
            f"{name}, {optimizer.title}": _speed(data, network(), plain(), optimizer, batch_size)
            for name, (data, network, plain, batch_size) in cases.items()
            for optimizer in (Sgd(), Adam())
        }
        listed = "; ".join(f"{name} {value:.3f}" for name, value in found.items())
        return [Row(self.name, min(found.values()), "ratio of steps per second", 0.95, note=f"smallest of: {listed}")]


def _speed(
    data: SplitData, network: NetworkSettings, module: torch.nn.Module, optimizer: Optimizer, batch_size: int
) -> float:
    """Return the speed of the engine as a share of that of a plain loop: epochs without evaluation on both sides."""
    import torch
    from torch.nn.functional import cross_entropy

    training = TrainingSettings(optimizer=optimizer, learning_rate=RATE, batch_size=batch_size, engine="torch")
    engine = make_engine(network, training, data, seed=0)  # it sets the number of threads, for both sides
    x = torch.tensor(data.train.x).reshape(-1, *data.input_shape)
    y = torch.tensor(data.train.targets)
    made = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer.kind]
    steps = made(module.parameters(), lr=RATE, fused=True)
    epochs = max(1, round(12_000 / len(x)))  # enough for the clock

    def plain() -> None:
        for _ in range(epochs):
            order = torch.randperm(len(x))
            for start in range(0, len(x), batch_size):
                batch = order[start : start + batch_size]
                steps.zero_grad()
                cross_entropy(module(x[batch]), y[batch]).backward()  # type: ignore[no-untyped-call]
                steps.step()

    def ours() -> None:
        for _ in range(epochs):
            engine.train_steps(len(x))

    return ratio(ours, plain)


def _digits() -> SplitData:
    return prepare(DataSettings(source=Digits()))


def _cnn() -> NetworkSettings:
    return NetworkSettings(layers=(Conv2d(filters=8), ReLU(), MaxPool(), Conv2d(filters=16), ReLU(), Flatten()))


def _plain_cnn() -> torch.nn.Module:
    from torch import nn

    first, second = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
    return nn.Sequential(first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU(), nn.Flatten(), nn.Linear(256, 10))


def _mlp() -> NetworkSettings:
    return NetworkSettings(layers=(Linear(units=512), ReLU(), Linear(units=512), ReLU()))


def _plain_mlp() -> torch.nn.Module:
    from torch import nn

    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
