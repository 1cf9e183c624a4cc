"""The journal of a window: what is not saved yet survives a crash, and what a window was closed on can be had again."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QMessageBox

from nnviz.gui.widgets.job import Job
from nnviz.project.journal.autosave import Autosave
from nnviz.project.journal.journal import Journal
from nnviz.project.journal.recovery import Leftover, discard, recover, recoverable
from nnviz.project.project import Project, ProjectError

if TYPE_CHECKING:
    from nnviz.gui.main_window import MainWindow

log = logging.getLogger(__name__)

_LOOK_MS = 100
"""How often it is looked whether there is something to write: a change is on the disk a tenth of a second later."""

_ENDED = "ended"
"""A file in the journal of a window that was closed and did not crash."""

_PATIENCE = 20.0
"""Seconds that closing a window waits for its journal at most."""

_KEPT = 5
"""Journals of closed windows that are kept."""


class Safety(QObject):
    """Keeps the journal, and offers what earlier sessions have left."""

    trouble_changed = Signal()
    """`trouble`, a sentence as long as the journal cannot be written, is another."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._autosave: Autosave | None = None
        self._journal: Journal | None = None
        self.trouble = ""
        self._recovering: tuple[Leftover, Job[Project]] | None = None
        self._recovered: Path | None = None  # a journal that can go once its runs are in this one
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    def start(self) -> None:
        """Begin the journal of this window, and offer what a crash has left."""
        try:
            self._journal = Journal()
            self._autosave = Autosave(self._journal)
        except OSError as error:
            self._say(f"Work cannot be protected from a crash: {error.strerror or error}.")
        self._timer.start()
        QTimer.singleShot(0, self._offer)

    def close(self, keep: bool) -> None:
        """End the journal; with `keep` what is in it can be had again at another time."""
        self._timer.stop()
        if self._autosave is None or self._journal is None:
            return
        worthwhile = any(run.trained or run.note for run in self._window.controller.session.runs)
        keep = keep and worthwhile
        safe = not keep or self._written_at_once()
        self._autosave.close(keep)
        if keep:
            _mark(self._journal.path)
        if safe and self._recovered is not None:
            _let_go(self._recovered)
        self._autosave = self._journal = None

    # ------------------------------------------------------------ writing

    @Slot()
    def _look(self) -> None:
        self._write()
        if self._recovering is not None and self._recovering[1].done:
            left, job = self._recovering
            self._recovering = None
            self._finish(left, job)
        autosave = self._autosave
        if self._recovered is not None and autosave is not None and not autosave.behind and not autosave.trouble:
            _let_go(self._recovered)
            self._recovered = None

    def _written_at_once(self) -> bool:
        """Write everything now; return whether that was possible."""
        assert self._autosave is not None
        self._autosave.flush(_PATIENCE)
        self._autosave.hurry()
        self._write()
        return self._autosave.flush(_PATIENCE)

    def _write(self) -> None:
        session = self._window.controller.session
        if self._autosave is not None:
            compared, desk = session.look.compared, self._window.undo_record.desk()
            self._autosave.look(session.runs, session.run, compared, session.worker.samples, desk)
            self._say(self._autosave.trouble)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self.trouble_changed.emit()

    # ------------------------------------------------------------ recovering

    @Slot()
    def _offer(self) -> None:
        """Offer the newest work that a crash has left; what nobody would miss goes."""
        found = recoverable()
        for left in found:
            if not left.worthwhile:
                _let_go(left.path)
        crashed = [left for left in found if left.worthwhile and not (left.path / _ENDED).exists()]
        if not crashed:
            return
        newest = crashed[0]
        box = QMessageBox(QMessageBox.Icon.Question, "nnviz", "nnviz ended without being closed.", parent=self._window)
        more = "" if len(crashed) == 1 else f" File → Unsaved work has {len(crashed) - 1} more."
        box.setInformativeText(f"What was not saved can be had again: {words_of(newest)}.{more}")
        again = box.addButton("Recover", QMessageBox.ButtonRole.AcceptRole)
        box.addButton("Later", QMessageBox.ButtonRole.RejectRole)
        gone = box.addButton("Delete it", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(again)
        box.exec()
        chosen = box.clickedButton()
        box.deleteLater()
        if chosen is again:
            self.recover(newest)
        elif chosen is gone:
            _let_go(newest.path)

    def fill(self, menu: QMenu) -> None:
        """List what can be had again in a menu."""
        menu.clear()
        found = [left for left in recoverable() if left.worthwhile]
        for left in found:
            action = menu.addAction(words_of(left))
            action.setData(left)
        if not found:
            menu.addAction("Nothing that is not saved").setEnabled(False)

    @Slot(QAction)
    def recover_chosen(self, action: QAction) -> None:
        """Turn to the runs of a journal that was chosen from the menu."""
        if isinstance(action.data(), Leftover) and self._window.documents.may_go():
            self.recover(action.data())

    def recover(self, left: Leftover) -> None:
        """Turn to the runs of a journal."""
        self._recovering = (left, Job(lambda: recover(left.path), ProjectError))

    def _finish(self, left: Leftover, job: Job[Project]) -> None:
        if job.result is None:
            self._window.show_notice(f"That cannot be recovered: {job.error}")
            return
        self._window.documents.take(job.result, None)
        if self._autosave is not None:
            self._autosave.hurry()
            self._write()
            self._recovered = left.path
        missing = " ".join(job.result.missing)
        self._window.show_notice(f"Recovered {words_of(left)}. {missing}".strip())


def words_of(left: Leftover) -> str:
    """Return what there is in a journal, and since when."""
    when = time.strftime("%d %B, %H:%M", time.localtime(left.time)).lstrip("0")
    longest = max(left.epochs, default=0)
    first = left.names[0] if left.names else "nothing"
    more = f" and {len(left.names) - 1} more" if len(left.names) > 1 else ""
    return f"{first}{more}, {longest:,} epochs, {when}"


def _mark(path: Path) -> None:
    """Note that a window was closed in peace; of such journals a few are kept."""
    try:
        (path / _ENDED).touch()
    except OSError:
        log.warning("%s could not be marked", path)
    ended = [left.path for left in recoverable() if (left.path / _ENDED).exists()]
    for each in ended[_KEPT:]:
        _let_go(each)


def _let_go(path: Path) -> None:
    try:
        discard(path)
    except ProjectError:
        log.info("%s belongs to another window", path)
