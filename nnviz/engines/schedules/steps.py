"""Step decay."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.schedules import Schedule
from nnviz.settings import Kind, knob


@Schedule.registry.register
class Steps(Kind, Schedule, frozen=True, tag="steps"):
    """drop^⌊epoch / every⌋."""

    title = "Steps"
    help = "The learning rate drops by a factor every so many epochs."
    order = 20

    every: Annotated[int, knob("Every", "Epochs between drops.", unit="epochs", ge=1, le=10_000_000, live=True)] = 100
    drop: Annotated[float, knob("Factor", "What each drop multiplies the rate by.", gt=0.0, le=1.0, live=True)] = 0.5

    def factor(self, epoch: NDArray[np.float64], epochs: int) -> NDArray[np.float64]:
        return np.power(self.drop, epoch // self.every)
