"""Squared error of scaled outputs: one number between lazy training and the learning of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.losses import Loss, signed_targets, smoothed_signed, value_probabilities, variance_of_targets
from nnviz.settings import Kind, knob

if TYPE_CHECKING:
    import torch


@Loss.registry.register
class ScaledSquared(Kind, Loss, frozen=True, tag="scaled-squared"):
    """L = mean over samples of Σ_k (α f_k - y_k)² / α², with y = ±1 for two classes and one-hot for more.

    What answers is α f, of which every part, the biases of the outputs too, is scaled (Chizat, Oyallon & Bach 2019,
    "On lazy training in differentiable programming", equation 2; Geiger et al. 2020, "Disentangling feature and lazy
    training in deep neural networks"). Division by α² is their learning rate η α⁻²: how fast α f moves at first does
    not depend on α. It is the squared error of f with targets y / α, and computed as that.
    """

    title = "Scaled squared error"
    help = (
        "The outputs are multiplied by a scale before they are compared with the targets. A small scale makes the "
        "weights travel far, and features are learned; with a large one they hardly move."
    )
    formula = "mean Σ (α f − y)² / α²"
    tasks = ("classification",)
    order = 35

    scale: Annotated[
        float,
        knob("Output scale", "The number α that multiplies every output.", gt=0.0, le=1000.0, soft_max=10.0),
    ] = 1.0

    def encode(self, targets: NDArray[Any], n_classes: int) -> NDArray[Any]:
        return signed_targets(targets, n_classes) / self.scale

    def smoothed(self, encoded: NDArray[Any], n_classes: int, smoothing: float) -> NDArray[np.float64]:
        return smoothed_signed(encoded * self.scale, n_classes, smoothing) / self.scale

    def torch(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        from torch.nn.functional import mse_loss

        return mse_loss(outputs, targets) * outputs.shape[1]

    def of_constant(self, targets: NDArray[Any], n_classes: int) -> float:
        return variance_of_targets(self, targets, n_classes)

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return value_probabilities(self.scale * outputs)
