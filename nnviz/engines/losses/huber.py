"""Huber loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.losses import Loss, signed_targets, smoothed_signed, value_probabilities
from nnviz.settings import Kind, knob

if TYPE_CHECKING:
    import torch


@Loss.registry.register
class Huber(Kind, Loss, frozen=True, tag="huber"):
    """L = mean of ½ e² for |e| ≤ δ and δ (|e| - δ/2) beyond, e = f - y (Huber 1964)."""

    title = "Huber"
    help = "Squared near the target, linear far from it, so that outliers pull less."
    formula = "½ e² if |e| ≤ δ, else δ (|e| − δ/2)"
    order = 40

    delta: Annotated[float, knob("Delta", "Distance at which the loss turns linear.", gt=0.0, le=100.0)] = 1.0

    def encode(self, targets: NDArray[Any], n_classes: int) -> NDArray[Any]:
        return signed_targets(targets, n_classes)

    def smoothed(self, encoded: NDArray[Any], n_classes: int, smoothing: float) -> NDArray[np.float64]:
        return smoothed_signed(encoded, n_classes, smoothing)

    def torch(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        from torch.nn.functional import huber_loss

        return huber_loss(outputs, targets, delta=self.delta) * outputs.shape[1]

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return value_probabilities(outputs)
