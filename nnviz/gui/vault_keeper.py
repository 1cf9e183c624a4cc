"""Watches a session for looks at the test part, and hides what it says while the vault is locked."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from nnviz.engines.settings import TrainingSettings
from nnviz.events import summary
from nnviz.experiment import Experiment, identity
from nnviz.gui.controller import Controller
from nnviz.run import Run
from nnviz.settings import differences
from nnviz.snapshot import Status
from nnviz.vault import Vault

BY_TEST = "test_loss"


class VaultKeeper(QObject):
    """One for each controller, whose child it is: see `keeper_of`. `now` tells the seconds since 1970."""

    changed = Signal()
    """It was locked or opened, or something was counted."""

    def __init__(self, controller: Controller, now: Callable[[], float] = time.time) -> None:
        super().__init__(controller)
        self._controller, self._now = controller, now
        self._sealed: tuple[bool, tuple[int, ...]] = (False, ())
        self._known: dict[int, tuple[Experiment, str]] = {}  # settings of a run, and their key
        self._last: Experiment | None = None
        self.vault = Vault()
        for signal in (controller.ticked, controller.run_changed, controller.status_changed):
            signal.connect(self.watch)
        controller.best_wanted.connect(self.go_to_best)
        self.watch()

    # ------------------------------------------------------------ what a window does

    def lock(self) -> None:
        """Hide what the test part says."""
        self._take(self.vault.lock(self._now()))

    def open(self) -> None:
        """Show what the test part says."""
        self._take(self.vault.open(self._now()))
        self.watch()

    def look(self, text: str) -> None:
        """Count a look that is not one at the run itself, as "learning curve: 40 networks"."""
        self._take(self.vault.looked(f"{text} {self._now()}", self._now(), self._controller.run.name, text))

    def select(self, text: str, run: Run | None = None) -> None:
        """Count a choice that was made by the test part, as "cures ranked by test error"."""
        self._take(self.vault.selected(self._now(), (run or self._controller.run).name, text))

    @Slot()
    def go_to_best(self) -> None:
        """Count that the epoch of the smallest monitored loss was gone to, if the test part says which that is."""
        run = self._controller.run
        if run.history.best_epoch is not None and run.history.monitor == BY_TEST:
            self.select(f"Went to epoch {run.history.best_epoch:,}, of the smallest test loss", run)

    def restore(self, plain: object) -> None:
        """Take over the vault of a project: what `vault.plain` returned."""
        self._last = None
        self._take(Vault.of(plain))
        self.watch()

    # ------------------------------------------------------------ looking

    @Slot()
    def watch(self) -> None:
        """Hide what is locked, and count what can be seen now: any run may be put in front or compared."""
        self._seal()
        for run in self._controller.session.runs:
            self._look(run)

    def _seal(self) -> None:
        """Hide what was measured on the test part from all runs while the vault is locked."""
        wanted = self.vault.locked, tuple(run.number for run in self._controller.session.runs)
        if wanted != self._sealed:
            self._sealed = wanted
            for run in self._controller.session.runs:
                run.history.sealed = self.vault.locked

    def _look(self, run: Run) -> None:
        since = run.chapters[-1].place[0] if run.chapters else run.first_epoch
        if run.epoch <= since:  # nothing was trained with its newest settings
            return
        vault = self.vault
        experiment, key = self._key(run)
        if not vault.locked and key not in vault.seen:
            vault = vault.looked(key, self._now(), run.name, self._difference(experiment))
            self._last = experiment
        early = run.status is Status.FINISHED and run.text.startswith("Stopped early")
        if early and run.experiment.training.patience and run.history.monitor == BY_TEST:
            text = f"Stopped early by the test loss, at epoch {run.epoch:,}"
            vault = vault.selected(self._now(), run.name, text, f"stopped {key}")
        self._take(vault)

    def _key(self, run: Run) -> tuple[Experiment, str]:
        """Return the settings that a run was last trained with, and a short text that names them."""
        experiment = run.chapters[-1].experiment if run.chapters else run.experiment
        known = self._known.get(run.number)
        if known is not None and known[0] is experiment:
            return known
        made = experiment, name_of_look(experiment)
        self._known[run.number] = made
        return made

    def _difference(self, experiment: Experiment) -> str:
        """Return what sets an experiment apart from the one that was looked at before it."""
        if self._last is None:
            first = "The first training whose test error was shown"
            return first if not self.vault.looks else "Another training, the first since the project was opened"
        changes = differences(self._last, experiment)
        return summary(changes, experiment) if changes else "Trained again"

    def _take(self, vault: Vault) -> None:
        if vault is not self.vault:
            turned = vault.locked != self.vault.locked
            self.vault = vault
            self._seal()
            self.changed.emit()
            if turned:  # whoever shows a run shows it anew
                self._controller.run_changed.emit()
                self._controller.ticked.emit()


def keeper_of(controller: Controller) -> VaultKeeper:
    """Return the keeper of a controller's vault, made on the first call."""
    found = controller.findChild(VaultKeeper)
    return found if isinstance(found, VaultKeeper) else VaultKeeper(controller)


def name_of_look(experiment: Experiment) -> str:
    """Return a short text that is the same for experiments of which a look shows the same: where they end is open."""
    usual = TrainingSettings()
    training = experiment.training.replace(
        epochs=usual.epochs, patience=usual.patience, engine=usual.engine, device=usual.device
    )
    return identity(experiment.replace(training=training))[:16]
