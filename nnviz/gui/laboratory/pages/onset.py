"""When did overfitting begin? Every criterion has its own answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from nnviz.analysis.criteria import GL_ABOVE, PATIENCE, PQ_ABOVE, UP_STRIPS, Call, calls, disagreement
from nnviz.findings.parts.evidence import Columns, evidence_of
from nnviz.gui.compare.page import card
from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.epoch_curves import EpochCurves, Trace
from nnviz.gui.laboratory.parts.legend import Legend
from nnviz.gui.laboratory.parts.onset_plot import Onset, OnsetCurves
from nnviz.gui.laboratory.parts.onset_table import OnsetTable, Row
from nnviz.gui.laboratory.study_page import StudyPage
from nnviz.gui.theme import Theme
from nnviz.gui.vault_keeper import BY_TEST, keeper_of
from nnviz.gui.views import Key, Table
from nnviz.gui.views.parts.switches import add_switch
from nnviz.gui.widgets.row import Paragraph
from nnviz.run import Run
from nnviz.studies.evidence import EvidenceReport, EvidenceStudy, sentence
from nnviz.studies.repeating import way_of
from nnviz.studies.study import Study

_EVIDENCE = "Evidence"
_TABLE_WIDTH = 430
_LOWEST = -4.0
"""How far down the evidence plot reaches at least: the criterion ends at 1 and may begin at minus hundreds."""

_LOCKED = (
    "The test part is locked and no validation part is set aside, so the only criterion shown is the one that needs no "
    "held-out data."
)


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class _Seen:
    """What is known of a run at all its epochs: losses (t,), the part monitored, and what the criteria say of it."""

    run: int
    curves: Columns
    part: str
    patience: int
    said: tuple[Call, ...]

    @property
    def held_out(self) -> bool:
        """Whether a held-out loss may be looked at."""
        return bool(np.isfinite(self.curves["monitored"]).any())


@pages.register
class OnsetPage(StudyPage[EvidenceReport]):
    """The onset of overfitting by criteria that watch a held-out loss, and by one that watches gradients alone."""

    name = "onset"
    title = "When did overfitting begin?"
    help = (
        "Criteria of early stopping side by side: each has its own idea of when to stop, and a click goes there. Most "
        "read the held-out loss. “Measure” trains the run in front again, exactly, and looks at the gradients of "
        "single training samples, which takes no held-out data (Mahsereci et al. 2017)."
    )
    group = GROUPS[0]
    order = 30
    shows_test = False
    begin_words = "Measure"

    # ------------------------------------------------------------ assembly

    def add_options(self, row: QHBoxLayout) -> None:
        self.button.setToolTip("Measure the evidence criterion along the run in front")

    def add_results(self, column: QVBoxLayout) -> None:
        self._seen: _Seen | None = None
        self._key: tuple[Any, ...] = ()
        self._counted: set[tuple[int, int]] = set()
        self.plot = OnsetCurves(self.theme, "Losses over epochs, with the onset by each criterion", False, self)
        self.evidence_plot = EpochCurves(self.theme, "The evidence criterion over epochs", False, self)
        self.plot.setMinimumHeight(220)
        self.evidence_plot.setMinimumHeight(130)
        self.legend, self.agreement = Legend(self), Paragraph("", self)
        self.agreement.setAccessibleName("How far the criteria agree")
        self.rows = OnsetTable(self.theme, self)
        self.rows.wanted.connect(self._go)
        self.rows.currentCellChanged.connect(self._draw_marks)
        bar = QHBoxLayout()
        bar.addWidget(self.legend, 1)
        add_switch(bar, "log epochs", "Logarithmic epochs: the beginning takes more room", False, self._set_log)
        plots = QVBoxLayout()
        plots.setSpacing(10)
        plots.addLayout(bar)
        plots.addWidget(card(self.plot), 3)
        plots.addWidget(card(self.evidence_plot), 2)
        aside = QVBoxLayout()
        aside.setSpacing(10)
        frame = card(self.rows)
        frame.setFixedWidth(_TABLE_WIDTH)
        self.agreement.setFixedWidth(_TABLE_WIDTH)
        aside.addWidget(frame, 1)
        aside.addWidget(self.agreement)
        both = QHBoxLayout()
        both.setSpacing(12)
        both.addLayout(plots, 1)
        both.addLayout(aside)
        column.addLayout(both, 1)
        self._say_nothing()

    # ------------------------------------------------------------ the study

    def make_study(self) -> Study[EvidenceReport]:
        self._way = way_of(self.run, self.controller.session.runs)
        self._went_back = self.run.history.went_back
        return EvidenceStudy(self._way, self.library())

    def show_report(self, report: EvidenceReport) -> None:
        self._key = ()  # the rows of the table follow

    def finished(self, report: EvidenceReport) -> str:
        return sentence(report, self._way)

    @property
    def measured(self) -> EvidenceReport | None:
        """What was measured of the run in front as it is; None where that is nothing."""
        report, run = self._shown, self.run
        if report is None or not len(report.epochs) or self._of[0] != run.number:
            return None
        return report if self._went_back == run.history.went_back else None

    # ------------------------------------------------------------ what is shown

    def refresh(self) -> None:
        super().refresh()
        run = self.run
        key = (run.number, run.epoch, len(run.history), run.history.sealed, run.history.went_back, run.experiment)
        if (key, run.playhead) != self._key:
            if self._seen is None or self._key[:1] != (key,):
                self._seen = _look(run)
            self._key = (key, run.playhead)
            self._show()

    def _show(self) -> None:
        seen, report = self._seen, self.measured
        if seen is None or len(seen.curves["epoch"]) < 2:
            self._say_nothing()
            return
        self.rows.show_rows(_rows(seen, report))
        said = [*(seen.said if seen.held_out else ()), *([report.call] if report is not None else ())]
        self.agreement.setText(_agreement(seen, said))
        traces = [Trace("train", np.asarray(seen.curves["train_loss"], np.float64), "train")]
        if seen.held_out:
            traces.append(Trace(seen.part, np.asarray(seen.curves["monitored"], np.float64), seen.part))
        epochs = np.asarray(seen.curves["epoch"]).astype(np.int64)
        self.plot.show_traces(epochs, traces, "loss")
        self._draw_marks()
        self._show_evidence(report, epochs)
        self._show_legend()

    def _say_nothing(self) -> None:
        self.rows.show_rows(())
        self.agreement.setText("")
        self.plot.clear("The curves and the marks of the criteria appear with the first epochs.")
        self.evidence_plot.clear("The evidence criterion over the epochs of the run.")
        self.legend.show_keys(())

    @Slot()
    def _draw_marks(self) -> None:
        marks = [Onset(row.onset, row.criterion, row.color) for row in self.rows.rows if row.onset is not None]
        self.plot.show_onsets(marks, self.rows.chosen, self.run.playhead)

    def _show_evidence(self, report: EvidenceReport | None, epochs: NDArray[np.int64]) -> None:
        if report is None:
            begun = self.study is not None and not self.study.progress().over and self._of[0] == self.run.number
            other = self._shown is not None and len(self._shown.epochs) and self._of[0] != self.run.number
            self.evidence_plot.clear(
                "The curve appears with the first epoch measured."
                if begun
                else f"What was measured is of “{self._of[1]}”; “Measure” looks at the run in front."
                if other
                else "“Measure” finds the evidence criterion, which needs no held-out data, along this run."
            )
            return
        trace = Trace("evidence criterion", report.statistic, "train")
        finite = report.statistic[np.isfinite(report.statistic)]
        highest = float(finite.max()) if len(finite) else 0.0
        bottom = max(float(finite.min(initial=0.0)) - 0.1, min(_LOWEST, 3.0 * highest))
        marks = (
            () if report.call.epoch is None else ((float(report.call.epoch), f"epoch {report.call.epoch:,}", "train"),)
        )
        self.evidence_plot.show_traces(
            *_as_wide(report.epochs, trace, epochs),
            "evidence criterion: stop above 0",
            (bottom, 1.7),
            ((0.0, "text"),),
            marks,
        )

    def _show_legend(self) -> None:
        keys = [*self.plot.legend()]
        if self.measured is not None:
            keys.append(Key("0: no more than chance", self.theme.color("text"), "dashes"))
        self.legend.show_keys(keys)

    @Slot(bool)
    def _set_log(self, on: bool) -> None:
        self.plot.set_log_x(on)
        self.evidence_plot.set_log_x(on)

    # ------------------------------------------------------------ what is done

    @Slot(int)
    def _go(self, number: int) -> None:
        """Go to the onset in a row; where the test part said which that is, it was a choice by it."""
        row, run = self.rows.rows[number], self.run
        assert row.onset is not None  # only such rows are offered
        choice = run.number, row.onset
        if row.criterion != _EVIDENCE and run.history.monitor == BY_TEST and choice not in self._counted:
            self._counted.add(choice)
            text = f"Went to epoch {row.onset:,}, the onset by the test loss ({row.criterion.lower()})"
            keeper_of(self.controller).select(text, run)
        self.controller.go_to(row.onset)
        self.refresh()

    def table(self) -> Table:
        """Return the numbers that are shown: the criteria, and beside them what was measured, over its epochs."""
        rows, report = self.rows.rows, self.measured
        if not rows:
            return {}
        nan = float("nan")
        columns: dict[str, list[Any]] = {
            "criterion": [row.criterion for row in rows],
            "onset [epoch]": [nan if row.onset is None else row.onset for row in rows],
            "called [epoch]": [nan if row.called is None else row.called for row in rows],
            "loss at the onset": [row.loss for row in rows],
        }
        if report is not None:
            columns |= {
                "epoch": report.epochs.tolist(),
                "evidence criterion": report.statistic.tolist(),
                "gradient signal-to-noise of a sample": report.signal.tolist(),
                "gradient signal-to-noise of a batch": report.batch_signal.tolist(),
                "train loss, as trained": report.loss.tolist(),
            }
        longest = max(map(len, columns.values()))
        names = np.array([*columns.pop("criterion"), *[""] * (longest - len(rows))], object)
        padded = {name: np.array([*values, *[nan] * (longest - len(values))]) for name, values in columns.items()}
        return {"criterion": names, **padded}

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for part in (self.plot, self.evidence_plot, self.rows):
            part.apply_theme(theme)
        if self._seen is not None and self.rows.rows:
            self._show_legend()


def _look(run: Run) -> _Seen:
    """Return what the criteria say of a run at all its epochs, whichever of them is looked at."""
    evidence = evidence_of(replace(run, playhead=None))
    patience = evidence.experiment.training.patience or PATIENCE
    curves = evidence.curves
    said = calls(curves["epoch"], curves["train_loss"], curves["monitored"], patience)
    return _Seen(run.number, curves, evidence.part, patience, said)


def _rows(seen: _Seen, report: EvidenceReport | None) -> list[Row]:
    """Return the rows of the table: a criterion on the held-out loss in each, then the evidence."""
    part = seen.part
    looks = (
        f"a clear rise of the {part} loss while the training loss falls",
        f"no smaller {part} loss for {seen.patience:,} epochs",
        f"the {part} loss {GL_ABOVE:g} % above its smallest",
        f"that rise, over {PQ_ABOVE:g} times the progress in training",
        f"the {part} loss rising in {UP_STRIPS} strips in a row",
    )
    rows = []
    if seen.held_out:
        for call, words in zip(seen.said, looks, strict=True):
            color = "danger" if call is seen.said[0] else part  # the first one is that of the timeline
            loss = _loss_at(seen, "monitored", call.onset)
            rows.append(Row(call.criterion, words, color, call.onset, call.epoch, loss))
    words = "gradients of the training samples: no larger than chance"
    if report is None:
        return [*rows, Row(_EVIDENCE, f"{words} (not measured yet)", "train")]
    call = report.call
    loss = _loss_at(seen, "monitored" if seen.held_out else "train_loss", call.onset)
    return [*rows, Row(_EVIDENCE, words, "train", call.onset, call.epoch, loss)]


def _loss_at(seen: _Seen, name: str, epoch: int | None) -> float:
    """Return a loss at an epoch, between its neighbours where rows are thinned; NaN where it was not measured."""
    epochs, values = seen.curves["epoch"], seen.curves[name]
    if epoch is None or not len(epochs) or not epochs[0] <= epoch <= epochs[-1]:
        return float("nan")
    return float(np.interp(epoch, epochs, values))


def _agreement(seen: _Seen, said: list[Call]) -> str:
    """Return how far the criteria agree, and which are missing."""
    if not seen.held_out:
        return _LOCKED
    words = disagreement(said)
    return words if any(call.criterion == _EVIDENCE for call in said) else f"{words} Evidence is not measured yet."


def _as_wide(
    measured: NDArray[np.int64], trace: Trace, epochs: NDArray[np.int64]
) -> tuple[NDArray[np.int64], tuple[Trace, ...]]:
    """Return a trace from the first to the last epoch of others, not a number where it was not measured."""
    ends = [epoch for epoch in (int(epochs[0]), int(epochs[-1])) if not measured[0] <= epoch <= measured[-1]]
    whole = np.concatenate([measured, np.array(ends, np.int64)])
    order = np.argsort(whole, kind="stable")
    values = np.concatenate([trace.values, np.full(len(ends), np.nan)])
    return whole[order], (replace(trace, values=values[order]),)
