"""The plot of choosing by the test error: what the best so far looks like, and what it is."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from nnviz.gui.plot import Band, Curve, Dot, Dots, Plot, Reading, Scale
from nnviz.gui.plot.overlay import Level, Line
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key
from nnviz.gui.views.parts.layers import mixed
from nnviz.studies.selection import SelectionReport


class SelectionPlot(Plot):
    """Error on the test part and true error of the best of m candidates over m: here, on average, and by theory."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, Scale("networks to choose from", log=True, whole=True), Scale("% wrong"), parent)
        self._report: SelectionReport | None = None
        self._band = self.add(Band())
        self._theory_test, self._theory_true = self.add(Curve()), self.add(Curve())
        self._test, self._true = self.add(Curve()), self.add(Curve())
        self._dots = self.add(Dots())
        self._band.setZValue(-5)
        self._dots.setZValue(5)
        self.pointed.connect(self._read_at)
        self.setAccessibleName("Test error and true error of the best of some networks")
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        if not hasattr(self, "_dots"):
            return
        self._band.setBrush(theme.color("gap", 0.16 if theme.dark else 0.13))
        self._test.setPen(line(theme, "test"))
        self._true.setPen(line(theme, "text"))
        self._theory_test.setPen(line(theme, "test", style=Qt.PenStyle.DashLine))
        self._theory_true.setPen(line(theme, "text", style=Qt.PenStyle.DashLine))
        self.show_report(self._report)

    def show_report(self, report: SelectionReport | None) -> None:
        """Draw what is known."""
        self._report = report
        if report is None or report.count < 2:
            self.say("Many networks are trained, and the best is chosen by its error on a small test part.")
            return
        self.say("")
        m = np.arange(1, report.count + 1)
        x = np.log10(m)
        test, true = (100.0 * each for each in report.usually())
        here_test, here_true = (100.0 * each for each in report.here())
        self._test.draw(x, test)
        self._true.draw(x, true)
        self._band.draw(x, test, np.maximum(test, true))
        theory = report.theory
        assert theory is not None
        for curve, values in zip((self._theory_test, self._theory_true), theory, strict=True):
            curve.draw(x[: len(values)], 100.0 * values)
        steps = np.flatnonzero(np.diff(here_test, prepend=np.inf) < 0)  # where another one became the best
        dots = np.concatenate([np.column_stack([x[steps], y[steps]]) for y in (here_test, here_true)])
        looks = [Dot(((7.0, self.theme.color(name)),)) for name in ("test", "text")]
        self._dots.draw(dots, np.repeat([0, 1], len(steps)), looks)
        mean = 100.0 * float(report.true.mean())
        everything = np.concatenate([test, true, here_test, here_true, *(100.0 * each for each in theory), [mean]])
        low, high = float(everything.min()), float(everything.max())
        room = 0.08 * (high - low) or 1.0
        across = (-0.02 * float(x[-1]), 1.02 * float(x[-1]))
        self.set_range(across, (max(-0.5, low - room), high + room))
        self.overlay.mark(levels=(Level(mean, self.theme.color("muted")),))
        self._read_at(self.pointer)

    def legend(self) -> list[Key]:
        """Return what the colours stand for."""
        if self._report is None or self._report.count < 2:
            return []
        theme, theory = self.theme, self._report.theory
        return [
            Key("looks, on the test part", theme.color("test")),
            Key("is, on all other samples", theme.color("text")),
            Key("optimism", mixed(theme.color("card"), theme.color("gap"), 0.3), "area"),
            *([Key("theory", theme.color("muted"), "dashes")] if theory is not None and len(theory[0]) else []),
            Key("this test part", theme.color("test"), "dot"),
        ]

    def _read_at(self, at: tuple[float, float] | None) -> None:
        report = self._report
        if at is None or report is None or report.count < 2:
            self.read(None)
            return
        place = int(np.clip(round(10.0 ** at[0]), 1, report.count)) - 1
        theory = report.theory
        assert theory is not None
        lines = [Line(f"best of {place + 1:,}, on average over {len(report.tests):,} test parts")]
        dots, colors = [], (self.theme.color("test"), self.theme.color("text"))
        usual, here = report.usually(), report.here()
        for word, number in (("looks", 0), ("is", 1)):
            value = 100.0 * float(usual[number][place])
            lines.append(Line(word, f"{value_text(value)} %", colors[number]))
            if place < len(theory[number]):
                lines.append(Line(f"{word}, by theory", f"{value_text(100.0 * float(theory[number][place]))} %"))
            lines.append(Line(f"{word}, this test part", f"{value_text(100.0 * float(here[number][place]))} %"))
            dots.append((value, colors[number]))
        self.read(Reading(float(np.log10(place + 1)), tuple(lines), tuple(dots)))
