"""Every combination of all values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from nnviz.settings import SettingsError
from nnviz.sweeps.axes import Axis
from nnviz.sweeps.strategies import Strategy, Values, strategies


@strategies.register
class Grid(Strategy):
    """Trains every combination; the setting that is varied last changes fastest."""

    name = "grid"
    title = "Grid"
    help = "Every combination of all values."
    order = 10
    counts_trials = False

    def __init__(self, axes: tuple[Axis, ...], trials: int | None, seed: int) -> None:
        if trials is not None:
            raise SettingsError("--trials: A grid has as many points as it has; choose --search random or optuna.")
        super().__init__(axes, trials, seed)

    @property
    def size(self) -> int:
        return math.prod(len(axis) for axis in self.axes)

    def points(self) -> Iterator[Values]:
        return itertools.product(*(axis.values for axis in self.axes))
