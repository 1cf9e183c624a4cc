"""No schedule."""

from __future__ import annotations

from nnviz.engines.schedules import Schedule
from nnviz.settings import Kind


@Schedule.registry.register
class Constant(Kind, Schedule, frozen=True, tag="constant"):
    """Always 1."""

    title = "Constant"
    help = "The learning rate stays as it is set."
    order = 10

    def factor(self, epoch: float, epochs: int) -> float:
        return 1.0
