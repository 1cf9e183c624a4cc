"""How the error falls with the number of training samples: the same experiment on more and more of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.learning_curve import FEWEST_SIZES, LearningCurve, fit_learning_curve
from nnviz.data.dataset import DataError, SplitData
from nnviz.data.subset import with_training_rows
from nnviz.engines.choose import make_engine
from nnviz.experiment import Experiment
from nnviz.project.library import Library
from nnviz.studies.study import Study, train_through

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

Budget = Literal["epochs", "steps"]
"""What all sizes have in common. "epochs": each trains as many epochs, but at least `FEWEST_STEPS` steps, or as many as
the whole training part makes, so that the smallest are not just trained less. "steps": each makes as many steps."""

FEWEST_STEPS = 1_000

LEAST_SHARE, MOST_VALIDATION = 0.05, 0.5
"""The smallest train share and the largest validation share that the settings of data allow."""


@dataclass(frozen=True, eq=False)
class LearningCurveReport:
    """The errors so far, and the law behind them.

    sizes (k,), ascending: training samples, changed copies not counted; epochs (k,) that each was trained for.
    train_error and test_error (seeds, k), NaN where not trained yet or diverged: error rates (0..1), or with `target`
    root mean squared errors in its units. `curve` is None until the first seed has been through all sizes, and where
    too few sizes are left. `data` is what the sizes are parts of.
    """

    sizes: Indices
    epochs: Indices
    seeds: tuple[int, ...]
    train_error: Floats
    test_error: Floats
    diverged: int = 0
    test_samples: int = 0
    target: str = ""
    curve: LearningCurve | None = None
    data: SplitData | None = None


class _Job(NamedTuple):
    seed: int  # row of the report
    size: int  # column of the report
    rows: Indices


class LearningCurveStudy(Study[LearningCurveReport]):
    """Trains one network for every size and seed; all are tested on the same test part.

    The subsets of one seed lie in each other and have the same initial weights; another seed has both anew. Features
    stay scaled as they were for the whole training part. Errors are those after the last epoch.
    """

    title = "learning curve"

    def __init__(
        self,
        experiment: Experiment,
        library: Library,
        epochs: int,
        seeds: int = 5,
        count: int = 8,
        smallest: int = 0,
        budget: Budget = "epochs",
        threads: int | None = None,
    ) -> None:
        """Study an experiment; `smallest` is the smallest size, 0 for 1/32 of the training part."""
        nothing = np.zeros(0, np.int64)
        empty = np.full((seeds, 0), np.nan)
        names = tuple(experiment.seed + number for number in range(seeds))
        super().__init__(LearningCurveReport(nothing, nothing, names, empty, empty), threads)
        self.experiment, self.library, self.budget = experiment, library, budget
        self.epochs, self.count, self.smallest = max(1, epochs), count, smallest

    def study(self) -> None:
        data = self.library.prepare(self.experiment.data)
        report = self._empty(data)
        self.tell(report, 0.0)
        targets = data.real_train.targets
        orders = [nested_order(targets, data.task, seed) for seed in report.seeds]
        jobs = [
            _Job(row, column, orders[row][:size])
            for row in range(len(report.seeds))
            for column, size in enumerate(report.sizes)
        ]
        epochs = report.epochs
        cost = (report.sizes * report.epochs + 200.0) / len(report.seeds)  # an engine takes a while to make
        done, train, test = 0.0, report.train_error.copy(), report.test_error.copy()
        diverged = 0
        for job, errors in self.each(jobs, lambda job: self._trained(job, data, int(epochs[job.size]))):
            if errors is None:
                return
            train[job.seed, job.size], test[job.seed, job.size] = errors
            diverged += not np.isfinite(errors[1])
            done += float(cost[job.size])
            report = LearningCurveReport(
                report.sizes,
                report.epochs,
                report.seeds,
                train.copy(),
                test.copy(),
                diverged,
                report.test_samples,
                report.target,
                fitted(report.sizes, test) if job.size == len(report.sizes) - 1 else report.curve,
                data,
            )
            self.tell(report, done / float(cost.sum()))
        self.tell(replace(report, curve=fitted(report.sizes, test)))  # smaller sizes may have come after the largest

    def _empty(self, data: SplitData) -> LearningCurveReport:
        training, largest = self.experiment.training, len(data.real_train)
        smallest = self.smallest or max(2 * max(1, data.n_classes), round(largest / 32))
        sizes = subset_sizes(smallest, largest, self.count)
        epochs = epochs_for(sizes * (1 + data.copies), training.batch_size, self.epochs, self.budget)
        empty = np.full((len(self.report().seeds), len(sizes)), np.nan)
        target = data.target_name if data.task == "regression" else ""
        return LearningCurveReport(
            sizes, epochs, self.report().seeds, empty, empty, 0, len(data.test), target, data=data
        )

    def _trained(self, job: _Job, data: SplitData, epochs: int) -> tuple[float, float] | None:
        """Return the training and the test error of one network, NaN if it diverged; None once it shall stop."""
        part = with_training_rows(data, job.rows)
        training = self.experiment.training.replace(epochs=epochs)  # so that a schedule without a period fits in
        engine = make_engine(self.experiment.network, training, part, self.report().seeds[job.seed])
        reached = list(train_through(engine, [epochs], self.stopped))
        if not reached:
            return None if self.stopped() else (float("nan"), float("nan"))
        measured = engine.measure()
        return float(measured["train_error"][-1]), float(measured["test_error"][-1])


def nested_order(targets: NDArray[np.generic], task: str, seed: int) -> Indices:
    """Return an order of samples (n,) of which every beginning is a random subset with about the shares of all classes.

    Of n samples with n_k of class k, the first m hold m n_k / n of it, give or take 2. Without classes it is any order.
    """
    rng = np.random.default_rng([seed, 11])
    shuffled = rng.permutation(len(targets))
    if task != "classification":
        return np.asarray(shuffled, np.int64)
    place = np.empty(len(targets))
    for kind in np.unique(targets):
        members = shuffled[targets[shuffled] == kind]
        place[members] = (np.arange(len(members)) + rng.random()) / len(members)
    return np.asarray(np.argsort(place, kind="stable"), np.int64)


def subset_sizes(smallest: int, largest: int, count: int) -> Indices:
    """Return about `count` sizes from `smallest` to `largest`, evenly spaced in their logarithms.

    Raises DataError when that leaves too few for a law.
    """
    if 1 <= smallest < largest:
        sizes = np.unique(np.geomspace(smallest, largest, max(count, FEWEST_SIZES)).round().astype(np.int64))
        if len(sizes) >= FEWEST_SIZES:
            return sizes
    raise DataError(
        f"A learning curve needs {FEWEST_SIZES} sizes between the smallest, {smallest:,}, and the whole training part, "
        f"{largest:,} samples: choose a smaller one, or add samples."
    )


def epochs_for(sizes: Indices, batch_size: int, epochs: int, budget: Budget) -> Indices:
    """Return the epochs (k,) that training parts of some sizes (k,), the last the whole, are trained for."""
    steps = -(-sizes // batch_size)
    whole = int(steps[-1]) * epochs
    if budget == "steps":
        return np.maximum(1, np.round(whole / steps)).astype(np.int64)
    return np.maximum(epochs, -(-min(FEWEST_STEPS, whole) // steps)).astype(np.int64)


def fitted(sizes: Indices, errors: Floats) -> LearningCurve | None:
    """Return the law behind errors (seeds, k), as far as they are known; None where that is not enough.

    Seeds count that have been through all sizes, and sizes at which none of them diverged.
    """
    through = np.isfinite(errors[:, -1]) & (np.isfinite(errors).sum(axis=1) >= FEWEST_SIZES)
    known = np.isfinite(errors[through]).all(axis=0)
    if not through.any() or known.sum() < FEWEST_SIZES:
        return None
    return fit_learning_curve(sizes[known], errors[np.ix_(through, known)])


def at_size(experiment: Experiment, data: SplitData, size: int, epochs: int) -> tuple[Experiment | None, str]:
    """Return the settings with which a run learns from `size` samples for `epochs` epochs, and what they mean.

    The train share becomes smaller, and the samples that it gives up become the validation part, so that the test part
    stays the same. The samples are drawn by the data's own seed. There are no such settings, None, where the share
    would be smaller than the data settings allow.
    """
    settings, whole = experiment.data, len(data.real_train)
    training = experiment.training.replace(epochs=epochs)
    if size >= whole:
        return experiment.replace(training=training), f"All {whole:,} training samples, for {epochs:,} epochs."
    share = settings.train_share * size / whole
    if share < LEAST_SHARE:
        text = f"{size:,} samples are less than {100 * LEAST_SHARE:g} % of all, the smallest train share that a run can"
        return None, f"{text} have: choose a larger size, or add samples."
    given_up = settings.validation_share + settings.train_share - share
    changed = settings.replace(train_share=share, validation_share=min(given_up, MOST_VALIDATION))
    text = f"{size:,} samples, drawn by the data's own seed, for {epochs:,} epochs"
    if given_up > MOST_VALIDATION:
        text += "; what it does not learn from is more than a validation part can hold, and joins the test part."
    else:
        text += "; the others are its validation part, so that the test part is the same."
    return experiment.replace(data=changed, training=training), text
