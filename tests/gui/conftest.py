"""Real runs for the tests of the window: trained once, read by many."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from compare_stage import Asker, Open, opened, twinned
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from view_stage import NEEDS, Make, Train

from nnviz.experiment import Experiment
from nnviz.gui.compare.window import CompareWindow
from nnviz.gui.controller import Controller
from nnviz.gui.frame_clock import FrameClock
from nnviz.gui.theme import DARK, Theme
from nnviz.gui.views import View, views
from nnviz.session import Run, Session
from nnviz.snapshot import Status


@pytest.fixture(autouse=True)
def empty_clipboard() -> Iterator[None]:
    """Leave nothing on the clipboard: without a screen, Qt crashes over it when the process ends."""
    yield
    if isinstance(QApplication.instance(), QApplication):
        QApplication.clipboard().clear()


@pytest.fixture
def controller(qapp: QApplication) -> Iterator[Controller]:
    """Return a controller of the default experiment, with a real session; its thread ends with the test."""
    made = Controller(Experiment())
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def clock(controller: Controller) -> Iterator[FrameClock]:
    """Return the clock of a main window, ticking."""
    made = FrameClock(controller.tick, controller)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def open_compare(controller: Controller, clock: FrameClock, qtbot: QtBot) -> Open:
    """Return a function that opens the window that compares runs, and has measured for it what it needs."""

    def made(page: int = 0, remember: bool = False) -> CompareWindow:
        window = CompareWindow(controller, DARK, clock, remember=remember)
        qtbot.addWidget(window)
        Asker(controller, window)
        window.tabs.setCurrentIndex(page)
        window.show()
        return window

    return made


@pytest.fixture
def two_runs(controller: Controller) -> tuple[Run, Run]:
    """Return a trained run, and a twin of it in front with another width."""
    base = opened(controller, name="base")
    return base, twinned(controller, base, "network.layers[0].units=8", name="wide")


@pytest.fixture
def run(trained_run: Train) -> Run:
    """Return a run of the default experiment with all that views show."""
    return trained_run(needs=NEEDS)


@pytest.fixture
def make_view(qtbot: QtBot) -> Make:
    """Return a function that makes a registered view of some size, with a theme."""

    def make(name: str, size: tuple[int, int] = (360, 200), theme: Theme = DARK) -> View:
        view = views[name](theme)
        qtbot.addWidget(view)
        view.resize(*size)
        return view

    return make


_RUNS: dict[tuple[Experiment, frozenset[str], int], Run] = {}


@pytest.fixture
def trained_run() -> Iterator[Callable[..., Run]]:
    """Return a function that trains an experiment for some epochs and returns its run with a full snapshot."""

    def train(experiment: Experiment | None = None, needs: set[str] | None = None, epochs: int = 5) -> Run:
        key = (experiment or Experiment(), frozenset(needs or ()), epochs)
        if key not in _RUNS:
            _RUNS[key] = _train(*key)
        return _RUNS[key]

    return train


def _train(experiment: Experiment, needs: frozenset[str], epochs: int) -> Run:
    session = Session(experiment)
    try:
        session.want(needs)
        session.step_epoch(epochs)
        end = time.monotonic() + 120
        while not _complete(session.run, needs, epochs):
            assert session.run.status is not Status.FAILED, session.run.text
            assert time.monotonic() < end, f"no snapshot of epoch {epochs}: {session.run}"
            session.poll()
        return session.run
    finally:
        session.close()


def _complete(run: Run, needs: frozenset[str], epochs: int) -> bool:
    snapshot = run.snapshot
    return run.epoch >= epochs and snapshot is not None and snapshot.epoch >= epochs and needs <= snapshot.wanted
