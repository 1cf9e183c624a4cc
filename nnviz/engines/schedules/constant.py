"""No schedule."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.schedules import Schedule
from nnviz.settings import Kind


@Schedule.registry.register
class Constant(Kind, Schedule, frozen=True, tag="constant"):
    """Always 1."""

    title = "Constant"
    help = "The learning rate stays as it is set."
    order = 10

    def factor(self, epoch: NDArray[np.float64], epochs: int) -> NDArray[np.float64]:
        return np.ones_like(epoch)
