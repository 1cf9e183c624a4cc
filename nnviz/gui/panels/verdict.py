"""The verdict: what the run shows, in words, and what can be done about it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nnviz.analysis.verdict import Losses, Verdict, verdict
from nnviz.gui.controller import Controller
from nnviz.gui.header import error_text, shown_numbers
from nnviz.gui.theme import Theme, font
from nnviz.run import Run
from nnviz.snapshot import Status

_COLORS = {"waiting": "border", "learning": "good", "overfitting": "danger", "diverged": "danger", "failed": "danger"}


class VerdictPanel(QWidget):
    """A card with a headline, a sentence, and buttons: go to the onset, and try cures."""

    cures_wanted = Signal()

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller, self._theme = controller, theme
        self._shown: Verdict | None = None
        self._card = QFrame(self)
        self._card.setObjectName("verdict")
        self._headline = QLabel(self._card)
        self._headline.setFont(font("body", bold=True))
        self._sentence = QLabel(self._card)
        self._sentence.setObjectName("muted")
        self._sentence.setWordWrap(True)
        self.go = QPushButton(self._card)
        self.go.setToolTip("Look at the network as it was before it began to overfit (B)")
        self.go.clicked.connect(controller.go_to_best)
        self.cures = QPushButton("Try cures…", self._card)
        self.cures.setToolTip("Train twins with one change each, and rank them by test error")
        self.cures.clicked.connect(self.cures_wanted)
        for button in (self.go, self.cures):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves ← and → to the playhead
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.go)
        buttons.addWidget(self.cures)
        buttons.addStretch(1)
        inside = QVBoxLayout(self._card)
        inside.setContentsMargins(14, 10, 12, 10)
        inside.setSpacing(6)
        inside.addWidget(self._headline)
        inside.addWidget(self._sentence)
        inside.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 0, 12, 6)
        column.addWidget(self._card)
        column.addStretch(1)
        self.setAccessibleName("Verdict")
        self.apply_theme(theme)
        self.refresh()

    def controls(self, bar: QHBoxLayout) -> None:
        """Add nothing to the title bar."""

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self._theme = theme
        self._color(self._shown)

    @Slot()
    def refresh(self) -> None:
        """Put what is looked at into words."""
        run = self._controller.run
        shown = verdict_of(run)
        if shown == self._shown:
            return
        self._shown = shown
        self._headline.setText(shown.headline)
        self._sentence.setText(shown.sentence)
        overfits = shown.state == "overfitting"
        self.go.setVisible(overfits)
        self.go.setText(f"Go to {run.onset:,}" if run.onset is not None else "")
        self.cures.setVisible(overfits or (shown.state == "learning" and run.epoch > 0))
        self.setAccessibleDescription(f"{shown.headline}. {shown.sentence}")
        self._color(shown)
        self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Ask for the height that the sentence needs at this width."""
        layout = self.layout()
        if layout is not None:
            self.setMinimumHeight(layout.minimumHeightForWidth(self.width()))

    def _color(self, shown: Verdict | None) -> None:
        """Give the card's edge the colour of what it says."""
        theme, edge = self._theme, self._theme.color(_COLORS[shown.state] if shown is not None else "border").name()
        self._card.setStyleSheet(
            f"QFrame#verdict {{ background: {theme.card}; border: 1px solid {theme.border};"
            f" border-left: 3px solid {edge}; border-radius: 6px; }}"
        )


def verdict_of(run: Run) -> Verdict:
    """Return the verdict on what is looked at of a run."""
    if run.status is Status.FAILED:
        return Verdict("failed", "It cannot be trained", run.text)
    if run.status is Status.DIVERGED and run.playhead is None:
        return Verdict("diverged", "Diverged", run.text)
    _, train, test = shown_numbers(run)
    regression = run.snapshot is not None and run.snapshot.data.task == "regression"
    word = "RMSE" if regression else "error"
    errors = f"Train {word} {error_text(train, regression)}, test {word} {error_text(test, regression)}."
    if run.first_epoch > 0 and not run.trained:
        return Verdict("waiting", f"A fork at epoch {run.first_epoch:,}", f"{errors} Press Play to go on from here.")
    now = _losses(run, run.shown_epoch) if run.trained else None
    onset = _losses(run, run.onset) if run.onset is not None else None
    return verdict(onset, now, errors)


def _losses(run: Run, epoch: int) -> Losses:
    """Return the losses at an epoch, or at the nearest one that is kept in the history."""
    history = run.history
    part = history.monitor.removesuffix("_loss")
    row = min(int(np.searchsorted(history.column("epoch"), epoch)), len(history) - 1)
    train, monitored = (float(history.column(name)[row]) for name in ("train_loss", history.monitor))
    return Losses(int(history.column("epoch")[row]), train, monitored, part)
