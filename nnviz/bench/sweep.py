"""How long the double descent of the laboratory takes, against the same networks one after another in plain PyTorch."""

from __future__ import annotations

import statistics
from functools import partial

from nnviz.bench import Benchmark, BenchmarkError, Row, rows, seconds
from nnviz.bench.parts.dense_networks import Dense
from nnviz.bench.parts.plain_torch import PlainLoop
from nnviz.data.split import split
from nnviz.experiment import Experiment, bundled
from nnviz.studies.axes.width import Width
from nnviz.studies.double_descent import Descent, DoubleDescentStudy
from nnviz.sweeps.recipes.double_descent import EPOCHS, SEEDS, WIDTHS, DoubleDescent

BAR, MOST_SECONDS = 10.0, 12.0
_PLAIN_EPOCHS, _ROUNDS = 100, 3
"""Epochs that each width is trained for in plain PyTorch, and how often: the median stands for all 3,000."""


@rows.register
class SweepRows(Benchmark):
    """Wall time of `nnviz sweep double-descent`, 96 networks × 3,000 epochs, and how many times as long PyTorch takes.

    The plain loop only trains, one network after the other: some epochs of every width are measured, and the rest
    follows from that. Ours includes the measurement of every network at its end.
    """

    name = "sweep"
    title = "Double descent"
    help = "Wall time of the double descent on digits, and plain PyTorch's, one network after another, divided by it."
    order = 9

    def measure(self) -> list[Row]:
        experiment = bundled(DoubleDescent.experiment)
        found = _ours(experiment)
        plain = _plain_seconds(experiment)
        note = f"{found.test_loss.size} networks, {EPOCHS:,} epochs; plain PyTorch about {plain:.0f} s"
        return [
            Row("sweep", plain / found.seconds, "x plain PyTorch", BAR, note=note),
            Row("sweep/seconds", found.seconds, "s", MOST_SECONDS, better="less", note=note),
        ]


def _ours(experiment: Experiment) -> Descent:
    """Return the finished study. Raises BenchmarkError."""
    with DoubleDescentStudy(experiment, Width(), WIDTHS, EPOCHS, SEEDS) as study:
        study.start()
        study.join()
        progress, found = study.progress(), study.report()
    if progress.state != "finished" or found.done < found.test_loss.size:
        raise BenchmarkError(progress.text or "Not every network came to its end.")
    return found


def _plain_seconds(experiment: Experiment) -> float:
    """Return about how long the plain loop needs for all networks."""
    data = split(experiment.data.source.load(experiment.data.seed), experiment.data)
    total = 0.0
    for width in WIDTHS:
        network = Dense(f"{data.n_features}-{width}-10", (data.n_features, width, data.n_classes), "relu")
        loop = PlainLoop(network, experiment.training, data.train)
        loop.train(3)  # the first steps are not like the others
        taken = statistics.median(seconds(partial(loop.train, _PLAIN_EPOCHS)) for _ in range(_ROUNDS))
        total += taken / _PLAIN_EPOCHS * EPOCHS * SEEDS
    return total
