"""K-fold cross-validation: every sample is held out once, so that all of them judge and none is judged by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.intervals import Interval, error_interval, rmse_interval
from nnviz.data.dataset import SplitData
from nnviz.data.folds import fold_numbers, pool, split_fold
from nnviz.engines.choose import make_engine
from nnviz.experiment import Experiment
from nnviz.project.library import Library
from nnviz.studies.study import Study, train_through

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

MARKS = 120
"""Epochs at which errors are measured, the first and the last among them."""

_COLUMNS = ("train_loss", "train_error", "validation_loss", "validation_error")


@dataclass(frozen=True, eq=False)
class Curves:
    """Losses and errors at the common epochs, (runs, epochs) each: NaN where training has not come, or diverged.

    Errors are error rates (0..1) or root mean squared errors in the target's units; validation is the fold held out.
    """

    train_loss: Floats
    train_error: Floats
    validation_loss: Floats
    validation_error: Floats


@dataclass(frozen=True, eq=False)
class Single:
    """The experiment's own split: its errors on each part that judges, (epochs,) each, and how many samples it has."""

    validation_error: Floats
    test_error: Floats
    validation_samples: int
    test_samples: int


@dataclass(frozen=True, eq=False)
class CrossValidationReport:
    """What is known so far: one run for every fold of every repetition, in this order.

    `numbers` (repeats, n) holds the folds of the n samples of the pool, `held` (runs,) how many each holds out;
    `labels` (n,) are their classes, empty for values. `done` (runs,) says which are through. `single` is None until
    the experiment's own split is trained. `target` is what a regression predicts, empty for classes.
    """

    epochs: Indices
    folds: int
    repeats: int
    numbers: Indices
    held: Indices
    labels: Indices
    done: NDArray[np.bool_]
    curves: Curves
    single: Single | None = None
    test_samples: int = 0
    target: str = ""

    @property
    def chosen(self) -> int | None:
        """The place among `epochs` where the mean validation loss of what is through is smallest.

        None where nothing is through, or nothing came to its end: an epoch before all diverged is no choice.
        """
        if self.diverged == np.count_nonzero(self.done):
            return None
        mean = self.mean("validation_loss")[0]
        return int(np.nanargmin(mean)) if np.isfinite(mean).any() else None

    @property
    def diverged(self) -> int:
        """How many of the runs that are through have no finite validation loss at the last epoch."""
        return int(np.count_nonzero(np.isnan(self.curves.validation_loss[self.done, -1])))

    def mean(self, name: str) -> tuple[Floats, Floats]:
        """Return the mean of a column of `Curves` over the runs that are through, and its standard error, (epochs,).

        The standard error is s / √folds, with s the standard deviation over all runs that are through (K − 1 in its
        denominator): repetitions judge by the same samples, so that their number adds nothing. Training parts overlap,
        folds are not independent, and no estimate of it is unbiased (Bengio & Grandvalet 2004): it is often too small.
        """
        values = getattr(self.curves, name)[self.done]
        if not len(values):
            empty = np.full(len(self.epochs), np.nan)
            return empty, empty
        mean = np.asarray(values.mean(axis=0))
        count = min(len(values), self.folds)
        if count < 2:
            return mean, np.full(len(self.epochs), np.nan)
        with np.errstate(over="ignore"):  # of runs that are about to diverge
            return mean, np.asarray(values.std(axis=0, ddof=1) / math.sqrt(count))

    def interval(self, error: float, samples: int) -> Interval | None:
        """Return the 95 % interval of an error that was measured on so many samples; None where it is not finite."""
        if not math.isfinite(error) or samples < 2:
            return None
        return rmse_interval(error, samples) if self.target else error_interval(round(error * samples), samples)


class _Job(NamedTuple):
    run: int  # -1 for the experiment's own split
    data: SplitData
    seed: int


class CrossValidation(Study[CrossValidationReport]):
    """Trains the experiment once for every fold of train and validation, and once on its own split.

    Repetitions draw other folds and other initial weights. The test part takes no part in the folds; the run on the
    experiment's own split is measured on it, unless without `with_test`, where the test part shall stay hidden.
    """

    title = "cross-validation"

    def __init__(
        self,
        experiment: Experiment,
        library: Library,
        epochs: int,
        folds: int = 5,
        repeats: int = 1,
        with_test: bool = True,
        threads: int | None = None,
    ) -> None:
        marks = np.unique(np.linspace(0, max(1, epochs), min(MARKS, max(1, epochs) + 1)).round().astype(np.int64))
        nothing = np.full((folds * repeats, len(marks)), np.nan)
        none = np.zeros(folds * repeats, np.int64)
        report = CrossValidationReport(
            marks,
            folds,
            repeats,
            np.zeros((repeats, 0), np.int64),
            none,
            np.zeros(0, np.int64),
            none.astype(bool),
            Curves(*(nothing for _ in _COLUMNS)),
        )
        super().__init__(report, threads)
        self.experiment, self.library, self.with_test = experiment, library, with_test

    def study(self) -> None:
        settings, report = self.experiment.data, self.report()
        data = self.library.prepare(settings)
        dataset = self.library.loaded(settings.source, settings.seed)
        assert dataset is not None  # it was prepared from there
        rows, test = pool(dataset, settings)
        targets, classes = dataset.targets[rows], dataset.task == "classification"
        numbers = np.stack(
            [fold_numbers(targets, report.folds, settings.seed + r, classes) for r in range(report.repeats)]
        )
        held = np.concatenate([np.bincount(each, minlength=report.folds) for each in numbers])
        labels = targets.astype(np.int64) if classes else np.zeros(0, np.int64)
        report = replace(
            report,
            numbers=numbers,
            held=held,
            labels=labels,
            test_samples=len(test),
            target="" if classes else dataset.target_name,
        )
        self.tell(report, 0.0)

        def jobs() -> Iterator[_Job]:
            for run in range(len(held)):
                repeat, fold = divmod(run, report.folds)
                made = split_fold(dataset, settings, numbers[repeat], fold)
                yield _Job(run, made, self.experiment.seed + repeat)
            yield _Job(-1, data, self.experiment.seed)

        for count, (job, measured) in enumerate(self.each(jobs(), self._trained), 1):
            if measured is None:
                return
            report = _with(report, job, measured)
            self.tell(report, count / (len(held) + 1))

    def _trained(self, job: _Job) -> dict[str, Floats] | None:
        """Return what was measured at the common epochs, (epochs,) each; None once it shall stop."""
        epochs = self.report().epochs
        training = self.experiment.training.replace(epochs=int(epochs[-1]))
        engine = make_engine(self.experiment.network, training, job.data, job.seed)
        names = [*_COLUMNS, "test_error"] if job.run < 0 and self.with_test else list(_COLUMNS)
        found = {name: np.full(len(epochs), np.nan) for name in names}
        for place, _ in enumerate(train_through(engine, epochs.tolist(), self.stopped)):
            row = engine.measure()
            for name in names:
                if name in row and math.isfinite(row[name][-1]):
                    found[name][place] = row[name][-1]
        return None if self.stopped() else found


def _with(report: CrossValidationReport, job: _Job, measured: dict[str, Floats]) -> CrossValidationReport:
    """Return the report with what one run has measured."""
    if job.run < 0:
        validation = measured["validation_error"]
        test = measured.get("test_error", np.full(len(validation), np.nan))
        return replace(report, single=Single(validation, test, len(job.data.validation), len(job.data.test)))
    changed = [getattr(report.curves, name).copy() for name in _COLUMNS]
    for values, name in zip(changed, _COLUMNS, strict=True):
        values[job.run] = measured[name]
    done = report.done.copy()
    done[job.run] = True
    return replace(report, done=done, curves=Curves(*changed))


def sentence(report: CrossValidationReport) -> str:
    """Return what cross-validation found, beside what the experiment's single split says."""
    diverged, place = _diverged(report), report.chosen
    if place is None:
        return diverged
    mean, error = (float(each[place]) for each in report.mean("validation_error"))
    repeated = f", {report.repeats} times," if report.repeats > 1 else ""
    expected = _with_error(mean, error, report.target) + (f" for {report.target}" if report.target else "")
    what = "an RMSE of" if report.target else "an error of"
    text = diverged + (
        f"{report.folds}-fold cross-validation{repeated} expects {what} {expected} (mean "
        f"and standard error over folds) at epoch {int(report.epochs[place]):,}, where the mean validation loss is "
        "smallest."
    )
    single = report.single
    if single is None:
        return text
    parts = [("validation", single.validation_error, single.validation_samples)]
    parts.append(("test", single.test_error, single.test_samples))
    said = [_judged(report, name, float(values[place]), samples) for name, values, samples in parts]
    known = " and ".join(each for each in said if each)
    return f"{text} The single split says {known} there." if known else text


def _diverged(report: CrossValidationReport) -> str:
    """Return how many trainings diverged and what that leaves; nothing where none did. Numbers come after it."""
    through, advice = np.count_nonzero(report.done), "lower the learning rate."
    if not report.diverged:
        return ""
    if report.diverged == through:
        return f"All folds diverged: {advice}"
    common = report.epochs[np.isfinite(report.mean("validation_loss")[0])]
    if not len(common):
        return f"{report.diverged} of {through} trainings diverged at once: {advice}"
    return f"{report.diverged} of {through} trainings diverged, the first after epoch {common[-1]:,}: {advice} "


def _judged(report: CrossValidationReport, part: str, error: float, samples: int) -> str:
    interval = report.interval(error, samples)
    if interval is None:
        return ""
    low, high = _shown(interval.low, report.target), _shown(interval.high, report.target)
    return f"{_shown(error, report.target)} on its {samples:,} {part} samples (95 %: {low} to {high})"


def _with_error(value: float, error: float, target: str) -> str:
    """Return an error with its standard error; in units of the target both to the second figure of that."""
    if not math.isfinite(error):
        return _shown(value, target)
    if not target or not error > 0.0:
        return f"{_shown(value, target)} ± {_shown(error, target)}"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:,.{digits}f} ± {error:,.{digits}f}"


def _shown(error: float, target: str) -> str:
    return f"{error:.3g}" if target else f"{100 * error:.1f} %"
