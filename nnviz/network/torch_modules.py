"""The torch modules that torch itself lacks. Imported only by the `module` of a layer, when a network is built."""

from __future__ import annotations

import torch  # noqa: TID253 - the import of this file is itself inside functions
from torch import Tensor, nn  # noqa: TID253
from torch.nn import functional  # noqa: TID253


class Sine(nn.Module):
    """y = sin(x), element by element."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(x)


class Dropout(nn.Module):
    """torch.nn.Dropout with a random generator of its own, so that the masks of a step can be drawn again.

    With `generator` None the masks come from torch's default generator.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.generator: torch.Generator | None = None
        self._seed: int | None = None

    def reseed(self, seed: int) -> None:
        """Seed the generator. It happens at the next mask, because only the input tells on which device."""
        self._seed = seed

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0.0:
            return x
        if self._seed is not None:
            self._start(x.device, self._seed)
        # Always float32: the same seed gives the same mask in every precision.
        chance = torch.rand(x.shape, generator=self.generator, device=x.device, dtype=torch.float32)
        return x * (chance >= self.p) / (1.0 - self.p)

    def _start(self, device: torch.device, seed: int) -> None:
        if self.generator is None or self.generator.device != device:
            self.generator = torch.Generator(device)
        self.generator.manual_seed(seed)
        self._seed = None

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
