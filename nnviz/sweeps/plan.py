"""The plan of a sweep: which experiments, how often each, and how they are chosen. Nothing starts here."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from nnviz.data.settings import DataSettings
from nnviz.data.source import Source
from nnviz.experiment import Experiment, identity
from nnviz.registry import UnknownMemberError, unknown_name
from nnviz.settings import SettingsError, changed
from nnviz.sweeps.axes import Axis, at_point, parse_axes, within
from nnviz.sweeps.strategies import Strategy, strategies

Objective = Literal[
    "test_error", "test_loss", "validation_error", "validation_loss", "train_error", "train_loss", "best_test_error"
]
"""What is best where it is smallest: a column of the results."""

OBJECTIVES: tuple[Objective, ...] = get_args(Objective)

EPOCHS = 100
"""Epochs of each training where neither the sweep nor the experiment sets a limit, as in `nnviz train`."""

_SEEDS = 2**31
"""Seeds are below this number."""

_CHECKED = 10_000
"""Most combinations of settings that lead into each other which are checked one by one before anything starts."""


@dataclass(frozen=True)
class Point:
    """One combination of values: its number, from 0 in the order of the strategy, and a value for every axis."""

    number: int
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Member:
    """One training of a sweep. `id` is the same for all trainings that give the same numbers.

    `every_epoch` is whether it is measured after every epoch.
    """

    id: str
    point: Point
    experiment: Experiment
    every_epoch: bool = True

    @property
    def seed(self) -> int:
        """The seed of its initial weights and sample order."""
        return self.experiment.seed


@dataclass(frozen=True)
class Plan:
    """What a sweep is asked: `make_plan` makes it from what users write, and checks it.

    The epoch limit is that of the experiment's training settings, where no value of a point sets one. Each point is
    trained with `seeds` seeds: that of the experiment, the next one, and so on; the seed of the data stays.

    Without `every_epoch` networks are measured at their end alone, which takes a fraction of the time for small ones
    and leaves their best epochs unknown; those that may stop early are measured all the same.
    """

    experiment: Experiment
    axes: tuple[Axis, ...]
    seeds: int = 1
    search: str = "grid"
    trials: int | None = None
    objective: Objective = "test_error"
    every_epoch: bool = True

    def strategy(self) -> Strategy:
        """Return a new strategy that chooses the points. Raises SettingsError."""
        return strategies[self.search](self.axes, self.trials, self.experiment.seed)

    @property
    def adaptive(self) -> bool:
        """Whether its points depend on results."""
        return strategies[self.search].adaptive

    @property
    def n_points(self) -> int:
        """The number of points; of a search that looks at results, the most."""
        return self.strategy().size

    @property
    def n_trainings(self) -> int:
        """The number of trainings, seeds counted."""
        return self.n_points * self.seeds

    def experiment_at(self, values: Sequence[Any]) -> Experiment:
        """Return the experiment with the axes at some values. Raises SettingsError.

        A value for a whole group, such as `training={learning_rate=0.1}`, that says nothing of epochs would leave it
        without a limit.
        """
        experiment = at_point(self.experiment, self.axes, values)
        epochs = experiment.training.epochs or self.experiment.training.epochs
        return experiment.replace(training=experiment.training.replace(epochs=epochs))

    def seed(self, repetition: int) -> int:
        """Return the seed of a repetition, counted from 0."""
        return (self.experiment.seed + repetition) % _SEEDS

    def member(self, point: Point, repetition: int) -> Member:
        """Return the training of a point with its seed number `repetition` (from 0). Raises SettingsError."""
        experiment = self.experiment_at(point.values)
        experiment = experiment.replace(seed=self.seed(repetition))
        return Member(identity(experiment), point, experiment, self.every_epoch or experiment.training.patience > 0)

    def varied_files(self) -> Iterator[DataSettings]:
        """Yield, once for each file that the points read, settings of its samples; nothing where no source is varied.

        Of more than 10,000 combinations of settings of the source the first ones are looked at.
        """
        axes = [axis for axis in self.axes if f"{axis.path}.".startswith("data.source.") or axis.path == "data"]
        combinations = itertools.product(*(axis.values for axis in axes)) if axes else iter(())
        found: set[Source] = set()
        for values in itertools.islice(combinations, _CHECKED):
            with contextlib.suppress(SettingsError):  # such a point becomes a row that says so
                data = at_point(self.experiment, axes, values).data
                if data.source.family == "file" and data.source not in found:
                    found.add(data.source)
                    yield data

    def count(self) -> str:
        """Return in words how many trainings there are and where the number comes from."""
        if self.search == "grid":
            product = " × ".join(f"{len(axis)} {axis.path}" for axis in self.axes)
        else:
            product = f"{self.n_points:,} {self.search} trials"
        repeated = f" × {self.seeds} seeds" if self.seeds > 1 else ""
        n = self.n_trainings
        return f"{n:,} training{'s' if n != 1 else ''} ({product}{repeated})"


def make_plan(
    experiment: Experiment,
    vary: Sequence[str],
    *,
    seeds: int = 1,
    epochs: int | None = None,
    search: str = "grid",
    trials: int | None = None,
    objective: str = "test_error",
    every_epoch: bool = True,
) -> Plan:
    """Return the plan of a sweep from what a user wrote, with every value checked. Nothing is loaded or trained.

    `vary` are texts `path=values` (see `axes`); `epochs` is the limit of each training, by default the experiment's
    own or 100; `trials` is how many points a search tries; `every_epoch` is that of `Plan`. Raises SettingsError,
    naming setting and value.
    """
    if not vary:
        raise SettingsError(
            "A sweep varies at least one setting: say which with --vary, "
            "for example --vary network.layers[0].units=1:300:log16."
        )
    if seeds < 1 or seeds > _SEEDS:
        raise SettingsError(f"--seeds: Expected a whole number of at least 1, not {seeds}.")
    if objective not in OBJECTIVES:
        raise SettingsError(unknown_name("objective", objective, OBJECTIVES))
    if epochs is not None and epochs < 1:
        raise SettingsError(f"--epochs: Expected at least 1, not {epochs}.")
    try:
        strategies[search]
    except UnknownMemberError as error:
        raise SettingsError(f"--search: {error}") from None
    experiment = changed(experiment, "training.epochs", epochs or experiment.training.epochs or EPOCHS)
    axes = parse_axes(experiment, vary)
    _check_together(experiment, axes)
    _check_epochs(axes)
    plan = Plan(experiment, axes, seeds, search, trials, objective, every_epoch)
    plan.strategy()  # says what is wrong with the number of trials
    return plan


def _check_together(experiment: Experiment, axes: tuple[Axis, ...]) -> None:
    """Check combinations of settings that lead into each other; all others have bounds of their own alone."""
    related = [axis for axis in axes if any(within(axis.path, o.path) or within(o.path, axis.path) for o in axes)]
    if math.prod(len(axis) for axis in related) > _CHECKED:  # the few that cannot be trained become rows that say so
        return
    for values in itertools.product(*(axis.values for axis in related)):
        at_point(experiment, related, values)


def _check_epochs(axes: tuple[Axis, ...]) -> None:
    """A limit of 0 epochs means none, and a sweep would never end."""
    for axis in axes:
        if axis.path == "training.epochs" and 0 in axis.values:
            raise SettingsError("training.epochs: 0 means no limit, and such a training would never end; leave it out.")
