"""Binary cross-entropy, one yes-or-no question per output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.losses import Loss, entropy, logistic, one_hot, shares_of, two_columns
from nnviz.settings import Kind

if TYPE_CHECKING:
    import torch


@Loss.registry.register
class BinaryCrossEntropy(Kind, Loss, frozen=True, tag="binary-cross-entropy"):
    """L = mean of Σ_k -[y_k log σ(f_k) + (1 - y_k) log(1 - σ(f_k))]; one output for two classes, else one per class."""

    title = "Binary cross-entropy"
    help = "Minus the logarithm of the probability given to the right answer of a yes-or-no question."
    formula = "mean −[y log σ(f) + (1 − y) log(1 − σ(f))]"
    tasks = ("classification",)
    order = 20

    def encode(self, targets: NDArray[Any], n_classes: int) -> NDArray[Any]:
        return targets[:, None].astype(np.float64) if n_classes <= 2 else one_hot(targets, n_classes)

    def smoothed(self, encoded: NDArray[Any], n_classes: int, smoothing: float) -> NDArray[np.float64]:
        """Smooth every question by itself, as it has two answers: y (1 - s) + s / 2."""
        return np.asarray((1.0 - smoothing) * encoded + smoothing / 2.0, np.float64)

    def torch(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        from torch.nn.functional import binary_cross_entropy_with_logits

        return binary_cross_entropy_with_logits(outputs, targets) * outputs.shape[1]

    def of_constant(self, targets: NDArray[Any], n_classes: int) -> float:
        """Return the entropies of all questions, Σ_k −p_k log p_k − (1 − p_k) log(1 − p_k): Gibbs' inequality."""
        levels, shares = shares_of(targets)
        yes = shares @ self.encode(levels, n_classes)
        return entropy(yes) + entropy(1.0 - yes)

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[Any]:
        each = logistic(outputs)
        if outputs.shape[1] == 1:
            return two_columns(each[:, 0])
        return np.asarray(each / np.maximum(each.sum(axis=1, keepdims=True), 1e-12), np.float32)
