"""What error is to be expected, judged by every sample once?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.fold_curves import FoldCurves
from nnviz.gui.laboratory.parts.fold_diagram import FoldDiagram
from nnviz.gui.laboratory.parts.legend import Legend
from nnviz.gui.laboratory.study_page import StudyPage, add_field, whole_number
from nnviz.gui.theme import Theme
from nnviz.gui.vault_keeper import keeper_of
from nnviz.gui.views import Table
from nnviz.gui.views.parts.switches import add_choice
from nnviz.gui.widgets.card import card
from nnviz.studies.cross_validation import CrossValidation, CrossValidationReport, sentence
from nnviz.studies.study import Study

_QUANTITIES = ("error", "loss")
_USUAL_EPOCHS, _MOST_EPOCHS = 200, 10_000_000


@pages.register
class CrossValidationPage(StudyPage[CrossValidationReport]):
    """Trains once for every fold of train and validation; the test part takes no part in it."""

    name = "cross-validation"
    title = "K-fold cross-validation"
    help = (
        "Train and validation samples are cut into folds; each is held out once and judges the network that learned "
        "from the others. So all of them judge, and the test part stays untouched by choices."
    )
    group = GROUPS[0]
    order = 70
    begin_words = "Train"

    def add_options(self, row: QHBoxLayout) -> None:
        self.folds = whole_number(2, 1000, 5)
        self.repeats = whole_number(1, 50, 1)
        self.epochs = whole_number(1, _MOST_EPOCHS, _USUAL_EPOCHS)
        self.follow_epochs(self.epochs, _USUAL_EPOCHS)
        add_field(row, "Folds", self.folds, "Into how many parts train and validation are cut: each is held out once.")
        add_field(row, "Repeat", self.repeats, "How often to do it all with other folds and other initial weights.")
        add_field(row, "Epochs", self.epochs, "How long every network is trained.")

    def add_results(self, column: QVBoxLayout) -> None:
        self.diagram = FoldDiagram(self.theme, self)
        self.plot = FoldCurves(self.theme, self)
        self.plot.setMinimumHeight(220)
        self.legend = Legend(self)
        bar = QHBoxLayout()
        bar.addWidget(self.legend, 1)
        self.quantity = add_choice(bar, "What is drawn", _QUANTITIES, 0, self._choose)
        column.addWidget(card(self.diagram))
        column.addLayout(bar)
        column.addWidget(card(self.plot), 1)

    def needs_test(self) -> bool:
        return False

    def make_study(self) -> Study[CrossValidationReport]:
        options = self.epochs.value(), self.folds.value(), self.repeats.value()
        with_test = not keeper_of(self.controller).vault.locked
        return CrossValidation(self.experiment, self.library(), *options, with_test=with_test)

    def sees_test(self, study: Study[CrossValidationReport]) -> bool:
        single = study.report().single
        return single is not None and bool(np.isfinite(single.test_error).any())

    def look_words(self) -> str:
        return "Cross-validation, beside the test error of the single split"

    def show_report(self, report: CrossValidationReport) -> None:
        self.diagram.show_report(report)
        self.plot.show_report(report)
        self.legend.show_keys(self.plot.legend())

    def finished(self, report: CrossValidationReport) -> str:
        return sentence(report)

    @Slot(int)
    def _choose(self, number: int) -> None:
        self.plot.quantity = _QUANTITIES[number]
        self.quantity.set_items(_QUANTITIES, number)
        self.plot.show_report(self.report)
        self.legend.show_keys(self.plot.legend())

    @property
    def report(self) -> CrossValidationReport | None:
        """What is shown."""
        return self._shown

    def table(self) -> Table:
        """Return the numbers that are shown: a row for every epoch, columns for folds and their mean."""
        report = self.report
        if report is None or not report.done.any():
            return {}
        factor, unit = (1.0, f"RMSE of {report.target}") if report.target else (100.0, "%")
        factor, unit = (1.0, "loss") if self.plot.quantity == "loss" else (factor, unit)
        name = f"validation_{self.plot.quantity}"
        columns: dict[str, NDArray[Any]] = {"epoch": report.epochs}
        for run in np.flatnonzero(report.done).tolist():
            repeat, fold = divmod(run, report.folds)
            columns[f"repetition {repeat + 1}, fold {fold + 1} [{unit}]"] = factor * getattr(report.curves, name)[run]
        mean, error = report.mean(name)
        columns |= {f"mean [{unit}]": factor * mean, f"standard error [{unit}]": factor * error}
        columns[f"train, mean [{unit}]"] = factor * report.mean(f"train_{self.plot.quantity}")[0]
        return columns

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.diagram.apply_theme(theme)
        self.plot.apply_theme(theme)
        self.legend.show_keys(self.plot.legend())
