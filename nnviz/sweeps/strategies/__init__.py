"""How the points of a sweep are chosen: one file each. Here: the contract of a strategy.

A new strategy is a module in this folder with one class. One that knows all its points from the start yields them::

    @strategies.register
    class Diagonal(Strategy):
        \"\"\"Tries the first value of every setting together, then all the second ones, and so on.\"\"\"

        name, title = "diagonal", "Diagonal"
        help = "The first values together, the second values together, and so on."

        @property
        def size(self):
            return min(len(axis) for axis in self.axes)

        def points(self):
            yield from zip(*(axis.values for axis in self.axes))

One that looks at results is `adaptive`, and is asked for a point whenever there is room for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from nnviz.registry import Registry
from nnviz.sweeps.axes import Axis

Values = tuple[Any, ...]
"""A value for every axis, in the order of the axes."""


class Strategy:
    """One way to choose points. Everything that is random in it follows from `seed`.

    `trials` is how many points the user asked for, None for no number. Raises SettingsError when made for axes or
    trials that it cannot do with.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    order: ClassVar[int] = 100
    adaptive: ClassVar[bool] = False
    """Whether it looks at results: then `known`, `ask` and `tell` are called, and otherwise `points`."""
    counts_trials: ClassVar[bool] = True
    """Whether the user says how many points there are."""

    def __init__(self, axes: tuple[Axis, ...], trials: int | None, seed: int) -> None:
        self.axes, self.trials, self.seed = axes, trials, seed

    @property
    def size(self) -> int:
        """The number of points."""
        raise NotImplementedError

    def points(self) -> Iterator[Values]:
        """Yield all points, no two of them the same; every call the same ones in the same order."""
        raise NotImplementedError

    def known(self, values: Values, objective: float | None) -> None:
        """Hear, before the first `ask`, of a point of the same sweep in an earlier session.

        `objective` is the mean over its seeds, smaller is better; infinite where training failed, and None for a point
        that was begun and has to be asked for again first of all. Raises SettingsError as `ask` does.
        """
        raise NotImplementedError

    def ask(self) -> Values | None:
        """Return the next point, None when there are enough. Raises SettingsError where the strategy cannot work."""
        raise NotImplementedError

    def tell(self, values: Values, objective: float) -> None:
        """Hear the result of a point that was asked for."""
        raise NotImplementedError


strategies: Registry[Strategy] = Registry("search", "nnviz.sweeps.strategies", name_of=lambda each: str(each.name))
