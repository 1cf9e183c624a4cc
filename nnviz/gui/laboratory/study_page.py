"""A page that trains in the background when it is told to: its options, button, progress and result."""

from __future__ import annotations

import math
from typing import Any, Generic, TypeVar

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSpinBox, QVBoxLayout, QWidget

from nnviz.gui.controller import Controller
from nnviz.gui.laboratory.page import Page
from nnviz.gui.theme import Theme
from nnviz.gui.vault_keeper import keeper_of
from nnviz.settings import SettingsError
from nnviz.studies.study import Study

R = TypeVar("R")


class StudyPage(Page, Generic[R]):
    """Options in a row, a button that begins and cancels, and what was found.

    A concrete page adds its fields to `add_options`, its plots to `add_results`, returns the study to begin from
    `make_study`, and shows reports in `show_report`, which is called only when there is a new one. What was found
    stays until the next study begins, with a note once another run is in front.
    """

    begin_words = "Begin"

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(controller, theme, parent)
        self.study: Study[R] | None = None
        self._shown: R | None = None
        self._of: tuple[int, str] = (-1, "")  # the run that the study is of
        self.button = QPushButton(self.begin_words, self)
        self.button.setObjectName("primary")
        self.button.clicked.connect(self.toggle)
        self.bar = QProgressBar(self)
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        self.bar.setAccessibleName("Progress")
        self.status = QLabel("Nothing is trained until you say so.", self)
        self.status.setObjectName("muted")
        self.sentence = QLabel(self)
        self.sentence.setWordWrap(True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sentence.setAccessibleName("What was found")
        options = QHBoxLayout()
        options.setSpacing(8)
        self.add_options(options)
        options.addWidget(self.button)
        options.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(options)
        column.addWidget(self.bar)
        column.addWidget(self.status)
        self.add_results(column)
        column.addWidget(self.sentence)
        self.apply_theme(theme)

    # ------------------------------------------------------------ what a page says

    def add_options(self, row: QHBoxLayout) -> None:
        """Add fields, each after its label."""

    def add_results(self, column: QVBoxLayout) -> None:
        """Add what shows the results, with a stretch of 1."""
        raise NotImplementedError

    def make_study(self) -> Study[R]:
        """Return a study of the run in front, not begun. Raises SettingsError with a sentence if there can be none."""
        raise NotImplementedError

    def show_report(self, report: R) -> None:
        """Show what is known so far."""
        raise NotImplementedError

    def finished(self, report: R) -> str:
        """Return what was found, in a sentence or two."""
        return ""

    # ------------------------------------------------------------ the study

    @Slot()
    def toggle(self) -> None:
        """Begin, or cancel what goes on."""
        if self.study is not None and not self.study.progress().over:
            self.study.cancel()
        else:
            self.begin()

    def begin(self) -> None:
        """Begin a new study in place of the one so far."""
        self.end()
        self.study = None  # what it found stays to be seen; a new one may be refused
        if self.run.snapshot is None:
            self.status.setText("The run is not ready yet; begin once it is.")
            return
        try:
            study = self.make_study()
        except SettingsError as error:
            self.status.setText("")
            self.sentence.setText(str(error))
            return
        keeper = keeper_of(self.controller)
        if self.shows_test and keeper.vault.locked:
            study.close()
            self.sentence.setText("This shows test errors, and the test part is locked: open the test vault first.")
            return
        if self.shows_test:
            keeper.look(self.title)
        self.controller.session.pause()  # the cores are for this
        self.sentence.setText("")
        self._shown, self._of = None, (self.run.number, self.run.name)
        self.study = study
        study.start()
        self.refresh()

    def refresh(self) -> None:
        """Show how far the study has come, and what is new."""
        study = self.study
        if study is None:
            self.bar.setValue(0)
            return
        progress, report = study.progress(), study.report()
        self.bar.setValue(round(1000 * progress.share))
        self.button.setText(self.begin_words if progress.over else "Cancel")
        if report is not self._shown:
            self._shown = report
            self.show_report(report)
        if progress.over and self._over_words() != self.status.text():
            self.status.setText(self._over_words())
            self.sentence.setText(progress.text or self.finished(report))
        elif not progress.over:
            left = progress.seconds_left
            self.status.setText("Getting ready …" if math.isnan(left) else f"About {max(1, round(left))} s left")

    def _over_words(self) -> str:
        """Return what stands beside the options once the study is over."""
        assert self.study is not None
        other = "" if self._of[0] == self.run.number else f" of “{self._of[1]}”, which is not the run in front"
        words = {"cancelled": "Cancelled: the results so far", "failed": "It could not be done"}
        return f"{words.get(self.study.progress().state, 'Done: the results')}{other}."

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.bar.setStyleSheet(
            f"QProgressBar {{ border: none; border-radius: 2px; background: {theme.border}; }}"
            f"QProgressBar::chunk {{ background: {theme.accent}; border-radius: 2px; }}"
        )

    def end(self) -> None:
        if self.study is not None:
            self.study.close()  # it stays, so that it is said that it was cancelled, and points can still be opened
        self.button.setText(self.begin_words)


def whole_number(low: int, high: int, value: int) -> QSpinBox:
    """Return a field for a whole number, which is typed or changed with the arrow keys."""
    field = QSpinBox()
    field.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    field.setGroupSeparatorShown(True)
    field.setRange(low, high)
    field.setValue(value)
    return field


def add_field(row: QHBoxLayout, words: str, field: Any, help: str = "") -> None:
    """Add a field after its label, which names it for those who cannot see; `help` is its tooltip."""
    label = QLabel(words)
    label.setBuddy(field)
    field.setAccessibleName(words)
    if help:
        field.setToolTip(help)
        label.setToolTip(help)
    row.addWidget(label)
    row.addWidget(field)
