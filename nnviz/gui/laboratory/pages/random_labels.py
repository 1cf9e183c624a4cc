"""Could it learn labels that mean nothing?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from nnviz.analysis.paired import mean_over_seeds
from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.curves_page import CurvesPage
from nnviz.gui.laboratory.parts.epoch_curves import Trace
from nnviz.gui.laboratory.study_page import add_field, whole_number
from nnviz.gui.views import Key, Table
from nnviz.settings import SettingsError
from nnviz.studies.noisy_labels import Contest, RandomLabels
from nnviz.studies.study import Study

_FEW = 2.0
"""Training error, in percent, below which random labels count as learned."""

_USUAL_EPOCHS, _MOST_EPOCHS = 300, 1_000_000


@pages.register
class RandomLabelsPage(CurvesPage[Contest | None]):
    """Two trainings overlaid: with the labels as they are, and with all training labels permuted."""

    name = "random-labels"
    title = "Random labels"
    help = (
        "The experiment is trained twice from the same initial weights: with its labels, and with all training labels "
        "permuted. A network that learns both could have learned anything by heart: that its training error is small "
        "says nothing about what it understood."
    )
    group = GROUPS[1]
    order = 60
    begin_words = "Train both"

    def add_options(self, row: QHBoxLayout) -> None:
        self.epochs = whole_number(1, _MOST_EPOCHS, _USUAL_EPOCHS)
        self.follow_epochs(self.epochs, _USUAL_EPOCHS)
        self.seeds = whole_number(1, 50, 3)
        add_field(row, "Epochs", self.epochs, "How long both are trained; random labels take longer.")
        add_field(row, "Seeds", self.seeds, "Permutations and initial weights to repeat everything with.")

    def add_results(self, column: QVBoxLayout) -> None:
        empty = "“Train both” trains the network of this run with its labels and with random ones."
        self.add_plots(column, ("Errors with own and with random labels over epochs", empty, 4))

    def make_study(self) -> Study[Contest | None]:
        snapshot = self.run.snapshot
        if snapshot is not None and snapshot.data.task != "classification":
            raise SettingsError("The run in front learns values, which have no labels; take a run that learns classes.")
        return RandomLabels(self.experiment, self.library(), self.epochs.value(), self.seeds.value())

    def sees_test(self, study: Study[Contest | None]) -> bool:
        report = study.report()
        return report is not None and bool(np.isfinite(report.test_error).any())

    def show_report(self, report: Contest | None) -> None:
        if report is None:
            self.clear_plots()
            return
        traces = []
        for row, name in ((0, "own labels"), (1, "random labels")):
            for errors, part, color in ((report.train_error, "train", "train"), (report.test_error, "test", "test")):
                mean, half = mean_over_seeds(100 * errors[row])
                several = report.train_error.shape[1] > 1
                low = np.maximum(mean - half, 0.0) if several else None
                high = np.minimum(mean + half, 100.0) if several else None
                traces.append(Trace(f"{part}, {name}", mean, color, row == 1, low, high, " %"))
        self.plot.show_traces(report.epochs, traces, "% wrong", (0.0, 102.0), levels=((100 * report.chance, "muted"),))
        chance = Key("chance", self.theme.color("muted"), "dashes")
        self.legend.show_keys((*self.plot.legend(), chance))

    def finished(self, report: Contest | None) -> str:
        if report is None or not np.isfinite(report.train_error[:, :, -1]).any():
            return ""
        train, test = (100 * np.nanmean(each[:, :, -1], axis=1) for each in (report.train_error, report.test_error))
        spread = 196 * np.sqrt(report.chance * (1 - report.chance) / max(1, report.n_test))
        least = float(np.nanmin(mean_over_seeds(100 * report.train_error[1])[0]))
        learned = (
            "It has learned labels that mean nothing by heart."
            if least < _FEW
            else "The random labels are not all learned yet: train longer, or a wider network."
        )
        return (
            f"At epoch {int(report.epochs[-1]):,} the training error is {train[0]:.1f} % with the own labels and "
            f"{train[1]:.1f} % with random ones ({least:.1f} % at its least). {learned} The test error is "
            f"{test[0]:.1f} % and {test[1]:.1f} %; an answer that has nothing to do with the sample has "
            f"{_around(100 * report.chance, spread)} on {report.n_test:,} test samples. By chance "
            f"{100 * report.kept:.0f} % of the permuted "
            "labels are as before."
        )

    def table(self) -> Table:
        """Return the numbers that are drawn: means over the seeds."""
        report = self._shown
        if report is None:
            return {}
        columns: dict[str, NDArray[np.generic]] = {"epoch": report.epochs}
        for row, name in ((0, "own labels"), (1, "random labels")):
            columns[f"train error, {name} [%]"] = mean_over_seeds(100 * report.train_error[row])[0]
            columns[f"test error, {name} [%]"] = mean_over_seeds(100 * report.test_error[row])[0]
            columns[f"train loss, {name}"] = mean_over_seeds(report.train_loss[row])[0]
        return columns


def _around(middle: float, spread: float) -> str:
    """Return a share in percent with its spread; as a range where that would leave the percents there are."""
    low, high = middle - spread, middle + spread
    if low >= 0 and high <= 100:
        return f"{middle:.0f} % ± {spread:.0f}"
    return f"{max(low, 0):.0f} to {min(high, 100):.0f} %"
