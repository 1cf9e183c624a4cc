"""What the network answers everywhere, with the samples it has seen and those it has not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QHBoxLayout, QToolButton

from nnviz.analysis.enlarge import enlarged
from nnviz.data.dataset import Part, SplitData
from nnviz.data.plane import Plane
from nnviz.gui.plot import Curve, Dots, Picture, Reading, Scale
from nnviz.gui.plot.overlay import Line
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, Table, finite_range, views, why_nothing
from nnviz.gui.views.parts import samples
from nnviz.gui.views.parts.colors import Pixels, ValueScale, class_pixels, rgb, stamped
from nnviz.gui.views.parts.plot_view import PlotView
from nnviz.gui.views.parts.switches import add_switch
from nnviz.history.history import History
from nnviz.snapshot import Snapshot

_STAMP = 256
"""Points along each side of the picture of all samples, when there are too many to draw."""


@views.register
class Surface(PlotView):
    """Class probabilities or the regression output over the plane, or the fitted curve of a single feature."""

    name = "surface"
    title = "Decision surface"
    question = "What does it answer?"
    help = "What the network answers at every point of the plane; samples it learned from are filled, others hollow."
    needs = frozenset({"surface"})
    order = 30
    figure_size = (321, 260)

    def build(self, theme: Theme) -> None:
        self._show_test, self._hard = True, False
        self._switches: list[QToolButton] = []
        self._drawn: tuple[Any, ...] = ()
        self._fine: tuple[tuple[Any, ...], Pixels] | None = None
        self._data: SplitData | None = None
        self._plane: Plane | None = None
        plot = self.make_plot(Scale(), Scale())
        self._picture, self._crowd = plot.add(Picture()), plot.add(Picture())
        self._curve, self._dots = plot.add(Curve()), plot.add(Dots())
        self._dots.setZValue(5)

    def draw(self, history: History, snapshot: Snapshot | None) -> None:
        surface = _surface(snapshot)
        if snapshot is None or surface is None:
            self.plot.say(why_nothing(history, "The decision surface appears as soon as the network is built."))
            return
        self.plot.say("")
        data, plane, curve = snapshot.data, snapshot.plane, surface.ndim == 1
        scale = samples.target_scale(data, self.theme, self.shared_values)
        self._curve.setVisible(curve)
        self._picture.setVisible(not curve)
        if curve:
            self._draw_curve(surface, data, plane)
        else:
            left, right, bottom, top = plane.display_bounds
            self.plot.set_range((left, right), (bottom, top))
            self.plot.set_scales(Scale(plane.labels[0], grid=False), self._up_scale(data, plane))
            self._picture.draw(self._pixels(surface, scale), plane.display_bounds)
        drawn = self._draw_samples(data, plane, None if curve else scale, curve)
        self.set_caption(samples.counted(data, drawn, self._show_test))

    def legend(self) -> tuple[Key, ...]:
        snapshot = self.shown[1] if self.shown is not None else None
        surface = _surface(snapshot)
        if snapshot is None or surface is None:
            return ()
        data = snapshot.data
        if surface.ndim > 1:
            scale = samples.target_scale(data, self.theme, self.shared_values)
            return samples.keys(data, scale, self.theme, self._show_test)
        keys = [Key("Fit", self.theme.color("text")), Key("Train", self.theme.color("train"), "dot")]
        return (*keys, Key("Test", self.theme.color("test"), "ring")) if self._show_test else tuple(keys)

    def table(self, history: History, snapshot: Snapshot | None) -> Table:
        surface = _surface(snapshot)
        if snapshot is None or surface is None:
            return {}
        left, right, bottom, top = snapshot.plane.display_bounds
        across, up = snapshot.plane.labels
        data = snapshot.data
        if surface.ndim == 1:
            return {across: np.linspace(left, right, len(surface)), f"{up}, fitted": surface}
        rows, columns = surface.shape[:2]
        x = left + (np.arange(columns) + 0.5) / columns * (right - left)
        y = bottom + (np.arange(rows) + 0.5) / rows * (top - bottom)
        places = {f"across: {across}": np.tile(x, rows), f"up: {up}": np.repeat(y, columns)}
        if surface.ndim == 2:
            return {**places, f"{data.target_name}, predicted": surface.ravel()}
        return {**places, **{f"P({name})": surface[:, :, i].ravel() for i, name in enumerate(data.class_names)}}

    def reading(self, x: float, y: float) -> Reading | None:
        snapshot = self.shown[1] if self.shown is not None else None
        surface = _surface(snapshot)
        if snapshot is None or surface is None:
            return None
        data, (across, up) = snapshot.data, snapshot.plane.labels
        left, right, bottom, top = snapshot.plane.display_bounds
        column = (x - left) / (right - left)
        first = Line(_short(across), value_text(x))
        if surface.ndim == 1:
            value = float(np.interp(x, np.linspace(left, right, len(surface)), surface))
            return Reading(x, (first, Line(_short(up), value_text(value))), ((value, self.theme.color("text")),))
        rows, columns = surface.shape[:2]
        row = int(np.clip((y - bottom) / (top - bottom) * rows, 0, rows - 1))
        at = surface[row, int(np.clip(column * columns, 0, columns - 1))]
        lines = [first, Line(_short(up), value_text(y))]
        if surface.ndim == 2:
            lines.append(Line(_short(data.target_name), value_text(float(at))))
        else:
            likely = np.argsort(-np.nan_to_num(at))[: min(3, len(at))]
            colors = [self.theme.class_color(int(i)) for i in likely]
            names = [_short(data.class_names[i]) for i in likely]
            lines += [Line(n, f"{100 * at[i]:.0f} %", c) for i, n, c in zip(likely, names, colors, strict=True)]
        return Reading(x, tuple(lines), y=y)

    # ------------------------------------------------------------ controls

    def controls(self, bar: QHBoxLayout) -> None:
        self._switches = [
            add_switch(bar, "hard", "Only the most probable class, with sharp boundaries", self._hard, self._set_hard),
            add_switch(bar, "test", "Show the test samples", self._show_test, self._set_test),
        ]

    def state(self) -> dict[str, Any]:
        return {"test": self._show_test, "hard": self._hard}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._show_test = bool(state.get("test", self._show_test))
        self._hard = bool(state.get("hard", self._hard))
        for switch, on in zip(self._switches, (self._hard, self._show_test), strict=False):
            switch.setChecked(on)
        self.redraw_wanted.emit()

    def _set_hard(self, on: bool) -> None:
        if on != self._hard:
            self._hard = on
            self.redraw_wanted.emit()

    def _set_test(self, on: bool) -> None:
        if on != self._show_test:
            self._show_test = on
            self.redraw_wanted.emit()

    # ------------------------------------------------------------ parts

    def _pixels(self, surface: NDArray[Any], scale: ValueScale | None) -> Pixels:
        if self.theme.export:
            return self._fine_pixels(surface, scale)
        if self._hard and scale is None:
            surface = enlarged(surface, 4)
        return class_pixels(surface, self.theme, self._hard) if scale is None else scale.pixels(surface)

    def _fine_pixels(self, surface: NDArray[Any], scale: ValueScale | None) -> Pixels:
        """Return pixels for a figure, which is laid out more than once but colours its surface only once."""
        key = (surface, self._hard, self.theme)
        if self._fine is None or self._fine[0][0] is not surface or self._fine[0][1:] != key[1:]:
            large = enlarged(surface, 6)
            pixels = class_pixels(large, self.theme, self._hard) if scale is None else scale.pixels(large)
            self._fine = (key, pixels)
        return self._fine[1]

    def _up_scale(self, data: SplitData, plane: Plane) -> Scale:
        """Return the upward axis: the second feature or, with a single one, the classes one above the other."""
        if data.n_features > 1:
            return Scale(plane.labels[1], grid=False)
        names = data.class_names if data.n_classes <= 12 else ()
        rows = _class_rows(np.arange(data.n_classes), data.n_classes, plane)
        return Scale("", fixed=tuple(zip(rows.tolist(), names, strict=False)), numbers=bool(names), grid=False)

    def _draw_curve(self, fit: NDArray[Any], data: SplitData, plane: Plane) -> None:
        """Draw the fitted curve; where it leaves the range of the samples by far, it leaves the plot."""
        left, right, _, _ = plane.display_bounds
        targets = [data.scaling.unscaled_target(part.targets) for part in data.parts().values()]
        low, high = finite_range(*targets) or (0.0, 1.0)
        room = 0.25 * (high - low) or 1.0
        self.plot.set_range((left, right), (low - room, high + room))
        self.plot.set_scales(Scale(plane.labels[0]), Scale(plane.labels[1]))
        shown = np.where((fit >= low - room) & (fit <= high + room), fit, np.nan)
        self._curve.setPen(line(self.theme, "text"))
        self._curve.draw(np.linspace(left, right, len(fit)), shown)

    def _draw_samples(self, data: SplitData, plane: Plane, scale: ValueScale | None, curve: bool) -> int:
        """Draw the samples, unless they stand already as they should; return how many there are."""
        parts = [(data.real_train, False)] + ([(data.test, True)] if self._show_test else [])
        area = self.plot.area
        most = samples.room_for(area.width(), area.height())
        picked = [samples.chosen(len(part), most) for part, _ in parts]
        count = sum(map(len, picked))
        size = samples.dot_size(count, area.width(), area.height())
        wanted = (self._show_test, self.theme, count, round(size, 1), self.shared_values)
        if wanted == self._drawn and self._data is data and self._plane is plane:
            return count
        self._drawn, self._data, self._plane = wanted, data, plane
        if curve:
            colors = [self.theme.color("train"), self.theme.color("test")]
            numbers = [np.full(len(which), int(test)) for (_, test), which in zip(parts, picked, strict=True)]
        else:
            colors = samples.sample_colors(data, scale, self.theme)
            pairs = zip(parts, picked, strict=True)
            numbers = [samples.color_numbers(data, part, which, scale) for (part, _), which in pairs]
        kinds = [samples.kinds(part, test, which) for (part, test), which in zip(parts, picked, strict=True)]
        xy = [_places(data, part, which, plane, curve) for (part, _), which in zip(parts, picked, strict=True)]
        edge = self.theme.color("card" if curve else "#ffffff", 0.9) if scale is None else self.theme.color("text", 0.6)
        made = samples.looks(colors, size, edge, self.theme.color("card"), self.theme.color("danger"))
        order = samples.interleaved([len(which) for which in picked])
        self._dots.draw(np.concatenate(xy)[order], (np.concatenate(numbers) * 3 + np.concatenate(kinds))[order], made)
        self._stamp([part for part, _ in parts], count, data, plane, scale, curve)
        return count

    def _stamp(
        self, parts: list[Part], drawn: int, data: SplitData, plane: Plane, scale: ValueScale | None, curve: bool
    ) -> None:
        """Show where all samples lie when only some are drawn as dots."""
        crowded = not curve and sum(map(len, parts)) > drawn
        self._crowd.setVisible(crowded)
        if not crowded:
            return
        colors = np.array([rgb(color) for color in samples.sample_colors(data, scale, self.theme)])
        everyone = [(part, np.arange(len(part))) for part in parts]
        xy = np.concatenate([_places(data, part, which, plane, False) for part, which in everyone])
        numbers = np.concatenate([samples.color_numbers(data, part, which, scale) for part, which in everyone])
        self._crowd.draw(stamped(xy, colors[numbers], plane.display_bounds, _STAMP, self.theme), plane.display_bounds)


def _surface(snapshot: Snapshot | None) -> NDArray[Any] | None:
    return None if snapshot is None else snapshot.arrays.get("surface")


def _places(data: SplitData, part: Part, which: NDArray[np.intp], plane: Plane, curve: bool) -> NDArray[np.floating]:
    """Return where samples lie in displayed units: (n, 2). With one feature, the target or the class says how high."""
    xy = plane.project(part.x[which])
    if curve:
        xy[:, 1] = data.scaling.unscaled_target(part.targets[which])
    elif data.n_features == 1 and data.task == "classification":
        xy[:, 1] = _class_rows(part.targets[which], data.n_classes, plane)
    return xy


def _class_rows(classes: NDArray[Any], count: int, plane: Plane) -> NDArray[np.float64]:
    """Return the height of each class when they stand one above the other: (n,)."""
    _, _, bottom, top = plane.display_bounds
    return bottom + (top - bottom) * (np.asarray(classes) + 0.5) / max(1, count)


def _short(text: str, most: int = 20) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
