"""The training loop that anyone would write with PyTorch: what the engines are measured against."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.bench.parts.dense_networks import Dense
from nnviz.data.dataset import Part
from nnviz.engines.settings import TrainingSettings

if TYPE_CHECKING:
    import torch


class PlainLoop:
    """Trains a dense network on one thread, in single precision, with the optimizers as torch has them by default.

    The layers start as torch has them. One output is compared with ±1 by the mean squared error; several are scores
    of classes, compared by cross-entropy, or with one-hot targets where the loss of the training is the squared error.
    The samples are laid out anew in every epoch, so that batches are slices: the quickest of the usual ways to shuffle.
    """

    def __init__(self, network: Dense, training: TrainingSettings, samples: Part) -> None:
        import torch
        from torch.nn.functional import cross_entropy, mse_loss, one_hot

        torch.set_num_threads(1)
        self.module = _module(network)
        self._x = torch.tensor(samples.x)
        outputs, classes = network.widths[-1], torch.tensor(samples.targets)
        squared = outputs == 1 or training.loss.kind == "squared"
        self._loss: Any = mse_loss if squared else cross_entropy
        if outputs == 1:
            self._y = (2.0 * classes[:, None] - 1.0).float()
        else:
            self._y = one_hot(classes, outputs).float() if squared else classes
        self._batch_size = training.batch_size
        kinds: dict[str, Any] = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
        made = kinds[training.optimizer.kind]
        self._optimizer: torch.optim.Optimizer = made(self.module.parameters(), lr=training.learning_rate)
        self._order = torch.randperm

    def begin_with(self, parameters: NDArray[Any]) -> None:
        """Take over all parameters, flat, in network order."""
        import torch

        start = 0
        with torch.no_grad():
            for parameter in self.module.parameters():
                stop = start + parameter.numel()
                parameter.copy_(torch.tensor(parameters[start:stop]).reshape(parameter.shape))
                start = stop

    def parameters(self) -> NDArray[np.float32]:
        """Return a copy of all parameters, flat, in network order."""
        return np.concatenate([parameter.detach().numpy().ravel() for parameter in self.module.parameters()])

    def train(self, epochs: int) -> None:
        """Train without evaluation."""
        for _ in range(epochs):
            order = self._order(len(self._x))
            x, y = self._x[order], self._y[order]
            for start in range(0, len(x), self._batch_size):
                batch = slice(start, start + self._batch_size)
                self._optimizer.zero_grad()
                self._loss(self.module(x[batch]), y[batch]).backward()
                self._optimizer.step()


def _module(network: Dense) -> torch.nn.Sequential:
    from torch import nn

    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(network.widths):
        layers += [nn.Linear(inputs, outputs), nn.Tanh() if network.activation == "tanh" else nn.ReLU()]
    return nn.Sequential(*layers[:-1])  # the output is linear
