"""The gradients of single training samples: their mean, and how they scatter about it, for every parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import DataError, SplitData
from nnviz.engines.choose import plan_for
from nnviz.engines.settings import TrainingSettings
from nnviz.engines.torch_threads import share_cores
from nnviz.network.build import build
from nnviz.network.layers import ShapeError
from nnviz.network.settings import NetworkSettings
from nnviz.settings import SettingsError

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.float64]

MOST_VALUES = 2_000_000_000
"""Samples times parameters up to which one measurement stays within about a quarter of a minute."""

_VALUES = 4_000_000
"""Gradients that are held at a time, 32 MB in double precision: fewer cost calls, more leave the processor's cache."""

_MOST_ROWS = 1_024
"""Samples at a time, at most: a small network has more activations than parameters."""

_SMALL = 20_000_000
"""Samples times parameters below which one thread is faster than several that wait for one another."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class Moments:
    """Mean and variance (D,) of the loss gradient of a single sample, over `samples` samples, and their mean loss.

    The variance has samples − 1 in its denominator.
    """

    mean: Floats
    variance: Floats
    samples: int
    loss: float


class SampleGradients:
    """∂l/∂θ of every training sample by itself at any parameters θ of a network, in double precision.

    l is the loss of one sample against its training target (smoothed, if they are): what training makes small on
    average, without what L1 and L2 add. Everything is in evaluation mode: without dropout, and with the running
    averages of batch norm, as in a batch each sample would have a share in the gradients of the others.

    Where the training part has changed copies, the gradient of a sample is the mean over the sample and its copies:
    they are no news of how samples scatter. Raises ShapeError, LossError, DataError for fewer than two samples, or
    SettingsError for a network that is too large.
    """

    def __init__(self, network: NetworkSettings, training: TrainingSettings, data: SplitData) -> None:
        import torch

        self.plan = plan_for(network, training, data)
        if self.plan.errors:
            raise ShapeError(self.plan.errors[0])
        self.samples, self._copies = len(data.real_train), 1 + data.copies
        self._check_size(self.plan.n_parameters)
        self._torch = torch
        self._module = build(self.plan).double().eval()
        self._names = [name for name, _ in self._module.named_parameters()]
        self._loss = training.resolved_loss(data.task, data.n_classes)
        encoded = self._loss.encode(data.train.targets, data.n_classes)
        if training.label_smoothing:
            encoded = self._loss.smoothed(encoded, data.n_classes, training.label_smoothing)
        self._x = torch.tensor(data.train.x.reshape(-1, *self.plan.input_shape), dtype=torch.float64)
        self._y = torch.tensor(encoded, dtype=torch.int64 if encoded.dtype.kind == "i" else torch.float64)
        one = torch.func.grad_and_value(self._loss_of_one)
        self._all = torch.func.vmap(one, in_dims=(None, 0, 0))

    def moments(
        self,
        parameters: NDArray[Any],
        buffers: Mapping[str, NDArray[Any]] | None = None,
        go_on: Callable[[], None] = lambda: None,
    ) -> Moments:
        """Return mean and variance at flat parameters (D,); `buffers` are the running averages, where there are some.

        `go_on` is called between parts of the samples, and may raise.

        Parts of the samples are joined by the pairwise update of Chan, Golub & LeVeque 1979, which does not lose the
        variance in the difference of two large sums.
        """
        mean, around, loss, seen = *np.zeros((2, self.plan.n_parameters)), 0.0, 0
        go_on()
        for gradients, losses in self.parts(parameters, buffers):
            go_on()
            count, total = len(losses), seen + len(losses)
            own = gradients.mean(axis=0)
            apart = own - mean
            around += ((gradients - own) ** 2).sum(axis=0) + apart**2 * (seen * count / total)
            mean += apart * (count / total)
            loss += float(losses.sum())
            seen = total
        return Moments(mean, around / (seen - 1), seen, loss / seen)

    def parts(
        self, parameters: NDArray[Any], buffers: Mapping[str, NDArray[Any]] | None = None
    ) -> Iterator[tuple[Floats, Floats]]:
        """Yield the gradients (k, D) and losses (k,) of the samples in their order, as many as fit into memory."""
        share_cores(self.plan.n_parameters * self.samples * self._copies >= _SMALL)
        views = self._views(parameters, buffers)
        rows = int(np.clip(_VALUES // max(1, self.plan.n_parameters), 1, _MOST_ROWS))
        for start in range(0, self.samples, rows):
            stop = min(start + rows, self.samples)
            gradients, losses = np.zeros((stop - start, self.plan.n_parameters)), np.zeros(stop - start)
            for first in range(0, self._copies * self.samples, self.samples):
                own, loss = self._one_by_one(views, slice(first + start, first + stop))
                for slot, name in zip(self.plan.slots, self._names, strict=True):
                    gradients[:, slot.start : slot.stop] += own[name].reshape(stop - start, -1).numpy()
                losses += loss.numpy()
            yield gradients / self._copies, losses / self._copies

    # ------------------------------------------------------------ parts

    def _loss_of_one(self, views: dict[str, torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        outputs = self._torch.func.functional_call(self._module, views, (x[None],))
        return self._loss.torch(outputs, y[None])

    def _one_by_one(self, views: dict[str, torch.Tensor], rows: slice) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Return the gradients of some samples by parameter, (k, *shape), and their losses (k,)."""
        try:
            found: tuple[dict[str, torch.Tensor], torch.Tensor] = self._all(views, self._x[rows], self._y[rows])
        except RuntimeError as error:  # a layer that torch cannot take one sample at a time through
            reason = (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")
            raise SettingsError(
                f"PyTorch cannot give the gradient of every sample of this network by itself ({reason}); look at a "
                "network without the layer that it names."
            ) from None
        return found

    def _views(self, parameters: NDArray[Any], buffers: Mapping[str, NDArray[Any]] | None) -> dict[str, torch.Tensor]:
        """Return flat parameters by their names in the module, which takes over the buffers."""
        flat = np.array(parameters, np.float64)
        with self._torch.no_grad():
            for name, buffer in self._module.named_buffers():
                if buffers and name in buffers:
                    buffer.copy_(self._torch.from_numpy(np.array(buffers[name])))
        slots = zip(self._names, self.plan.slots, strict=True)
        return {name: self._torch.from_numpy(slot.view(flat)) for name, slot in slots}

    def _check_size(self, size: int) -> None:
        if self.samples < 2:
            raise DataError(
                "How gradients scatter takes at least two training samples; give the training part more of them."
            )
        if size * self.samples * self._copies > MOST_VALUES:
            raise SettingsError(
                f"The gradients of single samples are measured up to {MOST_VALUES:,} numbers at a time, and "
                f"{self.samples * self._copies:,} samples of {size:,} parameters are more; take units or samples away."
            )
