"""Losses: one file each. Here: the contract of a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import Task
from nnviz.settings import Choice, kinds

if TYPE_CHECKING:
    import torch


class LossError(ValueError):
    """A loss that does not fit the task: one sentence that says why and which one does."""


class Loss(Choice):
    """Settings of one loss, and what follows from it: number of outputs, coding of targets, reading of outputs.

    All losses are the mean over samples of the sum over outputs, so that a batch size never changes their scale.
    """

    __slots__ = ()
    registry = kinds("loss", "nnviz.engines.losses")

    tasks: ClassVar[tuple[Task, ...]] = ("classification", "regression")
    formula: ClassVar[str] = ""

    def resolve(self, task: Task, n_classes: int) -> Loss:
        """Return the loss to use on a task. Raises LossError when this one does not fit it."""
        if task not in self.tasks:
            raise LossError(
                f"{self.title} does not fit {task}; choose "
                + ("squared error or Huber." if task == "regression" else "cross-entropy or binary cross-entropy.")
            )
        return self

    def n_outputs(self, n_classes: int) -> int:
        """Return how many outputs the network needs; `n_classes` is 0 for regression."""
        return 1 if n_classes <= 2 else n_classes

    def encode(self, targets: NDArray[Any], n_classes: int) -> NDArray[Any]:
        """Return targets (n,) as the loss compares them with outputs: (n, outputs) floats, or (n,) classes."""
        raise NotImplementedError

    def smoothed(self, encoded: NDArray[Any], n_classes: int, smoothing: float) -> NDArray[np.float64]:
        """Return what `encode` gave as float targets (n, outputs) of which the share `smoothing` is spread evenly.

        Szegedy et al. 2016, section 7: for C classes (1 - s) y + s / C, where y is 1 for the true class and 0 for
        the others. 0 gives the targets in dense form, and the values of a regression stay as they are.
        """
        raise NotImplementedError

    def torch(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the loss of outputs (n, outputs) against targets as `encode` or `smoothed` give them, a scalar."""
        raise NotImplementedError

    def of_constant(self, targets: NDArray[Any], n_classes: int) -> float:
        """Return the smallest loss on targets (n,) of an answer (outputs,) that is the same for all samples.

        Where a loss does not say better it is found by L-BFGS (Liu & Nocedal 1989) from 0, with torch: such a loss is
        trained with torch alone, so that it is loaded by then.
        """
        import torch

        encoded = torch.as_tensor(self.encode(targets, n_classes))
        answer = torch.zeros(self.n_outputs(n_classes), dtype=torch.float64, requires_grad=True)
        solver = torch.optim.LBFGS([answer], max_iter=200, line_search_fn="strong_wolfe")

        def slope() -> torch.Tensor:
            solver.zero_grad()
            value = self.torch(answer.expand(len(encoded), -1), encoded)
            value.backward()  # type: ignore[no-untyped-call]
            return value

        solver.step(slope)  # type: ignore[no-untyped-call]
        return float(slope().detach())

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Return class probabilities (n, classes) as the network's outputs (n, outputs) state them."""
        raise NotImplementedError

    def classes(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Return the most probable class of each sample: (n,)."""
        if outputs.shape[1] == 1:
            return (outputs[:, 0] > 0).astype(np.int64)
        return np.asarray(outputs.argmax(axis=1))


def shares_of(targets: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the distinct targets (levels,) and which share of all each has (levels,)."""
    levels, counts = np.unique(targets, return_counts=True)
    return levels, counts / max(1, len(targets))


def entropy(shares: NDArray[np.float64]) -> float:
    """Return −Σ p log p of shares of any number, in nats, with 0 log 0 = 0."""
    some = shares[shares > 0.0]
    return float(-np.sum(some * np.log(some)))


def variance_of_targets(loss: Loss, targets: NDArray[Any], n_classes: int) -> float:
    """Return the variance of coded targets, summed over outputs: the squared error of their mean, which is least."""
    return float(np.var(np.asarray(loss.encode(targets, n_classes), np.float64), axis=0).sum()) if len(targets) else 0.0


def two_columns(positive: NDArray[Any]) -> NDArray[Any]:
    """Return the probabilities of both classes (n, 2) from that of the second one (n,)."""
    return np.column_stack([1.0 - positive, positive]).astype(np.float32)


def logistic(x: NDArray[Any]) -> NDArray[Any]:
    """Return 1 / (1 + exp(-x)) without overflow: tanh(x / 2) / 2 + 1/2."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


def one_hot(targets: NDArray[Any], n_classes: int) -> NDArray[Any]:
    """Return one column per class with a 1 where the sample belongs: (n, classes)."""
    return np.asarray(np.eye(n_classes)[targets])


def signed_targets(targets: NDArray[Any], n_classes: int) -> NDArray[Any]:
    """Code targets for losses that compare values: -1 or 1 for two classes, one-hot for more, as they are else."""
    if n_classes == 0:
        return targets[:, None].astype(np.float64)
    return 2.0 * targets[:, None] - 1.0 if n_classes == 2 else one_hot(targets, n_classes)


def smoothed_one_hot(encoded: NDArray[Any], smoothing: float) -> NDArray[np.float64]:
    """Return (1 - s) y + s / C for targets y (n, C) that are 1 for the true class and 0 for the others."""
    return np.asarray((1.0 - smoothing) * encoded + smoothing / encoded.shape[1], np.float64)


def smoothed_signed(encoded: NDArray[Any], n_classes: int, smoothing: float) -> NDArray[np.float64]:
    """Smooth what `signed_targets` coded: two classes become ±(1 - s), which is (1 - s) y + s / 2 in that coding."""
    if n_classes == 0:
        return encoded.astype(np.float64)
    return (1.0 - smoothing) * encoded if n_classes == 2 else smoothed_one_hot(encoded, smoothing)


def value_probabilities(outputs: NDArray[Any]) -> NDArray[Any]:
    """Read values fitted to `signed_targets` as probabilities: clipped, then normalised to sum 1."""
    if outputs.shape[1] == 1:
        return two_columns(np.clip((outputs[:, 0] + 1.0) / 2.0, 0.0, 1.0))
    clipped = np.clip(outputs, 1e-6, 1.0)
    return np.asarray(clipped / clipped.sum(axis=1, keepdims=True), np.float32)
