"""`nnviz sweep double-descent`: the peak at the interpolation threshold, in seconds."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from nnviz.engines.choose import plan_for
from nnviz.experiment import Experiment, to_toml
from nnviz.export.files import replace_file
from nnviz.studies.axes.width import Width
from nnviz.studies.double_descent import MEASURED, Descent, judged, sentence
from nnviz.sweeps.backends import Backend
from nnviz.sweeps.cost import Cost
from nnviz.sweeps.plan import Plan
from nnviz.sweeps.recipes import Recipe, Report, Say, recipes
from nnviz.sweeps.samples import Samples
from nnviz.sweeps.sweep import Sweep

WIDTHS = (1, 2, 4, 7, 10, 14, 18, 22, 26, 30, 36, 45, 60, 90, 150, 300)
SEEDS, EPOCHS = 6, 3_000

_PROGRESS_EVERY = 1.0
"""Seconds between two lines of progress."""


@recipes.register
class DoubleDescent(Recipe):
    """Test loss over the width of one hidden layer: 16 widths with 6 seeds, 3,000 epochs of full batches each.

    Belkin et al. 2019 and Nakkiran et al. 2019, on 200 handwritten digits of which a fifth have wrong labels.
    """

    name = "double-descent"
    title = "Double descent"
    help = (
        "Test loss over the width of a hidden layer: down, up to a peak at the interpolation threshold, and down again."
    )
    order = 10
    experiment = "double-descent"
    vary = (f"network.layers[1].units={','.join(map(str, WIDTHS))}",)
    seeds, epochs = SEEDS, EPOCHS
    every_epoch = False
    unused = ("search", "trials", "objective")

    def report(self, as_json: bool, quiet: bool, say: Say) -> Report:
        return _Report(as_json, quiet, say)


class _Report:
    """What is printed while the networks are trained, and at the end."""

    def __init__(self, as_json: bool, quiet: bool, say: Say) -> None:
        self._json, self._quiet, self._say = as_json, quiet, say
        self._began = self._due = 0.0

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def begin(self, plan: Plan, cost: Cost, backend: Backend) -> None:
        if not (self._json or self._quiet):
            self._say(cost.text)
            self._say(f"Training on {backend.describe()}.")
        self._began = time.monotonic()

    def progress(self, sweep: Sweep) -> None:
        progress = sweep.progress()
        if time.monotonic() < self._due or self._quiet or progress.state != "training":
            return
        self._due = time.monotonic() + _PROGRESS_EVERY
        if self._json:
            line = {"done": progress.done, "of": progress.total, "seconds": round(self._seconds, 3)}
            self._say(json.dumps(line))
        else:
            left = progress.seconds_left
            time_left = f", about {left:.0f} s left" if np.isfinite(left) else ""
            self._say(f"{progress.done} of {progress.total} networks{time_left}")

    def end(self, sweep: Sweep) -> None:
        progress, experiment = sweep.progress(), sweep.plan.experiment
        found = descent_of(sweep, self._seconds)
        state = {"cancelled": "interrupted"}.get(progress.state, progress.state)
        whole = summary(found, experiment.training.epochs, state)
        if sweep.folder is not None:
            _write(sweep.folder, experiment, found, whole)
        if self._json:
            self._say(json.dumps(whole))
            return
        for line in _table(found):
            self._say(line)
        words = f"{sentence(found)} " if found.done or progress.state == "finished" else ""
        there = f", {progress.resumed} of them before" if progress.resumed else ""
        self._say(f"{words}{found.done} networks in {found.seconds:.1f} s{there}.")
        if progress.state == "cancelled":
            kept = "the same command goes on from here" if sweep.folder is not None else "with --out it could go on"
            self._say(f"Stopped with {progress.done} of {progress.total} networks done; {kept}.")


def descent_of(sweep: Sweep, seconds: float) -> Descent:
    """Return what the rows of a sweep over widths have measured so far. Raises DataError, ShapeError or LossError."""
    plan, axis = sweep.plan, sweep.plan.axes[0]
    data = Samples().prepared(plan.experiment.data)
    seeds = tuple(plan.seed(each) for each in range(plan.seeds))
    measured = {name: np.full((len(axis), len(seeds)), np.nan) for name in MEASURED}
    for row in sweep.table().rows():
        if row["status"] == "finished":
            for name in MEASURED:
                measured[name][axis.values.index(row[axis.path]), seeds.index(row["seed"])] = row[name]
    networks = [plan.experiment_at((value,)) for value in axis.values]
    n_parameters = [plan_for(each.network, each.training, data).n_parameters for each in networks]
    train_loss, train_error, test_loss, test_error = (measured[name] for name in MEASURED)
    found = Descent(
        Width(),
        np.array(axis.values, float),
        seeds,
        np.array(n_parameters, np.int64),
        train_loss,
        train_error,
        test_loss,
        test_error,
        seconds=seconds,
    )
    return judged(found, plan.experiment.training, data)


def _table(found: Descent) -> list[str]:
    """Return the means over seeds as lines with columns."""
    heads = ("units", "parameters", "train loss", "test loss", "train error", "test error")
    lines = [" ".join(f"{head:>12}" for head in heads)]
    means = [found.mean(name) for name in ("train_loss", "test_loss", "train_error", "test_error")]
    for place, value in enumerate(found.values):
        train, test, train_error, test_error = (float(mean[place]) for mean in means)
        lines.append(
            f"{int(value):>12} {found.n_parameters[place]:>12,} {train:>12.4f} {test:>12.4f} "
            f"{100 * train_error:>10.2f} % {100 * test_error:>10.2f} %"
        )
    return lines


def summary(found: Descent, epochs: int, status: str) -> dict[str, Any]:
    """Return the means over seeds by width, the threshold and the time, ready for JSON; null where nothing is known."""
    means = {name: [_plain(value) for value in found.mean(name)] for name in MEASURED}
    return {
        "final": True,
        "units": [int(value) for value in found.values],
        "n_parameters": found.n_parameters.tolist(),
        **means,
        "interpolation_threshold": found.threshold,
        "fits_all_from_units": _plain(found.fits_at),
        "seeds": list(found.seeds),
        "epochs": epochs,
        "networks": found.done,
        "status": status,
        "seconds": round(found.seconds, 3),
    }


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _write(folder: Path, experiment: Experiment, found: Descent, whole: dict[str, Any]) -> None:
    """Write the experiment, a row per network, and the summary."""
    names = ["units", "n_parameters", "seed", *MEASURED]
    lines = [",".join(names)]
    for place, units in enumerate(found.values):
        for number_of_seed, seed in enumerate(found.seeds):
            measured = [_plain(getattr(found, name)[place, number_of_seed]) for name in MEASURED]
            texts = ["" if value is None else repr(value) for value in measured]
            lines.append(",".join([str(int(units)), str(found.n_parameters[place]), str(seed), *texts]))
    for name, text in (
        ("double-descent.csv", "\n".join(lines) + "\n"),
        ("double-descent.experiment.toml", to_toml(experiment)),
        ("double-descent.json", json.dumps(whole, indent=1) + "\n"),
    ):
        replace_file(folder / name, text.encode())
