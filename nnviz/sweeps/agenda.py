"""What a sweep trains next: from a list that is known, or from a strategy that looks at results."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnviz.settings import SettingsError
from nnviz.sweeps.plan import Member, Plan, Point
from nnviz.sweeps.strategies import Values
from nnviz.sweeps.table import Table

Row = Mapping[str, Any]

Predict = Callable[[Member], float]
"""Returns about how many seconds a training will take."""

_SORTED = 2_000
"""Most points that are sorted by what they cost."""


@dataclass(frozen=True)
class Impossible:
    """A point whose values do not go together: no training, but a row that says why."""

    id: str
    point: Point
    seed: int
    sentence: str


Next = Member | Impossible


class Agenda:
    """Hands out the trainings that are missing. `total` counts all of them, those that are there included."""

    total: int

    def next(self) -> Next | None:
        """Return a training that nobody has been given yet, None where there is none now."""
        raise NotImplementedError

    def took(self, row: Row) -> None:
        """Hear of a new row."""


def agenda_of(plan: Plan, table: Table, predict: Predict, most_points: Callable[[], int]) -> Agenda:
    """Return the agenda of a plan of which some rows are there.

    An adaptive strategy is asked for at most so many points at a time as `most_points` says. Raises SettingsError.
    """
    if plan.strategy().adaptive:
        return _Asked(plan, table, most_points)
    return _Listed(plan, table, predict)


def make(plan: Plan, point: Point, repetition: int) -> Next:
    """Return the training of a point, or why there is none."""
    try:
        return plan.member(point, repetition)
    except SettingsError as error:
        seed = plan.experiment.seed + repetition
        key = json.dumps([[axis.path for axis in plan.axes], point.values, seed])
        return Impossible(hashlib.sha256(key.encode()).hexdigest()[:32], point, seed, str(error))


class _Listed(Agenda):
    """All points with the first seed, then all with the next one, so that a curve over the points fills evenly.

    The largest come first: one that begins last would keep a single core busy at the end.
    """

    def __init__(self, plan: Plan, table: Table, predict: Predict) -> None:
        self.total = plan.n_trainings
        self._given = set(table["member"])
        self._missing = self._all(plan, predict)

    def next(self) -> Next | None:
        for each in self._missing:
            if each.id not in self._given:
                self._given.add(each.id)
                return each
        self.total = len(self._given)  # where two points mean the same experiment it is trained once
        return None

    def _all(self, plan: Plan, predict: Predict) -> Iterator[Next]:
        strategy = plan.strategy()
        order: list[Point] | None = None
        if strategy.size <= _SORTED:
            order = [Point(number, values) for number, values in enumerate(strategy.points())]
            first = [make(plan, point, 0) for point in order]
            costs = [predict(each) if isinstance(each, Member) else 0.0 for each in first]
            order = [order[place] for place in np.argsort(-np.array(costs), kind="stable")]
        for repetition in range(plan.seeds):
            points = order or (Point(number, values) for number, values in enumerate(strategy.points()))
            for point in points:
                yield make(plan, point, repetition)


@dataclass
class _Open:
    """A point that was asked for: what is still to be handed out, what is awaited, and the objectives that came."""

    values: Values
    to_give: list[Next]
    awaited: set[str] = field(default_factory=set)
    came: list[float] = field(default_factory=list)


class _Asked(Agenda):
    """Asks an adaptive strategy for points, and tells it of each when its last seed has come."""

    def __init__(self, plan: Plan, table: Table, most_points: Callable[[], int]) -> None:
        self._plan, self._strategy, self._most_points = plan, plan.strategy(), most_points
        self.total = plan.n_trainings
        self._rows: dict[str, Row] = {row["member"]: row for row in table.rows()}
        self._open: dict[int, _Open] = {}
        self._point_of: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._remember(table)

    def next(self) -> Next | None:
        while True:
            for point in self._open.values():
                if point.to_give:
                    each = point.to_give.pop(0)
                    self._point_of[each.id] = self._number(point.values)
                    return each
            if len(self._open) >= max(1, self._most_points()):
                return None
            values = self._strategy.ask()
            if values is None:
                return None
            self._begin(values)

    def took(self, row: Row) -> None:
        self._rows[row["member"]] = row
        number = self._point_of.pop(row["member"], None)
        if number is None:
            return
        point = self._open[number]
        point.awaited.discard(row["member"])
        point.came.append(self._judged(row))
        self._tell_if_complete(number)

    def _begin(self, values: Values) -> None:
        """Line up what is missing of a point; one that was complete before is told at once."""
        number = self._number(values)
        if number in self._open:  # asked for again while it trains: it will be told with the first
            self.total -= self._plan.seeds
            return
        trainings = [make(self._plan, Point(number, values), each) for each in range(self._plan.seeds)]
        missing = [each for each in trainings if each.id not in self._rows]
        came = [self._judged(self._rows[each.id]) for each in trainings if each.id in self._rows]
        if not missing:
            self.total -= self._plan.seeds
        self._open[number] = _Open(values, missing, {each.id for each in missing}, came)
        self._tell_if_complete(number)

    def _tell_if_complete(self, number: int) -> None:
        point = self._open[number]
        if not point.awaited:
            del self._open[number]
            self._strategy.tell(point.values, float(np.mean(point.came)))

    def _remember(self, table: Table) -> None:
        """Tell the strategy of the points of earlier sessions."""
        found: dict[int, list[Row]] = {}
        for row in table.rows():
            found.setdefault(row["point"], []).append(row)
        for number, rows in sorted(found.items()):
            values = tuple(axis.value_of(rows[0][axis.path]) for axis in self._plan.axes)
            self._numbers[json.dumps(values)] = number
            complete = len(rows) >= self._plan.seeds
            self._strategy.known(values, float(np.mean([self._judged(row) for row in rows])) if complete else None)

    def _number(self, values: Values) -> int:
        return self._numbers.setdefault(json.dumps(values), max(self._numbers.values(), default=-1) + 1)

    def _judged(self, row: Row) -> float:
        value = float(row[self._plan.objective])
        return value if row["status"] == "finished" and math.isfinite(value) else math.inf
