"""`nnviz replay`: any epoch of a run, repeated exactly."""

from __future__ import annotations

import argparse
import json

from nnviz.commands import Command, Parser, commands, say
from nnviz.commands.parts.opened import check_count, chosen_run, declare_run, opened, repeated
from nnviz.export.run_files import parameters_sha256, plain
from nnviz.project.library import Library


@commands.register
class ReplayCommand(Command):
    """Repeats a run of a project up to an epoch and says what it measures there."""

    name = "replay"
    title = "repeat a run of a project exactly, up to an epoch"
    help = (
        "Repeat a run of a project, from the keyframe before, up to the end of an epoch: the same numbers, bit for bit."
    )
    epilog = """examples:
  nnviz train spirals --epochs 500 --out results
  nnviz replay results/spirals.nnviz --epoch 123 --json

With --json, one object: epoch, train_loss, test_loss, engine, and parameters_sha256, the SHA-256 of all parameters in
network order, lowest byte first. It is that of `nnviz train --epochs 123` on the same machine."""
    order = 12

    def declare(self, parser: Parser) -> None:
        declare_run(parser)
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def run(self, options: argparse.Namespace) -> int:
        check_count("--epoch", options.epoch, 0)
        project = opened(options.project)
        run = chosen_run(project, options.run)
        engine = repeated(project, run, options.epoch, Library(project.samples)).trainer.engine
        row = plain({name: values[0] for name, values in engine.measure().items()})
        digest = parameters_sha256(engine.parameters())
        if options.json:
            measured = {name: row[name] for name in ("train_loss", "validation_loss", "test_loss") if name in row}
            say(
                json.dumps(
                    {
                        "run": run.name,
                        "epoch": engine.epoch,
                        **measured,
                        "engine": engine.name,
                        "parameters_sha256": digest,
                    }
                )
            )
            return 0
        losses = ", ".join(f"{part} loss {_number(row[f'{part}_loss'])}" for part in ("train", "test"))
        say(f"{run.name}, epoch {engine.epoch:,}: {losses}; engine {engine.name}; parameters {digest[:16]}…")
        return 0


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.6g}"
