"""Squared error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.losses import Loss, signed_targets, smoothed_signed, value_probabilities, variance_of_targets
from nnviz.settings import Kind

if TYPE_CHECKING:
    import torch


@Loss.registry.register
class Squared(Kind, Loss, frozen=True, tag="squared"):
    """L = mean over samples of Σ_k (f_k - y_k)², with y = ±1 for two classes and one-hot for more."""

    title = "Squared error"
    help = "The squared distance between output and target. The loss of regression; it also fits classes."
    formula = "mean Σ (f − y)²"
    order = 30

    def encode(self, targets: NDArray[Any], n_classes: int) -> NDArray[Any]:
        return signed_targets(targets, n_classes)

    def smoothed(self, encoded: NDArray[Any], n_classes: int, smoothing: float) -> NDArray[np.float64]:
        return smoothed_signed(encoded, n_classes, smoothing)

    def torch(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        from torch.nn.functional import mse_loss

        return mse_loss(outputs, targets) * outputs.shape[1]

    def of_constant(self, targets: NDArray[Any], n_classes: int) -> float:
        return variance_of_targets(self, targets, n_classes)

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return value_probabilities(outputs)
