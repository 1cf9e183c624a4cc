"""How the weights are distributed, over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout

from nnviz.analysis.density import bandwidth, density
from nnviz.gui.plot import Reading, Ridge, Scale
from nnviz.gui.plot.chart import steady
from nnviz.gui.plot.overlay import Line
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import number as number_text
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, Table, views, why_nothing
from nnviz.gui.views.parts.layers import layer_color, mixed, stage_labels
from nnviz.gui.views.parts.plot_view import PlotView
from nnviz.gui.views.parts.switches import Choice, add_choice
from nnviz.history.history import History
from nnviz.network.shapes import NetworkPlan
from nnviz.snapshot import Snapshot

_RIDGES = 24
_POINTS = 160
_MOST_WEIGHTS = 20_000
"""Weights looked at per ridge, evenly chosen: more would not move the line by its own width."""

_SHOWN = (0.005, 0.995)
"""The quantiles that the axis covers at least: a few large weights must not flatten all others."""

_ALL = "all layers"


@dataclass(frozen=True, eq=False)
class Kept:
    """All parameters of the network after an epoch: (n_parameters,), in network order."""

    epoch: int
    parameters: NDArray[Any]


@views.register
class Weights(PlotView):
    """The density of the weights at up to 24 kept epochs: the newest in front, the first at the back."""

    name = "weights"
    title = "Weights"
    question = "How do the weights move?"
    needs = frozenset({"parameters"})
    help = "How the weights are spread, epoch after epoch: the newest in front, the first at the back."
    order = 60

    def build(self, theme: Theme) -> None:
        self._layer = 0  # 0 is all layers
        self._choice: Choice | None = None
        self._known: tuple[Any, ...] = ()
        self._reach: dict[int, tuple[NDArray[Any], float, float]] = {}
        self._lines: dict[int, tuple[NDArray[Any], NDArray[Any]]] = {}
        self._epochs: list[int] = []
        self._placed: list[tuple[Any, ...]] = [(None,)] * _RIDGES
        self._colored: tuple[Any, ...] = ()
        self._peak = 0.0
        plot = self.make_plot(Scale("weight"), Scale("epoch", grid=False))
        self._ridges = [plot.add(Ridge()) for _ in range(_RIDGES)]
        for number, ridge in enumerate(self._ridges):
            ridge.setZValue(-number)

    def draw(self, history: History, snapshot: Snapshot | None) -> None:
        frames = _frames(history, snapshot)
        if snapshot is None or not frames:
            self._epochs = []
            self.plot.say(why_nothing(history, "Press Play: the spread of the weights appears as they move."))
            return
        self._offer(snapshot.plan)
        if not self._measure(frames, snapshot.plan):
            self.plot.say("This layer has no finite weights.")
            return
        self.plot.say("")
        self._epochs = [frame.epoch for frame in frames]
        self._place([self._lines[frame.epoch][1] for frame in frames])
        self._color(snapshot.plan)
        self.set_caption("distribution over epochs" if self._choice is not None else self.layer_label(snapshot.plan))

    def legend(self) -> tuple[Key, ...]:
        if self.shown is None or self.shown[1] is None or not self._epochs:
            return ()
        plan = self.shown[1].plan
        return (Key(f"{self.layer_label(plan)}, newest in front", self._own_color(plan)),)

    def layer_label(self, plan: NetworkPlan) -> str:
        """Return the name of the layer whose weights are drawn."""
        labels = self._labels(plan)
        return labels[min(self._layer, len(labels) - 1)]

    def table(self, history: History, snapshot: Snapshot | None) -> Table:
        frames = _frames(history, snapshot)
        if snapshot is None or not frames or not self._measure(frames, snapshot.plan):
            return {}
        columns = {f"density, epoch {frame.epoch}": self._lines[frame.epoch][1] for frame in frames}
        return {"weight": self._grid(), **columns}

    def reading(self, x: float, y: float) -> Reading | None:
        if not self._epochs:
            return None
        count = len(self._epochs)
        ridge = int(np.clip(round(y), 0, count - 1))
        epoch = self._epochs[count - 1 - ridge]
        values = self._lines[epoch][1]
        low, high = self.plot.x_range
        at = int(np.clip((x - low) / (high - low) * _POINTS, 0, _POINTS - 1))
        density_here = value_text(float(values[at]))
        lines = (Line(f"epoch {epoch:,}"), Line("weight", value_text(x)), Line("density", density_here))
        return Reading(x, lines, y=float(ridge))

    def controls(self, bar: QHBoxLayout) -> None:
        self._choice = add_choice(bar, "Layer whose weights are shown", [_ALL], 0, self._choose)

    def state(self) -> dict[str, Any]:
        return {"layer": self._layer}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._choose(int(state.get("layer", self._layer)))

    # ------------------------------------------------------------ parts

    def _choose(self, number: int) -> None:
        if number != self._layer:
            self._layer = max(0, number)
            self.redraw_wanted.emit()

    def _labels(self, plan: NetworkPlan) -> list[str]:
        names = stage_labels(plan)
        return [_ALL, *(names[slot.stage] for slot in plan.weight_slots)]

    def _offer(self, plan: NetworkPlan) -> None:
        labels = self._labels(plan)
        if self._choice is not None:
            self._choice.set_items(labels, min(self._layer, len(labels) - 1))

    def _measure(self, frames: list[Kept], plan: NetworkPlan) -> bool:
        """Find the density of each keyframe that is not known yet; False when there is no finite weight."""
        slots = plan.weight_slots
        chosen = slots if self._layer == 0 else slots[min(self._layer, len(slots)) - 1 :][:1]
        where = [slice(slot.start, slot.stop) for slot in chosen]
        known = (slots, self._layer)
        if known != self._known:
            self._known, self._reach, self._lines = known, {}, {}
        for frame in frames:
            if frame.epoch not in self._reach or self._reach[frame.epoch][0] is not frame.parameters:
                self._reach[frame.epoch] = (frame.parameters, *_tails(_weights(frame, where)))
        reach = np.array([self._reach[frame.epoch][1:] for frame in frames])
        if not np.isfinite(reach).any():
            return False
        span = steady(self.plot.x_range, float(np.nanmin(reach)), float(np.nanmax(reach)))
        if span != self.plot.x_range:
            self.plot.set_range(x=span)
            self._lines = {}
        for frame in frames:
            if frame.epoch not in self._lines or self._lines[frame.epoch][0] is not frame.parameters:
                spread = density(_weights(frame, where), *self.plot.x_range, _POINTS)
                self._lines[frame.epoch] = (frame.parameters, spread)
        if len(self._lines) > 16 * _RIDGES:
            self._lines = {frame.epoch: self._lines[frame.epoch] for frame in frames}
            self._reach = {frame.epoch: self._reach[frame.epoch] for frame in frames}
        return True

    def _grid(self) -> NDArray[np.float64]:
        low, high = self.plot.x_range
        return low + (np.arange(_POINTS) + 0.5) * (high - low) / _POINTS

    def _place(self, lines: list[NDArray[Any]]) -> None:
        """Put the newest line at 0 and each older one a step higher; the highest peak covers a few steps."""
        count, x = len(lines), self._grid()
        highest = max(float(line.max()) for line in lines) or 1.0
        if not 0.75 * self._peak <= highest <= self._peak:  # so that the ridges do not breathe
            self._peak = 1.05 * highest
        height, peak = max(2.0, 0.4 * count), self._peak
        for number, ridge in enumerate(self._ridges):
            ridge.setVisible(number < count)
            spread = lines[count - 1 - number] if number < count else None
            drawn = (spread, height / peak, self.plot.x_range)
            if spread is not None and (spread is not self._placed[number][0] or drawn[1:] != self._placed[number][1:]):
                self._placed[number] = drawn
                ridge.draw(x, number + spread * (height / peak), number - 0.4)
        self.plot.set_range(y=(-0.4, count - 1 + 1.08 * height))
        marked = sorted({0, (count - 1) // 2, count - 1})
        ticks = tuple((float(count - 1 - i), _epoch_text(self._epochs[i])) for i in marked)
        self.plot.set_scales(y=Scale("epoch", fixed=ticks, grid=False))

    def _own_color(self, plan: NetworkPlan) -> QColor:
        slots = plan.weight_slots
        if self._layer == 0 or not slots:
            return self.theme.color("accent")
        order = list(stage_labels(plan))
        number = order.index(slots[min(self._layer, len(slots)) - 1].stage)
        return layer_color(self.theme, number, len(order))

    def _color(self, plan: NetworkPlan) -> None:
        color, card = self._own_color(plan), self.theme.color("card")
        count = len(self._epochs)
        wanted = (color.name(), card.name(), count, self.theme.export)
        if wanted == self._colored:
            return
        self._colored = wanted
        for number, ridge in enumerate(self._ridges[: len(self._epochs)]):
            ridge.setPen(line(self.theme, mixed(color, card, 0.72 * number / max(1, count - 1)).name()))
            ridge.setBrush(card)


def _weights(frame: Kept, where: list[slice]) -> NDArray[Any]:
    """Return the finite weights in some places of a keyframe: (n,)."""
    weights = np.concatenate([frame.parameters[place] for place in where]) if where else np.empty(0)
    weights = weights[:: max(1, -(-len(weights) // _MOST_WEIGHTS))]
    return weights[np.isfinite(weights)]


def _tails(weights: NDArray[Any]) -> tuple[float, float]:
    """Return where the density of some weights begins and ends, but for the largest few."""
    if not len(weights):
        return np.nan, np.nan
    low, high = np.quantile(weights, _SHOWN)
    return float(low - 2.5 * bandwidth(weights)), float(high + 2.5 * bandwidth(weights))


def _frames(history: History, snapshot: Snapshot | None) -> list[Kept]:
    """Return the weights to draw, oldest first: those of the network in the snapshot, up to its epoch in the past."""
    if snapshot is None:
        return []
    size, last = snapshot.plan.n_parameters, snapshot.epoch if snapshot.past else None
    kept = history.keyframes.spread(_RIDGES, last)
    frames = [Kept(frame.epoch, frame.parameters) for frame in kept if len(frame.parameters) == size]
    now = snapshot.arrays.get("parameters")
    if last is not None and now is not None and (not frames or frames[-1].epoch < last):
        frames = [*frames[-_RIDGES + 1 :], Kept(last, now)]
    return frames


def _epoch_text(epoch: int) -> str:
    """Return an epoch in at most five characters, for which the axis has room."""
    return f"{epoch:,}" if epoch < 10_000 else number_text(epoch, step=10.0 ** (len(str(epoch)) - 3))
