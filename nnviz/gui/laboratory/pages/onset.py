"""When did overfitting begin? Every criterion has its own answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout

from nnviz.analysis.criteria import GL_ABOVE, PATIENCE, PQ_ABOVE, UP_STRIPS, Call, calls, disagreement
from nnviz.findings.parts.evidence import Columns, evidence_of
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
from nnviz.gui.widgets.card import card
from nnviz.gui.widgets.row import Paragraph
from nnviz.run import Run
from nnviz.studies.evidence import EvidenceReport, EvidenceStudy, sentence
from nnviz.studies.repeating import way_of
from nnviz.studies.study import Study

_EVIDENCE = "Evidence"
_TABLE_WIDTH = 430
_BESIDE = 2 * _TABLE_WIDTH - 60
"""Width of the page from which the table stands beside the plots, and not under them."""

_NO_LIMIT = 2**24 - 1
"""Qt's QWIDGETSIZE_MAX, which PySide6 leaves out."""
_ROWS = 1_000
_OUT_OF_REACH = 2.5
"""Times what 98 % of the losses stay below, above which a loss is not drawn."""

_LOWEST = -4.0
"""How far down the evidence plot reaches at least: the criterion ends at 1 and may begin at minus hundreds."""

_LOCKED = (
    "The test part is locked and no validation part is set aside, so the only criterion shown is the one that needs no "
    "held-out data."
)


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class _Seen:
    """What is known of a run at all its epochs: losses (t,), the part monitored, and what the criteria say of it.

    `curves` are those that criteria read. `losses` are all rows that there are, in three columns: epochs, training loss
    and monitored loss; `drawn` says which of them are enough for a plot.
    """

    run: int
    curves: Columns
    losses: tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
    drawn: NDArray[np.int64]
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
    begin_words = "Measure"

    # ------------------------------------------------------------ assembly

    def add_options(self, row: QHBoxLayout) -> None:
        self.button.setToolTip("Measure the evidence criterion along the run in front")

    def add_results(self, column: QVBoxLayout) -> None:
        self._seen: _Seen | None = None
        self._key: tuple[Any, ...] = ()
        self._went_back = 0  # how often the run had, when the study of it began
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
        self._aside = frame, self.agreement
        aside.addWidget(frame, 1)
        aside.addWidget(self.agreement)
        self._both = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._both.setSpacing(12)
        self._both.addLayout(plots, 1)
        self._both.addLayout(aside)
        column.addLayout(self._both, 1)
        self._place_table()
        self._say_nothing()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_table()

    def _place_table(self) -> None:
        """Put the table beside the plots, or under them where there is no room."""
        beside = self.width() >= _BESIDE
        way = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        self._both.setDirection(way)
        for part in self._aside:
            part.setMaximumWidth(_TABLE_WIDTH if beside else _NO_LIMIT)
            part.setMinimumWidth(_TABLE_WIDTH)
        self.rows.setMinimumHeight(0 if beside else self.rows.height_of_all)

    # ------------------------------------------------------------ the study

    def needs_test(self) -> bool:
        return False

    def make_study(self) -> Study[EvidenceReport]:
        return EvidenceStudy(way_of(self.run, self.controller.session.runs), self.library())

    def show_report(self, report: EvidenceReport) -> None:
        if report is self._nothing:
            self._went_back = self.run.history.went_back
        self._key = ()  # the rows of the table follow

    def finished(self, report: EvidenceReport) -> str:
        return sentence(report, self.study.way) if isinstance(self.study, EvidenceStudy) else ""

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
        if seen is None:
            self._say_nothing()
            return
        self.rows.show_rows(_rows(seen, report))
        self._place_table()
        said = [*(seen.said if seen.held_out else ()), *([report.call] if report is not None else ())]
        self.agreement.setText(_agreement(seen, said))
        epochs, train, monitored = (column[seen.drawn] for column in seen.losses)
        measured = report.epochs if report is not None else epochs
        span = int(min(epochs[0], measured[0])), int(max(epochs[-1], measured[-1]))
        traces = [Trace("train", train, "train")]
        if seen.held_out:
            traces.append(Trace(seen.part, monitored, seen.part))
        self.plot.show_traces(*_as_wide(epochs, traces, span), "loss", _reach(traces))
        self._draw_marks()
        self._show_evidence(report, span)
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

    def _show_evidence(self, report: EvidenceReport | None, span: tuple[int, int]) -> None:
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
            *_as_wide(report.epochs, [trace], span),
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


def _look(run: Run) -> _Seen | None:
    """Return what the criteria say of a run at all its epochs, whichever is looked at; None for fewer than two."""
    evidence = evidence_of(replace(run, playhead=None))
    if len(evidence.curves["epoch"]) < 2:
        return None
    patience = evidence.experiment.training.patience or PATIENCE
    curves = evidence.curves
    said = calls(curves["epoch"], curves["train_loss"], curves["monitored"], patience)
    history, first = run.history, curves["epoch"][0]
    epochs, monitored = history.column("epoch"), history.column(history.monitor)
    losses = (
        epochs.astype(np.int64),
        history.column("train_loss").astype(np.float64),
        monitored.astype(np.float64) if len(monitored) else np.full(len(epochs), np.nan),
    )
    rows = np.union1d(history.rows(_ROWS), history.rows(_ROWS, log=True))  # enough for either axis
    return _Seen(run.number, curves, losses, rows[epochs[rows] >= first], evidence.part, patience, said)


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
            loss = _loss_at(seen, call.onset)
            rows.append(Row(call.criterion, words, color, call.onset, call.epoch, loss))
    words = "gradients of the training samples: no larger than chance"
    words = words if seen.held_out else f"{words}; the loss is that of training"
    if report is None:
        return [*rows, Row(_EVIDENCE, f"{words} (not measured yet)", "train")]
    call = report.call
    loss = _loss_at(seen, call.onset)
    return [*rows, Row(_EVIDENCE, words, "train", call.onset, call.epoch, loss)]


def _loss_at(seen: _Seen, epoch: int | None) -> float:
    """Return the monitored loss at an epoch, the training loss where that is hidden; NaN where none was measured.

    Between rows that were thinned it is read off the line that is drawn.
    """
    epochs, train, monitored = seen.losses
    if epoch is None or not epochs[0] <= epoch <= epochs[-1]:
        return float("nan")
    return float(np.interp(epoch, epochs, monitored if seen.held_out else train))


def _agreement(seen: _Seen, said: list[Call]) -> str:
    """Return how far the criteria agree, and which are missing."""
    if not seen.held_out:
        return _LOCKED
    words = disagreement(said)
    return words if any(call.criterion == _EVIDENCE for call in said) else f"{words} Evidence is not measured yet."


def _reach(traces: Sequence[Trace]) -> tuple[float, float]:
    """Return how far down and up to draw losses: a few epochs that are far above all others are cut off."""
    values = np.concatenate([trace.values for trace in traces])
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(min(values.max(), _OUT_OF_REACH * np.quantile(values, 0.98)))
    room = 0.06 * (high - low) or 0.5
    return low - room, high + room


def _as_wide(
    epochs: NDArray[np.int64], traces: Sequence[Trace], span: tuple[int, int]
) -> tuple[NDArray[np.int64], list[Trace]]:
    """Return traces from the first to the last epoch of a span, not a number where there is nothing of them.

    So that two plots under each other have the same axis, linear or logarithmic, where nothing has a place at 0.
    """
    ends = np.array([span[0], max(1, span[0]), span[1]])
    whole = np.union1d(epochs, ends)
    rows = np.searchsorted(whole, epochs)
    wide = []
    for trace in traces:
        values = np.full(len(whole), np.nan)
        values[rows] = trace.values
        if not np.isin(1, epochs) and epochs[0] == 0 < len(epochs) - 1:
            values[1] = np.interp(1, epochs, trace.values)  # between measured ones, no gap
        wide.append(replace(trace, values=values))
    return whole, wide
