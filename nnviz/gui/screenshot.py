"""Pictures of the real main window after real training."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEventLoop, QPoint, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from nnviz.experiment import Experiment
from nnviz.gui.app import make_window
from nnviz.gui.main_window import MainWindow
from nnviz.gui.theme import THEMES
from nnviz.snapshot import Status


class ScreenshotError(RuntimeError):
    """A picture that cannot be made: one sentence that says why."""


def take(experiment: Experiment, epochs: int, size: tuple[int, int], theme: str, scale: int, out: Path) -> None:
    """Train an experiment for some epochs in the main window and write a picture of the window to a PNG file.

    Raises ScreenshotError when training fails or the file cannot be written.
    """
    limited = experiment.replace(training=experiment.training.replace(epochs=epochs))
    window = make_window(limited, THEMES[theme], remember=False)
    try:
        window.resize(*size)
        window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen, False)
        window.show()
        _wait(window, Status.READY)
        if epochs > 0:
            window.controller.session.play()
            _wait(window, Status.FINISHED, Status.DIVERGED)
        _settle(window)
        if not picture(window, scale).save(str(out)):
            raise ScreenshotError(f"{out} cannot be written; choose another folder or a name that ends in .png.")
    finally:
        window.close()
        window.deleteLater()
        QCoreApplication.processEvents()


def picture(window: MainWindow, scale: int) -> QImage:
    """Return the window as it is drawn now, with `scale` pixels per device-independent one."""
    image = QImage(window.size() * scale, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(scale)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    window.render(painter, QPoint())
    painter.end()
    return image


def _wait(window: MainWindow, *wanted: Status) -> None:
    """Run the window until its run reaches a status."""
    while window.controller.run.status not in wanted:
        if window.controller.run.status is Status.FAILED:
            raise ScreenshotError(window.controller.run.text)
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)


def _settle(window: MainWindow, seconds: float = 10.0) -> None:
    """Run the window until a snapshot of the newest epoch has arrived with all that its views asked for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
        run = window.controller.run
        if run.snapshot is not None and run.snapshot.epoch == run.epoch and not window.missing():
            break
    for _ in range(3):  # layouts that depend on what is shown need a pass or two
        window.clock.draw_all()
        QApplication.processEvents()
