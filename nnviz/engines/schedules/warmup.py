"""Linear warm-up."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.schedules import Schedule
from nnviz.settings import Kind, knob


@Schedule.registry.register
class Warmup(Kind, Schedule, frozen=True, tag="warmup"):
    """min(1, epoch / length), and never less than a thousandth."""

    title = "Warm-up"
    help = "The learning rate rises in a line at the beginning and then stays (Goyal et al. 2017)."
    order = 50

    length: Annotated[
        int, knob("Length", "Epochs until the full rate is reached.", unit="epochs", ge=1, le=10_000_000, live=True)
    ] = 10

    def factor(self, epoch: NDArray[np.float64], epochs: int) -> NDArray[np.float64]:
        return np.clip(epoch / self.length, 1e-3, 1.0)
