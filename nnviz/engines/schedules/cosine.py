"""Cosine annealing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.schedules import Period, Schedule, period_in_force, progress
from nnviz.settings import Kind


@Schedule.registry.register
class Cosine(Kind, Schedule, frozen=True, tag="cosine"):
    """½ (1 + cos(π epoch / period)), 0 beyond (Loshchilov & Hutter 2017, without restarts)."""

    title = "Cosine"
    help = "The learning rate falls along half a cosine to 0."
    order = 40

    period: Period = 0

    def factor(self, epoch: NDArray[np.float64], epochs: int) -> NDArray[np.float64]:
        return 0.5 * (1.0 + np.cos(np.pi * progress(epoch, self.period, epochs)))

    def lasting(self, epochs: int) -> Schedule:
        return self.replace(period=period_in_force(self.period, epochs))
