"""Where nnviz writes down what it does: a file in the system's place for logs. Nothing is ever sent anywhere.

What is logged: starts and ends, and what went wrong, with tracebacks. Never samples or the contents of files.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections import deque
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

LARGEST = 1_000_000
"""Bytes after which a new file is begun."""

FILES = 3
"""How many files there are at most, the newest included."""

KEPT = 50
"""Lines that a report of a crash holds."""

_LINE = "%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s"

_recent: deque[str] = deque(maxlen=KEPT)
_handlers: list[logging.Handler] = []


def folder() -> Path:
    """Return the folder of logs and reports of crashes; it need not exist yet.

    It is the system's place for such things, or what the environment variable NNVIZ_LOGS names.
    """
    import platformdirs

    chosen = os.environ.get("NNVIZ_LOGS")
    return Path(chosen) if chosen else platformdirs.user_log_path("nnviz", appauthor=False)


def file() -> Path:
    """Return the newest log file; it need not exist yet."""
    return folder() / "nnviz.log"


def start() -> None:
    """Begin to log: information and worse to the file, warnings and worse also to the standard error if there is one.

    A second call does nothing. Where the file cannot be written, everything else goes on.
    """
    if _handlers:
        return
    _handlers.extend((_File(), _Recent()))
    if sys.stderr is not None:
        _handlers.append(_stderr())
    for handler in _handlers:
        if handler.level < logging.WARNING:
            handler.setFormatter(logging.Formatter(_LINE))
        logging.getLogger().addHandler(handler)
    logging.getLogger("nnviz").setLevel(logging.INFO)


def stop() -> None:
    """Log no more, and close the file."""
    for handler in _handlers:
        logging.getLogger().removeHandler(handler)
        handler.close()
    _handlers.clear()
    _recent.clear()
    logging.getLogger("nnviz").setLevel(logging.NOTSET)


def recent() -> list[str]:
    """Return the last lines that this process logged, whether or not they could be written."""
    return list(_recent)


def written() -> list[str]:
    """Return the last lines of the file, of this process or an earlier one; none where it cannot be read."""
    try:
        return file().read_text(encoding="utf-8", errors="replace").splitlines()[-KEPT:]
    except OSError:
        return []


class _File(RotatingFileHandler):
    """The file, looked for and opened with the first line. Logging never disturbs: what fails here is left out."""

    def __init__(self) -> None:
        nowhere = os.path.join(os.sep, "nnviz.log")  # absolute: the working folder may be gone, and is not asked for
        super().__init__(nowhere, maxBytes=LARGEST, backupCount=FILES - 1, encoding="utf-8", delay=True)

    def _open(self) -> TextIOWrapper:
        path = file()
        path.parent.mkdir(parents=True, exist_ok=True)
        self.baseFilename = str(path)
        return super()._open()

    def rotate(self, source: str, dest: str) -> None:
        with contextlib.suppress(OSError):  # another window has it open, on Windows: the file grows on
            super().rotate(source, dest)

    def handleError(self, record: logging.LogRecord) -> None:
        pass


class _Recent(logging.Handler):
    """The last lines, in memory."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _recent.extend(self.format(record).splitlines())
        except Exception:  # noqa: BLE001 - words and arguments that do not fit: whoever logs must not fail by it
            self.handleError(record)


def _stderr() -> logging.Handler:
    made = logging.StreamHandler()
    made.setLevel(logging.WARNING)
    made.setFormatter(logging.Formatter("nnviz: %(message)s"))
    return made
