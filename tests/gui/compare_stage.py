"""Real sessions with several runs, and the window that compares them, for its tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget
from sessions import quick
from view_stage import pixels

from nnviz.gui.compare.difference_map import DifferenceMapPage
from nnviz.gui.compare.similarity import SimilarityPage
from nnviz.gui.compare.window import CompareWindow
from nnviz.gui.controller import Controller
from nnviz.gui.frame_clock import FrameClock
from nnviz.run import Run
from nnviz.snapshot import Status

TIMEOUT = 60.0
CURVES, SIDE, MAP, SIMILARITY, WORDS = range(5)
"""The pages of the window."""

Open = Callable[..., CompareWindow]


def until(controller: Controller, so: Callable[[], Any], what: str = "it") -> None:
    """Let window and session go on until something is so."""
    end = time.monotonic() + TIMEOUT
    while not so():
        assert time.monotonic() < end, (
            f"{what} never came: {[(run.name, run.status) for run in controller.session.runs]}"
        )
        QApplication.processEvents()
        clocks = controller.findChildren(FrameClock)
        for clock in clocks:
            clock.tick()  # who asks the session must be the one who draws
        if clocks or not controller.tick():
            time.sleep(0.001)


def train(controller: Controller, epochs: int) -> Run:
    """Train the run in front for so many epochs more."""
    run = controller.run
    until(controller, lambda: run.status in (Status.READY, Status.PAUSED), "the run")
    goal = run.epoch + epochs
    controller.session.step_epoch(epochs)
    until(controller, lambda: run.status.over or (run.epoch >= goal and run.status is Status.PAUSED), f"epoch {goal}")
    # Runs that train along end at their own times.
    until(controller, lambda: all(each.status is not Status.RUNNING for each in controller.session.runs), "a rest")
    return run


def opened(controller: Controller, *settings: str, epochs: int = 6, name: str = "") -> Run:
    """Open a quick experiment and train it."""
    controller.open(quick(*settings))
    run = train(controller, epochs)
    run.name = name or run.name
    return run


def forked(controller: Controller, origin: Run, epoch: int, *settings: str, epochs: int = 4, name: str = "") -> Run:
    """Fork a run at an epoch of its past, with other settings, and train the fork."""
    controller.select(origin)
    controller.go_to(epoch)
    controller.fork_with(controller.experiment.with_settings(list(settings)), name)
    run = train(controller, epochs)
    origin.playhead = None
    return run


def twinned(
    controller: Controller, original: Run, *settings: str, epochs: int = 6, name: str = "", along: bool = False
) -> Run:
    """Train a twin of a run, the other one along with it or not."""
    controller.select(original)
    controller.go_live()
    controller.twin(original.experiment.with_settings(list(settings)), name)
    for run in (original, controller.run):
        run.along = along
    return train(controller, epochs)


class Asker(QWidget):
    """Tells the session what to measure for a window, as the main window does."""

    def __init__(self, controller: Controller, window: CompareWindow) -> None:
        super().__init__(window)
        self._controller, self._window = controller, window
        window.needs_changed.connect(self.ask)

    def ask(self) -> None:
        self._controller.session.want(self._window.needs)


def drawn(window: CompareWindow, controller: Controller) -> None:
    """Wait until the page in front shows what it is to show."""
    page = window.page

    def ready() -> bool:
        if isinstance(page, SimilarityPage):
            return page._shown is not None
        if isinstance(page, DifferenceMapPage):
            return page._found is not None
        runs = window.chosen.runs
        return all(run.snapshot is not None and page.needs <= run.snapshot.arrays.keys() for run in runs)

    until(controller, ready, f"{page.title} of {[run.name for run in window.chosen.runs]}")
    window.draw()


def picture(widget: QWidget) -> QImage:
    return widget.grab().toImage()


def colors(widget: QWidget) -> int:
    """The number of different colours in the picture of a widget."""
    return len(np.unique(pixels(picture(widget)).reshape(-1, 3), axis=0))


def shows(widget: QWidget, color: QColor) -> bool:
    return bool((pixels(picture(widget)) == [color.blue(), color.green(), color.red()]).all(axis=2).any())
