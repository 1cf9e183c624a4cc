"""`nnviz diff`: what sets two experiments or runs apart."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from nnviz.commands import Command, Parser, commands, say
from nnviz.commands.parts.opened import chosen_run, opened
from nnviz.experiment import Experiment, find
from nnviz.project.reading import is_project
from nnviz.words import differences_in_words


@commands.register
class Diff(Command):
    """Says in words what differs between two experiments, or runs of projects."""

    name = "diff"
    title = "say what sets two experiments or runs apart"
    help = "Say what differs between two experiments: bundled ones, files, tables, projects, or runs of projects."
    epilog = """examples:
  nnviz diff spirals moons
  nnviz diff spirals results/spirals.nnviz
  nnviz diff results/forked.nnviz:1 results/forked.nnviz:2 --json

Of a project the run in front is meant, or the one behind a colon: its number, 1 is the oldest, or its name.
Exit status: 0 whether or not they differ, 2 a mistake in what was asked for."""
    order = 14

    def declare(self, parser: Parser) -> None:
        for name in ("a", "b"):
            parser.add_argument(name, metavar=name.upper(), help="an experiment, or PROJECT or PROJECT:RUN")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def run(self, options: argparse.Namespace) -> int:
        a, b = meant(options.a), meant(options.b)
        found = differences_in_words(a, b)
        if options.json:
            say(json.dumps({"a": options.a, "b": options.b, "differences": [asdict(each) for each in found]}))
            return 0
        for each in found:
            say(each.words)
        if not found:
            say("They train alike.")
        return 0


def meant(text: str) -> Experiment:
    """Return the experiment that a word means: `experiment.find` knows it, or it is that of a run of a project."""
    for head, run in ((text, None), *((text[:at], text[at + 1 :]) for at in range(len(text)) if text[at] == ":")):
        path = Path(head).expanduser()
        if is_project(path):
            return chosen_run(opened(path), run).experiment
    return find(text)
