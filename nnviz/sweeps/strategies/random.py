"""Points drawn at random."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator

import numpy as np

from nnviz.settings import SettingsError
from nnviz.sweeps.axes import Axis
from nnviz.sweeps.strategies import Strategy, Values, strategies


@strategies.register
class Random(Strategy):
    """Draws every setting by itself: from a list evenly, from a range evenly on its own scale (Bergstra & Bengio 2012).

    The points of fewer trials are the first ones of more. A point that was drawn before is drawn anew.
    """

    name = "random"
    title = "Random"
    help = "So many points drawn at random; a few settings that matter are covered better than by a grid."
    order = 20

    def __init__(self, axes: tuple[Axis, ...], trials: int | None, seed: int) -> None:
        if trials is None or trials < 1:
            raise SettingsError(f"--trials: Say how many points to draw, at least 1{_not(trials)}.")
        distinct = math.prod(axis.distinct for axis in axes)
        if trials > distinct:
            raise SettingsError(
                f"--trials: There are only {int(distinct):,} different points; ask for no more of them."
            )
        super().__init__(axes, trials, seed)

    @property
    def size(self) -> int:
        assert self.trials is not None
        return self.trials

    def points(self) -> Iterator[Values]:
        rng = np.random.default_rng([self.seed, 3])
        seen: set[str] = set()
        refused = 0
        while len(seen) < self.size:
            values = tuple(axis.draw(share) for axis, share in zip(self.axes, rng.random(len(self.axes)), strict=True))
            key = json.dumps(values)
            if key not in seen:
                seen.add(key)
                yield values
                refused = 0
            elif (refused := refused + 1) > 1_000:  # nearly all are drawn: take those that are left in their order
                yield from self._rest(seen)
                return

    def _rest(self, seen: set[str]) -> Iterator[Values]:
        """Yield points that are not drawn yet; only lists and spans of whole numbers can run short of them."""
        lists = [
            range(round(axis.span.low), round(axis.span.high) + 1) if axis.span is not None else axis.values
            for axis in self.axes
        ]
        for values in itertools.product(*lists):
            if len(seen) >= self.size:
                return
            key = json.dumps(values)
            if key not in seen:
                seen.add(key)
                yield values


def _not(trials: int | None) -> str:
    return "" if trials is None else f", not {trials}"
