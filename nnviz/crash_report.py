"""What is left of a crash: one readable file on this computer. Nothing is ever sent anywhere.

Two sorts: an exception that nobody caught is written down at once, and the window goes on where it can; a native
fault ends the process, so that the file which `faulthandler` wrote then is turned into a report at the next start.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import platform
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from nnviz import __version__, logs

log = logging.getLogger(__name__)

KEPT = 10
"""Reports that are kept, the newest ones."""

_MOST_ERRORS = 20
"""Different exceptions that one report tells of."""

_LONGEST_EXPERIMENT = 20_000
"""Characters of an experiment in a report: drawings can be very long."""

_FAULT_FOLLOWS = "---- native fault ----"
_LOG_FOLLOWS = "---- last lines of the log ----"

_FORGOTTEN = 7 * 24 * 3600.0
"""Seconds after which the empty file of a process that was killed is removed."""

_NOTE = "This file was written on this computer by nnviz. It was not sent anywhere."


def folder() -> Path:
    """Return the folder of the reports; it need not exist yet."""
    return logs.folder() / "crashes"


class Crashes:
    """The exceptions of this process that nobody caught. Methods may be called from any thread.

    `path` is the report, None as long as there is none or it cannot be written; `text` is what it says.
    `experiment` returns what was being trained as TOML, if the window says how.
    """

    def __init__(self) -> None:
        self.path: Path | None = None
        self.text = ""
        self.sentence = ""
        self.earlier: Path | None = None  # the report of a native fault of an earlier process
        self.experiment: Callable[[], str] | None = None
        self._seen: set[str] = set()
        self._lock = threading.RLock()

    def record(self, error: BaseException, where: str) -> None:
        """Write an exception down: the first one as a report, others at its end, the same one again not at all."""
        told = "".join(traceback.format_exception(error))
        with self._lock:
            if told in self._seen or len(self._seen) >= _MOST_ERRORS:
                return
            self._seen.add(told)
            if self.text:
                self._write(f"\n{_time()}, in {where}:\n\n{told}")
            else:
                self.sentence = f"{type(error).__name__}: {error}".splitlines()[0]
                self._write(self._report(told, where))
        log.error("An exception that nobody caught, in %s", where, exc_info=error)

    def _report(self, told: str, where: str) -> str:
        parts = [_head(), f"in        {where}", "", told]
        parts += [_LOG_FOLLOWS, *logs.recent(), "", "---- experiment ----", self._experiment()]
        return "\n".join(parts) + "\n"

    def _experiment(self) -> str:
        if self.experiment is None:
            return "none yet"
        try:
            toml = self.experiment()
        except Exception as error:  # whatever is broken: the report says so and is written all the same
            log.exception("The experiment cannot be written into the report")
            return f"cannot be told: {error}"
        return toml if len(toml) <= _LONGEST_EXPERIMENT else toml[:_LONGEST_EXPERIMENT] + "\n… (shortened)"

    def _write(self, more: str) -> None:
        """Add to the report. What is in the file already stays there, whatever fails now."""
        self.text += more
        try:
            if self.path is None:
                path = _new_path(time.time())
                _append(path, self.text)
                self.path = path
                _forget_old()
            else:
                _append(self.path, more)
        except OSError as error:
            log.warning("The report of a crash cannot be written: %s", error)


_active: list[Crashes] = []


def active() -> Crashes | None:
    """Return what `watching` writes into at the moment, None outside of it."""
    return _active[-1] if _active else None


@contextlib.contextmanager
def watching() -> Iterator[Crashes]:
    """Report every crash of this process until the end of the block; an exception that leaves it is reported as well.

    At the beginning, what an earlier process left of a native fault becomes a report, see `Crashes.earlier`.
    """
    crashes = Crashes()
    crashes.earlier = archive_faults()
    _active.append(crashes)
    with _hooks(crashes), _fault_file():
        try:
            yield crashes
        except Exception as error:
            crashes.record(error, _thread_name())
            raise
        finally:
            _active.remove(crashes)


@contextlib.contextmanager
def _hooks(crashes: Crashes) -> Iterator[None]:
    """Have the interpreter tell `crashes` of every exception that nobody catches, in whichever thread."""
    before = sys.excepthook, threading.excepthook, sys.unraisablehook

    def in_main(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, Exception):  # Ctrl-C
            before[0](kind, error, trace)
        else:
            crashes.record(error, _thread_name())

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if isinstance(args.exc_value, Exception):
            crashes.record(args.exc_value, args.thread.name if args.thread is not None else "a thread")
        else:
            before[1](args)

    def unraisable(args: Any) -> None:
        if isinstance(args.exc_value, Exception):
            crashes.record(args.exc_value, f"{_thread_name()}, {args.err_msg or 'where nothing can be raised'}")
        else:
            before[2](args)

    sys.excepthook, threading.excepthook, sys.unraisablehook = in_main, in_thread, unraisable
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before


# ---------------------------------------------------------------- native faults


@contextlib.contextmanager
def _fault_file() -> Iterator[None]:
    """Have the stacks of all threads written into a file if this process ends by a native fault."""
    file = _open_fault_file()
    if file is None:
        yield
        return
    was_enabled = faulthandler.is_enabled()
    faulthandler.enable(file)
    try:
        yield
    finally:
        faulthandler.disable()
        if was_enabled and sys.stderr is not None:
            with contextlib.suppress(ValueError, OSError):  # a standard error without a descriptor
                faulthandler.enable()
        file.close()
        with contextlib.suppress(OSError):
            Path(file.name).unlink()


def _open_fault_file() -> IO[str] | None:
    try:
        folder().mkdir(parents=True, exist_ok=True)
        file = (folder() / f"running-{os.getpid()}.txt").open("w", encoding="utf-8")
        file.write(f"{_head('started')}\n{_FAULT_FOLLOWS}\n")
        file.flush()  # faulthandler writes to the descriptor, past Python's memory
    except OSError as error:
        log.warning("Native faults cannot be reported: %s", error)
        return None
    return file


def archive_faults() -> Path | None:
    """Turn what earlier processes left of native faults into reports and return the newest; None where none did."""
    newest: Path | None = None
    with contextlib.suppress(OSError):
        for file in sorted(folder().glob("running-*.txt"), key=lambda path: path.stat().st_mtime):
            newest = _archived(file) or newest
        _forget_old()
    return newest


def _archived(file: Path) -> Path | None:
    """Turn one file into a report and return that; None where nothing happened or the file cannot be had."""
    try:
        text, moment = file.read_text(encoding="utf-8", errors="replace"), file.stat().st_mtime
        head, _, fault = text.partition(_FAULT_FOLLOWS)
        if not fault.strip():  # of a process that runs, or was killed
            if time.time() - moment > _FORGOTTEN:
                file.unlink()
            return None
        parts = [f"{head}ended     {_time(moment)}", "", _FAULT_FOLLOWS, fault.strip(), ""]
        path = _new_path(moment)
        _append(path, "\n".join([*parts, _LOG_FOLLOWS, *logs.written(), ""]))
        file.unlink()
    except OSError as error:
        log.warning("%s cannot be read: %s", file.name, error)
        return None
    return path


# ---------------------------------------------------------------- parts


def _head(when: str = "time") -> str:
    """Return the first lines of every report. Only what is loaded is named: importing might fail just now."""
    loaded = [
        f"{name:<10}{getattr(sys.modules[name], '__version__', 'loaded')}"
        for name in ("numpy", "torch", "numba", "PySide6", "pyqtgraph")
        if name in sys.modules
    ]
    facts = [f"{when:<10}{_time()}", f"nnviz     {__version__}", f"Python    {platform.python_version()}"]
    system = [f"system    {platform.platform()}", f"frozen    {'yes' if getattr(sys, 'frozen', False) else 'no'}"]
    return "\n".join(["nnviz: report of a crash", _NOTE, "", *facts, *system, *loaded])


def _time(moment: float | None = None) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(moment))


def _thread_name() -> str:
    return threading.current_thread().name


def _new_path(moment: float) -> Path:
    """Return a file that does not exist yet, named after a moment, in a folder that does."""
    folder().mkdir(parents=True, exist_ok=True)
    name = time.strftime("crash-%Y-%m-%d-%H%M%S", time.localtime(moment))
    candidates = (folder() / f"{name}{suffix}.txt" for suffix in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(path for path in candidates if not path.exists())


def _append(path: Path, text: str) -> None:
    """Write at the end of a file, which may be new. Names of files may hold bytes that are no text."""
    with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)


def _forget_old() -> None:
    """Remove all but the newest reports. Another window may do the same just now: what is gone is gone."""
    with contextlib.suppress(OSError):
        reports = sorted(folder().glob("crash-*.txt"), key=lambda path: (path.stat().st_mtime, path.name))
        for path in reports[:-KEPT]:
            path.unlink(missing_ok=True)
