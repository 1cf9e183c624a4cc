"""A whole and its parts, one on top of the other, over epochs or widths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from nnviz.gui.plot import Band, Curve, Plot, Reading, Scale
from nnviz.gui.plot.chart import nearest, steady
from nnviz.gui.plot.overlay import Line, Mark
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import minus, value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, finite_range

Floats = NDArray[np.float64]

_ROOM = 2.5
"""How many times the largest value of the later half is shown at most: what was before training took hold is cut."""

_ZERO = 0.3
"""Where 0 lies on a logarithmic axis, in place of 1 / 2."""

COLORS: dict[str, str | int] = {"floor": "muted", "fit": 2, "samples": 1, "training": 3, "saved": 4}
"""What parts are drawn in, by what they are owed to: colours of the theme, or of its layers, which no part is."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One part: its name, values (m,) with their standard errors, NaN where unknown, and what it is owed to.

    A negative part lies over those below it; it has the colour, and in the legend the name, of what is saved.
    """

    name: str
    values: Floats
    errors: Floats
    owed_to: str
    saved: str = ""


def part_color(theme: Theme, owed_to: str) -> str:
    """Return the colour of a part, as #rrggbb."""
    color = COLORS[owed_to]
    return theme.layers[color] if isinstance(color, int) else theme.color(color).name()


class StackedParts(Plot):
    """Areas from the bottom up, a line where each ends, two standard errors around it, and the whole as a line."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, Scale("epoch", whole=True), Scale(), parent)
        self.log_x = True
        self._x: Floats = np.empty(0)
        self._layers: tuple[Layer, ...] = ()
        self._total: Floats = np.empty(0)
        self._total_error: Floats = np.empty(0)
        self._labels = ("epoch", "", "total")
        self._factor, self._unit = 1.0, ""
        self._mark: tuple[float, str] | None = None
        self._areas: list[Band] = []
        self._doubts: list[Band] = []
        self._edges: list[Curve] = []
        self._whole = self.add(Curve())
        self._whole.setZValue(4)
        self.pointed.connect(self._read_at)
        self.setAccessibleName(name)

    # ------------------------------------------------------------ what a page does

    def show_parts(
        self,
        x: NDArray[np.number],
        layers: Sequence[Layer],
        total: tuple[Floats, Floats],
        labels: tuple[str, str, str],
        factor: float = 1.0,
        unit: str = "",
        mark: tuple[float, str] | None = None,
    ) -> None:
        """Show other parts over ascending x (m,); `total` are values and standard errors.

        `labels` are those of the axes and of the total. Values are drawn, and told, times `factor`, in `unit`. `mark`
        is a dashed line at some x, with words.
        """
        self._x, self._layers = np.asarray(x, np.float64), tuple(layers)
        self._total, self._total_error = total
        self._labels, self._factor, self._unit, self._mark = labels, factor, unit, mark
        self._redraw()

    def clear(self, sentence: str) -> None:
        """Show a sentence alone."""
        self._x, self._layers = np.empty(0), ()
        self.read(None)
        self.say(sentence)

    def set_log_x(self, on: bool) -> None:
        """Show x on a logarithmic axis or on a linear one."""
        self.log_x = on
        self._redraw()

    def legend(self) -> list[Key]:
        """Return what the colours mean."""
        keys = []
        for layer in self._layers:
            if not np.isfinite(layer.values).any():
                continue
            keys.append(Key(layer.name, self.theme.color(part_color(self.theme, layer.owed_to)), "area"))
            if layer.saved and np.any(layer.values < 0):
                keys.append(Key(layer.saved, self.theme.color(part_color(self.theme, "saved")), "area"))
        if not keys:
            return []
        whole = Key(self._labels[2], self.theme.color("test"), "line")
        return [*keys, whole, Key("shaded: ± 2 standard errors", self.theme.color("muted"), "blank")]

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        if hasattr(self, "_whole"):
            self._redraw()

    # ------------------------------------------------------------ drawing

    def _redraw(self) -> None:
        if not self._layers:
            return
        shown = [layer for layer in self._layers if np.isfinite(layer.values).any()]
        reach = self._reach(self._tops(shown))
        if reach is None or len(self._x) < 2:
            self.say("The parts appear here as the networks learn.")
            return
        self.say("")
        x = self._places(self._x)
        up = steady(self.y_range, *reach, anchored=reach[0] == 0.0)
        zero = float(np.log10(_ZERO)) if self.log_x and len(self._x) and self._x[0] < 1 else None
        self.set_scales(
            Scale(self._labels[0], log=self.log_x, whole=True, zero=zero),
            Scale(self._labels[1]),
            (float(x[0]), float(x[-1])),
            up,
        )
        self._draw_areas(x, shown)
        self._whole.setPen(line(self.theme, "test"))
        self._whole.draw(x, self._factor * self._total)
        marks: tuple[Mark, ...] = ()
        if self._mark is not None:
            at = float(self._places(np.array([self._mark[0]]))[0])
            marks = (Mark(at, self._mark[1], self.theme.color("muted")),)
        self.overlay.mark(marks=marks)
        self._read_at(self.pointer)

    def _reach(self, tops: Sequence[Floats]) -> tuple[float, float] | None:
        """Return what is shown upwards: all from 0 on, but little more than the later half needs."""
        ends = [self._factor * self._total, *tops]
        everything, later = finite_range(*ends), finite_range(*(end[len(end) // 2 :] for end in ends))
        if everything is None:
            return None
        cut = later is not None and self._labels[0] == "epoch"
        high = everything[1] if later is None or not cut else min(everything[1], _ROOM * later[1])
        return min(0.0, everything[0]), high if high > 0.0 else everything[1]

    def _draw_areas(self, x: Floats, shown: Sequence[Layer]) -> None:
        self._make_room(len(shown))
        tops = self._tops(shown)
        bottom = np.zeros(len(x))
        for number, layer in enumerate(shown):
            color = part_color(self.theme, layer.owed_to)
            area, doubt, edge = self._areas[number], self._doubts[number], self._edges[number]
            area.setBrush(self.theme.color(color, 0.75))
            at, low, high = _with_crossings(x, bottom, tops[number])
            area.draw(at, low, np.maximum(high, low))
            saved = self._areas[len(shown) + number]
            saved.setVisible(bool(layer.saved))
            if layer.saved:
                saved.setBrush(self.theme.color(part_color(self.theme, "saved"), 0.8))
                saved.draw(at, np.where(high <= low, high, np.nan), low)
            doubt.setBrush(self.theme.color("text", 0.16))
            half = 2 * self._factor * layer.errors
            doubt.draw(x, tops[number] - half, tops[number] + half)
            edge.setPen(line(self.theme, color))
            edge.draw(x, tops[number])
            bottom = tops[number]

    def _tops(self, shown: Sequence[Layer]) -> list[Floats]:
        """Return where each of the layers ends (m,)."""
        return [self._factor * top for top in np.cumsum([layer.values for layer in shown], axis=0)] if shown else []

    def _make_room(self, count: int) -> None:
        while len(self._edges) < count:
            self._doubts.append(self.add(Band()))
            self._edges.append(self.add(Curve()))
            self._doubts[-1].setZValue(2)
            self._edges[-1].setZValue(3)
        while len(self._areas) < 2 * count:
            self._areas.append(self.add(Band()))
            self._areas[-1].setZValue(len(self._areas) / 100)
        for items, most in ((self._areas, 2 * count), (self._doubts, count), (self._edges, count)):
            for number, item in enumerate(items):
                item.setVisible(number < most)  # type: ignore[attr-defined]

    def _places(self, x: Floats) -> Floats:
        return np.log10(np.maximum(x, _ZERO)) if self.log_x else x

    # ------------------------------------------------------------ reading

    def _read_at(self, at: tuple[float, float] | None) -> None:
        if at is None or not len(self._x):
            self.read(None)
            return
        x = self._places(self._x)
        place = nearest(x, at[0])
        name = self._labels[0]
        lines = [Line(f"{name} {self._x[place]:,.0f}")]
        for layer in reversed(self._layers):
            color = self.theme.color(part_color(self.theme, layer.owed_to))
            lines.append(Line(layer.name, self._told(layer.values[place], layer.errors[place]), color))
        total = self._told(self._total[place], self._total_error[place])
        lines.insert(1, Line(self._labels[2], total, self.theme.color("test")))
        dot = self._factor * float(self._total[place])
        dots = ((dot, self.theme.color("test")),) if np.isfinite(dot) else ()
        self.read(Reading(float(x[place]), tuple(lines), dots))

    def _told(self, value: float, error: float) -> str:
        if not np.isfinite(value):
            return "not known"
        return plus_minus(self._factor * float(value), self._factor * float(error)) + self._unit


def _with_crossings(x: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
    """Return two lines over x, all (n,), with the points where they cross each other added."""
    apart = high - low
    with np.errstate(invalid="ignore"):
        before = np.flatnonzero(apart[:-1] * apart[1:] < 0.0)
    share = apart[before] / (apart[before] - apart[before + 1])
    made = [each[before] + share * (each[before + 1] - each[before]) for each in (x, low)]
    return (
        np.insert(x, before + 1, made[0]),
        np.insert(low, before + 1, made[1]),
        np.insert(high, before + 1, made[1]),
    )


def plus_minus(value: float, error: float) -> str:
    """Return a value with its standard error, both to the second figure of that; a value alone where there is none."""
    if not error > 0.0 or not math.isfinite(value):
        return value_text(value)
    digits = min(6, max(0, 1 - math.floor(math.log10(error))))
    return minus(f"{value:.{digits}f} ± {error:.{digits}f}")
