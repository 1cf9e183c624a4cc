"""Real main windows for tests: opened, trained, closed."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnviz.experiment import Experiment
from nnviz.gui.app import make_window
from nnviz.gui.main_window import MainWindow
from nnviz.gui.theme import DARK
from nnviz.snapshot import Status

QUICK = Experiment(name="quick").with_settings(
    ["data.source.samples=60", "network.layers=[{kind='linear', units=4}, 'tanh']"]
)


def opened(qtbot: QtBot, experiment: Experiment = QUICK, remember: bool = True) -> MainWindow:
    """Return a window whose run is ready, at full speed."""
    window = make_window(experiment, DARK, remember)
    window.show()
    qtbot.waitUntil(lambda: window.controller.run.status is Status.READY, timeout=60_000)
    window.controller.session.limit_speed(None)
    return window


def closed(window: MainWindow) -> None:
    """Close it and let it go."""
    window.close()
    window.deleteLater()
    QApplication.processEvents()


def train(window: MainWindow, qtbot: QtBot, epochs: int) -> None:
    """Train so many epochs, and pause."""
    run = window.controller.run
    reached = run.epoch + epochs
    window.controller.session.step_epoch(epochs)
    qtbot.waitUntil(lambda: run.epoch == reached and run.status is Status.PAUSED, timeout=60_000)
