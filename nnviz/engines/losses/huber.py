"""Huber loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.losses import Loss, shares_of, signed_targets, smoothed_signed, value_probabilities
from nnviz.settings import Kind, knob

if TYPE_CHECKING:
    import torch

_HALVINGS = 60
"""Of an interval, until it is as narrow as numbers are fine."""


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

    def of_constant(self, targets: NDArray[Any], n_classes: int) -> float:
        """Return the loss where its slope Σ w clip(f − y, −δ, δ), w the shares of the targets, crosses 0.

        The loss is convex in every output by itself (Huber 1964, equation 1.2), and the place is found by halving.
        """
        levels, shares = shares_of(targets)
        if not len(levels):
            return 0.0
        coded = np.asarray(self.encode(levels, n_classes), np.float64)
        low, high = coded.min(axis=0), coded.max(axis=0)
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            rising = shares @ np.clip(middle - coded, -self.delta, self.delta) > 0.0
            low, high = np.where(rising, low, middle), np.where(rising, middle, high)
        far = np.abs(high - coded)
        near = np.minimum(far, self.delta)
        return float(shares @ (near * (far - 0.5 * near)).sum(axis=1))

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return value_probabilities(outputs)
