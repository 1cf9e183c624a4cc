"""`nnviz export`: figures without a window."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from nnviz.commands import (
    Command,
    Parser,
    UsageError,
    chosen_experiment,
    commands,
    complain,
    declare_experiment,
    need_folder_of,
    say,
    with_epoch_limit,
)
from nnviz.experiment import Experiment
from nnviz.export.figure import FigureSettings
from nnviz.export.presets import FIRST, applied, presets
from nnviz.export.recipe import Panel, Recipe, read_recipe
from nnviz.registry import UnknownMemberError
from nnviz.run import Run
from nnviz.session import Session
from nnviz.settings import Field, SettingsError, changed, fields, kind_of
from nnviz.snapshot import Status

_EPOCHS = 300
"""Epochs to train where neither the command line nor the experiment sets a limit."""

_LOOK = 0.005
"""Seconds between two looks at what the training thread has posted."""

_PROGRESS_EVERY = 2.0
"""Seconds between two lines of progress."""

_DIVERGED = 1

_LENGTHS = {"mm": 1.0, "cm": 10.0, "in": 25.4, "": 1.0}
"""Units of lengths on the command line, in mm."""


@commands.register
class Export(Command):
    """Trains an experiment headless and writes views of it as a figure or a table."""

    name = "export"
    title = "write views of a training as PNG, SVG, PDF or CSV"
    help = "Train an experiment without a window and write one or more of its views as a figure, or as numbers."
    epilog = """examples:
  nnviz export --list
  nnviz export spirals --view loss --out loss.pdf
  nnviz export digits --epochs 20 --view loss,confusion --preset paper-page --columns 2 --out figure.svg
  nnviz export spirals --view surface --preset slide --theme dark --palette tol-bright --out slide.png
  nnviz export my-data.csv --target price --view error --epochs-from 10 --width 85mm --font 7 --out error.pdf
  nnviz export digits --recipe figure.toml --out figure.pdf

The ending of the file chooses the format. A recipe is what `File → Compose figure…` saves; options given besides
change its settings. Exit status: 0 written, 1 written although training diverged, 2 a mistake in what was asked for."""
    order = 15

    def declare(self, parser: Parser) -> None:
        declare_experiment(parser, optional=True)
        parser.add_argument("--list", action="store_true", help="name the views, presets and palettes, and quit")
        parser.add_argument(
            "--epochs", type=int, metavar="N", help=f"epochs to train (default: the experiment's limit, or {_EPOCHS})"
        )
        parser.add_argument("--view", metavar="NAME[,NAME...]", help="what to show; several make one figure, in a grid")
        parser.add_argument("--columns", type=int, metavar="N", help="views side by side (default: 1)")
        parser.add_argument(
            "--letters", action=argparse.BooleanOptionalAction, help="letters a, b, c for several views"
        )
        parser.add_argument("--recipe", type=Path, metavar="FILE.toml", help="a composed figure, in place of --view")
        parser.add_argument("--preset", metavar="NAME", help=f"settings for common uses (default: {FIRST})")
        for field in fields(FigureSettings):
            _declare(parser, field)
        parser.add_argument("--out", type=Path, metavar="FILE", help="where to write: .png, .svg, .pdf or .csv")
        parser.add_argument("--force", action="store_true", help="replace a file that exists")

    def run(self, options: argparse.Namespace) -> int:
        if sys.platform.startswith("linux"):
            os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        _need_qt()
        if options.list:
            say(_listed())
            return 0
        for name, given in (("EXPERIMENT", options.experiment), ("--out", options.out)):
            if given is None:
                raise UsageError(f"{name} is missing. See `nnviz export --help`.")
        recipe = chosen_recipe(options)
        _check_target(options.out, options.force)
        experiment = with_epoch_limit(chosen_experiment(options), options.epochs, _EPOCHS)
        return _export(recipe, experiment, options.out)


def chosen_recipe(options: argparse.Namespace) -> Recipe:
    """Return the figure that a command line describes. Raises UsageError or SettingsError."""
    if (options.view is None) == (options.recipe is None):
        raise UsageError("Say what to show: either --view with one or more names, or --recipe with a file.")
    if options.recipe is not None:
        recipe = read_recipe(options.recipe.expanduser())
    else:
        names = [name.strip().replace("-", "_") for name in options.view.split(",")]
        panels = tuple(Panel(view=name) for name in names)
        recipe = Recipe(panels=panels, letters=len(panels) > 1)
    try:
        if options.preset is not None:
            recipe = recipe.replace(figure=applied(options.preset, recipe.figure))
    except UnknownMemberError as error:
        raise UsageError(str(error)) from None
    for path in ("columns", "letters"):
        if getattr(options, path) is not None:
            recipe = changed(recipe, path, getattr(options, path))
    for field in fields(FigureSettings):
        value = getattr(options, f"figure_{field.name}")
        if value is not None:
            recipe = recipe.replace(figure=_with(recipe.figure, field, value))
    return recipe


def trained(experiment: Experiment, needs: frozenset[str]) -> Run:
    """Return a run of an experiment after its last epoch, with all that some probes measure. Raises UsageError."""
    session = Session(experiment)
    due = time.monotonic() + _PROGRESS_EVERY
    try:
        session.want(needs)
        session.play()
        while not _complete(session.run, needs):
            session.poll()
            if session.run.status is Status.FAILED:
                raise UsageError(session.run.text)
            if time.monotonic() > due:
                due += _PROGRESS_EVERY
                say(_progress(session.run))
            time.sleep(_LOOK)
        return session.run
    finally:
        session.close()


def _progress(run: Run) -> str:
    """Return how far a run is, or what it waits for: kernels are compiled before the first epoch."""
    if run.status is Status.PREPARING and run.text:
        return run.text
    return f"epoch {run.epoch:,} of {run.experiment.training.epochs:,}"


def _complete(run: Run, needs: frozenset[str]) -> bool:
    snapshot = run.snapshot
    return run.status.over and snapshot is not None and snapshot.epoch == run.epoch and needs <= snapshot.wanted


def _export(recipe: Recipe, experiment: Experiment, out: Path) -> int:
    """Train, draw and write. Raises UsageError when the figure cannot be made or written."""
    from nnviz.gui.app import application
    from nnviz.gui.figures.export import export_path, format_of
    from nnviz.gui.figures.moment import needs_of
    from nnviz.gui.figures.problem import ExportError
    from nnviz.gui.figures.sheet import check, check_choices

    try:
        format_of(out)
        app = application()
        check(recipe)
        check_choices(recipe)
        run = trained(experiment, needs_of(recipe))
        export_path(recipe, run.history, run.snapshot, out)
        del app
    except ExportError as error:
        raise UsageError(str(error)) from None
    say(f"Wrote {out}: {', '.join(panel.view for panel in recipe.panels)} after epoch {run.epoch:,}.")
    if run.status is Status.DIVERGED:
        complain(run.text)
        return _DIVERGED
    return 0


def _need_qt() -> None:
    """Raise UsageError where Qt, which draws all figures, cannot be loaded."""
    try:
        import nnviz.gui.app  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"Qt, which draws figures, cannot be loaded: {error}. `nnviz train --out` writes numbers without it."
        ) from None


def _check_target(out: Path, force: bool) -> None:
    need_folder_of(out)
    if out.exists() and not force:
        raise UsageError(f"{out} exists already; --force replaces it.")


# ------------------------------------------------------------ settings of the figure


def _declare(parser: Parser, field: Field) -> None:
    """Add the option of one setting, which is named like it."""
    option, unit = f"--{field.name.replace('_', '-')}", field.unit
    dest, what = f"figure_{field.name}", f"{field.help[:1].lower()}{field.help[1:].rstrip('.')}"
    what = what.replace("%", "%%")
    if field.type is bool:
        parser.add_argument(option, dest=dest, action=argparse.BooleanOptionalAction, help=what)
        return
    metavar = "NAME" if field.registry or field.options else f"N{unit}" if field.type in (int, float) else "TEXT"
    parser.add_argument(option, dest=dest, metavar=metavar, help=what)


def _with(figure: FigureSettings, field: Field, value: Any) -> FigureSettings:
    """Return a figure with one setting as it was typed. Raises SettingsError beginning with the option."""
    try:
        return changed(figure, field.name, _value(field, value))
    except SettingsError as error:
        reason = str(error).removeprefix(f"{field.name}: ")
        raise SettingsError(f"--{field.name.replace('_', '-')}: {reason}") from None


def _value(field: Field, text: Any) -> Any:
    """Return the value that was typed for a setting. Raises SettingsError when a number is none."""
    if field.type not in (int, float):
        return text
    match = re.fullmatch(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*([a-z]*)", text.strip().lower())
    units = _LENGTHS if field.unit == "mm" else {field.unit: 1.0, "": 1.0}
    if match is None or match[2] not in units:
        unit = f" in {field.unit}" if field.unit else ""
        raise SettingsError(f"Expected a number{unit}, not {text!r}.")
    number = float(match[1]) * units[match[2]]
    return int(number) if field.type is int and number.is_integer() else number


def _listed() -> str:
    """Return the names that can be given, a line each."""
    from nnviz.export.palettes import Palette
    from nnviz.gui.views import views

    lines = ["views:", *(f"  {view.name:<18}{view.title}: {view.help}" for view in views)]
    lines += ["presets:", *(f"  {preset.name:<18}{preset.help}" for preset in presets)]
    lines += ["palettes:"]
    lines += [f"  {kind_of(palette):<18}{palette.help}" for palette in Palette.registry]
    return "\n".join(lines)
