"""The torch modules that torch itself lacks. Imported only by the `module` of a layer, when a network is built."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch  # noqa: TID253 - the import of this file is itself inside functions
from numpy.typing import NDArray
from torch import Tensor, nn  # noqa: TID253
from torch.nn import functional  # noqa: TID253

from nnviz.network.layers.dropout import dropout_threshold


class Sine(nn.Module):
    """y = sin(x), element by element."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(x)


class Dropout(nn.Module):
    """Dropout whose random numbers can come from outside, so that the masks of a step can be drawn again.

    `draw(samples, units)` returns a random 32-bit word for every unit of every sample, images flattened in the
    order of memory; a unit is off where its word is below `dropout_threshold(p)`, and the others are multiplied
    by 1 / (1 − p). With `draw` None it is torch.nn.Dropout.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.draw: Callable[[int, int], NDArray[np.uint32]] | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0.0:
            return x
        if self.draw is None:
            return functional.dropout(x, self.p)
        words = self.draw(len(x), math.prod(x.shape[1:]))
        kept = torch.from_numpy(words >= dropout_threshold(self.p)).to(x.device).view(x.shape)
        return x * kept * (1.0 / (1.0 - self.p))

    def extra_repr(self) -> str:
        return f"p={self.p}"


class BatchNorm1d(nn.BatchNorm1d):
    """torch.nn.BatchNorm1d for (batch, features) that also takes a training batch of one sample."""

    def forward(self, input: Tensor) -> Tensor:
        return _by_running_averages(self, input) if _has_no_spread(self, input) else super().forward(input)


class BatchNorm2d(nn.BatchNorm2d):
    """torch.nn.BatchNorm2d for (batch, channels, height, width) that also takes a single value per channel."""

    def forward(self, input: Tensor) -> Tensor:
        return _by_running_averages(self, input) if _has_no_spread(self, input) else super().forward(input)


def _has_no_spread(module: nn.Module, x: Tensor) -> bool:
    """Return whether a training batch has one value per channel: torch raises there, as it has no variance."""
    return module.training and x.numel() == x.shape[1]


def _by_running_averages(module: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor) -> Tensor:
    return functional.batch_norm(
        x, module.running_mean, module.running_var, module.weight, module.bias, training=False, eps=module.eps
    )
