"""Pages of the laboratory for tests: opened on real runs, trained to the end, closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.gui.laboratory.page import Page
from nnviz.gui.laboratory.window import LaboratoryWindow
from nnviz.gui.theme import DARK
from nnviz.snapshot import Status


def ready(qtbot: QtBot, experiment: Experiment, epochs: int = 0) -> Controller:
    """Return a controller whose run is ready, with its samples, and trained for so many epochs."""
    made = Controller(experiment)
    qtbot.waitUntil(lambda: made.tick() is not None and made.run.status is Status.READY, timeout=60_000)
    qtbot.waitUntil(lambda: made.tick() is not None and made.run.snapshot is not None, timeout=20_000)
    if epochs:
        made.session.step_epoch(epochs)
        qtbot.waitUntil(lambda: made.tick() is not None and made.run.epoch == epochs, timeout=60_000)
    return made


@contextmanager
def laboratory_on(controller: Controller) -> Iterator[LaboratoryWindow]:
    """Give a laboratory on a controller."""
    window = LaboratoryWindow(controller, DARK, remember=False)
    window.show()
    yield window
    window.close()
    window.deleteLater()
    QApplication.processEvents()


@contextmanager
def pages_of(qtbot: QtBot, ready: Callable[..., Controller]) -> Iterator[Callable[..., Page]]:
    """Give a function that opens a page by name, on the controller that `ready` returns for all other arguments."""
    opened: list[tuple[LaboratoryWindow, Controller]] = []

    def made(name: str, *words: object, **options: object) -> Page:
        controller = ready(*words, **options)
        window = LaboratoryWindow(controller, DARK, remember=False)
        opened.append((window, controller))
        window.show()
        window.show_page(name)
        return window.made[name]

    yield made
    for window, controller in opened:
        window.close()
        window.deleteLater()
        controller.close()
        controller.deleteLater()
    QApplication.processEvents()
