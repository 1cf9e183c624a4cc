"""Double descent: test error over width, epochs, samples, label noise or weight decay, with a band over seeds."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.interpolation import first_interpolating, interpolation_threshold, place_of
from nnviz.data.dataset import SplitData
from nnviz.data.settings import DataSettings
from nnviz.engines.choose import choice_for, make_engine, plan_for
from nnviz.engines.engine import Engine
from nnviz.engines.settings import TrainingSettings
from nnviz.experiment import Experiment
from nnviz.project.library import Library
from nnviz.settings import SettingsError
from nnviz.studies.axes import Axis, checked, number
from nnviz.studies.study import Study, train_through

Found = NDArray[np.float64]

MEASURED = ("train_loss", "train_error", "test_loss", "test_error")

_TENTH_LESS = 0.9
"""What is less by a tenth has fallen; by less than that, chance may have its part in it."""

_SEEDS = 2**31
_TELL_EVERY = 0.1
"""Seconds between two reports: a study of small networks ends thousands of trainings a minute."""


@dataclass(frozen=True, eq=False)
class Descent:
    """What is known of a double descent: `values` (m,) are the places on the axis, ascending.

    `n_parameters` (m,) of each network; the other arrays (m, seeds) are measured in evaluation mode at the end of
    training, NaN where that has not come yet or was not finite: losses as the experiment has them, errors as rates
    (0..1) or root mean squared errors in the units of `target`. `threshold` is the interpolation threshold in
    parameters, `threshold_at` its place on the axis, NaN where it lies outside or the axis does not change the network;
    `fits_at` is the place from which on the mean training error is 0, NaN where there is none. `seconds` is the time
    that training has taken, without loading samples and kernels.
    """

    axis: Axis
    values: NDArray[np.float64]
    seeds: tuple[int, ...]
    n_parameters: NDArray[np.int64]
    train_loss: NDArray[np.float64]
    train_error: NDArray[np.float64]
    test_loss: NDArray[np.float64]
    test_error: NDArray[np.float64]
    threshold: int = 0
    threshold_at: float = math.nan
    fits_at: float = math.nan
    loss: str = ""
    target: str = ""
    seconds: float = 0.0

    @property
    def done(self) -> int:
        """The number of networks that were measured."""
        return int(np.isfinite(self.test_loss).sum())

    def mean(self, name: str) -> NDArray[np.float64]:
        """Return the means (m,) over the seeds that are done, NaN without any."""
        values = getattr(self, name)
        known = np.isfinite(values)
        return np.where(known.any(1), np.where(known, values, 0.0).sum(1) / np.maximum(known.sum(1), 1), np.nan)


class _Job(NamedTuple):
    place: int
    seed: int  # its place among the seeds
    work: float


class DoubleDescentStudy(Study[Descent]):
    """Trains the experiment at every place of an axis with every seed, the largest networks first.

    Each training gives the numbers that its experiment gives alone. Raises ValueError for no epochs or seeds.
    """

    title = "double descent"

    def __init__(
        self,
        experiment: Experiment,
        axis: Axis,
        values: Sequence[float],
        epochs: int,
        seeds: int = 3,
        library: Library | None = None,
        threads: int | None = None,
    ) -> None:
        if epochs < 1 or seeds < 1:
            raise ValueError(f"A double descent needs at least one epoch and one seed, not {epochs} and {seeds}.")
        problem = checked(axis, values)
        if problem:
            raise SettingsError(problem)
        self.epochs = max(epochs, round(max(values))) if axis.within else epochs
        self.experiment = _trained_for(experiment, self.epochs)
        self.axis, self.values = axis, np.array(sorted(set(map(float, values))))
        self._asked = self.values  # what brings a network to each place; the place itself is what it reached
        self.seeds = tuple((experiment.seed + number) % _SEEDS for number in range(seeds))
        self._library = library or Library()
        self._clear()
        nothing = Descent(axis, self.values, self.seeds, self._parameters.copy(), *self._copies())
        super().__init__(nothing, threads)

    def _clear(self) -> None:
        self._found = {name: np.full((len(self.values), len(self.seeds)), np.nan) for name in MEASURED}
        self._parameters = np.zeros(len(self.values), np.int64)

    def experiment_at(self, place: int, seed: int = 0) -> Experiment:
        """Return the experiment of a place, with the `seed`-th seed: opened as a run it gives the same numbers."""
        found = self._applied(float(self._asked[place]))
        if self.axis.within:
            schedule = found.training.schedule.lasting(self.epochs)
            training = found.training.replace(epochs=int(self.values[place]), schedule=schedule)
            found = found.replace(training=training)
        return found.replace(seed=self.seeds[seed])

    def _applied(self, value: float) -> Experiment:
        assert self._data is not None
        return self.axis.applied(self.experiment, value, self._data)

    _data: SplitData | None = None

    # ------------------------------------------------------------ on its thread

    def study(self) -> None:
        self._prepare()
        began, told = time.perf_counter(), 0.0
        jobs = self._jobs()
        whole, behind = sum(job.work for job in jobs), 0.0
        self.tell(self._report_now(began), 0.0)
        for job, _ in self.each(jobs, self._train):
            behind += job.work
            if time.perf_counter() - told > _TELL_EVERY:
                told = time.perf_counter()
                self.tell(self._report_now(began), behind / whole)
        self.tell(self._report_now(began), behind / whole)

    def _prepare(self) -> None:
        """Load the samples and plan every network, before any is trained. Raises what they cannot do."""
        self._data = self._library.prepare(self.experiment.data)
        self._split = cache(self._library.prepare)
        choice_for(self.experiment.network, self.experiment.training, self._data)  # compiles the kernels
        self._find_places()
        for place in range(len(self.values)):
            experiment = self.experiment_at(place)
            data = self._split(experiment.data)
            plan = plan_for(experiment.network, experiment.training, data)
            if plan.errors:
                raise SettingsError(plan.errors[0])
            self._parameters[place] = plan.n_parameters

    def _find_places(self) -> None:
        """Move every place to where its samples lie on the axis; those that come to lie together are one."""
        reached: dict[float, float] = {}
        for value in self._asked.tolist():
            reached.setdefault(self.axis.reached(value, self._split(self._applied(value).data)), value)
        self.values = np.array(sorted(reached))
        self._asked = np.array([reached[place] for place in sorted(reached)])
        self._clear()

    def _jobs(self) -> list[_Job]:
        """Return all trainings, the largest first: a large one that begins last would keep one core busy at the end."""
        if self.axis.within:  # one training passes through all places
            return [_Job(len(self.values) - 1, seed, 1.0) for seed in range(len(self.seeds))]
        samples = [len(self._split(self._settings(place)).train) for place in range(len(self.values))]
        work = [float(p + 20) * n for p, n in zip(self._parameters.tolist(), samples, strict=True)]
        jobs = [_Job(place, seed, work[place]) for place in range(len(work)) for seed in range(len(self.seeds))]
        return sorted(jobs, key=lambda job: -job.work)

    def _settings(self, place: int) -> DataSettings:
        return self.experiment_at(place).data

    def _train(self, job: _Job) -> None:
        """Train one network and measure it, at the end or at all places that it passes."""
        experiment = self.experiment_at(job.place, job.seed)
        training = experiment.training.replace(epochs=self.epochs)
        engine = make_engine(experiment.network, training, self._split(experiment.data), experiment.seed)
        marks = [int(value) for value in self.values] if self.axis.within else [self.epochs]
        for passed, _ in enumerate(train_through(engine, marks, self.stopped)):
            self._measure(engine, passed if self.axis.within else job.place, job.seed)

    def _measure(self, engine: Engine, place: int, seed: int) -> None:
        row = engine.measure()
        if all(np.isfinite(row[name][0]) for name in MEASURED):
            for name in MEASURED:
                self._found[name][place, seed] = row[name][0]

    def _copies(self) -> tuple[Found, Found, Found, Found]:
        """Return what was measured, in the order of `MEASURED`."""
        train_loss, train_error, test_loss, test_error = (self._found[name].copy() for name in MEASURED)
        return train_loss, train_error, test_loss, test_error

    def _report_now(self, began: float) -> Descent:
        assert self._data is not None
        found = Descent(self.axis, self.values, self.seeds, self._parameters.copy(), *self._copies())
        return judged(replace(found, seconds=time.perf_counter() - began), self.experiment.training, self._data)


def judged(found: Descent, training: TrainingSettings, data: SplitData) -> Descent:
    """Return what was measured with its loss, its target and where the threshold lies, from settings and samples."""
    loss = training.resolved_loss(data.task, data.n_classes)
    threshold = interpolation_threshold(len(data.train), loss.n_outputs(data.n_classes))
    found = replace(
        found,
        threshold=threshold,
        threshold_at=place_of(found.n_parameters, found.values, threshold),
        loss=loss.title.lower(),
        target=data.target_name if data.task == "regression" else "",
    )
    return replace(found, fits_at=_fits_at(found))


def _fits_at(found: Descent) -> float:
    """Return the place from which on, in the direction in which networks fit better, all training samples are right."""
    error = found.mean("train_error")
    if found.target or np.isnan(error).any():
        return math.nan
    if found.axis.grows:
        return first_interpolating(found.values, error)
    return first_interpolating(found.values[::-1], error[::-1])


def _trained_for(experiment: Experiment, epochs: int) -> Experiment:
    """Return the experiment with that length of training and nothing that would end it earlier."""
    return experiment.replace(training=experiment.training.replace(epochs=epochs, patience=0))


def sentence(found: Descent) -> str:
    """Return where the test loss is highest and lowest and where the threshold lies, in words."""
    mean = found.mean("test_loss")
    known = np.flatnonzero(np.isfinite(mean))
    if not len(known):
        return "Every network diverged: lower the learning rate, and train again."
    if len(known) < 3:
        return "There are too few results to say anything about their course."
    return " ".join(_parts(found, mean, known))


def _parts(found: Descent, mean: NDArray[np.float64], known: NDArray[np.intp]) -> Iterator[str]:
    def at(place: int) -> str:
        return number(found.axis, float(found.values[place]))

    order = known if found.axis.grows else known[::-1]
    peak, lowest = _inner_peak(mean[order]), int(known[np.argmin(mean[known])])
    if peak is None:
        first, last = float(found.values[known[0]]), float(found.values[known[-1]])
        ends = f"{mean[known[0]]:.3g} at {first:g} and {mean[known[-1]]:.3g} at {last:g}"
        yield f"No second descent here: the test loss is lowest, {mean[lowest]:.3g}, at {at(lowest)} ({ends})."
    else:
        top = int(order[peak])
        size = f", {found.n_parameters[top]:,} parameters," if found.axis.name == "width" else ""
        valley, after = int(np.argmin(mean[order[: peak + 1]])), float(np.min(mean[order[peak:]]))
        before = float(mean[order[valley]])
        yield f"The test loss rises from {before:.3g} to {mean[top]:.3g} at {at(top)}{size} and falls to {after:.3g}."
        falls_first = before < _TENTH_LESS * float(np.max(mean[order[: valley + 1]]))
        yield "It descends twice." if falls_first else "It descends once, after the peak."
    if found.axis.name == "width":
        fits = f"; training error reaches 0 at {number(found.axis, found.fits_at)}" if found.fits_at > 0 else ""
        yield f"Interpolation threshold: {found.threshold:,} parameters (samples × outputs){fits}."


def _inner_peak(mean: NDArray[np.float64]) -> int | None:
    """Return the place of the largest value that is a tenth above some value on either side; None where none is.

    The first value may be larger still: a loss often falls from its very beginning.
    """
    before, after = np.minimum.accumulate(mean), np.minimum.accumulate(mean[::-1])[::-1]
    peaks = np.flatnonzero(np.maximum(before, after) < _TENTH_LESS * mean)
    return int(peaks[np.argmax(mean[peaks])]) if len(peaks) else None
