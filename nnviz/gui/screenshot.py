"""Pictures of the real main window after real training."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEventLoop, QPoint, QRect, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget

from nnviz.experiment import Experiment
from nnviz.gui.app import make_window
from nnviz.gui.laboratory.study_page import StudyPage
from nnviz.gui.main_window import MainWindow
from nnviz.gui.theme import THEMES
from nnviz.gui.view_dock import ViewDock
from nnviz.snapshot import Status

_SETTLING = 10.0
"""Seconds within which the window must show what it was asked for."""


class ScreenshotError(RuntimeError):
    """A picture that cannot be made: one sentence that says why."""


_LOOK = 0.05
"""Seconds between two looks whether a page has been trained."""


def take(
    experiment: Experiment,
    epochs: int,
    size: tuple[int, int],
    theme: str,
    scale: int,
    out: Path,
    views: Sequence[str] = (),
    pages: Sequence[str] = (),
) -> list[Path]:
    """Train an experiment for some epochs in the main window, write pictures of it as PNG files, return their paths.

    The first picture, `out`, is of the whole window. Then the dock of each of `views`, by name, comes to the front
    of its place in the window, and a picture of the dock alone is written beside the first, as OUT-VIEW.png. `pages` of
    the laboratory, by name, train what they train, and each is pictured with its window, as OUT-PAGE.png.
    Raises ScreenshotError when training fails, a view or page cannot be shown or a file cannot be written.
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
        written = [_written(picture(window, scale), out)]
        for name in views:
            file = out.with_name(f"{out.stem}-{name}{out.suffix}")
            written.append(_written(_picture_of_view(window, name, scale), file))
        for name in pages:
            file = out.with_name(f"{out.stem}-{name}{out.suffix}")
            written.append(_written(_picture_of_page(window, name, scale), file))
        return written
    finally:
        window.close()
        window.deleteLater()
        QCoreApplication.processEvents()


def picture(window: QWidget, scale: int) -> QImage:
    """Return the window as it is drawn now, with `scale` pixels per device-independent one."""
    image = QImage(window.size() * scale, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(scale)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    window.render(painter, QPoint())
    painter.end()
    return image


def _picture_of_view(window: MainWindow, name: str, scale: int) -> QImage:
    """Bring a view to the front of its place in the window and return its dock as it is drawn there."""
    dock = window.docks[name]
    assert isinstance(dock, ViewDock)
    dock.come_forward()
    end = time.monotonic() + _SETTLING
    while not window.shows(dock):
        if time.monotonic() > end:
            raise ScreenshotError(f"The view {name} has no room in a window of this size; choose a larger one.")
        _process_events()
    _settle(window)
    area = dock.geometry()
    return picture(window, scale).copy(QRect(area.topLeft() * scale, area.size() * scale))


def _picture_of_page(window: MainWindow, name: str, scale: int) -> QImage:
    """Turn the laboratory to a page, have it train what it trains, and return its window as it is drawn then.

    A page that wants a choice first, of samples say, is pictured as it asks for it.
    """
    window.companions.open_laboratory(name)
    laboratory = window.companions.laboratory
    assert laboratory is not None
    page = laboratory.page
    if isinstance(page, StudyPage):
        page.begin()
        while page.study is not None and not page.study.settled():
            _process_events()
            page.refresh()
            page.study.join(_LOOK)  # this thread would take the time of those that train
        if page.study is not None and page.study.progress().state == "failed":
            raise ScreenshotError(f"{page.title} could not be shown. {page.sentence.text()}".strip())
        page.refresh()
    for _ in range(3):
        QApplication.processEvents()
    return picture(laboratory, scale)


def _written(image: QImage, file: Path) -> Path:
    if not image.save(str(file)):
        raise ScreenshotError(f"{file} cannot be written; choose another folder or a name that ends in .png.")
    return file


def _process_events() -> None:
    QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)


def _wait(window: MainWindow, *wanted: Status) -> None:
    """Run the window until its run reaches a status."""
    while window.controller.run.status not in wanted:
        if window.controller.run.status is Status.FAILED:
            raise ScreenshotError(window.controller.run.text)
        _process_events()


def _settle(window: MainWindow) -> None:
    """Run the window until a snapshot of the newest epoch has arrived with all that its views asked for."""
    end = time.monotonic() + _SETTLING
    while time.monotonic() < end:
        _process_events()
        run = window.controller.run
        if run.snapshot is not None and run.snapshot.epoch == run.epoch and not window.missing():
            break
    for _ in range(3):  # layouts that depend on what is shown need a pass or two
        window.clock.draw_all()
        QApplication.processEvents()
