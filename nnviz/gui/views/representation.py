"""Where the last hidden layer puts the samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QHBoxLayout, QToolButton

from nnviz.analysis.principal import principal, turned
from nnviz.data.dataset import SplitData
from nnviz.gui.plot import Dots, Scale
from nnviz.gui.plot.chart import steady
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, Table, finite_range, views, why_nothing
from nnviz.gui.views.parts import samples
from nnviz.gui.views.parts.plot_view import PlotView
from nnviz.gui.views.parts.switches import add_switch
from nnviz.history.history import History
from nnviz.probes import shown_samples
from nnviz.probes.representation import MOST_SAMPLES
from nnviz.snapshot import Snapshot

_BAR = 210
"""Width of what else stands in the title bar, in pixels."""

Activations = tuple[NDArray[Any], NDArray[Any]]


@views.register
class Representation(PlotView):
    """Activations of the last hidden layer: of two units as they are, of more on their principal plane.

    The plane is that of the training samples. It is turned to lie nearest to the one of the frame before, so
    that the picture moves but does not flip.
    """

    name = "representation"
    title = "Representation"
    question = "What has each layer learned?"
    help = "The samples as the output layer sees them. What lies apart here, a straight line can tell apart."
    needs = frozenset({"representation"})
    order = 50
    figure_size = (321, 260)

    def build(self, theme: Theme) -> None:
        self._show_test = True
        self._switches: list[QToolButton] = []
        self._axes: NDArray[np.float64] | None = None
        self._dots = self.make_plot(Scale(), Scale()).add(Dots())

    def draw(self, history: History, snapshot: Snapshot | None) -> None:
        found = _activations(snapshot)
        if snapshot is None or found is None:
            self.plot.say(why_nothing(history, _why_empty(snapshot)))
            return
        train, test, names, note = self._flattened(found, snapshot.data)
        reach = [finite_range(train[:, i], test[:, i]) for i in (0, 1)]
        if reach[0] is None or reach[1] is None:
            self.plot.say("The activations are no longer finite numbers.")
            return
        self.plot.say("")
        self.plot.set_range(steady(self.plot.x_range, *reach[0]), steady(self.plot.y_range, *reach[1]))
        strip = found[0].shape[1] == 1
        self.plot.set_scales(Scale(names[0], grid=False), Scale(names[1], grid=False, numbers=not strip))
        self._draw_samples(snapshot.data, train, test)
        signs = "train ● test ○" if self._show_test else "train ●"
        self.set_caption(self.fitting([f"{note} · {signs}", note], _BAR) if note else signs)

    def legend(self) -> tuple[Key, ...]:
        snapshot = self.shown[1] if self.shown is not None else None
        if snapshot is None or _activations(snapshot) is None:
            return ()
        data = snapshot.data
        scale = samples.target_scale(data, self.theme, self.shared_values)
        return samples.keys(data, scale, self.theme, self._show_test)

    def table(self, history: History, snapshot: Snapshot | None) -> Table:
        found = _activations(snapshot)
        if snapshot is None or found is None:
            return {}
        train, test, _, _ = self._flattened(found, snapshot.data)
        data, few = snapshot.data, found[0].shape[1] <= 2
        across, up = ("unit 1", "unit 2") if few else ("principal plane, across", "principal plane, up")
        xy = np.concatenate([train, test])
        targets = np.concatenate(
            [
                data.real_train.targets[shown_samples(len(data.real_train), MOST_SAMPLES)],
                data.test.targets[shown_samples(len(data.test), MOST_SAMPLES)],
            ]
        )
        if data.task == "classification":
            shown = np.array(data.class_names)[targets]
        else:
            shown = data.scaling.unscaled_target(targets)
        part = np.repeat(["train", "test"], [len(train), len(test)])
        return {"part": part, f"true {data.target_name}": shown, across: xy[:, 0], up: xy[:, 1]}

    # ------------------------------------------------------------ controls

    def controls(self, bar: QHBoxLayout) -> None:
        self._switches = [add_switch(bar, "test", "Show the test samples", self._show_test, self._set_test)]

    def state(self) -> dict[str, Any]:
        return {"test": self._show_test, "axes": None if self._axes is None else self._axes.tolist()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._show_test = bool(state.get("test", self._show_test))
        axes = state.get("axes")
        self._axes = self._axes if axes is None else np.asarray(axes, np.float64)
        for switch in self._switches:
            switch.setChecked(self._show_test)
        self.redraw_wanted.emit()

    def _set_test(self, on: bool) -> None:
        if on != self._show_test:
            self._show_test = on
            self.redraw_wanted.emit()

    # ------------------------------------------------------------ parts

    def _flattened(
        self, found: Activations, data: SplitData
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, str], str]:
        """Return train and test in two dimensions (n, 2), the names of the two axes, and a note."""
        train, test = (np.asarray(each, np.float64) for each in found)
        units = train.shape[1]
        if units == 1:
            lifted = [np.column_stack([each[:, 0], _lift(len(each))]) for each in (train, test)]
            return lifted[0], lifted[1], ("unit 1", ""), ""
        if units == 2:
            return train, test, ("unit 1", "unit 2"), ""
        known = np.isfinite(train).all(axis=1)
        if known.sum() < 2:
            nothing = np.full((len(train), 2), np.nan), np.full((len(test), 2), np.nan)
            return *nothing, ("", ""), ""
        fits = self._axes is not None and self._axes.shape == (2, units)
        plane = principal(train[known], 2, self._axes if fits else None)
        if fits and self._axes is not None:
            plane = turned(plane, self._axes)
        self._axes = plane.axes
        paper = self.theme.export  # on screen the title bar says it
        names = ("principal plane, across", "principal plane, up") if paper else ("", "")
        return plane.project(train), plane.project(test), names, f"PCA {100 * plane.shares.sum():.0f} %"

    def _draw_samples(self, data: SplitData, train: NDArray[Any], test: NDArray[Any]) -> None:
        parts = [(data.real_train, False, train)] + ([(data.test, True, test)] if self._show_test else [])
        scale = samples.target_scale(data, self.theme, self.shared_values)
        picked = [shown_samples(len(part), MOST_SAMPLES) for part, _, _ in parts]
        both = list(zip(parts, picked, strict=True))
        numbers = [samples.color_numbers(data, part, which, scale) for (part, _, _), which in both]
        kinds = [samples.kinds(part, is_test, which) for (part, is_test, _), which in both]
        size = samples.dot_size(sum(map(len, picked)), self.plot.area.width(), self.plot.area.height())
        edge = self.theme.color("card" if scale is None else "muted", 0.9)
        colors = samples.sample_colors(data, scale, self.theme)
        made = samples.looks(colors, size, edge, self.theme.color("card"), self.theme.color("danger"))
        which = np.concatenate(numbers) * 3 + np.concatenate(kinds)
        order = samples.interleaved([len(xy) for _, _, xy in parts])
        self._dots.draw(np.concatenate([xy for _, _, xy in parts])[order], which[order], made)


def _activations(snapshot: Snapshot | None) -> Activations | None:
    """Return the activations (n, units) of train and test; None where there are none to show."""
    found = None if snapshot is None else snapshot.arrays.get("representation")
    return found if found is not None and found[0].shape[1] > 0 and len(found[0]) else None


def _why_empty(snapshot: Snapshot | None) -> str:
    if snapshot is not None and len(snapshot.plan.stages) < 2:
        return "Without a hidden layer there is no representation; add one with ＋."
    return "The representation appears as soon as the network is built."


def _lift(count: int) -> NDArray[np.float64]:
    """Return heights in 0..1 that spread samples of equal values, the same in every frame: (n,)."""
    golden = 0.6180339887498949
    return np.asarray((np.arange(count) * golden) % 1.0)
