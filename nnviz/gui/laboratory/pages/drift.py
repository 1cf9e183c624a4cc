"""Did the layers learn features, or did the weights hardly move?"""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.epoch_curves import Trace
from nnviz.gui.laboratory.parts.states_page import StatesPage
from nnviz.gui.views import Table
from nnviz.gui.views.parts.layers import layer_color
from nnviz.studies.drift import DriftReport, DriftStudy, sentence
from nnviz.studies.study import Study


@pages.register
class DriftPage(StatesPage[DriftReport]):
    """Similarity of every layer to its beginning, and how far its weights have come, along the run in front."""

    name = "drift"
    title = "Drift"
    help = (
        "How alike what each layer represents is to the beginning of the run (linear CKA on test samples, 1 is the "
        "same but for turning and scaling), and by what share of their length its weights have changed. Lazy training "
        "fits the samples with neither moving much; feature learning makes the layers anew."
    )
    group = GROUPS[1]
    order = 75

    def add_results(self, column: QVBoxLayout) -> None:
        upper = (
            "Similarity of each layer to the beginning over epochs",
            "“Measure” compares the states that are kept of this run with the first of them.",
            2,
        )
        lower = (
            "Relative change of the weights over epochs",
            "How far the weights have come, as a share of their length.",
            2,
        )
        self.add_plots(column, upper, lower)

    def make_study(self) -> Study[DriftReport]:
        return DriftStudy(self.library().prepare, self.states(), follow=True)

    def sees_test(self, study: Study[DriftReport]) -> bool:
        return len(study.report().epochs) > 0

    def show_report(self, report: DriftReport) -> None:
        if len(report.epochs) < 2:
            self.clear_plots()
            return
        count = len(report.layers)
        colors = [layer_color(self.theme, number, count).name() for number in range(count)]
        layers = list(zip(report.layers, colors, strict=True))
        likeness = [Trace(name, report.likeness[:, i], color) for i, (name, color) in enumerate(layers)]
        change = [Trace(name, 100 * report.change[:, i], color, after=" %") for i, (name, color) in enumerate(layers)]
        change.append(Trace("all weights", 100 * report.total, "muted", dashed=True, after=" %"))
        low = min(0.0, float(np.nanmin(report.likeness, initial=0.0)))
        self.plot.show_traces(report.epochs, likeness, "similarity to the beginning (CKA)", (low, 1.04))
        top = 1.06 * float(np.nanmax([report.total.max(), report.change.max(), 1e-6]))
        self.plots[1].show_traces(report.epochs, change, "change of the weights, % of their length", (0.0, 100 * top))
        self.legend.show_keys(self.plots[1].legend())

    def finished(self, report: DriftReport) -> str:
        return sentence(report)

    def table(self) -> Table:
        """Return the numbers that are drawn."""
        report = self._shown
        if report is None or not len(report.epochs):
            return {}
        columns = {"epoch": report.epochs.astype(np.float64)}
        for i, layer in enumerate(report.layers):
            columns[f"similarity to the beginning, {layer}"] = report.likeness[:, i]
        for i, layer in enumerate(report.layers):
            columns[f"change of the weights, {layer} [%]"] = 100 * report.change[:, i]
        columns["change of all weights [%]"] = 100 * report.total
        columns["train error"], columns["test error"] = report.train_error, report.test_error
        return dict(columns)
