"""Does training run at the edge of stability?"""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.epoch_curves import Trace
from nnviz.gui.laboratory.parts.states_page import StatesPage
from nnviz.gui.views import Table
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

    def add_results(self, column: QVBoxLayout) -> None:
        upper = (
            "Sharpness over epochs",
            "“Measure” finds λmax at the states that are kept of this run, and goes on while it trains.",
            3,
        )
        lower = (
            "Training loss over epochs",
            "The training loss at the same states.",
            2,
        )
        self.add_plots(column, upper, lower)

    def needs_test(self) -> bool:
        return False

    def make_study(self) -> Study[SharpnessReport]:
        return SharpnessStudy(self.library().prepare, self.states(), follow=True)

    def show_report(self, report: SharpnessReport) -> None:
        if len(report.epochs) < 2:
            self.clear_plots()
            return
        traces = [Trace("λmax, sharpness", report.sharpness, "accent")]
        if np.isfinite(report.limit).any():
            traces.append(Trace(limit_formula(report.training), report.limit, "danger", dashed=True))
        marks = () if report.crossing is None else ((report.crossing, f"reached: {report.crossing:,}", "danger"),)
        top = 1.06 * float(np.nanmax([report.sharpness.max(), *report.limit, 1e-12]))
        bottom = min(0.0, float(report.sharpness.min()))
        self.plot.show_traces(report.epochs, traces, "λmax of the training loss", (bottom, top), marks=marks)
        loss = Trace("train", report.loss, "train")
        self.plots[1].show_traces(report.epochs, (loss,), "training loss")
        self.legend.show_keys((*self.plot.legend(), *self.plots[1].legend()))

    def finished(self, report: SharpnessReport) -> str:
        return sentence(report)

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
