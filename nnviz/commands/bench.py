"""`nnviz bench`: how fast is it on this machine?"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from nnviz.commands import Command, Parser, UsageError, commands, say


@commands.register
class Bench(Command):
    """Measures speed and prints one JSON object."""

    name = "bench"
    title = "measure speed on this machine"
    help = "Measure speed on this machine and print one JSON object: the machine, and a row per measurement."
    epilog = (
        "Most values are ratios taken within one run, so that they mean the same on every machine.\n"
        "A row is `met` when its value reaches the `bar`. Close other programs first."
    )
    order = 30

    def declare(self, parser: Parser) -> None:
        from nnviz.bench import rows

        listed = ", ".join(rows.names())
        parser.add_argument("--rows", metavar="ID,ID", help=f"only these groups of rows: {listed} (default: all)")
        parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON object to a file as well")

    def run(self, options: argparse.Namespace) -> int:
        from nnviz.bench import machine, measured, rows

        wanted = options.rows.split(",") if options.rows else rows.names()
        unknown = [name for name in wanted if name not in rows]
        if unknown:
            raise UsageError(f"There is no row {unknown[0]!r}; choose from {', '.join(rows.names())}.")
        results = [row for name in wanted for row in measured(rows[name]())]
        text = json.dumps({"machine": machine(), "rows": [row.plain() for row in results]}, indent=2)
        say(text)
        if options.out is not None:
            options.out.write_text(text + "\n", encoding="utf-8")
        return 0
