"""`nnviz screenshot`: a picture of the real window."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from nnviz.commands import (
    Command,
    Parser,
    UsageError,
    chosen_experiment,
    commands,
    declare_experiment,
    need_folder_of,
)
from nnviz.registry import UnknownMemberError
from nnviz.settings import changed

_ALL = "all"


@commands.register
class Screenshot(Command):
    """Trains an experiment in the main window and writes a picture of the window."""

    name = "screenshot"
    title = "write a picture of the window after some training"
    help = "Train an experiment in the main window and write a picture of the window, and of views in it, as PNG files."
    epilog = """examples:
  nnviz screenshot spirals --epochs 500 --theme light --scale 2 --out window.png
  nnviz screenshot double-descent --epochs 0 --page double-descent --out lab.png   # lab.png, lab-double-descent.png
  nnviz screenshot iris --view loss,dead-units --out iris.png     # iris.png, iris-loss.png, iris-dead_units.png

Files that exist are replaced."""
    order = 20

    def declare(self, parser: Parser) -> None:
        declare_experiment(parser)
        parser.add_argument("--epochs", type=int, default=100, metavar="N", help="epochs to train first (default: 100)")
        parser.add_argument(
            "--size", type=_size, default=(1440, 900), metavar="WxH", help="size of the window (default: 1440x900)"
        )
        parser.add_argument("--theme", choices=("dark", "light"), default="dark", help="colours (default: dark)")
        parser.add_argument(
            "--scale", type=int, choices=(1, 2, 3, 4), default=1, help="pixels per unit of size (default: 1)"
        )
        parser.add_argument(
            "--view",
            default="",
            metavar="NAME[,NAME...]",
            help=f"open these views in the window, one after the other, and write a picture of each as FILE-NAME.png; "
            f"{_ALL!r} for every view (`nnviz export --list` names them)",
        )
        parser.add_argument(
            "--page",
            default="",
            metavar="NAME[,NAME...]",
            help=f"open these pages of the laboratory, have them train, and write a picture of each as FILE-NAME.png; "
            f"{_ALL!r} for every page",
        )
        parser.add_argument("--out", type=Path, required=True, metavar="FILE.png", help="where to write the picture")

    def run(self, options: argparse.Namespace) -> int:
        experiment = chosen_experiment(options)
        epochs = changed(experiment, "training.epochs", options.epochs).training.epochs
        need_folder_of(options.out)
        if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        views, pages = _views(options.view), _pages(options.page)
        from nnviz.gui.screenshot import ScreenshotError, take

        try:
            take(experiment, epochs, options.size, options.theme, options.scale, options.out, views, pages)
        except ScreenshotError as error:
            raise UsageError(str(error)) from None
        return 0


def _views(text: str) -> list[str]:
    """Return the names of the views that are asked for. Raises UsageError for one that there is not."""
    if not text:
        return []
    from nnviz.gui.views import views

    if text == _ALL:
        return views.names()
    names = [name.strip().replace("-", "_") for name in text.split(",")]
    try:
        return [views[name].name for name in names]
    except UnknownMemberError as error:
        raise UsageError(str(error)) from None


def _pages(text: str) -> list[str]:
    """Return the names of the pages that are asked for. Raises UsageError for one that there is not."""
    if not text:
        return []
    from nnviz.gui.laboratory.page import pages

    if text == _ALL:
        return pages.names()
    try:
        return [pages[name.strip()].name for name in text.split(",")]
    except UnknownMemberError as error:
        raise UsageError(str(error)) from None


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{2,5})[x×](\d{2,5})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write it as WIDTHxHEIGHT, for example 1440x900")
    return int(match[1]), int(match[2])
