"""Starting the application with a window."""

from __future__ import annotations

import gc
import logging
import platform
import sys
import time
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QApplication

from nnviz import __version__, crash_report
from nnviz import experiment as experiments
from nnviz.crash_report import Crashes
from nnviz.experiment import Experiment, to_toml
from nnviz.gui.controller import Controller
from nnviz.gui.crash_dialog import CrashWatch, dialog_for
from nnviz.gui.frame_clock import GarbageTimer
from nnviz.gui.icons import app_icon
from nnviz.gui.main_window import MainWindow
from nnviz.gui.opened_files import OpenedFiles
from nnviz.gui.theme import Theme, font

log = logging.getLogger(__name__)

_FAILED = 1
"""Exit status when the window could not be made."""


def application() -> QApplication:
    """Return the application object, made on first use, with the house's style and font."""
    existing = QApplication.instance()
    made = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    made.setApplicationName("nnviz")
    made.setOrganizationName("nnviz")
    made.setStyle("Fusion")
    made.setFont(font())
    made.setWindowIcon(app_icon())
    return made


def make_window(experiment: Experiment | None = None, theme: Theme | None = None, remember: bool = True) -> MainWindow:
    """Return a window, not yet shown. `remember` False leaves the user's arrangement and choices alone."""
    application()
    return MainWindow(experiment or first_experiment(), theme, remember)


def first_experiment() -> Experiment:
    """Return what a new window shows."""
    return experiments.bundled("circles")


def run(path: str | None = None) -> int:
    """Open a window, with a file in it when one is named; return the exit code.

    Crashes are shown where `crash_report.watching` watches for them.
    """
    log.info("nnviz %s starts: Python %s, %s", __version__, platform.python_version(), platform.platform())
    app = application()
    crashes = crash_report.active() or Crashes()
    garbage = GarbageTimer()
    try:
        window = make_window()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is written down and shown
        garbage.stop()
        crashes.record(error, "the start of the window")
        dialog_for(crashes, None, starting=True).exec()
        return _FAILED
    crashes.experiment = partial(_toml, window.controller)
    watch = CrashWatch(crashes, window)
    if sys.platform == "darwin":
        OpenedFiles(app, window)
    window.show()
    gc.freeze()  # what was made until now stays; no collection needs to look at it again
    if path is not None:
        window.open_file(Path(path))
    code = app.exec()
    watch.stop()
    garbage.stop()
    gc.unfreeze()
    crashes.experiment = None
    log.info("nnviz ends")
    del window  # before the application object: Qt tears down in this order or crashes
    return code


def _toml(controller: Controller) -> str:
    return to_toml(controller.experiment)


def startup_time(process_start: float) -> float:
    """Open a window, close it after its first paint, and return the seconds from `process_start` to that paint."""
    app = application()
    window = make_window(remember=False)
    window.first_painted.connect(app.quit)
    window.show()
    app.exec()
    painted = window.first_paint or time.time()
    window.close()
    return painted - process_start
