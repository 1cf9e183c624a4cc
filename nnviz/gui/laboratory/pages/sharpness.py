"""Does training run at the edge of stability?"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from nnviz.gui.compare.page import card
from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.epoch_curves import EpochCurves, Trace
from nnviz.gui.laboratory.parts.states_page import StatesPage
from nnviz.gui.theme import Theme
from nnviz.gui.views import Table, caption_of
from nnviz.gui.views.parts.switches import add_switch
from nnviz.studies.sharpness import SharpnessReport, SharpnessStudy, limit_formula, sentence
from nnviz.studies.study import Study


@pages.register
class SharpnessPage(StatesPage[SharpnessReport]):
    """The largest curvature of the training loss along the run in front, beside what its learning rate allows."""

    name = "sharpness"
    title = "Sharpness"
    help = (
        "The largest eigenvalue λmax of the second derivative of the training loss, at every state kept of the run in "
        "front. Gradient descent with learning rate η overshoots where it is above 2/η; full-batch training climbs "
        "there by itself and stays: the edge of stability."
    )
    group = GROUPS[1]
    order = 70
    shows_test = False

    def add_results(self, column: QVBoxLayout) -> None:
        self.plot = EpochCurves(self.theme, "Sharpness over epochs", False, self)
        self.loss_plot = EpochCurves(self.theme, "Training loss over epochs", False, self)
        self.plot.setMinimumHeight(220)
        self.loss_plot.setMinimumHeight(130)
        self.plot.clear("“Measure” finds λmax at the states that are kept of this run, and goes on while it trains.")
        self.loss_plot.clear("The training loss at the same states.")
        self.legend = QLabel(self)
        self.legend.setObjectName("muted")
        self.legend.setWordWrap(True)
        bar = QHBoxLayout()
        bar.addWidget(self.legend, 1)
        add_switch(bar, "log epochs", "Logarithmic epochs: the beginning takes more room", False, self._set_log)
        column.addLayout(bar)
        column.addWidget(card(self.plot), 3)
        column.addWidget(card(self.loss_plot), 2)

    def make_study(self) -> Study[SharpnessReport]:
        return SharpnessStudy(self.library().prepare, self.states(), follow=True)

    def show_report(self, report: SharpnessReport) -> None:
        if not len(report.epochs):
            return
        traces = [Trace("λmax, sharpness", report.sharpness, "accent")]
        if np.isfinite(report.limit).any():
            traces.append(Trace(limit_formula(report.training), report.limit, "danger", dashed=True))
        marks = () if report.crossing is None else ((report.crossing, f"reached: {report.crossing:,}", "danger"),)
        top = 1.06 * float(np.nanmax([report.sharpness.max(), *report.limit, 1e-12]))
        bottom = min(0.0, float(report.sharpness.min()))
        self.plot.show_traces(report.epochs, traces, "λmax of the training loss", (bottom, top), marks=marks)
        loss = Trace("train", report.loss, "train")
        self.loss_plot.show_traces(report.epochs, (loss,), "training loss")
        self.legend.setText(caption_of((*self.plot.legend(), *self.loss_plot.legend())))

    def finished(self, report: SharpnessReport) -> str:
        return sentence(report)

    @Slot(bool)
    def _set_log(self, on: bool) -> None:
        self.plot.set_log_x(on)
        self.loss_plot.set_log_x(on)

    def table(self) -> Table:
        """Return the numbers that are drawn."""
        report = self._shown
        if report is None or not len(report.epochs):
            return {}
        return {
            "epoch": report.epochs,
            "sharpness": report.sharpness,
            "error bound of the sharpness": report.error,
            "stability limit": report.limit,
            "train loss": report.loss,
        }

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for plot in (self.plot, self.loss_plot):
            plot.apply_theme(theme)
        self.legend.setText(caption_of((*self.plot.legend(), *self.loss_plot.legend())))
