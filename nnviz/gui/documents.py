"""Files of the window: opening, saving in the background, and what becomes of unsaved work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, QTimer, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QMessageBox

from nnviz import experiment as experiments
from nnviz.export.files import replace_file
from nnviz.export.run_files import file_name
from nnviz.gui.panels.table_import import OPENABLE, open_path
from nnviz.gui.widgets.job import Job
from nnviz.gui.widgets.save_question import ask_where
from nnviz.project.project import Project, ProjectError
from nnviz.project.reading import is_project, read, read_what_is_left
from nnviz.project.saver import Saver, Saving

if TYPE_CHECKING:
    from nnviz.gui.main_window import MainWindow

_MOST_RECENT = 8
_LOOK_MS = 50
_ANSWER = QMessageBox.StandardButton


class Documents(QObject):
    """Knows which project file the window has, whether it is up to date, and the recent files."""

    changed = Signal()
    """The name of the file, or whether everything is saved, changed; or saving went on."""

    def __init__(self, window: MainWindow, remember: bool) -> None:
        super().__init__(window)
        self._window, self._remember = window, remember
        self._controller = window.controller
        self.path: Path | None = None
        self.saving: Saving | None = None
        self._saver = Saver()
        self._saved = self._fingerprint()  # what the file holds
        self._pending = self._saved  # what is on its way into it
        self._dismissed = False
        self._reading: tuple[Path, Job[Project]] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    # ------------------------------------------------------------ what there is

    @property
    def title(self) -> str:
        """The name of the project file, or of the experiment as long as there is none."""
        return self.path.name if self.path is not None else self._controller.experiment.name

    @property
    def unsaved(self) -> bool:
        """Whether there is anything that the file does not hold."""
        return self._fingerprint() != self._saved

    @property
    def worth_keeping(self) -> bool:
        """Whether unsaved work shall be kept when the window is closed: not where the user has said that it may go."""
        return self.unsaved and not self._dismissed

    @property
    def words(self) -> str:
        """What is being read or written, and how far it has come; empty when nothing is."""
        if self._reading is not None:
            return f"Opening {self._reading[0].name} …"
        if self.saving is not None:
            return f"Saving {self.saving.path.name}: {100 * self.saving.share:.0f} %"
        return ""

    def _fingerprint(self) -> tuple[object, ...]:
        """Return what changes when there is something new to save."""
        session = self._controller.session
        said = [(run.name, run.note, run.color, run.starred, run.archived, run.along) for run in session.runs]
        done = [(run.number, run.end, len(run.chapters), run.experiment) for run in session.runs]
        return (*said, *done)

    # ------------------------------------------------------------ opening

    @Slot()
    def choose(self) -> None:
        """Ask for a file and open it."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Open", self._folder(), OPENABLE)
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> None:
        """Open a project, an experiment or a table; what cannot be opened leaves everything as it is."""
        if is_project(path):
            if self._reading is None and self.may_go():
                self._reading = (path, Job(lambda: read(path), ProjectError))
                self._timer.start()
                self.changed.emit()
        elif open_path(self._controller, path, self._window):
            self.remember(path)

    def _finish_reading(self, path: Path, job: Job[Project]) -> None:
        if job.result is not None:
            self.take(job.result, path)
            return
        left, missing = self._what_is_left(path)
        if left is None:
            self._window.show_notice(job.error)
            return
        question = f"{job.error}\n\nWhat can be read of it: {_count(left)}. {' '.join(missing[:6])}\n\nOpen that?"
        if self._asked("Open project", question):
            self.take(left, None)

    def _what_is_left(self, path: Path) -> tuple[Project | None, list[str]]:
        try:
            return read_what_is_left(path)
        except ProjectError:
            return None, []

    def take(self, project: Project, path: Path | None) -> None:
        """Turn to the runs of a project. Without a path it has no file yet."""
        self._controller.open_project(project)
        self._window.undo_record.restore(project)
        self.path = path
        self._saved = self._fingerprint() if path is not None else ()
        if path is not None:
            self.remember(path)
        self.changed.emit()

    @Slot()
    def new_window(self) -> None:
        """Open another window, in a process of its own: whatever happens to one leaves the other alone."""
        frozen = getattr(sys, "frozen", False)
        command = [sys.executable] if frozen else [sys.executable, "-m", "nnviz"]
        try:
            subprocess.Popen(command, start_new_session=True)
        except OSError as error:
            self._window.show_notice(f"Another window cannot be opened: {error.strerror or error}.")

    # ------------------------------------------------------------ saving

    @Slot()
    def save(self) -> bool:
        """Save the project into its file, or ask for one; return whether saving has begun."""
        return self.save_as() if self.path is None else self._begin_saving(self.path)

    @Slot()
    def save_as(self) -> bool:
        """Ask for a name and save the project there; return whether saving has begun."""
        first = self.path or Path(self._folder()) / f"{file_name(self._controller.experiment.name)}.nnviz"
        path = ask_where(self._window, "Save project", first, {"nnviz project": ".nnviz"})
        return path is not None and self._begin_saving(path)

    @Slot()
    def save_experiment(self) -> None:
        """Ask for a name and write the settings alone there, as TOML."""
        experiment = self._controller.experiment
        path = ask_where(self._window, "Save experiment", Path(f"{experiment.name}.toml"), {"Experiment": ".toml"})
        if path is None:
            return
        try:
            replace_file(path, experiments.to_toml(experiment).encode("utf-8"))
        except OSError as error:
            self._window.show_notice(f"{path} cannot be written: {error.strerror or error}; choose another folder.")
            return
        self._window.show_notice(f"Saved {path.name}.")
        self.remember(path)

    def _begin_saving(self, path: Path) -> bool:
        self._pending = self._fingerprint()
        self.saving = self._saver.save(path, self._controller.session.project(self._window.undo_record.desk()))
        self._timer.start()
        self.changed.emit()
        return True

    def _finish_saving(self, saving: Saving) -> None:
        self.saving = None
        if saving.stage == "saved":
            self.path, self._saved = saving.path, self._pending
            self._controller.undo_stack.setClean()
            self.remember(saving.path)
            self._window.show_notice(f"Saved {saving.path.name}. {saving.text}".strip())
        elif saving.stage == "failed":
            QMessageBox.warning(self._window, "Not saved", saving.text)
        else:
            self._window.show_notice(f"{saving.path.name} was not saved; the file is as it was.")

    @Slot()
    def _look(self) -> None:
        """See what has become of reading and writing."""
        if self._reading is not None and self._reading[1].done:
            path, job = self._reading
            self._reading = None
            self._finish_reading(path, job)
        if self.saving is not None and self.saving.over:
            self._finish_saving(self.saving)
        if self._reading is None and self.saving is None:
            self._timer.stop()
        self.changed.emit()

    # ------------------------------------------------------------ leaving

    def may_go(self) -> bool:
        """Return whether the work at hand may be left; asks where it would be lost."""
        drawn = self._controller.experiment.data.source.family == "drawing"
        precious = self.path is not None or (drawn and not self._controller.undo_stack.isClean())
        if not self._remember or not precious or not self.unsaved:
            return True
        box = QMessageBox(QMessageBox.Icon.Question, "nnviz", f"Save the changes to {self.title}?", parent=self._window)
        box.setInformativeText("Otherwise the file stays as it is." if self.path else "It is in no file yet.")
        box.setStandardButtons(_ANSWER.Save | _ANSWER.Discard | _ANSWER.Cancel)
        answer = box.exec()
        box.deleteLater()
        if answer == _ANSWER.Save:
            return self.save() and self._wait_for_saving()
        self._dismissed = answer == _ANSWER.Discard
        return self._dismissed

    def _wait_for_saving(self) -> bool:
        """Wait for the file; return whether it is there."""
        saving = self.saving
        if saving is None:
            return False
        saving.wait()
        self._look()
        return saving.stage == "saved"

    def close(self) -> None:
        """Finish writing what was begun."""
        self._timer.stop()
        self._saver.close()

    # ------------------------------------------------------------ recent files

    def remember(self, path: Path) -> None:
        """Put a file at the top of the recent ones."""
        if self._remember:
            names = [str(path.absolute()), *(name for name in self.recent() if name != str(path.absolute()))]
            QSettings("nnviz", "nnviz").setValue("recent", names[:_MOST_RECENT])

    def recent(self) -> list[str]:
        """Return the files that were opened or saved last, the newest first."""
        value = QSettings("nnviz", "nnviz").value("recent", [])
        return [value] if isinstance(value, str) else [str(name) for name in (value if isinstance(value, list) else [])]

    # ------------------------------------------------------------ parts

    def _folder(self) -> str:
        return str(self.path.parent) if self.path is not None else ""

    def _asked(self, title: str, question: str) -> bool:
        return QMessageBox.question(self._window, title, question) == _ANSWER.Yes


def _count(project: Project) -> str:
    return "1 run" if len(project.runs) == 1 else f"{len(project.runs)} runs"
