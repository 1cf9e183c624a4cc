"""Cross-entropy over classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.losses import Loss, entropy, one_hot, shares_of, smoothed_one_hot
from nnviz.settings import Kind

if TYPE_CHECKING:
    import torch


@Loss.registry.register
class CrossEntropy(Kind, Loss, frozen=True, tag="cross-entropy"):
    """L = mean of -log softmax(f)_y, one output per class; for smoothed targets, of -Σ_k y_k log softmax(f)_k."""

    title = "Cross-entropy"
    help = "Minus the logarithm of the probability given to the true class; one output per class."
    formula = "mean −log softmax(f)_y"
    tasks = ("classification",)
    order = 10

    def n_outputs(self, n_classes: int) -> int:
        return n_classes

    def encode(self, targets: NDArray[Any], n_classes: int) -> NDArray[Any]:
        return targets.astype(np.int64)

    def smoothed(self, encoded: NDArray[Any], n_classes: int, smoothing: float) -> NDArray[np.float64]:
        return smoothed_one_hot(one_hot(encoded, n_classes), smoothing)

    def torch(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        from torch.nn.functional import cross_entropy

        return cross_entropy(outputs, targets)  # classes (n,), or the probability of every class (n, classes)

    def of_constant(self, targets: NDArray[Any], n_classes: int) -> float:
        """Return the entropy of the class shares, which Gibbs' inequality says is the least."""
        return entropy(shares_of(targets)[1])

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[Any]:
        raised = np.exp(outputs - outputs.max(axis=1, keepdims=True))  # shifted against overflow
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)

    def classes(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(outputs.argmax(axis=1))
