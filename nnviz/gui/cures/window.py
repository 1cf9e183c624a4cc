"""What would cure it? A twin for every cure, over several seeds, trained beside the window and ranked as they come."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from nnviz.cures import NoCure, cures
from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.gui.cures.curve import DifferenceCurve
from nnviz.gui.cures.ranking import Ranking
from nnviz.gui.theme import Theme, font
from nnviz.gui.vault_keeper import keeper_of
from nnviz.run import Run
from nnviz.training.twin_report import Outcome, Variant
from nnviz.training.twins import TwinStudy

_LOOK_MS = 250
_SEEDS, _MOST_EPOCHS = 5, 1_000_000

LOCKED = "Cures are ranked by the test error, and the test part is locked: open the vault."


class CuresWindow(QWidget):
    """A window of its own, on the run that was in front when it was opened. Closing it ends the twins."""

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Cures for overfitting")
        self.resize(760, 640)
        self._controller, self._theme = controller, theme
        self._run: Run = controller.run
        self._experiment = controller.experiment
        self._refusals: tuple[tuple[str, str], ...] = ()
        self._keeper = keeper_of(controller)
        self.study: TwinStudy | None = None
        self._make_parts()
        self._make_layout()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self.apply_theme(theme)
        self.ranking.setFocus()
        self._keeper.changed.connect(self._look)
        self._begin()

    # ------------------------------------------------------------ assembly

    def _make_parts(self) -> None:
        self._heading = QLabel("What would cure it?", self)
        self._heading.setFont(font("large", bold=True))
        self._about = QLabel(self)
        self._about.setObjectName("muted")
        self._about.setWordWrap(True)
        self.seeds, self.epochs = QSpinBox(self), QSpinBox(self)
        for field in (self.seeds, self.epochs):
            field.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.seeds.setRange(1, 50)
        self.seeds.setValue(_SEEDS)
        self.seeds.setAccessibleName("Seeds")
        self.seeds.setToolTip("Initial weights and orders of samples to repeat everything with: more make it surer.")
        self.epochs.setRange(1, _MOST_EPOCHS)
        self.epochs.setGroupSeparatorShown(True)
        self.epochs.setValue(max(1, min(self._run.epoch, _MOST_EPOCHS)))
        self.epochs.setAccessibleName("Epochs")
        self.epochs.setToolTip("How long every twin is trained: as long as the run, unless you change it.")
        self.again = QPushButton("Train again", self)
        self.again.clicked.connect(self._begin)
        self.ranking = Ranking(self._theme, self)
        self.ranking.chosen.connect(self._show_chosen)
        self.curve = DifferenceCurve(self._theme, self)
        self._sentence = QLabel(self)
        self._sentence.setWordWrap(True)
        self._sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar(self)
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        self.bar.setAccessibleName("Progress")
        self._status = QLabel(self)
        self._status.setObjectName("muted")
        self.twin = QPushButton("Train it as a twin", self)
        self.twin.setToolTip("Add a run with this change, from the same beginning, and train both side by side")
        self.twin.clicked.connect(self._train_twin)
        self.fork = QPushButton("Fork here with it", self)
        self.fork.setToolTip("Go on from the epoch that you look at in the main window, with this change")
        self.fork.clicked.connect(self._fork)
        self.stop = QPushButton("Cancel", self)
        self.stop.clicked.connect(self._cancel)

    def _make_layout(self) -> None:
        options = QHBoxLayout()
        options.setSpacing(8)
        for words, field in (("Epochs", self.epochs), ("Seeds", self.seeds)):
            label = QLabel(words, self)
            label.setBuddy(field)
            options.addWidget(label)
            options.addWidget(field)
        options.addWidget(self.again)
        options.addStretch(1)
        self._found = QWidget(self)  # what is hidden while the test part is locked
        card = QFrame(self)
        card.setObjectName("card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(1, 1, 1, 1)
        inside.addWidget(self.curve)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self._status, 1)
        for button in (self.twin, self.fork, self.stop):
            foot.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(10)
        for part in (self._heading, self._about):
            column.addWidget(part)
        column.addLayout(options)
        found = QVBoxLayout(self._found)
        found.setContentsMargins(0, 0, 0, 0)
        found.setSpacing(10)
        found.addWidget(self.ranking)
        found.addWidget(self._sentence)
        found.addWidget(card, 1)
        column.addWidget(self._found, 1)
        column.addWidget(self.bar)
        column.addLayout(foot)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self._theme = theme
        self.ranking.apply_theme(theme)
        self.curve.apply_theme(theme)
        self.bar.setStyleSheet(
            f"QProgressBar {{ border: none; border-radius: 2px; background: {theme.border}; }}"
            f"QProgressBar::chunk {{ background: {theme.accent}; border-radius: 2px; }}"
        )

    # ------------------------------------------------------------ the study

    @Slot()
    def _begin(self) -> None:
        """Train the run's experiment anew and every cure that fits, with every seed."""
        if self._keeper.vault.locked:
            self._status.setText(LOCKED)
            return
        self._keeper.select("Cures ranked by their test errors", self._run)
        self._end()
        snapshot = self._run.snapshot
        if snapshot is None:
            self._status.setText("The run has no samples yet; open this again once it is ready.")
            return
        variants, refusals = [], []
        for cure in cures:
            try:
                changed = cure().applied(self._experiment, snapshot.data)
                variants.append(Variant(changed.name, changed, cure.judged_at))
            except NoCure as error:
                refusals.append((cure.title, str(error)))
        self._refusals = tuple(refusals)
        epochs, seeds = self.epochs.value(), self.seeds.value()
        repeated = f"{seeds} {'seed' if seeds == 1 else 'seeds'}"
        self._about.setText(
            f"{len(variants)} changes of “{self._run.name}”, one each, trained for {epochs:,} epochs with {repeated}: "
            "twins have the same initial weights and the same order of samples, so that what differs is what the "
            "change does."
        )
        self.study = TwinStudy(self._experiment, variants, epochs, seeds)
        self.study.start()
        self.stop.setText("Cancel")
        self._timer.start()
        self._look()

    @Slot()
    def _look(self) -> None:
        """Show how far the study has come."""
        study, locked = self.study, self._keeper.vault.locked
        self._found.setVisible(not locked)
        if study is None:
            return
        progress, report = study.progress(), study.report()
        self.ranking.show_report(report, self._refusals, progress.over)
        self.bar.setValue(round(1000 * progress.share))
        self._show_chosen()
        words = {"failed": progress.text, "cancelled": "Cancelled: these are the results so far.", "finished": "Done."}
        if progress.over:
            self._timer.stop()
            self.stop.setText("Close")
            self._status.setText(words[progress.state])
        else:
            left = progress.seconds_left
            self._status.setText("Getting ready …" if math.isnan(left) else f"About {max(1, round(left))} s left")
        if locked:
            self._status.setText(LOCKED)

    @Slot()
    def _show_chosen(self) -> None:
        """Show curve and sentence of the row that is chosen."""
        chosen = self._chosen()
        report = self.study.report() if self.study is not None else None
        for button in (self.twin, self.fork):
            button.setEnabled(chosen is not None and not chosen.problem and not self._keeper.vault.locked)
        if report is not None:
            self.curve.show_outcome(report, chosen)
            self._sentence.setText(report.sentence(chosen) if chosen is not None else "No cure fits this experiment.")

    def _chosen(self) -> Outcome | None:
        outcomes = self.ranking.outcomes
        return outcomes[self.ranking.place] if self.ranking.place < len(outcomes) else None

    @Slot()
    def _cancel(self) -> None:
        """Stop training the twins; once that is over, close."""
        if self.study is not None and not self.study.progress().over:
            self.study.cancel()
        else:
            self.close()

    def _end(self) -> None:
        self._timer.stop()
        if self.study is not None:
            self.study.close()
            self.study = None

    # ------------------------------------------------------------ what comes of it

    @Slot()
    def _train_twin(self) -> None:
        chosen = self._chosen()
        if chosen is not None and self._bring_forward():
            self._controller.twin(self._named(chosen), chosen.name)

    @Slot()
    def _fork(self) -> None:
        chosen = self._chosen()
        if chosen is not None and self._bring_forward():
            self._controller.fork_with(self._named(chosen), f"{chosen.name} from {self._run.shown_epoch:,}")

    def _named(self, chosen: Outcome) -> Experiment:
        """Return the changed experiment under the name of the one that it changes: the run is named by the change."""
        return chosen.experiment.replace(name=self._experiment.name, seed=self._experiment.seed)

    def _bring_forward(self) -> bool:
        """Bring the run of this window to the front; return whether it is still there."""
        if self._run not in self._controller.session.runs:
            self._status.setText("The run that these cures were for has been removed; undo returns it.")
            return False
        self._controller.select(self._run)
        return True

    def closeEvent(self, event: QCloseEvent) -> None:
        self._end()
        super().closeEvent(event)
