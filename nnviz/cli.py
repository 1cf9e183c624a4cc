"""The command line: opens the window, or hands over to a command."""

from __future__ import annotations

import gc
import os
import sys
import time
from pathlib import Path

from nnviz import __version__, crash_report, installation, resources
from nnviz.commands import Parser, UsageError, commands, say
from nnviz.data.dataset import DataError
from nnviz.engines.losses import LossError
from nnviz.experiment import bundled_names
from nnviz.network.layers import ShapeError
from nnviz.settings import SettingsError

MISTAKE = 2
"""Exit status when something that the user gave cannot be used."""

_BROKEN_PIPE = 141
"""Exit status when the reader of the output has gone: what a shell reports for SIGPIPE, 128 + 13."""

_INTERRUPTED = 130
"""Exit status after Ctrl-C: 128 + SIGINT."""

_MISTAKES = (SettingsError, DataError, ShapeError, LossError, UsageError, OSError)
"""Errors whose text is for the user; all others are defects and keep their traceback."""


def main(arguments: list[str]) -> int:
    """Run one command line and return the exit status: 0, or 2 for a mistake, or what the command says."""
    try:
        if arguments and arguments[0] in commands:
            return _run_command(arguments[0], arguments[1:])
        return _run_window(arguments)
    except BrokenPipeError:
        _close_output()
        return _BROKEN_PIPE
    except _MISTAKES as error:
        if sys.stderr is not None:
            sys.stderr.write(f"nnviz: {_sentence(error)}\n")
        return MISTAKE
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run_command(name: str, arguments: list[str]) -> int:
    command = commands[name]()
    parser = Parser(prog=f"nnviz {name}", description=command.help, epilog=command.epilog)
    command.declare(parser)
    return command.run(parser.parse_args(arguments))


def _run_window(arguments: list[str]) -> int:
    listed = "\n".join(f"  {command.name:<12}{command.title}" for command in commands)
    parser = Parser(
        prog="nnviz",
        description="See a neural network learn and overfit.",
        epilog=f"commands:\n{listed}\n\n`nnviz COMMAND --help` says more about each.\n\n"
        f"bundled experiments:\n  {', '.join(bundled_names())}",
    )
    parser.add_argument(
        "what",
        nargs="?",
        metavar="FILE | EXPERIMENT",
        help="a project, an experiment (TOML), a table (CSV, TSV) or the name of a bundled experiment to open",
    )
    parser.add_argument("--version", action="version", version=f"nnviz {__version__}")
    parser.add_argument(
        "--startup-time",
        action="store_true",
        help="print the seconds from the start of this process to the first painted window, and quit",
    )
    options = parser.parse_args(arguments)
    path = _window_path(options.what)
    if not installation.has_display():
        raise UsageError("There is no display to open a window on; `nnviz train` works without one.")
    gc.disable()  # the window collects its garbage itself; looking for it before there is any takes 8 % of the start
    if options.startup_time:
        from nnviz.gui import app

        say(f"{app.startup_time(_process_start()):.3f}")
        return 0
    with crash_report.watching():  # before the import: loading Qt is the first thing that can fail
        from nnviz.gui import app

        return app.run(path)


def _window_path(what: str | None) -> str | None:
    """Return the path of what is to be opened: as in the commands, a bundled name counts more than a file's.

    Raises UsageError when it is neither a known name nor a file.
    """
    if what is None:
        return None
    if what in bundled_names():
        return str(resources.path("experiments", f"{what}.toml"))
    path = Path(what).expanduser()
    if path.is_dir():
        raise UsageError(f"{what} is a folder; open a file, or a bundled experiment.")
    if path.is_file():
        return what
    raise UsageError(
        f"There is neither a file nor a bundled experiment nor a command called {what!r}; "
        "`nnviz --help` lists what there is."
    )


def _process_start() -> float:
    """Return when this process began, in seconds of `time.time`.

    Where the system does not tell, it is taken to have computed all the time since.
    """
    try:
        ticks = float(Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])
        up = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return time.time() - time.process_time()
    return time.time() - (up - ticks / os.sysconf("SC_CLK_TCK"))


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    return str(error)


def _close_output() -> None:
    """Leave nothing that the interpreter would try to write to the closed pipe when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
