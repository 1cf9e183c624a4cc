"""What is the test error made of, and what would make it smaller?"""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from nnviz.analysis.gap_parts import UNKNOWN, Estimate, GapParts, mean_trained
from nnviz.data.fresh import can_be_drawn_anew
from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.legend import Legend
from nnviz.gui.laboratory.parts.stacked_parts import Layer, StackedParts, part_color
from nnviz.gui.laboratory.study_page import StudyPage, add_field, whole_number
from nnviz.gui.theme import Theme
from nnviz.gui.views import Table
from nnviz.gui.views.parts.switches import add_switch
from nnviz.gui.widgets.card import card
from nnviz.studies.gap_parts import Counted, GapReport, GapStudy, in_words, with_error
from nnviz.studies.study import Study

_USUAL_EPOCHS, _MOST_EPOCHS = 200, 1_000_000
_ASIDE = 250
"""Width of the column with the parts in numbers, in pixels."""

_PARTS = (
    ("floor", "Floor", "floor", "What the truth itself would get wrong: classes overlap, targets are noisy."),
    ("approximation", "Approximation", "fit", "What a network of this shape cannot express, however many samples."),
    ("estimation", "Estimation", "samples", "What these samples mislead it to, beside many more of them."),
    ("optimisation", "Optimisation", "training", "What training has not reached yet; below 0, what stopping saves."),
)
"""Parts by field name: title, colour, and what each means."""


@pages.register
class GapPartsPage(StudyPage[GapReport | None]):
    """Stacks the parts of the expected test error over epochs, and names the largest one."""

    name = "gap-parts"
    title = "Parts of the test error"
    help = (
        "Floor, approximation, estimation and optimisation (Bottou & Bousquet 2008): found by training the same "
        "network longer, and on twenty times the samples where a generator can make them."
    )
    group = GROUPS[1]
    order = 10
    begin_words = "Take apart"

    # ------------------------------------------------------------ assembly

    def add_options(self, row: QHBoxLayout) -> None:
        self.epochs = whole_number(1, _MOST_EPOCHS, _USUAL_EPOCHS)
        self.follow_epochs(self.epochs, _USUAL_EPOCHS)
        self.seeds = whole_number(2, 50, 5)
        self.counting = QComboBox(self)
        classes = self.experiment.data.source.known_shape()
        self._offer(("wrong answers", "squared error") if classes is None or classes[0] != "regression" else ())
        self.counting.currentIndexChanged.connect(self._count)
        tip = "The epoch whose error is taken apart: where the run is, unless you change it."
        add_field(row, "Up to epoch", self.epochs, tip)
        add_field(row, "Seeds", self.seeds, "Initial weights and orders of samples to repeat every training with.")
        add_field(row, "Count", self.counting, "Errors as the share of wrong answers, or as the squared error of them.")

    def add_results(self, column: QVBoxLayout) -> None:
        self.stack = StackedParts(self.theme, "Parts of the test error over epochs", self)
        self.legend = Legend(self)
        bar = QHBoxLayout()
        self.legend.setWordWrap(True)
        bar.addWidget(self.legend, 1)
        add_switch(bar, "log x", "Logarithmic axis of epochs", self.stack.log_x, self._set_log_x)
        column.addLayout(bar)
        self.stack.setMinimumHeight(260)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(card(self.stack), 1)
        row.addWidget(self._make_aside())
        column.addLayout(row, 1)
        self._say_nothing_yet()

    def _make_aside(self) -> QWidget:
        """Return the column with each part's name, number and meaning."""
        aside = QWidget(self)
        aside.setFixedWidth(_ASIDE)
        grid = QGridLayout(aside)
        grid.setContentsMargins(0, 4, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        self._names: dict[str, QLabel] = {}
        self._numbers: dict[str, QLabel] = {}
        for number, (name, title, _, meaning) in enumerate(_PARTS):
            self._add_part(grid, 3 * number, name, title, meaning)
        self._add_part(grid, 3 * len(_PARTS), "total", "Test error", "What they add up to.")
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(3 * len(_PARTS) + 3, 1)
        return aside

    def _add_part(self, grid: QGridLayout, row: int, name: str, title: str, meaning: str) -> None:
        self._names[name], self._numbers[name] = QLabel(title, self), QLabel("–", self)
        self._names[name].setTextFormat(Qt.TextFormat.RichText)
        self._numbers[name].setAccessibleName(title)
        self._numbers[name].setAlignment(Qt.AlignmentFlag.AlignRight)
        words = QLabel(meaning, self)
        words.setObjectName("muted")
        words.setWordWrap(True)
        grid.addWidget(self._names[name], row, 0)
        grid.addWidget(self._numbers[name], row, 1)
        grid.addWidget(words, row + 1, 0, 1, 2)
        grid.setRowMinimumHeight(row + 2, 10)

    # ------------------------------------------------------------ the study

    def make_study(self) -> Study[GapReport | None]:
        return GapStudy(self.experiment, self.epochs.value(), self.seeds.value(), self.library())

    def needs_test(self) -> bool:
        return not can_be_drawn_anew(self.experiment.data.source)

    def sees_test(self, study: Study[GapReport | None]) -> bool:
        report = study.report()  # where the floor is known new samples judge
        return report is not None and not report.known and _last_known(self._counted(report)) is not None

    def show_report(self, report: GapReport | None) -> None:
        if report is None:
            self._say_nothing_yet()
            return
        self._offer([counted.title for counted in report.counted])
        counted = self._counted(report)
        at = _last_known(counted)
        if at is None:
            return
        self._show_stack(report, counted)
        self._show_numbers(counted, counted.parts(at))
        if self.study is not None and not self.study.progress().over:
            self.sentence.setText(in_words(report, counted, at))
        self.legend.show_keys(self.stack.legend())

    def finished(self, report: GapReport | None) -> str:
        if report is None:
            return ""
        counted = self._counted(report)
        at = _last_known(counted)
        if at is None:
            return "All trainings diverged; take a lower learning rate." if report.done else ""
        where = f"{report.points:,} {'new' if report.known else 'test'} samples"
        return f"{in_words(report, counted, at)} ({report.seeds} seeds, judged on {where}; ± is one standard error.)"

    def _counted(self, report: GapReport) -> Counted:
        return report.counted[min(max(0, self.counting.currentIndex()), len(report.counted) - 1)]

    # ------------------------------------------------------------ what is shown

    def _say_nothing_yet(self) -> None:
        self.stack.clear("The parts appear as the networks are trained.")
        self._show_numbers(None, None)
        self.legend.show_keys(())
        self.sentence.setText("")

    def _show_stack(self, report: GapReport, counted: Counted) -> None:
        count = len(report.epochs)
        now = [mean_trained(counted.now[:, mark]) for mark in range(count)]
        total = np.array([each.value for each in now]), np.array([each.error for each in now])
        factor, unit = (1.0, "") if counted.unit else (100.0, " %")
        label = counted.unit or "wrong answers in %"
        layers = _layers(counted, total)
        self.stack.show_parts(report.epochs, layers, total, ("epoch", label, "test error"), factor, unit)

    def _show_numbers(self, counted: Counted | None, parts: GapParts | None) -> None:
        for name, _, owed_to, _ in _PARTS:
            title = next(each[1] for each in _PARTS if each[0] == name)
            color = part_color(self.theme, owed_to)
            self._names[name].setText(f"<span style='color:{color}'>■</span>&nbsp;{title}")
            self._numbers[name].setText(_told(counted, getattr(parts, name, UNKNOWN)))
        color = self.theme.color("test").name()
        self._names["total"].setText(f"<span style='color:{color}'>━</span>&nbsp;Test error")
        self._numbers["total"].setText(_told(counted, parts.total if parts is not None else UNKNOWN))

    # ------------------------------------------------------------ controls

    def _offer(self, titles: list[str] | tuple[str, ...]) -> None:
        """Offer ways of counting, unless they are offered already."""
        if [self.counting.itemText(number) for number in range(self.counting.count())] != list(titles):
            at = max(0, self.counting.currentIndex())
            self.counting.blockSignals(True)
            self.counting.clear()
            self.counting.addItems(list(titles))
            self.counting.setCurrentIndex(min(at, len(titles) - 1))
            self.counting.blockSignals(False)
        self.counting.setEnabled(len(titles) > 1)

    @Slot(int)
    def _count(self, number: int) -> None:
        report = self._shown
        if report is not None:
            self.show_report(report)
            if self.study is not None and self.study.progress().over:
                self.sentence.setText(self.finished(report))

    @Slot(bool)
    def _set_log_x(self, on: bool) -> None:
        self.stack.set_log_x(on)

    def table(self) -> Table:
        """Return the numbers that are shown: a row for every epoch."""
        report = self._shown
        if report is None:
            return {}
        counted = self._counted(report)
        factor, unit = (1.0, counted.unit) if counted.unit else (100.0, "%")
        every = [counted.parts(mark) for mark in range(len(report.epochs))]
        columns: Table = {"epoch": report.epochs}
        for name, title in [(name, title) for name, title, _, _ in _PARTS] + [("total", "Test error")]:
            values = [getattr(parts, name) for parts in every]
            more = {
                f"{title} [{unit}]": factor * np.array([each.value for each in values]),
                f"{title}, standard error [{unit}]": factor * np.array([each.error for each in values]),
            }
            columns = {**columns, **more}
        return columns

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.stack.apply_theme(theme)
        report = self._shown
        at = _last_known(self._counted(report)) if report is not None else None
        if report is None or at is None:
            self._show_numbers(None, None)
            return
        counted = self._counted(report)
        self._show_numbers(counted, counted.parts(at))
        self.legend.show_keys(self.stack.legend())


def _layers(counted: Counted, total: tuple[np.ndarray, np.ndarray]) -> list[Layer]:
    """Return the parts over epochs; what cannot be told apart yet, or ever, is one part."""
    count = len(total[0])

    def flat(name: str, part: Estimate, owed_to: str) -> Layer:
        error = part.error if math.isfinite(part.error) else 0.0
        return Layer(name, np.full(count, part.value), np.full(count, error), owed_to)

    sample, known = counted.sample, counted.floor.known
    saved = "saved by stopping early"
    if not sample.known:
        rest = "the rest" if known else "not taken apart yet"
        below = [flat("floor", counted.floor, "floor")] if known else []
        base = counted.floor.value if known else 0.0
        return [*below, Layer(rest, total[0] - base, total[1], "training")]
    if not known:
        below = [flat("floor, approximation and estimation", sample, "samples")]
    elif not counted.family.known:
        both = Estimate(sample.value - counted.floor.value, sample.error)
        below = [flat("floor", counted.floor, "floor"), flat("approximation and estimation", both, "samples")]
    else:
        parts = counted.parts(0)
        below = [
            flat("floor", parts.floor, "floor"),
            flat("approximation", parts.approximation, "fit"),
            flat("estimation", parts.estimation, "samples"),
        ]
    return [*below, Layer("optimisation", total[0] - sample.value, total[1], "training", saved)]


def _last_known(counted: Counted) -> int | None:
    """Return the last of the epochs at which there is an error."""
    known = np.flatnonzero(np.isfinite(counted.now).any(axis=0))
    return int(known[-1]) if len(known) else None


def _told(counted: Counted | None, part: Estimate) -> str:
    return "–" if counted is None or not part.known else with_error(counted, part)
