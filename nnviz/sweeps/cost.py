"""What a sweep will take, before it starts: how many trainings, and how long on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import SplitData
from nnviz.engines.choose import ShapeError, make_engine, plan_for
from nnviz.engines.engine import Engine
from nnviz.experiment import Experiment
from nnviz.project.library import Library
from nnviz.settings import SettingsError
from nnviz.sweeps.plan import Plan
from nnviz.sweeps.samples import Samples
from nnviz.sweeps.strategies import Values
from nnviz.sweeps.training import MISTAKES, takes_all_cores

MANY_TRAININGS = 20_000
LONG_SECONDS = 24 * 3600.0
"""Beyond these a sweep is taken for a slip of the keyboard, unless the user says that it is meant."""

_MOST_POINTS = 400
"""Points that are looked at; of more, so many drawn at random stand for all."""

_TRIED = 0.15
"""Seconds for which one network is timed."""

_PYTHON = 0.001
"""Seconds that a training takes besides its steps: making the engine, writing the row. Measured: 0.6 to 1 ms."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Pace:
    """Seconds per epoch against work per epoch (parameters × samples of all parts), as timed on a few networks.

    `all_cores` says which of them were trained on all cores of this machine.
    """

    work: NDArray[np.float64]
    seconds: NDArray[np.float64]
    all_cores: NDArray[np.bool_]

    def of(self, work: float) -> float:
        """Return the seconds of an epoch: between two networks that were timed on the line, beyond in proportion."""
        if work > self.work[-1]:
            return float(self.seconds[-1] * work / self.work[-1])
        return float(np.interp(work, self.work, self.seconds))

    def takes_all_cores(self, work: float) -> bool:
        """Say whether a network is trained on all cores: whether that of the nearest work was."""
        return bool(self.all_cores[np.argmin(np.abs(self.work - work))])


@dataclass(frozen=True, eq=False)
class Cost:
    """What a sweep will take: `seconds` with `slots` trainings at a time, `seconds_alone` one after another.

    The share `in_line` (0..1) of the latter goes one after another whatever the slots, as each takes all cores.
    Trainings that end early, by early stopping or because they diverge, make it less. `pace` tells it of one network.
    """

    trainings: int
    seconds_alone: float
    smallest: float
    median: float
    largest: float
    slots: int
    pace: Pace
    count: str
    in_line: float = 0.0

    @property
    def seconds(self) -> float:
        """Seconds from the beginning to the end."""
        return max(self.wall(self.seconds_alone, self.slots), self.largest)

    @property
    def mean(self) -> float:
        """Seconds of a training, on average over all of them."""
        return self.seconds_alone / max(self.trainings, 1)

    def of(self, work: float, experiment: Experiment) -> float:
        """Return the seconds of one training whose epochs are so much work."""
        return _PYTHON + self.pace.of(work) * experiment.training.epochs

    def wall(self, seconds: float, slots: int) -> float:
        """Return how long trainings take with so many at a time that take so many seconds one after another."""
        return seconds * (self.in_line + (1.0 - self.in_line) / slots)

    @property
    def text(self) -> str:
        """The cost in one sentence."""
        each = f"{duration(self.smallest)} to {duration(self.largest)} each"
        if self.largest < 1.5 * self.smallest:
            each = f"{duration(self.median)} each"
        how = "one at a time, on all cores" if self.in_line == 1.0 else f"with {self.slots} at a time"
        return f"{self.count}, {each}: about {duration(self.seconds)} {how}."

    @property
    def absurd(self) -> str:
        """A sentence that asks whether it is meant, where it is very much; else nothing."""
        if self.trainings <= MANY_TRAININGS and self.seconds <= LONG_SECONDS:
            return ""
        return (
            f"This sweep is {self.count} and would take about {duration(self.seconds)}; vary fewer values, train for "
            "fewer epochs, or give --yes if it is meant."
        )


def duration(seconds: float) -> str:
    """Return a time in words, with two figures or so."""
    if seconds < 0.0995:
        return f"{max(seconds, 0.0) * 1e3:.2g} ms" if seconds < 0.0095 else f"{seconds * 1e3:.0f} ms"
    if seconds < 99.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    for size, unit, beyond in ((60.0, "min", 99.5), (3600.0, "hours", 47.5), (86400.0, "days", 730.0)):
        if seconds / size < beyond:
            return f"{seconds / size:.2g} {unit}" if seconds / size < 9.95 else f"{seconds / size:.0f} {unit}"
    return f"{seconds / 31_557_600.0:,.0f} years"


def estimate(
    plan: Plan,
    slots: int = 1,
    library: Library | None = None,
    samples: Samples | None = None,
    *,
    one_machine: bool = True,
) -> Cost:
    """Return what a sweep will take, from timing a few steps of its smallest, median and largest network here.

    On `one_machine`, trainings that take all of its cores go one after another. It takes about a second, or as long
    as it takes to load the samples. Raises DataError, ShapeError or LossError, what the first point says, when none
    of the points that were looked at can be trained, and SettingsError when the objective needs a validation part
    and there is none.
    """
    samples = samples or Samples(library)
    points = _looked_at(plan, samples)
    order = sorted(points, key=lambda point: point[0])
    pace = _pace([order[0], order[len(order) // 2], order[-1]], samples, plan.every_epoch)
    each = np.array([_PYTHON + pace.of(work) * epochs for work, epochs, _ in points])
    in_line = np.array([one_machine and pace.takes_all_cores(work) for work, _, _ in points])
    total = float(np.mean(each)) * plan.n_trainings
    return Cost(
        trainings=plan.n_trainings,
        seconds_alone=total,
        smallest=float(each.min()),
        median=float(np.median(each)),
        largest=float(each.max()),
        slots=slots,
        pace=pace,
        count=plan.count(),
        in_line=float(each[in_line].sum() / each.sum()),
    )


_Looked = tuple[float, int, Experiment]
"""Work per epoch, epochs, and the experiment."""


def work_of(experiment: Experiment, data: SplitData) -> float:
    """Return about how much an epoch of an experiment costs: parameters × samples of all parts, which are measured.

    Raises ShapeError or LossError.
    """
    network = plan_for(experiment.network, experiment.training, data)
    if network.errors:
        raise ShapeError(network.errors[0])
    return float(max(1, network.n_parameters) * sum(len(part) for part in data.parts().values()))


def _looked_at(plan: Plan, samples: Samples) -> list[_Looked]:
    found: list[_Looked] = []
    problem: Exception | None = None
    for values in _representative(plan):
        try:
            experiment = plan.experiment_at(values)
            data = samples.prepared(experiment.data)
            found.append((work_of(experiment, data), experiment.training.epochs, experiment))
        except (*MISTAKES, SettingsError) as error:
            problem = problem or error
            continue
        if plan.objective.startswith("validation") and not len(data.validation):
            raise SettingsError(
                f"--objective: {plan.objective} needs a validation part; set data.validation_share above 0."
            )
    if not found:
        assert problem is not None
        raise problem
    return found


def _representative(plan: Plan) -> Iterator[Values]:
    """Yield the points of a sweep, or so many that stand for them: both ends of all axes, and some drawn at random."""
    strategy = plan.strategy()
    if not strategy.adaptive and strategy.size <= _MOST_POINTS:
        yield from strategy.points()
        return
    yield tuple(axis.draw(0.0) for axis in plan.axes)
    yield tuple(axis.draw(1.0 - 1e-9) for axis in plan.axes)
    shares = np.random.default_rng(0).random((_MOST_POINTS // 2, len(plan.axes)))
    for row in shares:
        if strategy.name == "grid":  # its values, not the numbers between them
            yield tuple(axis.values[int(share * len(axis))] for axis, share in zip(plan.axes, row, strict=True))
        else:
            yield tuple(axis.draw(share) for axis, share in zip(plan.axes, row, strict=True))


def _pace(chosen: list[_Looked], samples: Samples, every_epoch: bool) -> Pace:
    """Time one network of each size."""
    timed: dict[float, tuple[float, bool]] = {}
    for work, _, experiment in chosen:
        if work not in timed:
            data = samples.prepared(experiment.data)
            engine = make_engine(experiment.network, experiment.training, data, experiment.seed)
            all_cores = takes_all_cores(engine)
            timed[work] = _seconds_per_epoch(engine, experiment.training.batch_size, every_epoch), all_cores
    works = sorted(timed)
    # More work takes longer: where a clock says otherwise, another program was in the way.
    rising = np.maximum.accumulate([timed[each][0] for each in works]) * (1.0 + 1e-6 * np.arange(len(works)))
    return Pace(np.array(works), rising, np.array([timed[each][1] for each in works]))


def _seconds_per_epoch(engine: Engine, batch: int, measured: bool) -> float:
    """Return how long an epoch takes, where it is `measured` with its measurement.

    As much of it is done as fits into `_TRIED` seconds.
    """
    per_epoch = -(-len(engine.data.train) // batch)
    engine.train_steps(1)  # the first one may have to load something
    engine.measure()
    began = time.perf_counter()
    engine.measure()
    measuring = time.perf_counter() - began if measured else 0.0
    began, made, many = time.perf_counter(), 0, 1
    while (spent := time.perf_counter() - began) < _TRIED:
        made += engine.train_steps(many)  # never beyond the end of an epoch
        if spent < _TRIED / 8:
            many *= 2
    one_by_one = measuring + per_epoch * spent / made
    if one_by_one > _TRIED:
        return one_by_one
    many = max(1, min(1000, int(_TRIED / one_by_one)))  # whole epochs at once, as they are trained
    began = time.perf_counter()
    done = many
    if measured:
        done = len(engine.train_epochs(many)["epoch"])
    else:
        engine.pass_epochs(many)
    return (time.perf_counter() - began) / done
