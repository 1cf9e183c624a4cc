"""What test error can be drawn over: one file each. Here: the contract of an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment
from nnviz.registry import Registry


class Axis:
    """One quantity of an experiment that makes it fit its training samples more or less well.

    Every place on it is an experiment of its own, so that it can be opened as a run.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    unit: ClassVar[str] = ""
    logarithmic: ClassVar[bool] = True
    whole: ClassVar[bool] = True
    lowest: ClassVar[float] = 1.0
    highest: ClassVar[float] = 1e9
    grows: ClassVar[bool] = True
    """Whether more of it makes a network fit its training samples better."""
    within: ClassVar[bool] = False
    """Whether one training passes through all places: epochs."""
    order: ClassVar[int] = 100

    def usual(self, experiment: Experiment, data: SplitData) -> tuple[float, float]:
        """Return from where to where it is worth looking."""
        raise NotImplementedError

    def applied(self, experiment: Experiment, value: float, data: SplitData) -> Experiment:
        """Return the experiment at a place. Raises SettingsError when it has none there."""
        raise NotImplementedError

    def reached(self, value: float, data: SplitData) -> float:
        """Return where on the axis the experiment of a place really lies, which has these samples."""
        return value


axes: Registry[Axis] = Registry("axis", "nnviz.studies.axes", name_of=lambda axis: str(axis.name))


def places(axis: Axis, low: float, high: float, count: int) -> tuple[float, ...]:
    """Return at most `count` places from low to high: evenly spaced, in their logarithms where the axis has one.

    Numbers of things are whole, so that places near the low end may fall together. 0, which has no logarithm, comes
    first where a logarithmic axis begins at 0.
    """
    low, high = max(low, axis.lowest), min(high, axis.highest)
    if axis.logarithmic and low <= 0.0:
        rest = places(axis, high / 1e4, high, count - 1)
        return (0.0, *rest)
    spaced = np.geomspace(low, high, count) if axis.logarithmic else np.linspace(low, high, count)
    return tuple(dict.fromkeys(float(round(each)) if axis.whole else float(f"{each:.4g}") for each in spaced))


def number(axis: Axis, value: float) -> str:
    """Return a place with its unit, as people write it."""
    if axis.unit == "%":
        return f"{100 * value:.3g} %"
    text = f"{value:,.0f}" if axis.whole else f"{value:.3g}"
    unit = axis.unit.removesuffix("s") if text == "1" else axis.unit
    return f"{text} {unit}".strip()


def checked(axis: Axis, values: Sequence[float]) -> str:
    """Return what is wrong with places, as a sentence; empty when nothing is."""
    if not len(values):
        return f"There is nothing to train: name at least one place on the axis {axis.title.lower()}."
    outside = [value for value in values if not axis.lowest <= value <= axis.highest]
    if outside:
        low, high = number(axis, axis.lowest), number(axis, axis.highest)
        return f"{axis.title} goes from {low} to {high}; {number(axis, outside[0])} lies outside."
    return ""
