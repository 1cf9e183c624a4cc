"""`nnviz sweep`: many experiments that differ in a few settings."""

from __future__ import annotations

import argparse
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from nnviz.commands import Command, Parser, UsageError, chosen_experiment, commands, complain, declare_experiment, say
from nnviz.commands.parts.sweep_report import JsonReport, TextReport
from nnviz.experiment import Experiment, bundled
from nnviz.registry import UnknownMemberError
from nnviz.settings import changed
from nnviz.sweeps.backends import Backend, BackendError, backends
from nnviz.sweeps.cost import Cost, estimate
from nnviz.sweeps.plan import EPOCHS, OBJECTIVES, Plan, make_plan
from nnviz.sweeps.recipes import Recipe, Report, recipes
from nnviz.sweeps.strategies import strategies
from nnviz.sweeps.sweep import Sweep

_LOOK = 0.1
"""Seconds between two looks at how the sweep stands."""

_SEARCH = "grid"

_FAILED = 1
_INTERRUPTED = 130  # 128 + SIGINT


@commands.register
class SweepCommand(Command):
    """Trains every combination of some settings, or points that a search chooses, and writes a table of the results."""

    name = "sweep"
    title = "train many experiments that differ in a few settings"
    help = "Train many experiments that differ in a few settings, and write one table of results."
    epilog = """values of --vary, separated by commas:
  0,1e-4,1e-3     these                       1:300:log16   16 values, evenly spaced in the logarithm
  sgd,adam        kinds by their names        0:0.5:lin6    6 values, evenly spaced
  true,false      switches                    2:10:2        every second value from 2 to 10

examples:
  nnviz sweep circles --vary network.layers[0].units=1:300:log16 --vary training.weight_decay=0,1e-4,1e-3 --seeds 8 \\
      --out results
  nnviz sweep digits --vary training.learning_rate=1e-4:1:log9 --search random --trials 30 --json
  nnviz sweep digits --vary training.optimizer=sgd,adam --backend dask --address tcp://host:8786 --out results

Every finished training is a row of DIR/results.parquet and is written at once; the same command with the same DIR goes
on with what is missing, after Ctrl-C, a crash or a power cut, and may ask for more seeds or trials than before.
With --json, every finished training is one JSON object on a line of its own; the last line has "final": true and the
best point. Exit status: 0 done, 1 no training brought a result or the cluster was lost, 2 a mistake in what was asked
for, 130 stopped with Ctrl-C."""
    order = 12

    def declare(self, parser: Parser) -> None:
        if len(recipes):
            width = max(map(len, recipes.names())) + 2
            listed = "\n".join(f"  {each.name:<{width}}{each.title}" for each in recipes)
            parser.epilog = f"prepared studies, to name instead of an experiment:\n{listed}\n\n{self.epilog}"
        declare_experiment(parser)
        parser.add_argument(
            "--vary",
            action="append",
            default=[],
            metavar="PATH=VALUES",
            help="vary a setting over values; repeatable, and all combinations are trained",
        )
        parser.add_argument(
            "--seeds", type=int, metavar="N", help="train every point with N seeds: that of the experiment and the next"
        )
        parser.add_argument(
            "--epochs", type=int, metavar="N", help=f"epochs to train (default: the experiment's limit, or {EPOCHS})"
        )
        parser.add_argument(
            "--search", default=_SEARCH, metavar="HOW", help=f"how points are chosen: {_listed(strategies.names())}"
        )
        parser.add_argument("--trials", type=int, metavar="N", help="how many points a search tries")
        parser.add_argument(
            "--objective", metavar="COLUMN", help=f"what is best where it is smallest: {_listed(list(OBJECTIVES))}"
        )
        parser.add_argument(
            "--backend", default="local", metavar="WHERE", help=f"where to train: {_listed(backends.names())}"
        )
        parser.add_argument("--address", metavar="URL", help="the address of the cluster")
        parser.add_argument(
            "--threads", type=int, metavar="N", help="trainings at once on this machine (default: its cores)"
        )
        parser.add_argument("--out", type=Path, metavar="DIR", help="write the results into this folder, as they come")
        parser.add_argument("--json", action="store_true", help="print one JSON object per training and one at the end")
        parser.add_argument("--quiet", action="store_true", help="print the summary alone")
        parser.add_argument("--yes", action="store_true", help="start however many trainings there are")
        parser.add_argument("--dry-run", action="store_true", help="count the trainings, estimate the time, and stop")

    def run(self, options: argparse.Namespace) -> int:
        recipe = _recipe(options)
        plan = _plan(options, recipe)
        backend = _backend(options, plan.n_trainings)
        try:
            backend.open()
            cost = estimate(plan, backend.slots, one_machine=backend.one_machine)
        except BackendError as error:
            raise UsageError(str(error)) from None
        except BaseException:
            backend.close()
            raise
        try:
            if cost.absurd and not (options.yes or options.dry_run):
                raise UsageError(cost.absurd)
            if options.dry_run:
                _tell_cost(cost, options.json)
                return 0
            report = _report(options, recipe)
            report.begin(plan, cost, backend)
            return _conduct(Sweep(plan, options.out, backend, cost=cost), report)
        finally:
            backend.close()


def _recipe(options: argparse.Namespace) -> Recipe | None:
    """Return the recipe that is meant, None for a sweep of an experiment. Raises UsageError where neither is."""
    if options.vary:
        return None
    if options.experiment in recipes:
        recipe = recipes[options.experiment]()
        for name in ("target", *recipe.unused):
            if getattr(options, name) not in (None, _SEARCH):
                raise UsageError(f"--{name}: The prepared study {recipe.name} has no use for it; leave it out.")
        return recipe
    known = f", or name one of the prepared studies: {_listed(recipes.names())}" if len(recipes) else ""
    raise UsageError(
        "A sweep varies at least one setting: say which with --vary, for example "
        f"--vary network.layers[0].units=1:300:log16{known}."
    )


def _plan(options: argparse.Namespace, recipe: Recipe | None) -> Plan:
    """Return what a command line asks for; a recipe says what it leaves out. Raises SettingsError or UsageError."""
    if recipe is None:
        experiment: Experiment = chosen_experiment(options)
        vary, seeds, objective, every_epoch = options.vary, 1, "test_error", True
    else:
        experiment = _prepared(recipe, options)
        vary, seeds, objective, every_epoch = recipe.vary, recipe.seeds, recipe.objective, recipe.every_epoch
    return make_plan(
        experiment,
        vary,
        seeds=seeds if options.seeds is None else options.seeds,
        epochs=options.epochs,
        search=options.search,
        trials=options.trials,
        objective=objective if options.objective is None else options.objective,
        every_epoch=every_epoch,
    )


def _prepared(recipe: Recipe, options: argparse.Namespace) -> Experiment:
    """Return the experiment of a recipe, with what the command line changes in it. Raises SettingsError."""
    experiment = bundled(recipe.experiment)
    if recipe.epochs is not None:
        experiment = changed(experiment, "training.epochs", recipe.epochs)
    experiment = experiment.with_settings([*recipe.settings, *options.settings])
    return experiment if options.seed is None else changed(experiment, "seed", options.seed)


def _report(options: argparse.Namespace, recipe: Recipe | None) -> Report:
    """Return what prints the results."""
    own = recipe.report(options.json, options.quiet, say) if recipe is not None else None
    return own or (JsonReport(options.quiet) if options.json else TextReport(options.quiet))


def _backend(options: argparse.Namespace, trainings: int) -> Backend:
    """Return the backend that is meant, not opened yet, with no more threads than trainings. Raises UsageError."""
    try:
        kind = backends[options.backend]
    except UnknownMemberError as error:
        raise UsageError(f"--backend: {error}") from None
    if options.address is not None and not kind.takes_address:
        raise UsageError(f"--address: {kind.title} has none; choose a cluster with --backend dask or --backend ray.")
    if options.threads is not None and options.threads < 1:
        raise UsageError(f"--threads: Expected at least 1, not {options.threads}.")
    threads = None if options.threads is None else min(options.threads, trainings)
    return kind(options.address, threads)


def _tell_cost(cost: Cost, as_json: bool) -> None:
    if as_json:
        say(json.dumps({"final": True, "trainings": cost.trainings, "seconds": round(cost.seconds, 3)}))
    else:
        say(cost.text)
        if cost.absurd:
            say("It would need --yes.")


def _conduct(sweep: Sweep, report: Report) -> int:
    """Sweep to the end, or to Ctrl-C; return the exit status."""
    with sweep, _cancelled_by_ctrl_c(sweep):
        sweep.start()
        while not sweep.join(_LOOK):
            report.progress(sweep)
    progress = sweep.progress()
    if progress.state == "failed" and not progress.done:
        raise UsageError(progress.text)
    report.progress(sweep)
    report.end(sweep)
    if progress.state == "failed":
        complain(progress.text)
        return _FAILED
    if progress.state == "cancelled":
        return _INTERRUPTED
    return 0 if progress.done > progress.failed + progress.diverged else _FAILED


@contextmanager
def _cancelled_by_ctrl_c(sweep: Sweep) -> Iterator[None]:
    """Turn the first Ctrl-C into a request, so that what has come is written; a second one acts as usual."""

    def ask(number: int, frame: FrameType | None) -> None:
        sweep.cancel()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _listed(names: list[str]) -> str:
    return ", ".join(names)
