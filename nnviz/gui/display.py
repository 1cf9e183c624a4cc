"""What Qt finds here: versions, platform and screens, asked in a process of its own where there is no window yet."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.connection import Connection

import pyqtgraph
from PySide6 import __version__ as pyside_version
from PySide6.QtCore import QSettings, qVersion
from PySide6.QtGui import QGuiApplication, QScreen

from nnviz.installation import Display, has_display

_PATIENCE = 60.0
"""Seconds that another process may take to answer: on a busy machine loading Qt takes many."""

_SILENT = f"Qt did not say within {_PATIENCE:.0f} s which screens there are; the machine may be busy."


def of_this_process() -> Display:
    """Return what is known here. Belongs to the GUI thread, with an application running."""
    screens = tuple(_describe(screen) for screen in QGuiApplication.screens())
    return _display(QGuiApplication.platformName(), screens)


def asked() -> Display:
    """Return what another process of nnviz finds out: where Qt cannot reach a screen, it ends the process."""
    if not has_display():
        return _display(problem="There is no display, so no window can open.")
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    found, problem = _received(ours)
    process.join(1.0)
    process.kill()
    process.join()
    return _display(*found) if found else _display(problem=problem or _reason(process.exitcode))


def _received(connection: Connection) -> tuple[tuple[str, tuple[str, ...]] | None, str]:
    """Return what was sent, None when the process ended before; and a sentence when nothing came in time."""
    try:
        return (connection.recv(), "") if connection.poll(_PATIENCE) else (None, _SILENT)
    except (EOFError, BrokenPipeError):
        return None, ""


def _answer(connection: Connection) -> None:
    """Look for screens and send what was found; runs in a process of its own, which Qt may end."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 2)  # what Qt says before it gives up is for developers
    application = QGuiApplication(["nnviz"])
    screens = tuple(_describe(screen) for screen in application.screens())
    connection.send((application.platformName(), screens))


def _reason(code: int | None) -> str:
    return f"Qt cannot open a window here: it ended a process with status {code} when it was asked for the screens."


def _display(platform: str = "", screens: tuple[str, ...] = (), problem: str = "") -> Display:
    versions = {"pyside6": pyside_version, "qt": qVersion(), "pyqtgraph": str(pyqtgraph.__version__)}
    return Display(versions, platform, screens, QSettings("nnviz", "nnviz").fileName(), problem)


def _describe(screen: QScreen) -> str:
    size = screen.size()
    return (
        f"{size.width()}×{size.height()} at {screen.devicePixelRatio():g}×, {screen.refreshRate():.0f} Hz"
        f"{f' ({screen.name()})' if screen.name() else ''}"
    )
