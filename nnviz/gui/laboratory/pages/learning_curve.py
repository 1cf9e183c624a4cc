"""How does the error fall with more samples, and how many would be enough?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from nnviz.analysis.learning_curve import law_sentence, reach_sentence
from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.learning_curve_plot import LearningCurvePlot
from nnviz.gui.laboratory.parts.legend import Legend
from nnviz.gui.laboratory.study_page import StudyPage, add_field, whole_number
from nnviz.gui.theme import Theme
from nnviz.gui.views import Table
from nnviz.gui.views.parts.switches import add_switch
from nnviz.gui.widgets.card import card
from nnviz.gui.widgets.row import Paragraph
from nnviz.studies.learning_curve import Budget, LearningCurveReport, LearningCurveStudy, at_size
from nnviz.studies.study import Study

_BUDGETS: tuple[tuple[Budget, str], ...] = (("epochs", "same epochs"), ("steps", "same steps"))
_USUAL_EPOCHS, _MOST_EPOCHS = 200, 10_000_000


@pages.register
class LearningCurvePage(StudyPage[LearningCurveReport]):
    """Trains on subsets of the training part, fits the law, and answers how many samples reach an error."""

    name = "learning-curve"
    title = "Learning curve"
    help = (
        "The test error over the number of training samples. A fitted power law a + b·n⁻ᶜ leads on from there: more "
        "samples help as long as it falls; a is what no number of samples removes."
    )
    group = GROUPS[2]
    order = 20
    begin_words = "Train"

    # ------------------------------------------------------------ assembly

    def add_options(self, row: QHBoxLayout) -> None:
        self.epochs = whole_number(1, _MOST_EPOCHS, _USUAL_EPOCHS)
        self.follow_epochs(self.epochs, _USUAL_EPOCHS)
        self.seeds = whole_number(1, 50, 5)
        self.count = whole_number(4, 40, 8)
        self.smallest = whole_number(0, 1_000_000, 0)
        self.smallest.setSpecialValueText("auto")
        for field, width in ((self.epochs, 76), (self.smallest, 64)):
            field.setMaximumWidth(width)
        self.budget = QComboBox(self)
        self.budget.addItems([words for _, words in _BUDGETS])
        add_field(row, "Sizes", self.count, "How many numbers of samples to try, evenly spaced in their logarithms.")
        add_field(row, "from", self.smallest, "The smallest number of samples; auto is 1/32 of the training part.")
        add_field(row, "Seeds", self.seeds, "Subsets and initial weights to repeat everything with.")
        add_field(row, "Epochs", self.epochs, "How long the whole training part is trained.")
        tip = (
            "The same epochs: every size passes its samples as often, but makes at least 1,000 steps. "
            "The same steps: every size makes as many steps as the whole training part."
        )
        self.budget.setAccessibleName("What all sizes have in common")
        self.budget.setToolTip(tip)
        row.addWidget(self.budget)

    def add_results(self, column: QVBoxLayout) -> None:
        self.plot = LearningCurvePlot(self.theme, self)
        self.plot.setMinimumHeight(260)
        self.plot.picked.connect(self._pick)
        self.plot.opened.connect(self._open_at)
        self.legend = Legend(self)
        bar = QHBoxLayout()
        bar.addWidget(self.legend, 1)
        add_switch(bar, "log x", "Logarithmic numbers of samples", self.plot.log_x, self._set_log_x)
        add_switch(
            bar, "log y", "Logarithmic errors: a law without a floor is then a straight line", False, self._set_log_y
        )
        column.addLayout(bar)
        column.addWidget(card(self.plot), 1)
        column.addLayout(self._make_question())
        self.chosen: int | None = None
        self._asked_in: Study[LearningCurveReport] | None = None  # the study for which an error was offered

    def _make_question(self) -> QHBoxLayout:
        """Return the row with the error that is wanted, the answer, and what opens a point as a run."""
        self.wanted = QDoubleSpinBox(self)
        self.wanted.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.wanted.setDecimals(2)
        self.wanted.setRange(0.0, 100.0)
        self.wanted.setValue(5.0)
        self.wanted.valueChanged.connect(self._answer)
        self.unit = QLabel("% test error", self)
        self.answer = Paragraph("", self)
        self.answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.answer.setAccessibleName("How many samples reach that error")
        self.open_button = QPushButton("Open as a run", self)
        self.open_button.setToolTip("Begin a run with as many samples as the point that you clicked has")
        self.open_button.setEnabled(False)
        self.open_button.clicked.connect(self._open)
        row = QHBoxLayout()
        row.setSpacing(8)
        add_field(row, "Reach", self.wanted, "The error that you would like to come down to")
        row.addWidget(self.unit)
        row.addSpacing(8)
        row.addWidget(self.answer, 1)
        row.addWidget(self.open_button)
        return row

    # ------------------------------------------------------------ the study

    def make_study(self) -> Study[LearningCurveReport]:
        budget = _BUDGETS[self.budget.currentIndex()][0]
        options = (self.epochs.value(), self.seeds.value(), self.count.value(), self.smallest.value(), budget)
        return LearningCurveStudy(self.experiment, self.library(), *options)

    def sees_test(self, study: Study[LearningCurveReport]) -> bool:
        return bool(np.isfinite(study.report().test_error).any())

    def look_words(self) -> str:
        assert self.study is not None
        report = self.study.report()
        seeds = len(report.seeds)
        return f"Learning curve of {len(report.sizes)} sizes and {seeds} seed{'s' * (seeds != 1)}"

    def show_report(self, report: LearningCurveReport) -> None:
        if report is self._nothing:
            self.chosen = None
        if report.curve is not None and self._asked_in is not self.study:
            self._asked_in = self.study
            self._offer_wanted(report)
        self.unit.setText(f"test RMSE of {report.target}" if report.target else "% test error")
        self._redraw()

    def finished(self, report: LearningCurveReport) -> str:
        if report.curve is None and self.study is not None and self.study.progress().state == "cancelled":
            return ""
        if report.curve is None:
            diverged = "too many trainings diverged; lower the learning rate" if report.diverged else "train more seeds"
            return f"There is no law yet: {diverged}."
        lost = _lost(report.diverged)
        seeds = f"{report.curve.seeds} seed{'s' * (report.curve.seeds != 1)}"
        same = " to ".join(f"{epochs:,}" for epochs in dict.fromkeys((int(report.epochs[-1]), int(report.epochs[0]))))
        return (
            f"{law_sentence(report.curve, report.target)} From {len(report.sizes)} sizes, {seeds} "
            f"and {same} epochs, tested on {report.test_samples:,} samples.{lost}"
        )

    def _offer_wanted(self, report: LearningCurveReport) -> None:
        """Ask for an error that is a little below what there is, in round numbers."""
        assert report.curve is not None
        factor = 1.0 if report.target else 100.0
        best = factor * float(report.curve.mean.min())
        self.wanted.setMaximum(100.0 if not report.target else 1e9)
        self.wanted.setDecimals(2 if best >= 1.0 else 4)
        self.wanted.setValue(float(f"{0.8 * best:.1g}") if best > 0 else 1.0)

    # ------------------------------------------------------------ what is shown

    @property
    def report(self) -> LearningCurveReport | None:
        """What is shown."""
        return self._shown

    def _redraw(self) -> None:
        report = self.report
        self.plot.show_report(report, self._wanted_error(), self.chosen)
        self.legend.show_keys(self.plot.legend())
        self.open_button.setEnabled(self.chosen is not None)
        if self.chosen is not None and report is not None:
            self.open_button.setText(f"Open {int(report.sizes[self.chosen]):,} samples as a run")
        else:
            self.open_button.setText("Open as a run")
        if report is not None and report.curve is not None:
            self.answer.setText(reach_sentence(report.curve, self._wanted_error(), report.target))
        else:
            self.answer.setText("")

    def _wanted_error(self) -> float:
        factor = 1.0 if self.report is not None and self.report.target else 0.01
        return factor * self.wanted.value()

    @Slot()
    def _answer(self) -> None:
        self._redraw()

    @Slot(bool)
    def _set_log_x(self, on: bool) -> None:
        self.plot.set_scales_of(on, self.plot.log_y)

    @Slot(bool)
    def _set_log_y(self, on: bool) -> None:
        self.plot.set_scales_of(self.plot.log_x, on)

    # ------------------------------------------------------------ a point as a run

    @Slot(int)
    def _pick(self, size: int) -> None:
        self.chosen = size
        self._redraw()

    @Slot(int)
    def _open_at(self, size: int) -> None:
        self._pick(size)
        self._open()

    @Slot()
    def _open(self) -> None:
        """Begin a run with as many samples as the chosen point, or say why there is none."""
        report, study = self.report, self.study
        if report is None or report.data is None or self.chosen is None or not isinstance(study, LearningCurveStudy):
            return
        size, epochs = int(report.sizes[self.chosen]), int(report.epochs[self.chosen])
        experiment, text = at_size(study.experiment, report.data, size, epochs)
        if experiment is not None:
            self.controller.begin(experiment, f"{size:,} samples")
        self.sentence.setText(text)

    def table(self) -> Table:
        """Return the numbers that are shown: means over seeds by size."""
        report = self.report
        if report is None or not len(report.sizes):
            return {}
        factor, unit = (1.0, f"RMSE of {report.target}") if report.target else (100.0, "%")
        columns: dict[str, NDArray[Any]] = {"training samples": report.sizes, "epochs": report.epochs}
        for name, errors in (("train", report.train_error), ("test", report.test_error)):
            for row, seed in enumerate(report.seeds):
                columns[f"{name} error, seed {seed} [{unit}]"] = factor * errors[row]
        if report.curve is not None:
            columns[f"fitted law [{unit}]"] = factor * report.curve.law.at(report.sizes)
        return columns

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.plot.apply_theme(theme)
        self.legend.show_keys(self.plot.legend())


def _lost(diverged: int) -> str:
    """Return a sentence about the trainings that diverged, after a blank; empty where none did."""
    if not diverged:
        return ""
    return (
        " One training diverged and does not count."
        if diverged == 1
        else f" {diverged:,} trainings diverged and do not count."
    )
