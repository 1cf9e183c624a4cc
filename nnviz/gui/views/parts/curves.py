"""Views of curves over epochs: what learning curves and gradient norms have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QToolButton

from nnviz.gui.plot import Curve, Dot, Dots, Reading, Scale
from nnviz.gui.plot.chart import Range, nearest, steady
from nnviz.gui.plot.overlay import Line
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, Table, caption_of, finite_range, why_nothing
from nnviz.gui.views.parts.plot_view import PlotView
from nnviz.gui.views.parts.switches import add_switch
from nnviz.history.history import Event, History
from nnviz.snapshot import Snapshot

_LOG_ROOM = 0.35
"""On a log axis, how far below the smallest positive value the line for 0 lies, in decades."""

_BAR = 220
"""Width of what else stands in the title bar, in pixels."""


@dataclass(frozen=True)
class Series:
    """One curve: its name, colour, and a column (n,) of the history with the factor that brings it into its unit."""

    label: str
    color: QColor
    column: NDArray[Any]
    factor: float = 1.0

    def at(self, rows: Any) -> NDArray[Any]:
        """Return the values at some rows of the history, in the unit that is shown."""
        chosen: NDArray[Any] = self.column[rows]
        return chosen if self.factor == 1.0 else chosen * np.float32(self.factor)


class CurvesView(PlotView):
    """Curves over epochs, both axes linear or logarithmic.

    A concrete view says which `series` there are and how they are named; the rest is here. On a log axis
    values of 0 are drawn on a line of their own, marked 0, below all others; epoch 0 is left out.
    """

    starts_logarithmic: ClassVar[bool] = False
    weight: ClassVar[float] = 1.5
    """Thickness of the curves on screen."""
    empty = "Press Play: curves appear as the network learns."
    log_y_tip = "Logarithmic values"

    def build(self, theme: Theme) -> None:
        self.log_x, self.log_y = False, self.starts_logarithmic
        self._switches: list[QToolButton] = []
        self._curves: list[Curve] = []
        self._series: list[Series] = []
        self._rows = np.empty(0, np.int64)
        self._epochs = np.empty(0)
        self._x = np.empty(0)
        self._ys: list[NDArray[Any]] = []
        self._playhead: float | None = None
        self._head = Dots()
        self.make_plot(Scale("epoch", whole=True), Scale())
        self.build_below()
        self.plot.add(self._head).setZValue(5)

    def build_below(self) -> None:
        """Make the items that lie under the curves."""

    def series(self, history: History, snapshot: Snapshot | None) -> list[Series]:
        """Return the curves, without copying whole columns where that can be helped."""
        raise NotImplementedError

    def value_label(self, snapshot: Snapshot | None) -> str:
        """Return the name of the value axis, with its unit."""
        raise NotImplementedError

    def draw_below(self, history: History, x: NDArray[Any], ys: list[NDArray[Any]]) -> None:
        """Draw what lies under the curves, in plot coordinates."""

    def why_empty(self, history: History, snapshot: Snapshot | None) -> str:
        """Return the sentence that stands where there are no curves."""
        return why_nothing(history, self.empty if len(history) <= 1 else "No finite number has been measured yet.")

    # ------------------------------------------------------------ the contract of a view

    def draw(self, history: History, snapshot: Snapshot | None) -> None:
        self._series = self.series(history, snapshot)
        most = int(np.clip(2 * self.plot.area.width(), 600, 4000))
        rows = history.rows(most, log=self.log_x)
        epochs = history.column("epoch")[rows]
        log_x = self.log_x and len(epochs) > 0 and bool(epochs[-1] >= 2)
        if log_x:
            rows, epochs = rows[epochs >= 1], epochs[epochs >= 1]
        values = [series.at(rows) for series in self._series]
        zero = self._zero_line(values) if self.log_y else None
        self._rows, self._epochs = rows, epochs
        self._x = np.log10(epochs) if log_x else epochs
        self._ys = [_logarithms(each, zero) if self.log_y else each for each in values]
        past = snapshot is not None and snapshot.past and len(epochs) > 0
        at = float(snapshot.epoch) if past and snapshot is not None else None
        self._playhead = None if at is None else float(np.log10(max(at, 1.0))) if log_x else at
        scales = Scale("epoch", log=log_x, whole=True), Scale(self.value_label(snapshot), log=self.log_y, zero=zero)
        self._show(history, snapshot, scales, finite_range(*self._ys) if self._ys else None)
        keys = [key for key in self.legend() if key.sign == "line"]
        self.set_caption(self.fitting([caption_of(keys), *self.short_captions()], _BAR))

    def legend(self) -> tuple[Key, ...]:
        return tuple(Key(series.label, series.color) for series in self._series)

    def short_captions(self) -> list[str]:
        """Return shorter words for the title bar, the longest first, for when the legend does not fit."""
        return []

    def table(self, history: History, snapshot: Snapshot | None) -> Table:
        if not len(history):
            return {}
        unit = self.value_label(snapshot)
        columns = {f"{s.label.lower()} ({unit})": s.at(slice(None)) for s in self.series(history, snapshot)}
        return {"epoch": history.column("epoch").astype(np.int64), **columns} if columns else {}

    def reading(self, x: float, y: float) -> Reading | None:
        if not len(self._x) or not self._ys or self.shown is None:
            return None
        at = nearest(self._x, x)
        row = self._rows[at]
        lines = [Line(f"epoch {int(self._epochs[at]):,}")]
        lines += [Line(s.label, value_text(float(s.at(row))), s.color) for s in self._series[:12]]
        dots = [(float(ys[at]), s.color) for ys, s in zip(self._ys, self._series, strict=True) if np.isfinite(ys[at])]
        more = self.more_lines(self.shown[0].events, self._epochs[at], int(row))
        return Reading(float(self._x[at]), (*lines, *more), tuple(dots))

    def more_lines(self, events: Sequence[Event], epoch: float, row: int) -> list[Line]:
        """Return further lines of the read-out at an epoch; `row` is its row in the series that are drawn.

        In the history, which may have been thinned since they were drawn, it may have another.
        """
        return []

    # ------------------------------------------------------------ controls

    def controls(self, bar: QHBoxLayout) -> None:
        self._switches = [
            add_switch(bar, "log x", "Logarithmic epochs", self.log_x, self._set_log_x),
            add_switch(bar, "log y", self.log_y_tip, self.log_y, self._set_log_y),
        ]

    def state(self) -> dict[str, Any]:
        return {"log_x": self.log_x, "log_y": self.log_y}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.log_x = bool(state.get("log_x", self.log_x))
        self.log_y = bool(state.get("log_y", self.log_y))
        for switch, on in zip(self._switches, (self.log_x, self.log_y), strict=False):
            switch.setChecked(on)
        self.redraw_wanted.emit()

    def _set_log_x(self, on: bool) -> None:
        if on != self.log_x:
            self.log_x = on
            self.redraw_wanted.emit()

    def _set_log_y(self, on: bool) -> None:
        if on != self.log_y:
            self.log_y = on
            self.redraw_wanted.emit()

    # ------------------------------------------------------------ parts

    def _show(
        self, history: History, snapshot: Snapshot | None, scales: tuple[Scale, Scale], reach: Range | None
    ) -> None:
        if reach is None or not len(self._x):
            self.plot.say(self.why_empty(history, snapshot))
            self._rows = np.empty(0, np.int64)
            self._x = np.empty(0)
            return
        self.plot.say("")
        self.plot.set_scales(*scales, *self._ranges(reach))
        self._make_room(len(self._series))
        for curve, series, y in zip(self._curves, self._series, self._ys, strict=False):
            if curve.opts["pen"].color() != series.color or curve.opts["pen"].isCosmetic() == self.theme.export:
                curve.setPen(line(self.theme, series.color.name()))
            curve.draw(self._x, y)
        self._draw_heads()
        self.plot.overlay.place_playhead(self._playhead)
        self.draw_below(history, self._x, self._ys)

    def _ranges(self, reach: Range) -> tuple[Range, Range]:
        """Return what both axes have to show for values that reach from one number to another."""
        low, high = float(self._x[0]), float(self._x[-1])
        if self.log_y:
            span = steady(self.plot.y_range, *reach)
        else:  # from 0, so that heights can be compared
            span = steady(self.plot.y_range, min(0.0, reach[0]), reach[1], anchored=True)
        high = high if high > low else low + 1.0
        # Room for the dots at the end: in figures, which may be small, exactly theirs.
        room = 3.0 / max(1.0, self.plot.area.width()) if self.theme.export else 0.012
        return (low, high + room * (high - low)), span

    def _zero_line(self, values: list[NDArray[Any]]) -> float | None:
        """Return where values of 0 lie on the log axis; None when there is none."""
        with np.errstate(invalid="ignore"):
            if not any((each <= 0).any() for each in values):
                return None
            positive = [each[each > 0] for each in values]
        smallest = min((float(each.min()) for each in positive if len(each)), default=1.0)
        return float(np.log10(smallest)) - _LOG_ROOM

    def _make_room(self, count: int) -> None:
        """Have as many curves as there are series. More are made only when the network changes."""
        while len(self._curves) < count:
            curve = Curve()
            curve.weight = self.weight
            self._curves.append(self.plot.add(curve))
        for number, curve in enumerate(self._curves):
            curve.setVisible(number < count)

    def _draw_heads(self) -> None:
        """Put a dot on every curve: on its newest value, or in the past on that of the playhead."""
        points, looks = [], []
        last = None if self._playhead is None else nearest(self._x, self._playhead)
        for series, y in zip(self._series, self._ys, strict=True):
            finite = np.flatnonzero(np.isfinite(y[: None if last is None else last + 1]))
            if len(finite):
                points.append((self._x[finite[-1]], y[finite[-1]]))
                looks.append(Dot(((5.0, series.color),)))
        self._head.draw(np.array(points).reshape(-1, 2), np.arange(len(points)), looks)


def _logarithms(values: NDArray[Any], zero: float | None) -> NDArray[Any]:
    """Return decimal logarithms (n,), `zero` for values of 0 or less, NaN for NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(values)
        return logs if zero is None else np.where(values <= 0, zero, logs)
