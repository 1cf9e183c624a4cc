"""The verdict: what the run shows, in words, why, and what can be done about it."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nnviz.analysis.criteria import PATIENCE, calls
from nnviz.analysis.verdict import Verdict
from nnviz.findings import Action, Fork, Found, GoTo, OpenPage, OpenView, TryCures
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.survey import Made, Watch
from nnviz.gui.controller import Controller
from nnviz.gui.header import error_text, shown_numbers
from nnviz.gui.panels.verdict_parts import ActionBar, CriteriaTable, FindingRow, Words
from nnviz.gui.theme import Theme, font
from nnviz.gui.widgets.column import MARGIN, ScrollColumn
from nnviz.gui.widgets.section import Section
from nnviz.run import Run
from nnviz.snapshot import Status

_COLORS = {
    "waiting": "border",
    "failed": "danger",
    "danger": "danger",
    "warning": "danger",
    "good": "good",
    "notice": "accent",
}
_AGAIN_MS = 250
_LEAST, _MOST = 96, 200
"""Heights in pixels between which the panel takes what its card needs; beyond, it scrolls."""


class VerdictPanel(QWidget):
    """A card with the finding that matters most, the others in a line each, and the criteria of overfitting."""

    cures_wanted = Signal()
    view_wanted = Signal(str)
    """The name of a view that shall come to the front."""
    page_wanted = Signal(str)
    """The name of a page of the laboratory that shall be opened."""

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller, self._theme = controller, theme
        self._watch = Watch()
        self._state = ""
        self._rows: dict[str, FindingRow] = {}
        self._again = QTimer(self)  # facts that take long may come when nothing else does
        self._again.setSingleShot(True)
        self._again.setInterval(_AGAIN_MS)
        self._again.timeout.connect(self.refresh)
        self._area = ScrollColumn(self)
        self._content, self._body = self._area.content, self._area.body
        self._make_card()
        self.criteria = Section("Onset by criterion", self._content)
        self._table = CriteriaTable(self.criteria.content)
        self.criteria.add(self._table)
        self.criteria.toggled.connect(self._toggled)
        self._body.setSpacing(2)
        self._body.addWidget(self._card)
        self._body.addWidget(self.criteria)
        self._body.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._area)
        self.setAccessibleName("Verdict")
        self.apply_theme(theme)
        self.refresh()

    def _make_card(self) -> None:
        self._card = QFrame(self._content)
        self._card.setObjectName("verdict")
        self._headline = QLabel(self._card)
        self._headline.setFont(font("body", bold=True, tabular=True))
        self._headline.setTextFormat(Qt.TextFormat.PlainText)
        self._headline.setWordWrap(True)
        self._sentence = Words(self._card)
        self._bar = ActionBar(self._theme, self._card)
        self._bar.wanted.connect(self.do)
        inside = QVBoxLayout(self._card)
        inside.setContentsMargins(14, 10, 12, 10)
        inside.setSpacing(6)
        for part in (self._headline, self._sentence, self._bar):
            inside.addWidget(part)

    @property
    def go(self) -> QPushButton | None:
        """The button that goes to the epoch that the headline tells of, where there is one."""
        return self._bar.button_of(GoTo)

    @property
    def cures(self) -> QPushButton | None:
        """The button that tries cures, where they are offered."""
        return self._bar.button_of(TryCures)

    @property
    def rows(self) -> list[FindingRow]:
        """The findings under the card, as they stand there."""
        return [row for row in self._rows.values() if not row.isHidden()]

    def controls(self, bar: QHBoxLayout) -> None:
        """Add nothing to the title bar."""

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self._theme = theme
        self._bar.apply_theme(theme)
        for row in self._rows.values():
            row.apply_theme(theme)
        self._color()

    # ------------------------------------------------------------ what is shown

    @Slot()
    def refresh(self) -> None:
        """Put what is looked at into words."""
        run = self._controller.run
        made = self._watch.look(run, time.monotonic())
        said = resting_verdict(run)
        if said is not None or not made:
            said = said or Verdict("waiting", "Not trained yet", "Press Play, and what happens is put into words here.")
            self._show(said.state, said.state, Found("good", said.headline, said.sentence))
            self._show_rows(() if said.state == "failed" else made)
        else:
            first, *others = made
            self._show(first.name, first.found.severity, first.found)
            self._show_rows(tuple(others))
        self._show_criteria(self._watch.evidence, any(each.name == "overfitting" for each in made) and said is None)
        if self._watch.facts.busy:
            self._again.start()

    def _show(self, name: str, state: str, found: Found) -> None:
        """Show a finding in the card."""
        if self._headline.text() != found.headline:
            self._headline.setText(found.headline)
        self._sentence.say(found.sentence, name)
        self._bar.set_actions(found.actions)
        self._bar.setVisible(bool(found.actions))
        description = f"{found.headline}. {found.sentence}"
        if description != self.accessibleDescription():
            self.setAccessibleDescription(description)
        if state != self._state:
            self._state = state
            self._color()
        self._make_room()

    def _show_rows(self, made: tuple[Made, ...]) -> None:
        """Show findings in a line each, in their order."""
        names = [each.name for each in made]
        for name, row in self._rows.items():
            row.setVisible(name in names)
        for place, each in enumerate(made, 1):
            row = self._rows.get(each.name) or self._add_row(each.name)
            row.show_found(each.found, each.name)
            if self._body.indexOf(row) != place:
                self._body.insertWidget(place, row)
            row.show()

    def _add_row(self, name: str) -> FindingRow:
        row = self._rows[name] = FindingRow(self._theme, self._content)
        row.wanted.connect(self.do)
        row.toggled.connect(self._toggled)
        return row

    def _show_criteria(self, evidence: Evidence | None, overfits: bool) -> None:
        """Offer the criteria where a run overfits, and show them where they are unfolded."""
        self.criteria.setVisible(overfits)
        if overfits and evidence is not None and self.criteria.opened:
            curves = evidence.curves
            patience = evidence.experiment.training.patience or PATIENCE
            self._table.show_calls(calls(curves["epoch"], curves["train_loss"], curves["monitored"], patience))

    @Slot()
    def _toggled(self) -> None:
        self.refresh()

    # ------------------------------------------------------------ what is done

    @Slot(object)
    def do(self, action: Action) -> None:
        """Carry out what a button offers."""
        match action:
            case GoTo(epoch=epoch):
                self._go_to(epoch)
            case Fork():
                self._fork(action)
            case OpenView(view=name):
                self.view_wanted.emit(name)
            case OpenPage(page=name):
                self.page_wanted.emit(name)
            case TryCures():
                self.cures_wanted.emit()

    def _go_to(self, epoch: int) -> None:
        """Look at an epoch; the vault counts it where that is the best one by the test part."""
        controller = self._controller
        controller.go_to_best() if epoch == controller.run.history.best_epoch else controller.go_to(epoch)

    def _fork(self, action: Fork) -> None:
        """Go on from an epoch, or train a twin, with a change; the run is named by it, the experiment as before."""
        controller, change = self._controller, action.experiment.name
        experiment = action.experiment.replace(name=controller.experiment.name)
        if action.anew:
            controller.twin(experiment, change)
            return
        if action.epoch is not None and action.epoch != controller.run.shown_epoch:
            self._go_to(action.epoch)
        controller.fork_with(experiment, f"{change} from {controller.run.shown_epoch:,}")

    # ------------------------------------------------------------ its looks

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Ask for the height that the card needs at this width."""
        layout = self._card.layout()
        if layout is not None:
            needed = layout.minimumHeightForWidth(max(1, self.width() - 2 * MARGIN)) + MARGIN
            height = max(_LEAST, min(needed, _MOST))
            if height != self.minimumHeight():
                self.setMinimumHeight(height)

    def _color(self) -> None:
        """Give the card's edge the colour of what it says."""
        theme, edge = self._theme, self._theme.color(_COLORS.get(self._state, "border")).name()
        self._card.setStyleSheet(
            f"QFrame#verdict {{ background: {theme.card}; border: 1px solid {theme.border};"
            f" border-left: 3px solid {edge}; border-radius: 6px; }}"
        )


def resting_verdict(run: Run) -> Verdict | None:
    """Return what is to say of a run that cannot be trained, or has not gone on yet; None where findings say it."""
    if run.status is Status.FAILED:
        return Verdict("failed", "It cannot be trained", run.text)
    if run.first_epoch > 0 and not run.trained:
        _, train, test = shown_numbers(run)
        regression = run.snapshot is not None and run.snapshot.data.task == "regression"
        word = "RMSE" if regression else "error"
        errors = f"Train {word} {error_text(train, regression)}, test {word} {error_text(test, regression)}."
        return Verdict("waiting", f"A fork at epoch {run.first_epoch:,}", f"{errors} Press Play to go on from here.")
    return None
