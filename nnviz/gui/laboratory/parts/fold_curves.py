"""The curves of all folds, their mean with a band, and the epoch that they choose."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from nnviz.gui.plot import Band, Curve, Plot, Reading, Scale
from nnviz.gui.plot.chart import nearest
from nnviz.gui.plot.overlay import Line, Mark
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, finite_range
from nnviz.studies.cross_validation import CrossValidationReport


class FoldCurves(Plot):
    """Loss or error over epochs: every fold on what it holds out, the mean of them, and the mean on what they learn."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, Scale("epoch", whole=True), Scale("% wrong"), parent)
        self.quantity = "error"
        self._report: CrossValidationReport | None = None
        self._curves: list[Curve] = []
        self._band = self.add(Band())
        self._train, self._mean, self._single = (self.add(Curve()) for _ in range(3))
        self._mean.weight = 2.5
        self._band.setZValue(-5)
        self._mean.setZValue(3)
        self.pointed.connect(self._read_at)
        self.setAccessibleName("Curves of all folds")
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        if not hasattr(self, "_single"):
            return
        self._train.setPen(line(theme, "train"))
        self._mean.setPen(line(theme, "validation"))
        self._single.setPen(line(theme, "test", style=Qt.PenStyle.DashLine))
        self._band.setBrush(theme.color("validation", 0.25))
        for curve in self._curves:
            curve.setPen(line(theme, "validation", alpha=0.4))
        self.show_report(self._report)

    def show_report(self, report: CrossValidationReport | None) -> None:
        """Draw what is known."""
        self._report = report
        if report is None or not report.done.any():
            self.say("Each fold is held out once, and judges the network that learned from all others.")
            return
        self.say("")
        x, name = report.epochs.astype(float), f"validation_{self.quantity}"
        every = self._factor * getattr(report.curves, name)[report.done]
        self._make_room(len(every))
        for curve, values in zip(self._curves, every, strict=False):
            curve.draw(x, values)
        mean, error = (self._factor * each for each in report.mean(name))
        train, _ = report.mean(f"train_{self.quantity}")
        self._mean.draw(x, mean)
        self._band.draw(x, mean - error, mean + error)
        self._train.draw(x, self._factor * train)
        single = report.single if self.quantity == "error" and self._tested else None
        self._single.setVisible(single is not None)
        shown = [*every, mean + error, self._factor * train]
        if single is not None:
            self._single.draw(x, self._factor * single.test_error)
            shown.append(self._factor * single.test_error)
        reach = finite_range(*shown) or (0.0, 1.0)
        label = "loss" if self.quantity == "loss" else f"RMSE of {report.target}" if report.target else "% wrong"
        self.set_scales(Scale("epoch", whole=True), Scale(label), (0.0, max(1.0, x[-1])), (0.0, 1.06 * reach[1] or 1.0))
        place = report.chosen
        chosen = (
            () if place is None else (Mark(x[place], f"chosen: {int(x[place]):,}", self.theme.color("validation")),)
        )
        self.overlay.mark(chosen)
        self._read_at(self.pointer)

    def legend(self) -> list[Key]:
        """Return what the colours stand for."""
        report, theme = self._report, self.theme
        if report is None or not report.done.any():
            return []
        keys = [
            Key("train, mean", theme.color("train")),
            Key("held out, mean of folds", theme.color("validation")),
            Key("± standard error", theme.color("validation"), "area"),
        ]
        if self.quantity == "error" and self._tested:
            keys.append(Key("test part, single split", theme.color("test"), "dashes"))
        return keys

    @property
    def _tested(self) -> bool:
        """Whether the single split was measured on the test part."""
        single = self._report.single if self._report is not None else None
        return single is not None and bool(np.isfinite(single.test_error).any())

    @property
    def _factor(self) -> float:
        regression = self._report is not None and bool(self._report.target)
        return 1.0 if regression or self.quantity == "loss" else 100.0

    def _make_room(self, count: int) -> None:
        while len(self._curves) < count:
            self._curves.append(self.add(Curve()))
            self._curves[-1].setPen(line(self.theme, "validation", alpha=0.4))
        for number, curve in enumerate(self._curves):
            curve.setVisible(number < count)

    def _read_at(self, at: tuple[float, float] | None) -> None:
        report = self._report
        if at is None or report is None or not report.done.any():
            self.read(None)
            return
        place = nearest(report.epochs.astype(float), at[0])
        unit = " %" if self._factor > 1.0 else ""
        lines, dots = [Line(f"epoch {int(report.epochs[place]):,}")], []
        for word, name, color in (("train", "train", "train"), ("held out", "validation", "validation")):
            mean, error = (self._factor * float(each[place]) for each in report.mean(f"{name}_{self.quantity}"))
            spread = f" ± {value_text(error)}" if np.isfinite(error) else ""
            lines.append(Line(word, f"{value_text(mean)}{spread}{unit}", self.theme.color(color)))
            if np.isfinite(mean):
                dots.append((mean, self.theme.color(color)))
        if report.single is not None and self.quantity == "error" and self._tested:
            test = self._factor * float(report.single.test_error[place])
            lines.append(Line("test, single split", f"{value_text(test)}{unit}", self.theme.color("test")))
        self.read(Reading(float(report.epochs[place]), tuple(lines), tuple(dots)))
