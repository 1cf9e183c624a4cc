"""The commands of the command line: one file each. Here: the contract of a command, and what commands share."""

from __future__ import annotations

import argparse
import sys
from typing import Any, ClassVar, NoReturn

from nnviz.experiment import Experiment, find
from nnviz.registry import Registry
from nnviz.settings import changed


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


def declare_experiment(parser: Parser) -> None:
    """Add the arguments that choose an experiment and change its settings."""
    parser.add_argument(
        "experiment",
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
