"""What a command line says of a project: which file, which run of it, which epoch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nnviz.commands import Parser, UsageError, complain
from nnviz.project.library import Library
from nnviz.project.project import Project, ProjectError
from nnviz.project.reading import is_project, read
from nnviz.registry import unknown_name
from nnviz.roster import recording_of
from nnviz.run import Run
from nnviz.training.replay import Replay

_SLICE = 0.5
"""Seconds of repeating between two looks at how far it is."""

_TELL = 2.0
"""Seconds of repeating after which progress is told."""


def declare_run(parser: Parser) -> None:
    """Add the arguments that choose a project, a run of it, and an epoch."""
    parser.add_argument("project", type=Path, metavar="PROJECT", help="a project file (.nnviz)")
    parser.add_argument("--epoch", type=int, required=True, metavar="N", help="the end of this epoch; 0 is the start")
    parser.add_argument("--run", metavar="NAME|NUMBER", help="the run, 1 is the oldest; the one in front by default")


def check_count(option: str, value: int, least: int) -> None:
    """Raise UsageError for a number that is too small."""
    if value < least:
        raise UsageError(f"{option}: Expected {least} or more, not {value}.")


def opened(path: Path) -> Project:
    """Return the project in a file. Raises ProjectError or UsageError."""
    path = path.expanduser()
    if path.is_file() and not is_project(path):
        raise UsageError(f"{path} is no project; `nnviz train --out` and the window write them.")
    return read(path)


def chosen_run(project: Project, text: str | None) -> Run:
    """Return the run that is meant: by its number, else by its name; the one in front for None. Raises UsageError."""
    if text is None:
        return project.runs[project.front]
    if text.isdecimal() and 1 <= int(text) <= len(project.runs):
        return project.runs[int(text) - 1]
    named = [run for run in project.runs if run.name == text]
    if len(named) > 1:
        numbers = ", ".join(str(run.number) for run in named)
        raise UsageError(f"{len(named)} runs are called {text!r}; give the number of one: {numbers}.")
    if not named:
        listed = [f"{run.number}" for run in project.runs] if text.isdecimal() else [run.name for run in project.runs]
        raise UsageError(unknown_name("run", text, listed))
    return named[0]


def repeated(
    project: Project, run: Run, epoch: int, library: Library, told: Callable[[str], None] = complain
) -> Replay:
    """Return a run at the end of an epoch, repeated exactly. Raises UsageError for an epoch that it does not have."""
    first, last = run.first_epoch, run.end[0]
    if epoch > last:
        raise UsageError(f"{run.name!r} was trained to epoch {last:,}; there is no epoch {epoch:,} of it yet.")
    if epoch < first:
        raise UsageError(f"{run.name!r} begins at epoch {first:,}{_origin(project, run)}.")
    recording = recording_of(run, epoch)
    if recording is None:
        raise ProjectError(f"Epoch {epoch:,} of {run.name!r} cannot be repeated: no state before it was kept.")
    replay = Replay(library.prepare)
    replay.aim(recording, (epoch, 0))
    seconds = 0.0
    while not replay.advance(_SLICE):
        seconds += _SLICE
        if seconds >= _TELL:
            seconds = 0.0
            told(f"repeating: {100 * replay.share:.0f} %, {replay.seconds_left:.0f} s left")
    return replay


def _origin(project: Project, run: Run) -> str:
    origin = next((other for other in project.runs if run.origin and other.number == run.origin.run), None)
    return f", where it left {origin.name!r}: repeat that one for an earlier epoch" if origin is not None else ""
