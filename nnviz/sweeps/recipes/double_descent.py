"""`nnviz sweep double-descent`: the peak at the interpolation threshold, in seconds."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from nnviz.data.dataset import DataError
from nnviz.experiment import Experiment, bundled, to_toml
from nnviz.export.files import replace_file
from nnviz.settings import changed
from nnviz.studies.axes.width import Width
from nnviz.studies.double_descent import MEASURED, Descent, DoubleDescentStudy, sentence
from nnviz.sweeps.recipes import Recipe, Say, recipes

WIDTHS = (1, 2, 4, 7, 10, 14, 18, 22, 26, 30, 36, 45, 60, 90, 150, 300)
SEEDS, EPOCHS = 6, 3_000

_LOOK = 0.25
"""Seconds between two looks at the study."""

_PROGRESS_EVERY = 1.0
"""Seconds between two lines of progress."""

_INTERRUPTED = 130  # 128 + SIGINT


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
    seeds, epochs = SEEDS, EPOCHS

    def run(self, options: argparse.Namespace, say: Say) -> int:
        experiment = _experiment(options)
        seeds, epochs = options.seeds or SEEDS, options.epochs or EPOCHS
        networks = len(WIDTHS) * seeds
        if options.dry_run:
            say(f"{networks} networks of {WIDTHS[0]} to {WIDTHS[-1]} units, {epochs:,} epochs each.")
            return 0
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)  # now: nobody wants to learn it after the training
        report = _Report(options, say)
        study = DoubleDescentStudy(experiment, Width(), WIDTHS, epochs, seeds, threads=options.threads)
        with study:
            interrupted = report.watch(study)
        progress, found = study.progress(), study.report()
        if progress.state == "failed":
            raise DataError(progress.text)
        if options.out is not None:
            _write(options.out, experiment, found, epochs)
        report.end(found, epochs, interrupted)
        return _INTERRUPTED if interrupted else 0


def _experiment(options: argparse.Namespace) -> Experiment:
    experiment = bundled(DoubleDescent.experiment).with_settings(options.settings or [])
    return experiment if options.seed is None else changed(experiment, "seed", options.seed)


class _Report:
    """What is printed while the networks are trained, and at the end."""

    def __init__(self, options: argparse.Namespace, say: Say) -> None:
        self._json, self._quiet, self._say = options.json, options.quiet, say

    def watch(self, study: DoubleDescentStudy) -> bool:
        """Wait for the end of a study, and tell how it comes along; return whether Ctrl-C ended it."""
        study.start()
        due = 0.0
        try:
            while not study.join(_LOOK):
                progress, found = study.progress(), study.report()
                if time.monotonic() < due or self._quiet or progress.state != "training":
                    continue
                due = time.monotonic() + _PROGRESS_EVERY
                self._tell(found, progress.seconds_left)
        except KeyboardInterrupt:
            study.close()
            return True
        return False

    def _tell(self, found: Descent, left: float) -> None:
        if self._json:
            self._say(json.dumps({"done": found.done, "of": found.test_loss.size, "seconds": round(found.seconds, 3)}))
        else:
            time_left = f", about {left:.0f} s left" if np.isfinite(left) else ""
            self._say(f"{found.done} of {found.test_loss.size} networks{time_left}")

    def end(self, found: Descent, epochs: int, interrupted: bool) -> None:
        """Print the result."""
        if self._json:
            self._say(json.dumps(summary(found, epochs, interrupted)))
            return
        heads = ("units", "parameters", "train loss", "test loss", "train error", "test error")
        self._say(" ".join(f"{head:>12}" for head in heads))
        means = [found.mean(name) for name in ("train_loss", "test_loss", "train_error", "test_error")]
        for place, value in enumerate(found.values):
            train, test, train_error, test_error = (float(mean[place]) for mean in means)
            self._say(
                f"{int(value):>12} {found.n_parameters[place]:>12,} {train:>12.4f} {test:>12.4f} "
                f"{100 * train_error:>10.2f} % {100 * test_error:>10.2f} %"
            )
        self._say(f"{sentence(found)} {found.done} networks in {found.seconds:.1f} s.")


def summary(found: Descent, epochs: int, interrupted: bool = False) -> dict[str, Any]:
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
        "status": "interrupted" if interrupted else "finished",
        "seconds": round(found.seconds, 3),
    }


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _write(folder: Path, experiment: Experiment, found: Descent, epochs: int) -> None:
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
        ("double-descent.json", json.dumps(summary(found, epochs), indent=1) + "\n"),
    ):
        replace_file(folder / name, text.encode())
