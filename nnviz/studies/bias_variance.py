"""Bias and variance of an experiment: many networks on other samples each, trained side by side.

What varies from one network to the next is what `Resampling` says, and always the seed of its initial weights, of the
order of its samples and of dropout. Features and targets are scaled as they are in the experiment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.bias_variance import Decomposition, decomposition, pointwise
from nnviz.data.dataset import SplitData
from nnviz.data.fresh import can_be_drawn_anew, fresh_split
from nnviz.data.plane import Plane, make_plane
from nnviz.data.source import Source
from nnviz.data.subset import with_training_rows
from nnviz.engines.choose import choice_for, make_engine, plan_for
from nnviz.engines.engine import Engine
from nnviz.experiment import Experiment
from nnviz.network.layers import Layer
from nnviz.network.layers.conv2d import Conv2d
from nnviz.network.layers.linear import Linear
from nnviz.network.settings import NetworkSettings
from nnviz.project.library import Library
from nnviz.settings import SettingsError
from nnviz.studies.judge import Judge, answers, judge_of, new_seed
from nnviz.studies.study import Study, train_through
from nnviz.training.twins import common_epochs

Resampling = Literal["fresh", "bootstrap", "same"]
"""The samples of each network: as many new ones of the generator (fresh), as many of the run's own training samples
drawn with replacement, each with its changed copies (bootstrap, Efron 1979), or those themselves (same), so that seeds
alone make the variance."""

POINTS = 1_000
"""Points that networks are judged at: more would make no difference beside the spread over networks."""

MARKS = 100
"""Most epochs at which all networks are judged."""

GRID = 50
"""Points along each side of the surfaces."""

SHOWN = 12
"""Networks whose own surfaces are kept for drawing."""

LARGEST = 200_000
"""Most parameters of a network on the way to larger widths."""

FACTORS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Multiples of all hidden layers over which bias and variance are compared."""

_PUBLISH = 0.15
"""Least seconds between two reports with surfaces: people see no more, and the window has the time to draw."""

_LOOK = 1.2 * _PUBLISH
"""Seconds of training between two looks where marks are farther apart than that: a report is due at each."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Surfaces:
    """What the networks answer over the plane at one epoch.

    Row by row from the bottom, as in `nnviz.probes.surface`: `mean` is (rows, columns, classes), for regression
    (rows, columns), or (columns,) with one feature; `spread` is the standard deviation, without classes: for these
    √(½ Σ_k Var p_k), which for two of them is that of the probability of either. `members` (networks, ...) are some of
    the networks' own, shaped like `mean`.
    """

    epoch: int
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    members: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Averages:
    """Decompositions at marks (m,), epochs or widths; arrays like them, NaN where there is none yet.

    `bias_error` and `variance_error` are standard errors over networks; `noise` is NaN where it is not known, and bias²
    holds it then. `unit` is that of all.
    """

    bias_squared: NDArray[np.float64]
    variance: NDArray[np.float64]
    bias_error: NDArray[np.float64]
    variance_error: NDArray[np.float64]
    noise: float
    unit: str

    @property
    def error(self) -> NDArray[np.float64]:
        """The expected squared error (m,): what the three add up to."""
        return self.bias_squared + self.variance + (0.0 if np.isnan(self.noise) else self.noise)


@dataclass(frozen=True, eq=False)
class EpochsReport:
    """Bias and variance over `epochs` (m,) of `networks` networks, of which `diverged` are left out since then."""

    epochs: NDArray[np.int64]
    averages: Averages
    surfaces: Surfaces | None
    data: SplitData
    plane: Plane
    resampling: Resampling
    networks: int
    diverged: int = 0


@dataclass(frozen=True, eq=False)
class WidthsReport:
    """Bias and variance at the last epoch over widths (m,), in rising order.

    `networks_done` (m,) says how many networks each number stands on so far; `units` (m,) is the number of units or
    filters of the widest hidden layer, `parameters` (m,) that of all parameters.
    """

    factors: tuple[float, ...]
    units: NDArray[np.int64]
    parameters: NDArray[np.int64]
    networks_done: NDArray[np.int64]
    averages: Averages
    epochs: int
    resampling: Resampling


class BiasVariance(Study[EpochsReport | None]):
    """Trains K networks in lockstep, and decomposes their error after more and more epochs.

    It is watched as it goes on, and leaves a core to the window, unless it is told how many threads to use. Raises
    SettingsError for fewer than two networks, no epochs, or fresh samples of a source that has none.
    """

    title = "bias-variance study"

    def __init__(
        self,
        experiment: Experiment,
        epochs: int,
        networks: int = 64,
        resampling: Resampling = "fresh",
        library: Library | None = None,
        threads: int | None = None,
    ) -> None:
        super().__init__(None, threads or max(1, (os.cpu_count() or 1) - 1))
        _check(experiment.data.source, epochs, networks, resampling)
        self.experiment, self.resampling = experiment, resampling
        self.epochs, self.networks = epochs, networks
        self._library = library or Library()

    def study(self) -> None:
        data = self._library.prepare(self.experiment.data)
        choice_for(self.experiment.network, self.experiment.training, data)  # what cannot be trained is said at once
        judge = judge_of(self.experiment.data, data, POINTS)
        plane = make_plane(self.experiment.data.plane, data)
        curve = data.n_features == 1 and data.task == "regression"
        grid = plane.line(2 * GRID) if curve else plane.grid(GRID)
        make = partial(_member, self.experiment, data, self.resampling)
        made = dict(self.each(range(self.networks), make))
        crew = _Crew([made[number] for number in sorted(made)], judge, grid)
        if self.stopped():
            return
        self.begin_training()
        found, reached = list[Decomposition](), list[int]()
        for epoch, marked, due in self._looks(crew):
            judged = crew.judged()
            if marked:
                found.append(judged)
                reached.append(epoch)
            if due:
                shown, at = (found, reached) if marked else ([*found, judged], [*reached, epoch])
                report = EpochsReport(
                    epochs=np.array(at, np.int64),
                    averages=_averages(shown, judge),
                    surfaces=crew.surfaces(epoch, data, curve),
                    data=data,
                    plane=plane,
                    resampling=self.resampling,
                    networks=self.networks,
                    diverged=int((~crew.alive).sum()),
                )
                self.tell(report, epoch / self.epochs)
        if crew.alive.sum() < 2 and not self.stopped():  # those that were stopped have not diverged
            raise SettingsError(
                f"{int((~crew.alive).sum())} of {self.networks} networks diverged, and bias and variance need two; "
                "take a lower learning rate."
            )

    def _looks(self, crew: _Crew) -> Iterator[tuple[int, bool, bool]]:
        """Train all networks on; yield the epochs at which they can be judged.

        With each comes whether it is one of the marks, which depend on nothing but the number of epochs, and whether a
        report is due, for which they have been asked over the plane. Where marks are far apart there are looks in
        between, about as often as reports. Ends where fewer than two networks are left, or nobody wants more.
        """
        epoch, stride, said = 0, 1, 0.0
        for mark in common_epochs(self.epochs, MARKS).tolist():
            reached = False
            while not reached:
                target, began = min(mark, epoch + stride), time.monotonic()
                due = target == self.epochs or began - said > _PUBLISH
                work = partial(crew.advance, target, due, self.stopped)
                for _ in self.each(crew.turns(2 * self.threads), work):
                    pass
                if self.stopped() or crew.alive.sum() < 2:
                    return
                said = began if due else said
                share = _LOOK / max(time.monotonic() - began, 1e-3)
                stride = max(1, min(4 * stride, round((target - epoch) * share)))
                epoch, reached = target, target == mark
                yield epoch, reached, due


class BiasVarianceOverWidth(Study[WidthsReport | None]):
    """Trains K networks at each of several widths, and decomposes their error at the last epoch.

    Widths come in turn, network by network, so that all are seen early and become surer together. Raises SettingsError
    as `BiasVariance` does, and where there is no hidden layer.
    """

    title = "bias-variance study over width"

    def __init__(
        self,
        experiment: Experiment,
        epochs: int,
        networks: int = 16,
        resampling: Resampling = "fresh",
        factors: Sequence[float] = FACTORS,
        library: Library | None = None,
        threads: int | None = None,
    ) -> None:
        super().__init__(None, threads)
        _check(experiment.data.source, epochs, networks, resampling)
        if not any(_width_of(layer) for layer in experiment.network.layers):
            raise SettingsError("The network has no hidden layer that could be wider; add one, then begin.")
        self.experiment, self.resampling = experiment, resampling
        self.epochs, self.networks, self.factors = epochs, networks, tuple(sorted(factors))
        self._library = library or Library()

    def study(self) -> None:
        data = self._library.prepare(self.experiment.data)
        judge = judge_of(self.experiment.data, data, POINTS)
        widths = self._widths(data)
        answered: list[list[NDArray[np.float64]]] = [[] for _ in widths]
        decomposed: list[Decomposition | None] = [None] * len(widths)
        cost = np.array([parameters for _, _, parameters in widths], np.float64)
        jobs = [(width, number) for number in range(self.networks) for width in range(len(widths))]
        done, said = 0.0, 0.0
        self.begin_training()

        def work(job: tuple[int, int]) -> NDArray[np.float64] | None:
            experiment = self.experiment.replace(network=widths[job[0]][1])
            return _trained(experiment, data, self.resampling, job[1], self.epochs, judge, self.stopped)

        for (width, _), outputs in self.each(jobs, work):
            done += cost[width]
            if outputs is not None:
                answered[width].append(outputs)
                if len(answered[width]) >= 2:
                    decomposed[width] = decomposition(np.stack(answered[width]), judge.truth, judge.noise)
            share = done / (cost.sum() * self.networks)
            if time.monotonic() - said > _PUBLISH or share >= 1.0:
                said = time.monotonic()
                self.tell(self._made_of(widths, answered, decomposed, judge), share)
        self.tell(self._made_of(widths, answered, decomposed, judge))

    def _widths(self, data: SplitData) -> list[tuple[float, NetworkSettings, int]]:
        """Return factors, networks and numbers of parameters, without those that repeat or are too large."""
        found: list[tuple[float, NetworkSettings, int]] = []
        for factor in self.factors:
            network = widened(self.experiment.network, factor)
            choice_for(network, self.experiment.training, data)
            parameters = plan_for(network, self.experiment.training, data).n_parameters
            if all(network != other for _, other, _ in found) and (parameters <= LARGEST or factor <= 1.0):
                found.append((factor, network, parameters))
        return found

    def _made_of(
        self,
        widths: list[tuple[float, NetworkSettings, int]],
        answered: list[list[NDArray[np.float64]]],
        decomposed: list[Decomposition | None],
        judge: Judge,
    ) -> WidthsReport:
        return WidthsReport(
            factors=tuple(factor for factor, _, _ in widths),
            units=np.array([max(map(_width_of, network.layers)) for _, network, _ in widths], np.int64),
            parameters=np.array([parameters for _, _, parameters in widths], np.int64),
            networks_done=np.array([len(each) for each in answered], np.int64),
            averages=_averages(decomposed, judge),
            epochs=self.epochs,
            resampling=self.resampling,
        )


# ---------------------------------------------------------------- networks


class _Crew:
    """Networks that train in lockstep, and what they answer. Several threads may work on different ones at once."""

    def __init__(self, engines: Sequence[Engine], judge: Judge, grid: NDArray[np.float32]) -> None:
        self.engines, self.judge, self.grid = engines, judge, grid
        outputs = judge.truth.shape[1]
        self.alive = np.ones(len(engines), bool)
        self._answers = np.zeros((len(engines), len(judge.x), outputs), np.float32)
        self._over_plane = np.zeros((len(engines), len(grid), outputs), np.float32)

    def turns(self, count: int) -> list[list[int]]:
        """Return the numbers of all networks that still train, dealt out evenly."""
        numbers = np.flatnonzero(self.alive).tolist()
        return [part for part in (numbers[start::count] for start in range(count)) if part]

    def advance(self, epoch: int, over_plane: bool, stopped: Callable[[], bool], numbers: list[int]) -> None:
        """Train some networks to an epoch and ask them."""
        for number in numbers:
            engine = self.engines[number]
            self.alive[number] = False
            for _ in train_through(engine, (epoch,), stopped):
                self.alive[number] = True
                self._answers[number] = answers(engine, self.judge.x)
                if over_plane:
                    self._over_plane[number] = answers(engine, self.grid)

    def judged(self) -> Decomposition:
        """Return bias and variance as they are now."""
        return decomposition(self._answers[self.alive], self.judge.truth, self.judge.noise)

    def surfaces(self, epoch: int, data: SplitData, curve: bool) -> Surfaces:
        """Return copies of mean and spread over the plane, and of some networks' own surfaces."""
        outputs = self._over_plane[self.alive]
        shape = (len(self.grid),) if curve else (GRID, GRID)
        classes = data.task == "classification"
        full = (*shape, data.n_classes) if classes else shape
        found = pointwise(outputs, np.zeros(outputs.shape[1:]))
        spread = np.sqrt(found.variance * (0.5 if classes else 1.0))
        return Surfaces(
            epoch=epoch,
            mean=found.mean.astype(np.float32).reshape(full),
            spread=spread.astype(np.float32).reshape(shape),
            members=outputs[:SHOWN].reshape(-1, *full).copy(),
        )


def _member(experiment: Experiment, data: SplitData, resampling: Resampling, number: int) -> Engine:
    """Return the network of a number, at epoch 0; the same number gives the same samples and initial weights."""
    if resampling == "fresh":
        own = fresh_split(experiment.data, new_seed(experiment.data, 1 + number), data)
    elif resampling == "bootstrap":
        rng = np.random.default_rng([experiment.data.seed, 7, number])
        count = len(data.real_train)
        own = with_training_rows(data, rng.integers(0, count, count))
    else:
        own = data
    return make_engine(experiment.network, experiment.training, own, (experiment.seed + number) % 2**31)


def _trained(
    experiment: Experiment,
    data: SplitData,
    resampling: Resampling,
    number: int,
    epochs: int,
    judge: Judge,
    stopped: Callable[[], bool],
) -> NDArray[np.float64] | None:
    """Return what the network of a number answers after training; None if it was stopped or diverged."""
    engine = _member(experiment, data, resampling, number)
    for _ in train_through(engine, (epochs,), stopped):
        return answers(engine, judge.x)
    return None


def widened(network: NetworkSettings, factor: float) -> NetworkSettings:
    """Return the network with `factor` times as many units or filters in every hidden layer, at least one."""
    return network.replace(layers=tuple(_widened(layer, factor) for layer in network.layers))


def _widened(layer: Layer, factor: float) -> Layer:
    width = max(1, round(_width_of(layer) * factor))
    if isinstance(layer, Linear):
        return layer.replace(units=width)
    return layer.replace(filters=width) if isinstance(layer, Conv2d) else layer


def _width_of(layer: Layer) -> int:
    """Return the units or filters of a layer, 0 where it has none of its own."""
    if isinstance(layer, Linear):
        return layer.units
    return layer.filters if isinstance(layer, Conv2d) else 0


def _averages(found: Sequence[Decomposition | None], judge: Judge) -> Averages:
    def of(name: str) -> NDArray[np.float64]:
        return np.array([np.nan if each is None else getattr(each, name) for each in found], np.float64)

    return Averages(
        bias_squared=of("bias_squared"),
        variance=of("variance"),
        bias_error=of("bias_squared_error"),
        variance_error=of("variance_error"),
        noise=judge.noise,
        unit=judge.unit,
    )


def _check(source: Source, epochs: int, networks: int, resampling: Resampling) -> None:
    if networks < 2 or epochs < 1:
        raise SettingsError(f"Bias and variance need at least two networks and one epoch, not {networks} and {epochs}.")
    if resampling == "fresh" and not can_be_drawn_anew(source):
        raise SettingsError(
            f"{source.title} has no more samples than these; choose bootstrap, which draws from the training samples."
        )
