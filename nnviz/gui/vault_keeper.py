"""Watches a session for looks at the test part, and hides what it says while the vault is locked."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from nnviz.events import summary
from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.run import Run
from nnviz.settings import differences, encode
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
        self._take(Vault.of(plain))
        self.watch()

    # ------------------------------------------------------------ looking

    @Slot()
    def watch(self) -> None:
        """Hide what is locked, and count what can be seen now: the run in front, and those it is compared with."""
        session = self._controller.session
        self._seal()
        compared = [run for run in session.runs if run.number in session.look.compared]
        for run in dict.fromkeys([run.number for run in (session.run, *compared)]):
            self._look(next(each for each in session.runs if each.number == run))

    def _seal(self) -> None:
        """Hide what was measured on the test part from all runs while the vault is locked."""
        wanted = self.vault.locked, tuple(run.number for run in self._controller.session.runs)
        if wanted != self._sealed:
            self._sealed = wanted
            for run in self._controller.session.runs:
                run.history.sealed = self.vault.locked

    def _look(self, run: Run) -> None:
        if not run.trained or not len(run.history):
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
        """Return the settings of a run that matter, and a short text that names them."""
        known = self._known.get(run.number)
        if known is not None and known[0] is run.experiment:
            return known
        made = run.experiment, fingerprint(run.experiment)
        self._known[run.number] = made
        return made

    def _difference(self, experiment: Experiment) -> str:
        """Return what sets an experiment apart from the one that was looked at before it."""
        if self._last is None:
            return "The first training whose test error was shown"
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


def fingerprint(experiment: Experiment) -> str:
    """Return a short text that is the same for experiments that train the same, whatever they are called."""
    plain = encode(experiment)
    plain = {**plain, "name": "", "description": "", "data": {**plain["data"], "plane": None}}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
