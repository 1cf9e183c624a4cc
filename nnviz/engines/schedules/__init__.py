"""Learning-rate schedules: one file each. Here: the contract of a schedule."""

from __future__ import annotations

from nnviz.settings import Choice, kinds


class Schedule(Choice):
    """Settings of one schedule: what share of the learning rate applies at a moment of training."""

    __slots__ = ()
    registry = kinds("schedule", "nnviz.engines.schedules")

    def factor(self, epoch: float, epochs: int) -> float:
        """Return the share of the learning rate, 0..1, after `epoch` epochs (fractions count steps).

        `epochs` is the epoch limit, 0 when there is none.
        """
        raise NotImplementedError
