"""Cosine annealing."""

from __future__ import annotations

import math
from typing import Annotated

from nnviz.engines.schedules import Schedule
from nnviz.settings import Kind, knob


@Schedule.registry.register
class Cosine(Kind, Schedule, frozen=True, tag="cosine"):
    """½ (1 + cos(π epoch / period)), 0 beyond (Loshchilov & Hutter 2017, without restarts)."""

    title = "Cosine"
    help = "The learning rate falls along half a cosine to 0."
    order = 40

    period: Annotated[
        int,
        knob(
            "Period",
            "Epochs until the end of the curve; 0 takes the epoch limit, or 1,000 without one.",
            ge=0,
            le=10_000_000,
            live=True,
        ),
    ] = 0

    def factor(self, epoch: float, epochs: int) -> float:
        period = self.period or epochs or 1_000
        return 0.5 * (1.0 + math.cos(math.pi * min(epoch / period, 1.0)))
