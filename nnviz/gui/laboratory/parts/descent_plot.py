"""The plot of a double descent: one measurement over an axis, training beside test, with bands over seeds."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from nnviz.gui.plot import Band, Curve, Dot, Dots, Plot, Reading, Scale
from nnviz.gui.plot.chart import nearest
from nnviz.gui.plot.overlay import Line, Mark
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import finite_range
from nnviz.studies.axes import number
from nnviz.studies.double_descent import Descent

Floats = NDArray[np.float64]
Quantity = Literal["loss", "error"]

_ZERO_ROOM = 0.35
"""On a log axis, how far below the smallest positive place that of 0 lies, in decades."""


class DescentPlot(Plot):
    """Means over the seeds that are done, and bands from the lowest of them to the highest."""

    picked = Signal(int)
    """The user clicked near the place of this number."""
    opened = Signal(int)
    """The user clicked it twice."""

    def __init__(self, quantity: Quantity, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, Scale(), Scale(quantity), parent)
        self.quantity = quantity
        self.log_y = False
        self._report: Descent | None = None
        self._chosen: int | None = None
        self._bands = {part: self.add(Band()) for part in ("train", "test")}
        self._curves = {part: self.add(Curve()) for part in ("train", "test")}
        self._dots = self.add(Dots())
        for band in self._bands.values():
            band.setZValue(-5)
        self._dots.setZValue(5)
        self.pointed.connect(self._read_at)
        self.setAccessibleName(f"Training and test {quantity}")
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        if hasattr(self, "_dots"):
            for part in self._curves:
                self._curves[part].setPen(line(theme, part))
                self._bands[part].setBrush(theme.color(part, 0.22))
            self._draw()

    def show_report(self, report: Descent | None, chosen: int | None, empty: str) -> None:
        """Show what is known, with one place marked; without anything, the sentence `empty`."""
        self._report, self._chosen = report, chosen
        if report is None or not report.done:
            self.say(empty)
            return
        self.say("")
        self._draw()

    def set_log_y(self, on: bool) -> None:
        """Make the values logarithmic, or linear."""
        self.log_y = on
        self._draw()

    # ------------------------------------------------------------ drawing

    def _draw(self) -> None:
        report = self._report
        if report is None or not report.done:
            return
        x, ends = self._x(report.values), []
        for part in self._curves:
            values = self._values(part)
            known = np.isfinite(values).any(axis=1)
            at, seen = x[known], values[known]
            low, high = np.nanmin(seen, axis=1), np.nanmax(seen, axis=1)
            self._bands[part].draw(at, self._y(low), self._y(high))
            self._curves[part].draw(at, self._y(np.nanmean(seen, axis=1)))
            ends += [low, high]
        self._draw_dots(x)
        self._place(x, ends)
        self._mark()
        self._read_at(self.pointer)

    def _values(self, part: str) -> Floats:
        """Return what is shown of one part: (places, seeds), rates in percent."""
        report = self._report
        assert report is not None
        values: Floats = getattr(report, f"{part}_{self.quantity}")
        return 100.0 * values if self.quantity == "error" and not report.target else values

    def _draw_dots(self, x: Floats) -> None:
        points, which, looks = [], [], []
        for part, own in (("train", 0), ("test", 2)):
            values = self._values(part)
            known = np.flatnonzero(np.isfinite(values).any(axis=1))
            mean = np.nanmean(values[known], axis=1)
            points += list(zip(x[known].tolist(), self._y(mean).tolist(), strict=True))
            which += [own + int(place == self._chosen) for place in known]
            color = self.theme.color(part)
            looks += [Dot(((6.0, color),)), Dot(((12.0, self.theme.color("text")), (9.0, color)))]
        self._dots.draw(np.array(points).reshape(-1, 2), np.array(which, np.intp), looks)

    def _place(self, x: Floats, ends: list[Floats]) -> None:
        report = self._report
        assert report is not None
        axis = report.axis
        words = f"{axis.title.lower()} ({axis.unit})" if axis.unit and axis.unit != axis.title.lower() else axis.unit
        across = Scale(words or axis.title.lower(), log=axis.logarithmic, whole=axis.whole, zero=self._zero)
        fixed = {"%": tuple((share / 100, f"{share} %") for share in range(0, 101, 10))}.get(axis.unit)
        if fixed is not None:
            across = Scale(axis.title.lower(), fixed=fixed)
        label = report.loss if self.quantity == "loss" else "error rate (%)"
        if self.quantity == "error" and report.target:
            label = f"RMSE of {report.target}"
        reach = finite_range(*(self._y(each) for each in ends)) or (0.0, 1.0)
        room = 0.06 * (reach[1] - reach[0]) or 0.5
        low = reach[0] - room if self.log_y else 0.0
        margin = 0.02 * float(x[-1] - x[0]) or 0.5
        span = (float(x[0]) - margin, float(x[-1]) + margin)
        self.set_scales(across, Scale(label, log=self.log_y), span, (low, reach[1] + room))

    def _mark(self) -> None:
        """Mark the interpolation threshold: by counting, and where the training error reaches 0."""
        report = self._report
        assert report is not None
        muted, marks = self.theme.color("muted"), []
        if np.isfinite(report.threshold_at):
            marks.append(Mark(float(self._x(np.array([report.threshold_at]))[0]), "interpolation threshold", muted))
        elif np.isfinite(report.fits_at):
            marks.append(Mark(float(self._x(np.array([report.fits_at]))[0]), "training error 0", muted))
        self.overlay.mark(tuple(marks))

    # ------------------------------------------------------------ coordinates

    @property
    def _zero(self) -> float | None:
        """Where 0 stands on a logarithmic axis that has it."""
        values = self._report.values if self._report is not None else np.empty(0)
        if not len(values) or values[0] > 0.0 or self._report is None or not self._report.axis.logarithmic:
            return None
        positive = values[values > 0.0]
        return float(np.log10(positive[0])) - _ZERO_ROOM if len(positive) else 0.0

    def _x(self, values: Floats) -> Floats:
        if self._report is None or not self._report.axis.logarithmic:
            return np.asarray(values, np.float64)
        zero = self._zero
        with np.errstate(divide="ignore"):
            placed = np.log10(np.asarray(values, np.float64))
        return placed if zero is None else np.maximum(placed, zero)

    def _y(self, values: Floats) -> Floats:
        return np.log10(np.maximum(values, 1e-9)) if self.log_y else np.asarray(values, np.float64)

    # ------------------------------------------------------------ mouse

    def _nearest(self, x: float) -> int | None:
        if self._report is None or not self._report.done:
            return None
        return nearest(self._x(self._report.values), x)

    def _read_at(self, at: tuple[float, float] | None) -> None:
        place = None if at is None else self._nearest(at[0])
        report = self._report
        if place is None or report is None:
            self.read(None)
            return
        lines = [Line(number(report.axis, float(report.values[place])))]
        lines.append(Line("parameters", f"{report.n_parameters[place]:,}"))
        dots = []
        for part in ("test", "train"):
            seen = self._values(part)[place]
            seen = seen[np.isfinite(seen)]
            if len(seen):
                mean, color = float(seen.mean()), self.theme.color(part)
                spread = (
                    f" ({value_text(float(seen.min()))} – {value_text(float(seen.max()))})" if len(seen) > 1 else ""
                )
                lines.append(Line(part, f"{value_text(mean)}{spread}", color))
                dots.append((float(self._y(np.array([mean]))[0]), color))
        self.read(Reading(float(self._x(report.values)[place]), tuple(lines), tuple(dots)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._click(event, self.picked)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._click(event, self.opened)

    def _click(self, event: QMouseEvent, signal: object) -> None:
        place = self._nearest(self.from_pixel(event.position())[0])
        if event.button() is not Qt.MouseButton.LeftButton or place is None:
            event.ignore()
            return
        signal.emit(place)  # type: ignore[attr-defined]
        event.accept()
