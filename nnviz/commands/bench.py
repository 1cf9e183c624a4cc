"""`nnviz bench`: how fast is it on this machine?"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nnviz.commands import Command, Parser, UsageError, commands, say

if TYPE_CHECKING:
    from nnviz.bench import Row


@commands.register
class Bench(Command):
    """Measures speed and prints one JSON object."""

    name = "bench"
    title = "measure speed on this machine"
    help = (
        "Measure speed on this machine and print one JSON object: the machine, and a row per measurement.\n"
        "What is being measured, and each row as it comes, is told on the standard error."
    )
    epilog = (
        "Most values are ratios taken within one run, so that they mean the same on every machine.\n"
        "A row is `met` when its value reaches the `bar`. Close other programs first."
    )
    order = 30

    def declare(self, parser: Parser) -> None:
        from nnviz.bench import rows

        width = max(map(len, rows.names())) + 2
        listed = "\n".join(f"  {each.name:<{width}}{each.title}" for each in rows)
        parser.epilog = f"groups:\n{listed}\n\n{self.epilog}"
        parser.add_argument(
            "groups",
            nargs="*",
            metavar="GROUP",
            help="a group of rows, or the beginning of several: raw (default: all)",
        )
        parser.add_argument("--rows", metavar="ID,ID", default="", help="the same, separated by commas")
        parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON object to a file as well")

    def run(self, options: argparse.Namespace) -> int:
        from nnviz.bench import machine, measured, rows

        wanted = [*options.groups, *(word for word in options.rows.split(",") if word)]
        results: list[Row] = []
        for name in chosen(wanted, rows.names()):
            _tell(f"{name}: {rows[name].title} ...")
            found = measured(rows[name]())
            for row in found:
                _tell(f"  {row.sentence()}")
            results += found
        text = json.dumps({"machine": machine(), "rows": [row.plain() for row in results]}, indent=2)
        say(text)
        if options.out is not None:
            options.out.write_text(text + "\n", encoding="utf-8")
        return 0


def chosen(wanted: list[str], names: list[str]) -> list[str]:
    """Return the groups that some words mean, in their own order; all of them for no word.

    A word is a group's name or its beginning up to a slash. Raises UsageError for one that is neither.
    """
    for word in wanted:
        if not any(_means(word, name) for name in names):
            raise UsageError(f"There is no row {word!r}; choose from {', '.join(names)}.")
    return [name for name in names if not wanted or any(_means(word, name) for word in wanted)]


def _means(word: str, name: str) -> bool:
    return f"{name}/".startswith(word.rstrip("/") + "/")


def _tell(text: str) -> None:
    """Write a line to the standard error: the standard output is JSON alone."""
    if sys.stderr is not None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
