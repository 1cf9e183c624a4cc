"""`nnviz fork`: go on from any epoch of a run with other settings."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from nnviz.commands import Command, Parser, commands, complain, say
from nnviz.commands.parts.opened import check_count, chosen_run, declare_run, opened, repeated
from nnviz.commands.parts.recorder import Recorder
from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment
from nnviz.export.run_files import file_name, parameters_sha256, plain
from nnviz.project.library import Library
from nnviz.project.project import project_of
from nnviz.project.writing import write
from nnviz.run import Origin, Run
from nnviz.settings import changed
from nnviz.training.trainer import Trainer
from nnviz.words import differences_in_words

_SLICE = 0.1
_DIVERGED = 1


@commands.register
class ForkCommand(Command):
    """Adds a run to a project that goes on from an epoch of another run with other settings."""

    name = "fork"
    title = "go on from any epoch of a run with other settings"
    help = "Go on from any epoch of a run of a project with other settings, and write a project with both runs."
    epilog = """examples:
  nnviz fork results/spirals.nnviz --epoch 200 --set training.weight_decay=0.01 --epochs 300 --out results
  nnviz fork results/spirals.nnviz --epoch 200 --set 'network.layers=[{kind="linear", units=8}, "relu"]' --out results

Layers that both networks have keep what they have learned. The epoch limit of the run makes room for the new epochs.
Exit status: 0 trained, 1 diverged, 2 a mistake in what was asked for."""
    order = 13

    def declare(self, parser: Parser) -> None:
        declare_run(parser)
        parser.add_argument(
            "--set",
            dest="settings",
            action="append",
            default=[],
            metavar="PATH=VALUE",
            help="change a setting; repeatable",
        )
        parser.add_argument("--epochs", type=int, default=100, metavar="M", help="epochs to train on (default: 100)")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="write the project into this folder")
        parser.add_argument("--name", metavar="TEXT", help="what the fork is called, and its file")
        parser.add_argument("--json", action="store_true", help="print one JSON object at the end")

    def run(self, options: argparse.Namespace) -> int:
        check_count("--epoch", options.epoch, 0)
        check_count("--epochs", options.epochs, 1)
        options.out.mkdir(parents=True, exist_ok=True)
        project = opened(options.project)
        origin, library = chosen_run(project, options.run), Library(project.samples)
        before = origin.experiment_at(options.epoch)
        experiment = _with_room(before.with_settings(options.settings), options)
        trainer = repeated(project, origin, options.epoch, library).trainer
        _follow(trainer, experiment, library)
        name = options.name or _name(before, before.with_settings(options.settings), options.epoch)
        fork = Run(len(project.runs) + 1, name, experiment)
        fork.origin, fork.history = Origin(origin.number, options.epoch), origin.history.until(options.epoch)
        _train(Recorder(fork, trainer), trainer, options.epochs)
        path = options.out / f"{file_name(fork.name)}.nnviz"
        runs = [*project.runs, fork]
        compared = [project.runs[place].number for place in project.compared]
        for sentence in write(path, project_of(runs, fork, compared, library.loaded)):
            complain(sentence)
        _report(path, fork, before, trainer, options.json)
        end = trainer.end
        if end is not None and end.diverged:
            complain(end.text)
            return _DIVERGED
        return 0


def _with_room(experiment: Experiment, options: argparse.Namespace) -> Experiment:
    """Return the experiment with an epoch limit that the new epochs do not reach, unless it was asked for."""
    limit, end = experiment.training.epochs, options.epoch + options.epochs
    asked = any(text.partition("=")[0].strip() == "training.epochs" for text in options.settings)
    return experiment if asked or limit == 0 or limit >= end else changed(experiment, "training.epochs", end)


def _follow(trainer: Trainer, experiment: Experiment, library: Library) -> None:
    """Have a trainer go on under other settings."""
    same = trainer.experiment.data.samples == experiment.data.samples
    data: SplitData = trainer.engine.data if same else library.prepare(experiment.data)
    trainer.follow(experiment, data)


def _name(before: Experiment, after: Experiment, epoch: int) -> str:
    """Return a short name for a fork: what is different, and from where on."""
    found = [difference.words for difference in differences_in_words(before, after)]
    rest = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{found[0]}{rest} from {epoch:,}" if found else f"from {epoch:,}"


def _train(recorder: Recorder, trainer: Trainer, epochs: int) -> None:
    last = trainer.engine.epoch + epochs
    trainer.end = trainer.finished()
    while trainer.end is None and trainer.engine.epoch < last:
        rows = trainer.slice(_SLICE, last - trainer.engine.epoch)
        if rows is not None:
            recorder.take(rows)
    recorder.end()


def _report(path: Path, fork: Run, before: Experiment, trainer: Trainer, as_json: bool) -> None:
    engine = trainer.engine
    row = plain({name: values[0] for name, values in engine.measure().items()})
    changes = [difference.words for difference in differences_in_words(before, fork.experiment)]
    if as_json:
        known = {"final": True, **row, "engine": engine.name, "status": fork.status.value}
        digest = parameters_sha256(engine.parameters())
        say(
            json.dumps(
                {
                    **known,
                    "run": fork.number,
                    "name": fork.name,
                    "project": str(path),
                    "changes": changes,
                    "parameters_sha256": digest,
                }
            )
        )
        return
    for words in changes:
        say(words)
    losses = ", ".join(f"{part} loss {_number(row[f'{part}_loss'])}" for part in ("train", "test"))
    say(f"{fork.name}: epoch {fork.first_epoch:,} to {engine.epoch:,}, {losses}. Wrote {path}.")


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.6g}"
