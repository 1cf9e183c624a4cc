"""Starting the application with a window."""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

from PySide6.QtWidgets import QApplication

from nnviz import experiment as experiments
from nnviz.experiment import Experiment
from nnviz.gui.frame_clock import GarbageTimer
from nnviz.gui.icons import app_icon
from nnviz.gui.main_window import MainWindow
from nnviz.gui.theme import Theme, font


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
    """Open a window, with a file in it when one is named; return the exit code."""
    app = application()
    garbage = GarbageTimer()
    window = make_window()
    window.show()
    gc.freeze()  # what was made until now stays; no collection needs to look at it again
    if path is not None:
        window.open_file(Path(path))
    code = app.exec()
    garbage.stop()
    gc.unfreeze()
    del window  # before the application object: Qt tears down in this order or crashes
    return code


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
