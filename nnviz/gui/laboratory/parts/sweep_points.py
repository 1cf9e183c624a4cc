"""The points of a sweep as they are drawn: means over seeds, and where each value stands on its axis. No Qt."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.importance import Importance, Ranked, best_points, importance
from nnviz.gui.plot.ticks import Scale, Tick, minus, value_text
from nnviz.sweeps.axes import Axis
from nnviz.sweeps.plan import Plan
from nnviz.sweeps.table import Table

Floats = NDArray[np.float64]

_MOST_PLACES = 60
"""With more values than these the places of an axis are those of a ruler, not one for each value."""

_BINS = 10
"""Cells of a heat map along an axis whose values are drawn from a range."""

_MOST_COUNTED = 100_000
"""Whole numbers over a larger range than this are put into cells as if they were real ones."""

_FAR = 3.0
"""How many times the range of the better 90 % the worst may lie away before the colours stop following it."""


@dataclass(frozen=True)
class Measure:
    """What is made small: a column of the results, in words and with its unit. Classes that are wrong are shares."""

    column: str
    target: str = ""

    @property
    def percent(self) -> bool:
        return self.column.endswith("error") and not self.target

    @property
    def title(self) -> str:
        """What it is called."""
        part, best = self.column.rpartition("_")[0], self.column.startswith("best_")
        part = part.removeprefix("best_")
        kind = self.column.rpartition("_")[2]
        word = f"{part} RMSE of {self.target}" if kind == "error" and self.target else f"{part} {kind}"
        return f"{word} at the best epoch" if best else word

    @property
    def label(self) -> str:
        """The title with the unit, for an axis."""
        return f"{self.title} (%)" if self.percent else self.title

    @property
    def heading(self) -> str:
        """The title with the unit in brackets, for a column of numbers."""
        unit = "%" if self.percent else (self.target if self.column.endswith("error") else "1")
        return f"{self.title} [{unit}]"

    def shown(self, values: Any) -> Floats:
        """Return values in the unit that they are shown in."""
        return np.asarray(values, np.float64) * (100.0 if self.percent else 1.0)

    def text(self, value: float, unit: bool = True) -> str:
        """Return one value, in the unit that it is shown in, as text."""
        if not math.isfinite(value):
            return "–"
        if self.percent:
            return minus(f"{value:.1f} %" if unit else f"{value:.1f}")
        return value_text(value)


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Column:
    """One setting over the points: `cells` (points,) as in the table, and `at` (points,) where they stand, 0..1.

    `ticks` are places and words; `bins` the borders of the cells of a heat map, and `names` what is in each.
    """

    path: str
    title: str
    cells: NDArray[Any]
    at: Floats
    ticks: tuple[Tick, ...]
    bins: Floats
    names: tuple[str, ...]
    digits: int = 3

    def text(self, place: int) -> str:
        """Return the value of a point."""
        return words(self.cells[place], self.digits)


@dataclass(frozen=True, eq=False)
class Points:
    """The points of a sweep from the best to the worst. `mean`, `low` and `high` are in the unit that is shown."""

    measure: Measure
    columns: tuple[Column, ...]
    ranked: Ranked
    mean: Floats
    low: Floats
    high: Floats
    parameters: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ranked)

    def place_of(self, point: int) -> int:
        """Return the rank of a point by its number, -1 for one that is not there."""
        found = np.flatnonzero(self.ranked.point == point)
        return int(found[0]) if len(found) else -1

    def text(self, place: int) -> str:
        """Return the settings of a point."""
        return ", ".join(f"{column.title} {column.text(place)}" for column in self.columns)

    def value(self, place: int) -> str:
        """Return the mean of a point with its interval and how many trainings it is of."""
        text = self.measure.text(float(self.mean[place]))
        seeds, broken = int(self.ranked.seeds[place]), int(self.ranked.broken[place])
        notes = []
        if math.isfinite(self.low[place]):
            low, high = (self.measure.text(float(end[place]), unit=False) for end in (self.low, self.high))
            notes.append(f"95 % interval {low} to {high}")
        if seeds:
            notes.append(f"{seeds} seed{'s' if seeds != 1 else ''}")
        if broken:
            notes.append(f"{broken} without a result")
        return f"{text} ({', '.join(notes)})" if notes else text


def words(cell: Any, digits: int = 3) -> str:
    """Return the value of a setting with so many significant digits."""
    plain = cell.item() if isinstance(cell, np.generic) else cell
    if isinstance(plain, bool):
        return "on" if plain else "off"
    if isinstance(plain, int):
        return minus(f"{plain:,}")
    return minus(f"{plain:.{digits}g}") if isinstance(plain, float) else str(plain)


def _digits(values: Sequence[Any]) -> int:
    """Return the fewest digits, from three on, that tell values apart."""
    different = len(set(values))
    return next((n for n in range(3, 12) if len({words(value, n) for value in values}) == different), 12)


def points_of(table: Table, plan: Plan, titles: Mapping[str, str], target: str) -> Points:
    """Return the points of a table so far; trainings that diverged or failed do not count in the means."""
    measure = Measure(plan.objective, target)
    ranked = best_points(table["point"], table[plan.objective], table["status"] == "finished")
    columns = tuple(
        _column(axis, titles.get(axis.path, axis.title), table[axis.path][ranked.row], plan.search == "grid")
        for axis in plan.axes
    )
    mean, low, high = (measure.shown(each) for each in (ranked.mean, ranked.low, ranked.high))
    parameters = np.asarray(table["n_parameters"][ranked.row], np.int64)
    return Points(measure, columns, ranked, mean, low, high, parameters)


def importance_of(table: Table, plan: Plan, log: bool = False) -> Importance:
    """Return how much of the variance of the objective each setting explains, over trainings that came to their end.

    With `log` it is the variance of its logarithm, of those that are above 0.
    """
    sound = table["status"] == "finished"
    settings = {axis.path: table[axis.path][sound] for axis in plan.axes}
    values = np.asarray(table[plan.objective][sound], np.float64)
    if log:
        values = np.log10(np.where(values > 0.0, values, np.nan))
    return importance(settings, values)


def row_of(table: Table, point: int) -> int:
    """Return the row that stands for a point: of its trainings that came to their end that with the lowest seed."""
    rows = np.flatnonzero(table["point"] == point)
    sound = rows[table["status"][rows] == "finished"]
    rows = sound if len(sound) else rows
    return int(rows[np.argmin(table["seed"][rows])])


# ---------------------------------------------------------------- places


def _column(axis: Axis, title: str, cells: NDArray[Any], grid: bool) -> Column:
    if (grid or axis.span is None) and len(axis) <= _MOST_PLACES:
        return _listed(axis, title, cells)
    if axis.kind is str or axis.kind is bool:
        return _listed(axis, title, cells)
    return _ruled(axis, title, cells)


def _listed(axis: Axis, title: str, cells: NDArray[Any]) -> Column:
    """Give every value of an axis its own place, evenly spaced, numbers in their order."""
    values = [axis.cell(value) for value in axis.values]
    if axis.kind is not str:
        values = sorted(values)
    places = {value: (n + 0.5) / len(values) for n, value in enumerate(values)}
    digits = _digits(values)
    names = tuple(words(value, digits) for value in values)
    at = np.array([places[cell.item() if isinstance(cell, np.generic) else cell] for cell in cells], np.float64)
    bins = np.linspace(0.0, 1.0, len(values) + 1)
    return Column(axis.path, title, cells, at, tuple(zip(places.values(), names, strict=True)), bins, names, digits)


def _ruled(axis: Axis, title: str, cells: NDArray[Any]) -> Column:
    """Place numbers as on a ruler, a logarithmic one where they were spread so."""
    low, high = float(min(axis.values)), float(max(axis.values))
    log = axis.span.log if axis.span is not None else low > 0.0 and high / low >= 100.0
    start, end = (math.log10(low), math.log10(high)) if log else (low, high)
    length = end - start or 1.0
    numbers = np.asarray(cells, np.float64)
    at = ((np.log10(numbers) if log else numbers) - start) / length
    scale = Scale(log=log, whole=axis.kind is int and not log)
    ticks = tuple(((place - start) / length, text) for place, text in scale.ticks(start, end, 6))
    bins = np.linspace(0.0, 1.0, _BINS + 1)
    if axis.kind is int and high - low < _MOST_COUNTED:
        whole = np.arange(round(low), round(high) + 1)
        rulers = np.asarray(np.log10(whole) if log else whole, np.float64)
        bins, names = _bins_of_counts((rulers - start) / length, whole)
    else:
        centres = start + length * (bins[:-1] + bins[1:]) / 2
        names = tuple(words(float(f"{value:.2g}")) for value in (10.0**centres if log else centres))
    return Column(axis.path, title, cells, np.clip(at, 0.0, 1.0), ticks, bins, names)


def _bins_of_counts(at: Floats, whole: NDArray[Any]) -> tuple[Floats, tuple[str, ...]]:
    """Return the borders 0..1 of cells that hold whole numbers, which stand at some places, and what each holds."""
    cell = np.minimum((at * _BINS).astype(int), _BINS - 1)
    firsts = np.flatnonzero(np.diff(cell, prepend=-1))
    lasts = np.append(firsts[1:] - 1, len(at) - 1)
    inner = (at[lasts[:-1]] + at[firsts[1:]]) / 2
    pairs = zip(whole[firsts], whole[lasts], strict=True)
    names = tuple(words(a) if a == b else f"{words(a)} – {words(b)}" for a, b in pairs)
    return np.concatenate([[0.0], inner, [1.0]]), names


@dataclass(frozen=True, eq=False)
class Ruler:
    """The axis of an objective: its limits, and whether it is logarithmic. `zero` says that its foot stands for 0.

    A few values far away from all others do not stretch it: they lie at its end.
    """

    low: float
    high: float
    log: bool = False
    zero: bool = False

    @property
    def ends(self) -> tuple[float, float]:
        """Both limits as positions: logarithms where it is logarithmic."""
        return (math.log10(self.low), math.log10(self.high)) if self.log else (self.low, self.high)

    def at(self, values: Floats) -> Floats:
        """Return where values stand, 0 at the low end and 1 at the high one; NaN for those that are none."""
        start, end = self.ends
        with np.errstate(invalid="ignore"):
            placed = np.log10(np.maximum(values, self.low)) if self.log else values
        if end <= start:
            return np.where(np.isfinite(values), 0.0, np.nan)
        return np.clip((placed - start) / (end - start), 0.0, 1.0)

    def ticks(self, most: int = 6) -> tuple[Tick, ...]:
        """Return places 0..1 and their numbers."""
        start, end = self.ends
        length = end - start or 1.0
        scale = Scale(log=self.log, zero=start if self.zero else None)
        return tuple(((at - start) / length, text) for at, text in scale.ticks(start, start + length, most))


def ruler_of(values: Floats, log: bool = False) -> Ruler:
    """Return the ruler for values (points,)."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return Ruler(0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    usual = float(np.quantile(finite, 0.9))
    if usual > low and high - low > _FAR * (usual - low):
        high = usual
    positive = finite[finite > 0.0]
    if not log or not len(positive) or high <= 0.0:
        return Ruler(low, high)
    zero = low <= 0.0
    return Ruler(float(positive.min()) / (2.0 if zero else 1.0), high, True, zero)


# ---------------------------------------------------------------- a map of two settings


@dataclass(frozen=True, eq=False)
class Cells:
    """Means over all points in each cell of two settings: `mean` (rows, columns), the first row on top.

    `count` is how many points there are in each, and `best` the rank of the best of them, -1 for none.
    """

    mean: Floats
    count: NDArray[np.int64]
    best: NDArray[np.int64]
    rows: tuple[str, ...]
    columns: tuple[str, ...]


def cells_of(points: Points, across: int, up: int | None) -> Cells:
    """Return the mean objective over two of the settings, by number; `up` None makes a map of one row."""
    x = points.columns[across]
    column, n_columns = _binned(x), len(x.names)
    row, n_rows = np.zeros(len(points), np.intp), 1
    names: tuple[str, ...] = ("",)
    if up is not None:
        y = points.columns[up]
        n_rows, names = len(y.names), y.names[::-1]
        row = n_rows - 1 - _binned(y)
    flat, size = row * n_columns + column, n_rows * n_columns
    known = np.flatnonzero(np.isfinite(points.mean))
    count = np.bincount(flat[known], minlength=size)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(flat[known], points.mean[known], minlength=size) / count
    best = np.full(size, -1, np.int64)
    best[flat[known[::-1]]] = known[::-1]  # the best comes last and stays
    shape = (n_rows, n_columns)
    return Cells(mean.reshape(shape), count.reshape(shape).astype(np.int64), best.reshape(shape), names, x.names)


def _binned(column: Column) -> NDArray[np.intp]:
    inner = column.bins[1:-1]
    return np.asarray(np.searchsorted(inner, column.at, side="right"), np.intp)


def count_words(plan: Plan) -> str:
    """Return how many trainings there are and where the number comes from, in the words of the window."""
    n = plan.n_trainings
    parts = [f"{len(axis):,}" for axis in plan.axes]
    if plan.search != "grid":
        parts = [f"{plan.n_points:,} points"]
    if plan.seeds > 1:
        parts.append(f"{plan.seeds} seeds")
    return f"{n:,} training{'s' if n != 1 else ''} ({' × '.join(parts)})"
