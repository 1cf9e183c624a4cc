"""The parts of an experiment's test error, as far as they can be measured: what each stands for here.

Floor: the error of the truth itself, which is computed for generated samples and not known for others.
Approximation: what the network with the smallest training loss, of several seeds, loses to that when it learned from
twenty times the samples, all with their right label, in twice as many steps as the next one, at a learning rate that
falls to 0. It stands for the best network of this shape, which may be better still.
Estimation: what the same costs with the training samples that there are, wrong labels included: of several seeds the
training that ends with the smallest training loss, after `LONGER` times the epochs at a rate that falls to 0.
Optimisation: what training as it is, up to an epoch, loses to that; a mean over seeds. It is negative where stopping
early is better than fitting the samples as closely as one can.

All are judged on new samples with the true probabilities of their classes, so that no part is blurred by the luck of
single labels; where the truth is not known, on the test samples.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.gap_parts import (
    UNKNOWN,
    Estimate,
    GapParts,
    best_trained,
    expected_error_rate,
    expected_squared_error,
    gap_parts,
    mean_trained,
)
from nnviz.data.dataset import SplitData
from nnviz.data.fresh import MOST, fresh_part
from nnviz.data.subset import with_training_rows
from nnviz.engines.choose import choice_for, make_engine
from nnviz.engines.schedules.cosine import Cosine
from nnviz.experiment import Experiment
from nnviz.project.library import Library
from nnviz.settings import SettingsError
from nnviz.studies.judge import Judge, answers, judge_of, new_seed
from nnviz.studies.study import Study, train_through
from nnviz.training.twins import common_epochs

POINTS = 10_000
"""Points that networks are judged at."""

MARKS = 40
"""Most epochs of the curve."""

LONGER = 4
"""How many times as long the training goes on that is to find the best network for the samples."""

LARGER = 20
"""How many times as many samples the best network of this shape learns from."""

FEWEST = 10
"""Least epochs over the large sample."""

_LITTLE = 0.1
"""Share of the error below which what the second half of the samples took off counts as next to nothing."""

_PUBLISH = 0.15
"""Seconds between two reports."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Counted:
    """Errors counted in one way: as a share of wrong answers, or as squared error in `unit`.

    `now` (seeds, epochs) is that of training as it is, NaN where it has not come yet. Where the floor is not known
    `gained` is what the second half of the samples took off the error of the longer training, as a mean over seeds.
    """

    title: str
    unit: str
    floor: Estimate
    family: Estimate
    sample: Estimate
    gained: Estimate
    now: Floats

    def parts(self, at: int) -> GapParts:
        """Return the parts at one of the epochs."""
        return gap_parts(self.floor, self.family, self.sample, mean_trained(self.now[:, at]))


@dataclass(frozen=True, eq=False)
class GapReport:
    """What is known so far. `points` is how many samples it stands on; `known` says whether the floor can be known.

    `noise` says in words what makes a floor, `done` whether every training has come to its end.
    """

    epochs: NDArray[np.int64]
    counted: tuple[Counted, ...]
    seeds: int
    samples: int
    large: int
    points: int
    known: bool
    noise: str
    done: bool


class GapStudy(Study[GapReport | None]):
    """Trains as the experiment says, then longer, then on more samples, for several seeds each.

    Raises SettingsError for fewer than one epoch or two seeds.
    """

    title = "gap decomposition"

    def __init__(
        self,
        experiment: Experiment,
        epochs: int,
        seeds: int = 5,
        library: Library | None = None,
        threads: int | None = None,
        longer: int = LONGER,
        larger: int = LARGER,
    ) -> None:
        super().__init__(None, threads)
        if epochs < 1 or seeds < 2:
            raise SettingsError(f"The gap needs at least one epoch and two seeds, not {epochs} and {seeds}.")
        self.experiment, self.epochs, self.seeds = experiment, epochs, seeds
        self.longer, self.larger = max(1, longer), max(2, larger)
        self._library = library or Library()

    def study(self) -> None:
        data = self._library.prepare(self.experiment.data)
        choice_for(self.experiment.network, self.experiment.training, data)  # what cannot be trained is said at once
        judge = judge_of(self.experiment.data, data, POINTS)
        self._found = _Found(self, data, judge)
        said = 0.0
        self.begin_training()
        for job, _ in self.each(self._found.jobs(), self._train):
            self._found.finish(job)
            if time.monotonic() - said > _PUBLISH:
                said = time.monotonic()
                self.tell(self._found.report(), self._found.share())
        self.tell(self._found.report(), self._found.share())

    def _train(self, job: _Job) -> None:
        """Train one network, and measure it at its marks."""
        experiment, found = self.experiment, self._found
        training = experiment.training
        if job.kind != "now":
            training = training.replace(schedule=Cosine(), epochs=job.epochs)
        seed = (experiment.seed + job.seed) % 2**31
        engine = make_engine(experiment.network, training, job.data, seed)
        marks = found.marks.tolist() if job.kind == "now" else [job.epochs]
        for number, _ in enumerate(train_through(engine, marks, self.stopped)):
            errors = found.errors(answers(engine, found.judge.x))
            if job.kind == "now":
                found.now[:, job.seed, number] = errors
            job.errors = errors
        if engine.epoch >= job.epochs:
            job.training_loss = float(engine.measure()["train_loss"][0])


class _Job:
    """One training: what it learns from, for how long, and what came of it."""

    def __init__(self, kind: str, seed: int, epochs: int, data: SplitData) -> None:
        self.kind, self.seed, self.epochs, self.data = kind, seed, epochs, data
        self.errors: Floats = np.array([math.nan])
        self.training_loss = math.nan

    @property
    def cost(self) -> float:
        """About what it takes, in samples that pass through the network."""
        return float(self.epochs * len(self.data.train))


class _Found:
    """All trainings of a study and their errors. Threads write what is theirs; one reads."""

    def __init__(self, study: GapStudy, data: SplitData, judge: Judge) -> None:
        self.study, self.data, self.judge = study, data, judge
        self.marks = common_epochs(study.epochs, MARKS)
        self.done: list[_Job] = []
        classes = data.task == "classification"
        self.titles = ("wrong answers", "squared error of the probabilities") if classes else ("squared error",)
        self.units = ("", judge.unit) if classes else (judge.unit,)
        self.now = np.full((len(self.titles), study.seeds, len(self.marks)), np.nan)
        self._large = self._more_samples()
        self._all = self._lined_up()

    def _more_samples(self) -> SplitData | None:
        """Return a large sample with right labels, None where there is none."""
        if not self.judge.known:
            return None
        settings, count = self.study.experiment.data, len(self.data.real_train)
        part = fresh_part(settings.source, min(MOST, self.study.larger * count), new_seed(settings, 1), self.data)
        return replace(self.data, train=part, copies=0)

    def _lined_up(self) -> list[_Job]:
        study, long = self.study, self.study.epochs * self.study.longer
        seeds = range(study.seeds)
        jobs = [_Job("now", seed, study.epochs, self.data) for seed in seeds]
        jobs += [_Job("sample", seed, long, self.data) for seed in seeds]
        steps = long * self._steps(self.data)
        if self._large is not None:
            epochs = max(FEWEST, self._epochs(2 * steps, self._large))
            return jobs + [_Job("family", seed, epochs, self._large) for seed in seeds]
        rng = np.random.default_rng([study.experiment.data.seed, 8])
        count = len(self.data.real_train)
        for seed in seeds:
            rows = np.sort(rng.permutation(count)[: max(1, count // 2)])
            half = with_training_rows(self.data, rows)
            jobs.append(_Job("half", seed, self._epochs(steps, half), half))
        return jobs

    def _steps(self, data: SplitData) -> int:
        """Return the steps of an epoch; the last one may see fewer samples than a batch holds."""
        return -(-len(data.train) // self.study.experiment.training.batch_size)

    def _epochs(self, steps: int, data: SplitData) -> int:
        """Return after how many epochs so many steps have been made."""
        return -(-steps // self._steps(data))

    def jobs(self) -> list[_Job]:
        """Return all trainings, in the order in which they are to be done."""
        return self._all

    def finish(self, job: _Job) -> None:
        """Note that one is done."""
        self.done.append(job)

    def share(self) -> float:
        """Return how much of the work is done."""
        return sum(job.cost for job in self.done) / sum(job.cost for job in self._all)

    def errors(self, values: Floats) -> Floats:
        """Return the errors of a network that answers `values` at the points of the judge, in every way of counting."""
        noise = self.judge.noise if self.judge.known else 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            squared = expected_squared_error(values, self.judge.truth, noise)
        if self.judge.task == "regression":
            return np.array([squared])
        return np.array([expected_error_rate(values, self.judge.truth), squared])

    def report(self) -> GapReport:
        """Return what is known so far."""
        now = self.now.copy()
        counted = tuple(
            Counted(
                title=title,
                unit=self.units[number],
                floor=self._floor(number),
                family=self._best("family", number),
                sample=self._best("sample", number),
                gained=self._gained(number),
                now=now[number],
            )
            for number, title in enumerate(self.titles)
        )
        return GapReport(
            epochs=self.marks,
            counted=counted,
            seeds=self.study.seeds,
            samples=len(self.data.real_train),
            large=0 if self._large is None else len(self._large.train),
            points=len(self.judge.x),
            known=self.judge.known,
            noise="the classes overlap" if self.judge.task == "classification" else "the targets themselves are noisy",
            done=len(self.done) == len(self._all) and not self.study.stopped(),  # what is stopped counts as done
        )

    def _floor(self, number: int) -> Estimate:
        """Return the error of the truth itself, with the standard error that the choice of points makes."""
        if not self.judge.known:
            return UNKNOWN
        if self.judge.task == "regression":
            return Estimate(self.judge.noise)
        truth = self.judge.truth
        each = 1.0 - truth.max(axis=1) if number == 0 else (truth * (1.0 - truth)).sum(axis=1)
        return Estimate(float(each.mean()), float(each.std() / math.sqrt(len(each))))

    def _best(self, kind: str, number: int) -> Estimate:
        """Return the error of the best training of a kind, once all of its seeds are done.

        A seed's best training with the samples that there are may also be the ordinary one.
        """
        wanted = ("sample", "now") if kind == "sample" else (kind,)
        found = [job for job in self.done if job.kind in wanted and math.isfinite(job.training_loss)]
        expected = sum(job.kind in wanted for job in self._all)
        if not expected or sum(job.kind in wanted for job in self.done) < expected:
            return UNKNOWN
        best: dict[int, _Job] = {}
        for job in found:
            if job.seed not in best or job.training_loss < best[job.seed].training_loss:
                best[job.seed] = job
        losses = np.array([job.training_loss for job in best.values()])
        return best_trained(losses, np.array([job.errors[number] for job in best.values()]))

    def _gained(self, number: int) -> Estimate:
        """Return what the second half of the samples took off, over the seeds that have learned from both."""
        errors = {(job.kind, job.seed): float(job.errors[number]) for job in self.done if len(job.errors) > number}
        seeds = [seed for kind, seed in errors if kind == "half" and ("sample", seed) in errors]
        return mean_trained(np.array([errors["half", seed] - errors["sample", seed] for seed in seeds]))


# ---------------------------------------------------------------- words


def in_words(report: GapReport, counted: Counted, at: int) -> str:
    """Return which part of the error at one of the epochs is the largest, and what would make it smaller."""
    parts, epoch = counted.parts(at), int(report.epochs[at])
    if not parts.total.known:
        return "Training as it is did not come to a finite error at that epoch."
    total = f"Of {amount(counted, parts.total.value)} {counted.title} at epoch {epoch:,}"
    if not report.known:
        return f"{total}, {_unknown_words(report, counted, parts)}"
    if not parts.approximation.known or not parts.estimation.known:
        rest = "could not be told apart, since trainings diverged" if report.done else "are not measured yet"
        return f"{total}, {amount(counted, parts.floor.value)} is the floor; the other parts {rest}."
    named = {
        "the floor": (parts.floor, f"{report.noise}, and no network can know better"),
        "approximation": (
            parts.approximation,
            f"even with {report.large / report.samples:.3g} times the samples this network comes no further; "
            "a larger one, or other activations, would",
        ),
        "estimation": (
            parts.estimation,
            f"{report.samples:,} samples say too little, or too much that is wrong; more of them, a smaller network or "
            "regularisation would lower it",
        ),
        "optimisation": (
            parts.optimisation,
            "training has not come as far as it could; train longer, or at another learning rate",
        ),
    }
    name = max(named, key=lambda each: named[each][0].value)
    part, advice = named[name]
    said = f"{total}, the largest part is {name}, {with_error(counted, part)}: {advice}."
    saved = parts.optimisation
    if saved.value < -2.0 * saved.error or (saved.value < 0.0 and part.value > parts.total.value):
        said += f" Not fitting the samples any closer saves {with_error(counted, Estimate(-saved.value, saved.error))}."
    return said


def _unknown_words(report: GapReport, counted: Counted, parts: GapParts) -> str:
    """Return what can be said where the floor is not known; it goes on after a comma."""
    why = "the floor is not known: nobody knows what lies behind these samples"
    if not counted.sample.known:
        rest = "did not come to an end, since trainings diverged" if report.done else "is not measured yet"
        return f"{why}. Longer training {rest}."
    opt = parts.optimisation
    rest = f"{with_error(counted, counted.sample)} would be left by training to the end"
    side = "longer training would take off" if opt.value > 0 else "longer training would add"
    clear = abs(opt.value) > 2.0 * opt.error
    first = f"{side} {with_error(counted, Estimate(abs(opt.value), opt.error))}" if clear else (
        "longer training would make no clear difference"
    )  # fmt: skip
    gained = counted.gained
    if not gained.known:
        return f"{why}; {first}, and {rest}."
    if gained.value > 2.0 * gained.error:
        more = f"The second half of the samples took off {with_error(counted, gained)}, so more of them should help."
    elif gained.value + 2.0 * gained.error < _LITTLE * counted.sample.value:
        more = "The second half of the samples took off next to nothing, so more of them will hardly help."
    else:
        more = (
            f"Whether more samples would help cannot be told: the second half of them took off "
            f"{with_error(counted, gained)}."
        )
    return f"{why}; {first}, and {rest}. {more}"


def amount(counted: Counted, value: float) -> str:
    """Return an error with its unit; wrong answers as a percentage."""
    if counted.unit:
        return _fixed(value, _digits(value, 3))
    return f"{100 * value:.{_digits(100 * value, 2)}f} %".replace("-", "−")


def with_error(counted: Counted, part: Estimate) -> str:
    """Return a part with its standard error, in percentage points where errors are percentages."""
    if not part.known:
        return "not known"
    factor, unit = (1.0, "") if counted.unit else (100.0, " pp")
    value, error = factor * part.value, factor * part.error
    if not error > 0.0:
        return _fixed(value, _digits(value, 3)) + unit
    digits = _digits(error, 2)
    return f"{_fixed(value, digits)} ± {_fixed(error, digits)}{unit}"


def _fixed(value: float, digits: int) -> str:
    """Return a number with so many decimals; one that is too long to be read as a power of ten."""
    text = f"{value:,.{digits}f}" if abs(value) < 1e9 else f"{value:.3g}"
    return text.replace("-", "−")


def _digits(value: float, figures: int) -> int:
    """Return after how many digits to end, for so many significant ones; at most five, beyond which all is nothing."""
    if not value or not math.isfinite(value):
        return 1
    return min(5, max(0, figures - 1 - math.floor(math.log10(abs(value)))))
