"""Learning-rate schedules: one file each. Here: the contract of a schedule."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nnviz.settings import Choice, kinds, knob

Period = Annotated[
    int,
    knob(
        "Period",
        "Epochs until the end of the curve; 0 takes the epoch limit, or 1,000 without one.",
        ge=0,
        le=10_000_000,
        live=True,
    ),
]
"""The setting of schedules that end: see `progress`."""


def progress(epoch: NDArray[np.float64], period: int, epochs: int) -> NDArray[np.float64]:
    """Return how much of a period has passed, 0..1."""
    return np.minimum(epoch / period_in_force(period, epochs), 1.0)


def period_in_force(period: int, epochs: int) -> int:
    """Return the period under a limit of `epochs`: one of 0 is the limit, or 1,000 without one."""
    return period or epochs or 1_000


class Schedule(Choice):
    """Settings of one schedule: what share of the learning rate applies at each moment of training."""

    __slots__ = ()
    registry = kinds("schedule", "nnviz.engines.schedules")

    def factor(self, epoch: NDArray[np.float64], epochs: int) -> NDArray[np.float64]:
        """Return the shares of the learning rate, 0..1, after `epoch` epochs: any shape; fractions count steps.

        Every share depends on its own moment alone. `epochs` is the epoch limit, 0 when there is none.
        """
        raise NotImplementedError

    def lasting(self, epochs: int) -> Schedule:
        """Return the schedule as it is under a limit of so many epochs, whatever the limit becomes."""
        return self
