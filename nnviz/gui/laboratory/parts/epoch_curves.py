"""Curves over epochs, each with a name: a plot with a legend and a read-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from nnviz.gui.plot import Band, Curve, Plot, Reading, Scale
from nnviz.gui.plot.chart import Range, nearest
from nnviz.gui.plot.overlay import Level, Line, Mark
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, finite_range

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class Trace:
    """One curve: its name, values (t,) at the epochs of the plot, and a colour of the theme by name.

    `low` and `high` (t,) are the borders of a band around it. `after` is written behind each value.
    """

    name: str
    values: Floats
    color: str
    dashed: bool = False
    low: Floats | None = None
    high: Floats | None = None
    after: str = ""


class EpochCurves(Plot):
    """Several traces at common epochs, on a linear or logarithmic axis, with faint levels and marks."""

    def __init__(self, theme: Theme, words: str, log_x: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(theme, Scale("epoch", whole=True, log=log_x), Scale(""), parent)
        self.log_x = log_x
        self._epochs: NDArray[np.int64] = np.empty(0, np.int64)
        self.traces: tuple[Trace, ...] = ()
        self._label, self._fixed = "", (0.0, 0.0)
        self._levels: tuple[tuple[float, str], ...] = ()
        self._marks: tuple[tuple[float, str, str], ...] = ()
        self._bands: list[Band] = []
        self._curves: list[Curve] = []
        self.pointed.connect(self._read_at)
        self.setAccessibleName(words)
        self.clear("")

    def clear(self, sentence: str) -> None:
        """Show a sentence alone."""
        self.traces, self._epochs = (), np.empty(0, np.int64)
        self.read(None)
        self.say(sentence)

    def show_traces(
        self,
        epochs: NDArray[np.int64],
        traces: Sequence[Trace],
        label: str,
        span: Range = (0.0, 0.0),
        levels: Sequence[tuple[float, str]] = (),
        marks: Sequence[tuple[float, str, str]] = (),
    ) -> None:
        """Draw traces over `epochs` (t,), ascending; `label` says what they measure, with its unit.

        `span` holds the ends of the axis, for it to be as long as the traces where both are 0. Levels are (height,
        colour), marks (epoch, words, colour).
        """
        self._epochs, self.traces, self._label, self._fixed = epochs, tuple(traces), label, span
        self._levels, self._marks = tuple(levels), tuple(marks)
        self._draw()

    def set_log_x(self, on: bool) -> None:
        """Make the axis of epochs logarithmic, or linear."""
        self.log_x = on
        self._draw()

    def legend(self) -> tuple[Key, ...]:
        """Return what the colours stand for."""
        return tuple(
            Key(each.name, self.theme.color(each.color), "dashes" if each.dashed else "line") for each in self.traces
        )

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        if hasattr(self, "_curves"):
            self._draw()

    # ------------------------------------------------------------ drawing

    def _draw(self) -> None:
        if not self.traces or not len(self._epochs):
            return
        shown = self._epochs > 0 if self.log_x else np.ones(len(self._epochs), bool)
        if not shown.any():
            self.say("The curves appear with the first epoch.")
            return
        self.say("")
        x = self._x(self._epochs[shown])
        while len(self._curves) < len(self.traces):
            self._bands.append(self.add(Band()))
            self._curves.append(self.add(Curve()))
        ends = []
        for number, (band, curve) in enumerate(zip(self._bands, self._curves, strict=True)):
            used = number < len(self.traces)
            curve.setVisible(used)
            trace = self.traces[number] if used else None
            band.setVisible(trace is not None and trace.low is not None)
            if trace is None:
                continue
            style = Qt.PenStyle.DashLine if trace.dashed else Qt.PenStyle.SolidLine
            curve.setPen(line(self.theme, trace.color, style=style))
            curve.draw(x, trace.values[shown])
            ends.append(trace.values[shown])
            if trace.low is not None and trace.high is not None:
                band.setBrush(self.theme.color(trace.color, 0.2))
                band.draw(x, trace.low[shown], trace.high[shown])
                ends += [trace.low[shown], trace.high[shown]]
        self._place(x, ends)
        levels = tuple(Level(height, self.theme.color(color)) for height, color in self._levels)
        places = self._x(np.array([max(at, 1.0 if self.log_x else 0.0) for at, _, _ in self._marks]))
        marks = zip(places.tolist(), self._marks, strict=True)
        self.overlay.mark(
            tuple(Mark(at, words, self.theme.color(color)) for at, (_, words, color) in marks), (), levels
        )
        self._read_at(self.pointer)

    def _place(self, x: Floats, ends: Sequence[Floats]) -> None:
        low, high = self._fixed
        if low == high:
            reach = finite_range(*ends, np.array([height for height, _ in self._levels])) or (0.0, 1.0)
            room = 0.06 * (reach[1] - reach[0]) or 0.5
            low, high = reach[0] - room, reach[1] + room
        across = (float(x[0]), float(max(x[-1], x[0] + 0.1)))
        self.set_scales(Scale("epoch", whole=True, log=self.log_x), Scale(self._label), across, (low, high))

    def _x(self, epochs: NDArray[np.generic]) -> Floats:
        values = np.asarray(epochs, np.float64)
        return np.log10(values) if self.log_x else values

    def _read_at(self, at: tuple[float, float] | None) -> None:
        shown = self._epochs[self._epochs > 0] if self.log_x else self._epochs
        if at is None or not self.traces or not len(shown):
            self.read(None)
            return
        place = nearest(self._x(shown), at[0])
        row = place + len(self._epochs) - len(shown)
        lines, dots = [Line(f"epoch {int(self._epochs[row]):,}")], []
        for trace in self.traces:
            value, color = float(trace.values[row]), self.theme.color(trace.color)
            if np.isfinite(value):
                lines.append(Line(trace.name, f"{value_text(value)}{trace.after}", color))
                dots.append((value, color))
        self.read(Reading(float(self._x(shown)[place]), tuple(lines), tuple(dots)))
