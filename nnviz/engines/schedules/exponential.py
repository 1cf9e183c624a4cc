"""Exponential decay."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.schedules import Schedule
from nnviz.settings import Kind, knob


@Schedule.registry.register
class Exponential(Kind, Schedule, frozen=True, tag="exponential"):
    """2^(-epoch / half_life)."""

    title = "Exponential"
    help = "The learning rate halves again and again."
    order = 30

    half_life: Annotated[
        int, knob("Half-life", "Epochs until the rate has halved.", unit="epochs", ge=1, le=10_000_000, live=True)
    ] = 200

    def factor(self, epoch: NDArray[np.float64], epochs: int) -> NDArray[np.float64]:
        return np.exp2(-epoch / self.half_life)
