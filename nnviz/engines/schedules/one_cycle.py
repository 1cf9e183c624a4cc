"""One cycle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.schedules import Period, Schedule, period_in_force, progress
from nnviz.settings import Kind


@Schedule.registry.register
class OneCycle(Kind, Schedule, frozen=True, tag="one-cycle"):
    """Cosine from 1/25 up to 1 over the first 30 % of the period, then down to 1e-4 (Smith & Topin 2018)."""

    title = "One cycle"
    help = "The learning rate rises for the first third and then falls to almost 0."
    order = 60

    period: Period = 0

    def factor(self, epoch: NDArray[np.float64], epochs: int) -> NDArray[np.float64]:
        t = progress(epoch, self.period, epochs)
        rising, falling = _between(1 / 25, 1.0, t / _RISE), _between(1.0, 1e-4, (t - _RISE) / (1 - _RISE))
        return np.where(t < _RISE, rising, falling)

    def lasting(self, epochs: int) -> Schedule:
        return self.replace(period=period_in_force(self.period, epochs))


_RISE = 0.3


def _between(start: float, end: float, t: NDArray[np.float64]) -> NDArray[np.float64]:
    return end + (start - end) * 0.5 * (1.0 + np.cos(np.pi * t))
