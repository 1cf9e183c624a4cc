"""The second derivative of the training loss, as products with vectors, and the largest of its eigenvalues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.lanczos import Eigenpair, largest_eigenpair
from nnviz.data.dataset import SplitData
from nnviz.engines.choose import plan_for
from nnviz.engines.settings import TrainingSettings
from nnviz.engines.torch_threads import share_cores
from nnviz.network.build import build
from nnviz.network.layers import ShapeError
from nnviz.network.settings import NetworkSettings
from nnviz.settings import SettingsError

if TYPE_CHECKING:
    import torch

MOST_PARAMETERS = 500_000
"""Parameters up to which the directions of the Lanczos process fit into memory: 120 of them in double precision."""

_CHUNK = 4_096
"""Training samples whose graph is held at a time: bounds memory."""

_SMALL_PRODUCT = 50_000_000
"""Multiplications per product below which one thread is faster: twenty times so for 3,500 parameters and 300 samples on
two busy cores, where threads wait for one another."""


class LossHessian:
    """H = ∂²L/∂θ² of what full-batch training makes small, at any parameters θ of a network: (n, n), never formed.

    L is the mean loss of all training samples against the training targets (smoothed, if they are), plus ½ λ |w|² where
    weight decay joins the gradient, in double precision and in evaluation mode: without dropout, and with the running
    averages of batch norm. L1 is piecewise linear and has no share in H.

    H v is the derivative of vᵀ ∂L/∂θ by backpropagation through backpropagation (Pearlmutter 1994): exact up to
    rounding, at about twice the price of a gradient. Raises ShapeError, LossError, or SettingsError for a network that
    is too large.
    """

    def __init__(self, network: NetworkSettings, training: TrainingSettings, data: SplitData) -> None:
        import torch

        self.plan = plan_for(network, training, data)
        if self.plan.errors:
            raise ShapeError(self.plan.errors[0])
        self.size = self.plan.n_parameters
        if self.size > MOST_PARAMETERS:
            raise SettingsError(
                f"Sharpness is measured for networks of at most {MOST_PARAMETERS:,} parameters, and this one has "
                f"{self.size:,}; take units away, or look at a smaller network."
            )
        self._torch = torch
        self._module = build(self.plan).double().eval()
        self._names = [name for name, _ in self._module.named_parameters()]
        self.loss = training.resolved_loss(data.task, data.n_classes)
        encoded = self.loss.encode(data.train.targets, data.n_classes)
        if training.label_smoothing:
            encoded = self.loss.smoothed(encoded, data.n_classes, training.label_smoothing)
        self._x = torch.tensor(data.train.x.reshape(-1, *self.plan.input_shape), dtype=torch.float64)
        self._y = torch.tensor(encoded, dtype=torch.int64 if encoded.dtype.kind == "i" else torch.float64)
        self._decay = np.zeros(self.size)
        if training.weight_decay and not training.optimizer.decoupled:
            for slot in self.plan.weight_slots:
                self._decay[slot.start : slot.stop] = training.weight_decay

    def at(
        self,
        parameters: NDArray[Any],
        buffers: Mapping[str, NDArray[Any]] | None = None,
        go_on: Callable[[], None] = lambda: None,
    ) -> HessianAt:
        """Return H at flat parameters (n,); `buffers` are the running averages of the network, where it has some.

        `go_on` is called before every product with H, for each part of the samples, and may raise.
        """
        share_cores(4 * self.size * len(self._x) >= _SMALL_PRODUCT)
        with self._torch.no_grad():
            for name, buffer in self._module.named_buffers():
                if buffers and name in buffers:
                    buffer.copy_(self._torch.from_numpy(np.array(buffers[name])))
        return HessianAt(self, np.asarray(parameters, np.float64), go_on)

    def objective(self, flat: torch.Tensor, rows: slice = slice(None)) -> torch.Tensor:
        """Return the share that some training samples have in the mean loss, for flat parameters (n,)."""
        views = {
            name: flat[slot.start : slot.stop].view(slot.parameter.shape)
            for name, slot in zip(self._names, self.plan.slots, strict=True)
        }
        x, y = self._x[rows], self._y[rows]
        outputs = self._torch.func.functional_call(self._module, views, (x,))
        return self.loss.torch(outputs, y) * (len(x) / len(self._x))

    def chunks(self) -> list[slice]:
        """Return the training samples in parts that fit into memory."""
        return [slice(at, at + _CHUNK) for at in range(0, len(self._x), _CHUNK)]

    def penalty(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what weight decay adds to H v."""
        return self._decay * v


class HessianAt:
    """H at certain parameters; the graph of the gradient is kept from product to product where it fits."""

    def __init__(self, hessian: LossHessian, parameters: NDArray[np.float64], go_on: Callable[[], None]) -> None:
        self._hessian, self._torch, self._go_on = hessian, hessian._torch, go_on
        self._flat = self._torch.from_numpy(parameters.copy()).requires_grad_()
        self._chunks = hessian.chunks()
        self._kept = self._gradient(self._chunks[0]) if len(self._chunks) == 1 else None

    def largest(self, tolerance: float = 1e-5) -> Eigenpair:
        """Return the largest eigenvalue λmax of H, with its direction; NaN at parameters that are not finite."""
        return largest_eigenpair(self.times, len(self._flat), tolerance=tolerance)

    def loss(self) -> float:
        """Return the mean training loss, without what weight decay adds."""
        with self._torch.no_grad():
            return float(sum(float(self._hessian.objective(self._flat, rows)) for rows in self._chunks))

    def gradient(self) -> NDArray[np.float64]:
        """Return ∂L/∂θ (n,), with what weight decay adds."""
        total = sum(self._gradient(rows).detach().numpy() for rows in self._chunks)
        return np.asarray(total + self._hessian.penalty(self._flat.detach().numpy()))

    def times(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return H v (n,)."""
        direction = self._torch.from_numpy(np.array(v, np.float64))
        total = np.zeros(len(v))
        for rows in self._chunks:
            self._go_on()
            gradient = self._kept if self._kept is not None else self._gradient(rows)
            if not gradient.requires_grad:
                continue  # a loss that is linear in all parameters, as with no sample beyond a kink
            (image,) = self._torch.autograd.grad(
                gradient, self._flat, direction, retain_graph=self._kept is not None, allow_unused=True
            )
            if image is not None:
                total += image.numpy()
        return total + self._hessian.penalty(v)

    def _gradient(self, rows: slice) -> torch.Tensor:
        objective, grad = self._hessian.objective(self._flat, rows), self._torch.autograd.grad
        gradient: torch.Tensor = grad(objective, self._flat, create_graph=True)[0]
        return gradient
