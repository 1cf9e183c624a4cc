"""The commands of the command line: one file each. Here: the contract of a command, and what commands share."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from nnviz.experiment import Experiment, find
from nnviz.registry import Registry
from nnviz.settings import SettingsError, changed


class UsageError(ValueError):
    """A command line that cannot be carried out: one sentence that says why."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose help keeps its lines and whose mistakes are one sentence."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}. See `{self.prog} --help`.")


class Command:
    """One command. `title` stands in the list of commands, `help` at the top of its own help page."""

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    epilog: ClassVar[str] = ""
    order: ClassVar[int] = 100

    def declare(self, parser: Parser) -> None:
        """Add the command's arguments."""
        raise NotImplementedError

    def run(self, options: argparse.Namespace) -> int:
        """Carry the command out and return the exit status."""
        raise NotImplementedError


commands: Registry[Command] = Registry("command", "nnviz.commands", name_of=lambda command: str(command.name))


def say(text: str) -> None:
    """Write a line to the standard output, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def declare_experiment(parser: Parser, optional: bool = False) -> None:
    """Add the arguments that choose an experiment and change its settings; with `optional` it may be left out."""
    parser.add_argument(
        "experiment",
        nargs="?" if optional else None,
        metavar="EXPERIMENT | FILE",
        help="a bundled experiment, an experiment in a TOML file, or a table (CSV, TSV)",
    )
    parser.add_argument("--target", metavar="COLUMN", help="the column of the table to predict; the last by default")
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="change a setting, for example training.learning_rate=0.01 or network.layers[0].units=16; repeatable",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="start of the random numbers of weights and sample order")


def chosen_experiment(options: argparse.Namespace) -> Experiment:
    """Return the experiment that a command line describes. Raises SettingsError or UsageError."""
    experiment = find(options.experiment)
    if options.target is not None:
        if experiment.data.source.kind != "table":
            raise UsageError(f"--target names a column of a table, and {options.experiment} is not one.")
        experiment = changed(experiment, "data.source.target", options.target)
    experiment = experiment.with_settings(options.settings)
    return experiment if options.seed is None else changed(experiment, "seed", options.seed)


def with_epoch_limit(experiment: Experiment, epochs: int | None, otherwise: int) -> Experiment:
    """Return the experiment with a limit of `epochs`, or its own, or `otherwise`. Raises SettingsError."""
    if epochs is None:
        epochs = experiment.training.epochs or otherwise
    elif epochs < 1:
        raise SettingsError(f"--epochs: Expected at least 1, not {epochs}.")
    return changed(experiment, "training.epochs", epochs)


def complain(text: str) -> None:
    """Write a sentence to the standard error output."""
    if sys.stderr is not None:
        sys.stderr.write(f"nnviz: {text}\n")


def need_folder_of(path: Path) -> None:
    """Check that a file can be written before work is done for it. Raises UsageError."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder} to write to.")
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file.")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{folder} cannot be written to; choose another folder.")
