"""Real sessions with several runs, for the tests of the window that compares them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QApplication
from sessions import quick

from nnviz.gui.controller import Controller
from nnviz.gui.frame_clock import FrameClock
from nnviz.run import Run
from nnviz.snapshot import Status

TIMEOUT = 60.0


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
