"""What holds for every test: no screen, no trace on this machine but compiled kernels, nothing left running."""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nnviz.resources import cache_folder

_STARTED: weakref.WeakSet[Any] = weakref.WeakSet()
"""Every QTimer that was started and still exists."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--headed", action="store_true", help="show the windows of the tests on the screen")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--headed"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before anything loads Qt
    # Compiling the kernels anew for every process would take minutes, so these alone are kept where the app keeps them.
    os.environ.setdefault("NNVIZ_CACHE", str(cache_folder()))
    _remember_timers()


def _remember_timers() -> None:
    """Have QTimer note who is started; a plain function, because PySide6 crashes on mocks in its classes."""
    from PySide6.QtCore import QTimer

    start = QTimer.start

    def noted(timer: QTimer, *arguments: Any) -> None:
        _STARTED.add(timer)
        start(timer, *arguments)

    QTimer.start = noted  # type: ignore[assignment,method-assign]


@pytest.fixture(autouse=True)
def isolated_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep settings, caches and documents of the user out of reach: every test has a home of its own."""
    from PySide6.QtCore import QSettings

    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for folder in ("config", "data", "cache", "state"):
        monkeypatch.setenv(f"XDG_{folder.upper()}_HOME", str(home / folder))
    for name in ("APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home / name))
    for format_ in (QSettings.Format.NativeFormat, QSettings.Format.IniFormat):
        QSettings.setPath(format_, QSettings.Scope.UserScope, str(home / "config"))
    return home


@pytest.fixture(autouse=True)
def nothing_left_running(isolated_home: Path) -> Iterator[None]:
    """Fail a test that leaves a window, a thread or a running timer behind."""
    before = set(threading.enumerate())
    yield
    _no_widgets_left()
    _no_threads_left(before)
    _no_timers_left()


def _no_widgets_left() -> None:
    if "PySide6.QtWidgets" not in sys.modules:
        return
    from PySide6.QtCore import QEvent
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance()
    if not isinstance(app, QApplication):
        return
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    left = app.topLevelWidgets()
    names = [f"{type(widget).__name__} {widget.objectName() or widget.windowTitle()!r}" for widget in left]
    for widget in left:  # so that the next test does not answer for it
        widget.close()
        widget.deleteLater()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert not names, (
        f"The test leaves {len(names)} windows behind: {', '.join(names[:5])}. Give each to qtbot.addWidget, or a "
        "parent. If it has one, look for what still holds it: a lambda or partial connected to a signal that lives "
        "longer, a module-level variable, a menu or dialog made without a parent."
    )


def _no_threads_left(before: set[threading.Thread]) -> None:
    end = time.monotonic() + 2.0  # a thread that was told to stop may need a moment
    left = _threads_since(before)
    while left and time.monotonic() < end:
        time.sleep(0.01)
        left = _threads_since(before)
    assert not left, (
        f"The test leaves {len(left)} threads running: {', '.join(thread.name for thread in left)}. Close the "
        "Session, Controller or MainWindow that it opened (`session.close()` waits for the worker)."
    )


def _threads_since(before: set[threading.Thread]) -> list[threading.Thread]:
    new = [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]
    return [thread for thread in new if not thread.daemon or thread.name == "nnviz-training"]


def _no_timers_left() -> None:
    from shiboken6 import isValid

    left = [timer for timer in list(_STARTED) if isValid(timer) and timer.isActive()]
    for timer in left:
        timer.stop()
    assert not left, (
        f"The test leaves {len(left)} timers running: "
        f"{', '.join(f'every {timer.interval()} ms, of {timer.parent()}' for timer in left)}. Stop the FrameClock or "
        "GarbageTimer that it started, or close the window that owns them."
    )


@pytest.fixture
def session_of() -> Iterator[Any]:
    """Return a function that opens a session on a quick experiment; all are closed at the end."""
    from sessions import quick

    from nnviz.session import Session

    opened: list[Session] = []

    def make(*settings: str, start: bool = True) -> Session:
        opened.append(Session(quick(*settings), start))
        return opened[-1]

    yield make
    for session in opened:
        session.close()
