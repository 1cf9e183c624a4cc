"""The difference of one cure to the run, epoch by epoch, with a band over seeds."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QWidget

from nnviz.gui.plot import Band, Curve, Plot, Reading
from nnviz.gui.plot.chart import nearest, steady
from nnviz.gui.plot.overlay import Level, Line
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import Scale, value_text
from nnviz.gui.theme import Theme
from nnviz.training.twin_report import Outcome, Report


class DifferenceCurve(Plot):
    """Mean paired difference of the test errors, and the 95 % interval of that mean over the seeds."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, Scale("epoch", whole=True), Scale("difference"), parent)
        self._band, self._curve = self.add(Band()), self.add(Curve())
        self._x = np.empty(0)
        self._values: tuple[np.ndarray, np.ndarray, np.ndarray] = (self._x, self._x, self._x)
        self._unit = ""
        self.pointed.connect(self._read_at)
        self.setAccessibleName("Difference of the test errors over epochs")
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        if hasattr(self, "_curve"):
            self._curve.setPen(line(theme, "accent"))
            self._band.setBrush(theme.color("accent", 0.22))

    def show_outcome(self, report: Report, outcome: Outcome | None) -> None:
        """Draw the difference that one variant makes, as far as it is known."""
        if outcome is None:
            self.say("")
            return
        factor = 1.0 if report.target else 100.0
        self._unit = report.target or "pp"
        difference = outcome.curve
        mean, low, high = (factor * each for each in (difference.mean, difference.low, difference.high))
        known = np.isfinite(mean)
        if not known.any():
            self.say("The curve appears as the twins are trained.")
            return
        self.say("")
        self._x, self._values = report.epochs[known].astype(float), (mean[known], low[known], high[known])
        ends = np.concatenate([mean[known], low[known], high[known], [0.0]])
        ends = ends[np.isfinite(ends)]
        label = f"RMSE of {self._unit}, difference" if report.target else "test error, difference in pp"
        span = steady(self.y_range, float(ends.min()), float(ends.max()))
        last = max(1.0, float(report.epochs[-1]))
        self.set_scales(Scale("epoch", whole=True), Scale(label), (0.0, last), span)
        self._band.draw(self._x, low[known], high[known])
        self._curve.draw(self._x, mean[known])
        self.overlay.mark(levels=(Level(0.0, self.theme.color("muted")),))

    def _read_at(self, at: tuple[float, float] | None) -> None:
        if at is None or not len(self._x):
            self.read(None)
            return
        place = nearest(self._x, at[0])
        mean, low, high = (float(each[place]) for each in self._values)
        lines = [Line(f"epoch {int(self._x[place]):,}"), Line("difference", f"{value_text(mean)} {self._unit}")]
        if np.isfinite(low):
            lines.append(Line("95 % interval", f"{value_text(low)} to {value_text(high)}"))
        self.read(Reading(float(self._x[place]), tuple(lines), ((mean, self.theme.color("accent")),)))
