"""Does it learn the samples with wrong labels, and when?"""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.curves_page import CurvesPage
from nnviz.gui.laboratory.parts.epoch_curves import Trace
from nnviz.gui.views import Table
from nnviz.studies.noisy_labels import Curves, NoisyLabels
from nnviz.studies.repeating import exactness, way_of
from nnviz.studies.study import Study

_FEW = 0.25
"""Error from which on a group counts as learned: of two classes, half are right by chance."""


@pages.register
class NoisyLabelsPage(CurvesPage[Curves | None]):
    """Errors of the run on training samples with right and with wrong labels, and on the test samples."""

    name = "noisy-labels"
    title = "Clean and noisy samples"
    help = (
        "The run is trained again, exactly, and its training samples are measured in two groups: those with their own "
        "label, and those that label noise gave another one. A network learns the first before the second."
    )
    group = GROUPS[1]
    order = 50
    begin_words = "Train again"

    def add_results(self, column: QVBoxLayout) -> None:
        empty = "“Train again” repeats the run and measures clean and mislabelled training samples apart."
        self.add_plots(column, ("Errors on clean, noisy and test samples over epochs", empty, 4), log=True)

    def make_study(self) -> Study[Curves | None]:
        return NoisyLabels(way_of(self.run, self.controller.session.runs), self.library())

    def sees_test(self, study: Study[Curves | None]) -> bool:
        return study.report() is not None

    def show_report(self, report: Curves | None) -> None:
        if report is None:
            self.clear_plots()
            return
        traces = [
            Trace("training samples with their own label", 100 * report.clean, "train", after=" %"),
            Trace("wrong labels, not learned", 100 * report.noisy, "danger", after=" %"),
            Trace("the same, true label not found", 100 * report.noisy_true, "danger", dashed=True, after=" %"),
            Trace("test", 100 * report.test, "test", after=" %"),
        ]
        marks = [(float(report.epochs[int(report.test.argmin())]), "least test error", "test")]
        self.plot.show_traces(report.epochs, traces, "% wrong", (0.0, 102.0), marks=marks)
        self.legend.show_keys(self.plot.legend())

    def finished(self, report: Curves | None) -> str:
        if report is None:
            return ""
        clean, noisy = (_learned(report.epochs, errors) for errors in (report.clean, report.noisy))
        known = 100 - 100 * np.array([report.clean[-1], report.noisy[-1]])
        sentences = [
            f"At epoch {report.epochs[-1]:,} the network answers {known[0]:.0f} % of the {report.n_clean:,} right "
            f"labels and {known[1]:.0f} % of the {report.n_noisy:,} wrong ones."
        ]
        if clean is not None and noisy is not None:
            sentences.append(f"{_right_by(clean)}, three in four wrong ones {_by(noisy)}.")
        elif clean is not None:
            sentences.append(f"{_right_by(clean)}, three in four wrong ones never.")
        best = int(report.test.argmin())
        sentences.append(
            f"The test error was least at epoch {report.epochs[best]:,}, {100 * report.test[best]:.1f} %, when "
            f"{100 - 100 * report.noisy_true[best]:.0f} % of the mislabelled samples were given their true label"
            + (f"; it ends at {100 * report.test[-1]:.1f} %" if best < len(report.epochs) - 1 else "")
            + f" ({report.n_test:,} test samples)."
        )
        if isinstance(self.study, NoisyLabels):
            sentences.append(exactness(self.study.way, report.exact))
        return " ".join(each for each in sentences if each)

    def table(self) -> Table:
        """Return the numbers that are drawn."""
        report = self._shown
        if report is None:
            return {}
        return {
            "epoch": report.epochs,
            "clean training error [%]": 100 * report.clean,
            "noisy training error, against the label given [%]": 100 * report.noisy,
            "noisy training error, against the true label [%]": 100 * report.noisy_true,
            "test error [%]": 100 * report.test,
        }


def _learned(epochs: np.ndarray, errors: np.ndarray) -> int | None:
    """Return the first epoch from which on at least three in four are right to the end; None where that never comes."""
    above = np.flatnonzero(~(errors <= _FEW))
    first = int(above[-1]) + 1 if len(above) else 0
    return int(epochs[first]) if first < len(epochs) else None


def _right_by(epoch: int) -> str:
    """Return by when the samples with right labels were learned; before training nothing was learned yet."""
    if epoch == 0:
        return "Three in four right ones were answered from the beginning"
    return f"Three in four right ones were learned {_by(epoch)}"


def _by(epoch: int) -> str:
    return f"by epoch {epoch:,}" if epoch else "from the beginning"
