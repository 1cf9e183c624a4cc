"""A page that trains in the background when it is told to: its options, button, progress and result."""

from __future__ import annotations

import math
from typing import Any, Generic, TypeVar, cast

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSpinBox, QVBoxLayout, QWidget

from nnviz.gui.controller import Controller
from nnviz.gui.laboratory.page import Page
from nnviz.gui.laboratory.parts.note import Note
from nnviz.gui.theme import Theme
from nnviz.gui.vault_keeper import keeper_of
from nnviz.settings import SettingsError
from nnviz.studies.study import Study

R = TypeVar("R")


_LOCKED = "This shows test errors, and the test part is locked: open the test vault first."
_HIDDEN = "The test part is locked, and this was measured on it: open the test vault to see it again."


class StudyPage(Page, Generic[R]):
    """Options in a row, a button that begins and cancels, and what was found.

    A concrete page adds its fields to `add_options`, its plots to `add_results`, returns the study to begin from
    `make_study`, and shows reports in `show_report`. What was found stays until the next study begins, with a note once
    another run is in front; a study that is refused leaves it alone. What the test part says is hidden while the vault
    is locked, and counted as a look once it is there.
    """

    begin_words = "Begin"

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(controller, theme, parent)
        self.study: Study[R] | None = None
        self._nothing: R | None = None  # the report of a study that has found nothing yet
        self._shown: R | None = None
        self._of: tuple[int, str] = (-1, "")  # the run that the study is of
        self._looked = True  # whether the vault has counted what the study shows
        self._told: tuple[object, ...] = ()  # the end that the sentence is about
        self._refused: tuple[int, str] = (-1, "")  # the run of which a study was refused, and why
        self._following: tuple[QSpinBox, int] | None = None
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
        self.problem = Note("error", self)
        self.problem.setAccessibleName("What is wrong")
        self.problem.hide()
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
        column.addWidget(self.problem)
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
        """Return a study of the run in front, not begun. Raises SettingsError with a sentence if there can be none.

        Nothing on the page may change by it: what the page has to know of a study later, the study tells.
        """
        raise NotImplementedError

    def show_report(self, report: R) -> None:
        """Show what is known so far, and nothing else.

        It is called when a study begins, with the report of one that has found nothing yet, and with each new one.
        """
        raise NotImplementedError

    def needs_test(self) -> bool:
        """Say whether it is nothing without the test part, so that it begins nothing while the vault is locked."""
        return True

    def sees_test(self, study: Study[R]) -> bool:
        """Say whether what a study finds tells of the test part; one that was begun without may not."""
        return self.needs_test()

    def look_words(self) -> str:
        """Return what the vault writes down about the look at what the study shows."""
        return self.title

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
        """Begin a new study in place of the one so far, or say why not."""
        try:
            study = self._new_study()
        except SettingsError as error:
            self.refuse(str(error))
            return
        self.end()
        self.controller.session.pause()  # the cores are for this
        self.study, self._of = study, (self.run.number, self.run.name)
        self._looked, self._told, self._refused = False, (), (-1, "")
        self.sentence.setText("")
        self._nothing = self._shown = study.report()
        self.show_report(self._shown)
        study.start()
        self.refresh()

    def refuse(self, sentence: str) -> None:
        """Say why nothing can begin, as long as the run in front stays there."""
        self._refused = (self.run.number, sentence)
        self._show_problem()

    def _new_study(self) -> Study[R]:
        if self.run.snapshot is None:
            raise SettingsError("The run is not ready yet; begin once it is.")
        if self.needs_test() and keeper_of(self.controller).vault.locked:
            raise SettingsError(_LOCKED)
        return self.make_study()

    @property
    def hidden(self) -> bool:
        """Whether what was found is hidden, because the vault is locked."""
        return self.study is not None and self.sees_test(self.study) and keeper_of(self.controller).vault.locked

    def refresh(self) -> None:
        """Show how far the study has come, and what is new."""
        self._follow_epochs()
        self._show_problem()
        study = self.study
        if study is None:
            self.bar.setValue(0)
            return
        progress, report = study.progress(), study.report()
        report = cast("R", self._nothing) if self.hidden else report
        self.bar.setValue(round(1000 * progress.share))
        self.button.setText(self.begin_words if progress.over else "Cancel")
        if report is not self._shown:
            self._shown = report
            self.show_report(report)
            self._count_look()
        if progress.over:
            self.status.setText(self._over_words())
            self._tell(progress.text)
        else:
            left = progress.seconds_left
            self.status.setText("Getting ready …" if math.isnan(left) else f"About {max(1, round(left))} s left")

    def _tell(self, mistake: str) -> None:
        """Say what was found, or went wrong; once, as what is said later of a point that was opened shall stay."""
        told = self.study, self.hidden
        if told != self._told:
            self._told = told
            self.sentence.setText("" if self.hidden else mistake or self.finished(self._shown))  # type: ignore[arg-type]

    def _count_look(self) -> None:
        """Have the vault count what is shown now, the first time that a study shows something of the test part."""
        if not self._looked and self.study is not None and self.sees_test(self.study) and not self.hidden:
            self._looked = True
            keeper_of(self.controller).look(self.look_words())

    def _show_problem(self) -> None:
        """Show why nothing could begin, as long as the run that it is about is in front, or why nothing is shown."""
        text = self._refused[1] if self._refused[0] == self.run.number else ""
        text = text or (_HIDDEN if self.hidden else "")
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def _over_words(self) -> str:
        """Return what stands beside the options once the study is over."""
        assert self.study is not None
        other = "" if self._of[0] == self.run.number else f" for “{self._of[1]}”, which is not the run in front"
        words = {"cancelled": "Cancelled: the results so far", "failed": "It could not be done"}
        return f"{words.get(self.study.progress().state, 'Done: the results')}{other}."

    # ------------------------------------------------------------ epochs

    def follow_epochs(self, field: QSpinBox, usual: int) -> None:
        """Have a field hold the epoch of the run in front, or a usual number, until somebody types another one."""
        field.setValue(self.run.epoch or usual)
        self._following = (field, field.value())

    def _follow_epochs(self) -> None:
        if self._following is not None and self.run.epoch:
            field, offered = self._following
            if field.value() == offered != self.run.epoch:
                field.setValue(self.run.epoch)
                self._following = (field, field.value())

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
