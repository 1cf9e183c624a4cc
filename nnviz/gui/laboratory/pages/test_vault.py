"""How often was the test part looked at, what does that cost, and how to keep it for the end."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from nnviz.analysis.optimism import most_optimism
from nnviz.data.fresh import can_be_drawn_anew
from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.legend import Legend
from nnviz.gui.laboratory.parts.selection_plot import SelectionPlot
from nnviz.gui.laboratory.study_page import StudyPage, add_field, whole_number
from nnviz.gui.theme import Theme, font
from nnviz.gui.vault_keeper import keeper_of
from nnviz.gui.views import Table
from nnviz.gui.widgets.card import card
from nnviz.gui.widgets.row import Paragraph
from nnviz.studies.selection import MOST, SMALLEST, SelectionReport, SelectionStudy, Vary, sentence
from nnviz.studies.study import Study
from nnviz.vault import VaultEvent, in_words

_VARY: tuple[tuple[Vary, str], ...] = (("seeds", "seed alone"), ("settings", "rate and decay"))
_USUAL_EPOCHS, _MOST_EPOCHS = 200, 10_000_000
_SHOWN = 200
_LOG_HEIGHT = 30 + 4 * 22


@pages.register
class TestVaultPage(StudyPage[SelectionReport]):
    """Locks the test part, counts looks and selections, and demonstrates what they cost."""

    __test__ = False  # what pytest looks for in classes of such a name

    name = "test-vault"
    title = "Test vault"
    help = (
        "A test error tells the truth once. Whoever looks, changes something and looks again chooses by it, and then "
        "it flatters. Lock the test part, choose by validation, and open it at the end."
    )
    group = GROUPS[0]
    order = 60
    begin_words = "Train"

    # ------------------------------------------------------------ assembly

    def add_options(self, row: QHBoxLayout) -> None:
        self.candidates = whole_number(2, MOST, 100)
        self.samples = whole_number(SMALLEST, 5000, 50)
        self.epochs = whole_number(1, _MOST_EPOCHS, _USUAL_EPOCHS)
        self.follow_epochs(self.epochs, _USUAL_EPOCHS)
        self.epochs.setMaximumWidth(76)
        self.vary = QComboBox(self)
        self.vary.addItems([words for _, words in _VARY])
        add_field(row, "Networks", self.candidates, "How many networks to choose from.")
        add_field(row, "Test part", self.samples, "How many samples the test part has that chooses.")
        add_field(row, "Epochs", self.epochs, "How long every network is trained.")
        tip = (
            "What sets the networks apart. By their seed alone they are about equally good, and what seems won is luck."
        )
        add_field(row, "by", self.vary, tip)

    def add_results(self, column: QVBoxLayout) -> None:
        self.keeper = keeper_of(self.controller)
        column.insertWidget(0, self._make_vault())
        heading = QLabel("What choosing by the test error does, with networks of this experiment", self)
        heading.setFont(font("body", bold=True))
        column.insertWidget(1, heading)
        self.plot = SelectionPlot(self.theme, self)
        self.plot.setMinimumHeight(220)
        self.legend = Legend(self)
        column.addWidget(self.legend)
        column.addWidget(card(self.plot), 1)
        self.keeper.changed.connect(self._show_vault)
        self._show_vault()

    def _make_vault(self) -> QFrame:
        """Return the card with the lock, the counts and the log."""
        self.lock_button = QPushButton(self)
        self.lock_button.clicked.connect(self._turn)
        self.state = Paragraph("", self)
        self.state.setFont(font("body", bold=True))
        self.cost = Paragraph("muted", self)
        self.log = QTableWidget(0, 3, self)
        self.log.setHorizontalHeaderLabels(["When", "Run", "What"])
        self.log.setAccessibleName("Looks and selections, the newest first")
        self.log.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.log.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.log.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.log.verticalHeader().hide()
        self.log.verticalHeader().setDefaultSectionSize(22)
        self.log.setShowGrid(False)
        self.log.setFixedHeight(_LOG_HEIGHT)
        head = self.log.horizontalHeader()
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        head.setStretchLastSection(True)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self.state)
        words.addWidget(self.cost)
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addLayout(words, 1)
        top.addWidget(self.lock_button, 0, Qt.AlignmentFlag.AlignTop)
        frame = QFrame(self)
        frame.setObjectName("card")
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(14, 12, 14, 12)
        inside.setSpacing(8)
        inside.addLayout(top)
        inside.addWidget(self.log)
        return frame

    # ------------------------------------------------------------ the vault

    @Slot()
    def _turn(self) -> None:
        if self.keeper.vault.locked:
            self.keeper.open()
        else:
            self.keeper.lock()

    @Slot()
    def _show_vault(self) -> None:
        """Show state, counts and log."""
        vault = self.keeper.vault
        self.state.setText(in_words(vault))
        self.lock_button.setText("Open the vault" if vault.locked else "Lock the test part")
        self.lock_button.setToolTip(
            "Show what the test part says again; from then on looks are counted"
            if vault.locked
            else "Hide test errors, test curves and what is said of them until you open the vault"
        )
        self.log.setVisible(bool(vault.events))
        shown = vault.events[::-1][:_SHOWN]
        self.log.setRowCount(len(shown))
        for row, event in enumerate(shown):
            for place, text in enumerate(_cells(event)):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.log.setItem(row, place, item)

    def refresh(self) -> None:
        super().refresh()
        self.cost.setText(self._cost())

    def _cost(self) -> str:
        """Return what so many looks can cost, in a sentence."""
        vault, snapshot = self.keeper.vault, self.run.snapshot
        if snapshot is None or vault.looks < 2:
            return "To choose the best of several networks by their test error makes it look better than it is."
        samples = len(snapshot.data.test)
        if snapshot.data.task != "classification":
            return f"The best of {vault.looks:,} by its test error looks better than it is."
        most = 100.0 * most_optimism(vault.looks, samples)
        return (
            f"The best of {vault.looks:,} by its error on {samples:,} test samples can look up to {most:.1f} pp better "
            "than it is, on average, and more where each was made after seeing how the others did."
        )

    # ------------------------------------------------------------ the demonstration

    def needs_test(self) -> bool:
        return not can_be_drawn_anew(self.experiment.data.source)

    def sees_test(self, study: Study[SelectionReport]) -> bool:
        report = study.report()
        return report.count > 0 and not report.fresh

    def look_words(self) -> str:
        assert isinstance(self.study, SelectionStudy)
        return f"{self.study.candidates:,} networks to choose from by their test error"

    def make_study(self) -> Study[SelectionReport]:
        vary = _VARY[self.vary.currentIndex()][0]
        options = self.epochs.value(), self.candidates.value(), self.samples.value(), vary
        return SelectionStudy(self.experiment, self.library(), *options)

    def show_report(self, report: SelectionReport) -> None:
        self.plot.show_report(report)
        self.legend.show_keys(self.plot.legend())

    def finished(self, report: SelectionReport) -> str:
        return sentence(report)

    @property
    def report(self) -> SelectionReport | None:
        """What is shown."""
        return self._shown

    def table(self) -> Table:
        """Return the numbers that are shown: a row for every number of networks."""
        report = self.report
        if report is None or report.count < 2:
            return {}
        theory = report.theory
        assert theory is not None
        columns: dict[str, NDArray[Any]] = {"networks": np.arange(1, report.count + 1)}
        for words, pair in (("this test part", report.here()), ("average", report.usually()), ("theory", theory)):
            for name, values in zip(("looks", "is"), pair, strict=True):
                filled = np.full(report.count, np.nan)
                filled[: len(values)] = 100.0 * values
                columns[f"{name}, {words} [%]"] = filled
        return columns

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.plot.apply_theme(theme)
        self.legend.show_keys(self.plot.legend())


def _cells(event: VaultEvent) -> tuple[str, str, str]:
    """Return the words of an event: when, of which run, and what."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.time))
    kind = {"look": "Look: ", "selection": "Selection: "}.get(event.kind, "")
    return when, event.run, f"{kind}{event.text}"
