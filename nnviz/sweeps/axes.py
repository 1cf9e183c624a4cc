"""What a sweep varies: one setting and its values, read from `path=values`.

Values are separated by commas. Each is one value as `--set` takes it (a number, true, the name of a kind, a table), or
a range: `1:300:log16` is 16 values from 1 to 300 whose logarithms are evenly spaced, `0:1:lin5` five evenly spaced
values, `2:10:2` every second value from 2 to 10, `1:4` the same as `1:4:1`. Where the setting is a whole number the
values of a range are rounded, and values that are the same then count once.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from nnviz.experiment import Experiment
from nnviz.settings import Field, Settings, SettingsError, changed, fields

MOST_VALUES = 10_000
"""Most values of one setting: a longer list is a slip of the keyboard."""

_DIGITS = r"\d(?:_?\d)*"
_NUMBER = rf"[+-]?(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER}):({_NUMBER})(?::(?:(log|lin)(\d{{1,18}})|({_NUMBER})))?")
_SILENT = ("name", "description", "data.plane")
"""Settings that have no bearing on training."""


@dataclass(frozen=True)
class Span:
    """A range of numbers for searches to choose from; `log` says how they spread.

    `whole` numbers are rounded, and both ends are whole then.
    """

    low: float
    high: float
    log: bool
    whole: bool

    def at(self, share: float) -> int | float:
        """Return the number a `share` (0..1) of the way from low to high."""
        ratio = self.high / self.low if self.log else 1.0
        value = self.low * ratio**share if self.log else self.low + (self.high - self.low) * share
        value = float(min(max(value, self.low), self.high))  # random numbers of NumPy have a type of their own
        return round(value) if self.whole else value


@dataclass(frozen=True)
class Axis:
    """A setting that is varied: its path, its title for readers, and its values as plain data.

    `span` is there where the values came from one `log` or `lin` range: searches then draw from all of it. `text` is
    what was written for the values; two axes with the same values are the same, however they were written.
    """

    path: str
    title: str
    values: tuple[Any, ...]
    span: Span | None = None
    text: str = field(default="", compare=False)

    def __len__(self) -> int:
        return len(self.values)

    def draw(self, share: float) -> Any:
        """Return the value at a `share` (0 ≤ share < 1) of the span, or of the list where there is none."""
        if self.span is not None:
            return self.span.at(share)
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]

    @property
    def distinct(self) -> float:
        """How many different values can be drawn; infinite for a span of real numbers."""
        if self.span is None:
            return len(self.values)
        return self.span.high - self.span.low + 1 if self.span.whole else math.inf

    @property
    def kind(self) -> type[int] | type[float] | type[bool] | type[str]:
        """What a column of its values holds: bool, int, float, or else str (labels)."""
        kinds = {type(value) for value in self.values}
        if kinds == {bool}:
            return bool
        if kinds == {int}:
            return int
        return float if kinds <= {int, float} else str

    def cell(self, value: Any) -> Any:
        """Return a value as it stands in a column."""
        return label(value) if self.kind is str else self.kind(value)

    def value_of(self, cell: Any) -> Any:
        """Return the value that stands in a column as `cell`. Raises ValueError for a label that there is not."""
        if self.kind is not str:
            return self.kind(cell)
        labels = [label(value) for value in self.values]
        return self.values[labels.index(cell)]


def label(value: Any) -> str:
    """Return a value in a few letters: the name of a kind, a number, JSON for tables and lists."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value) if isinstance(value, int) else json.dumps(value, sort_keys=True)


# ---------------------------------------------------------------- reading


def parse_axes(experiment: Experiment, texts: Sequence[str]) -> tuple[Axis, ...]:
    """Return what some texts `path=values` vary, checked against an experiment.

    A setting of a kind that is varied as well, such as `training.optimizer=adam,adamw` and
    `training.optimizer.beta1=0.8,0.9`, is checked with each of the kinds. Raises SettingsError, which names path and
    value, for the first text that cannot be used.
    """
    split = [_split(text) for text in texts]
    for path, _ in split:
        if path == "seed":
            raise SettingsError("seed: Seeds are repetitions of every point; say how many with --seeds.")
        if any(path == silent or path.startswith(f"{silent}.") for silent in _SILENT):
            raise SettingsError(f"{path}: This has no bearing on training; vary something else.")
        if [other for other, _ in split].count(path) > 1:
            raise SettingsError(f"{path}: Varied twice; put all its values into one list.")
    axes: dict[str, Axis] = {}
    for path, values in sorted(split, key=lambda pair: _parts(pair[0])):  # a kind comes before its own settings
        above = [axis for axis in axes.values() if within(path, axis.path)]
        axes[path] = _axis(experiment, above, path, values)
    return tuple(axes[path] for path, _ in split)


def within(path: str, other: str) -> bool:
    """Say whether a path leads into what another path sets."""
    inner, outer = _parts(path), _parts(other)
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def at_point(experiment: Experiment, axes: Sequence[Axis], values: Sequence[Any]) -> Experiment:
    """Return an experiment with the axes at some values. Raises SettingsError."""
    order = sorted(range(len(axes)), key=lambda number: _parts(axes[number].path))
    for number in order:
        experiment = _set(experiment, axes[number].path, values[number])
    return experiment


def _split(text: str) -> tuple[str, str]:
    path, equals, values = text.partition("=")
    if not equals or not path.strip():
        raise SettingsError(
            f"{text!r} varies nothing; write it as path=values, for example training.weight_decay=0,1e-4,1e-3 or "
            "network.layers[0].units=1:300:log16."
        )
    if not values.strip():
        raise SettingsError(f"{path.strip()}: There are no values after the equals sign.")
    return _written(path), values.strip()


def _parts(path: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", path))


def _written(path: str) -> str:
    """Return a path as nnviz writes it, such as `network.layers[0].units`."""
    parts = _parts(path)
    return "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in parts).lstrip(".")


def _axis(experiment: Experiment, above: Sequence[Axis], path: str, text: str) -> Axis:
    places = list(_places(experiment, above))
    now = _value(places[0], path)
    known = _field(places[0], path)
    whole = isinstance(now, int) and not isinstance(now, bool)
    found: dict[str, Any] = {}
    items = _items(path, text)
    spans = []
    for item in items:
        values, span = _range(path, item, whole)
        spans.append(span)
        if span is not None:
            for place in places:
                _set(place, path, span.at(1.0))  # searches draw up to there
        for value in values:
            for place in places:
                meaning, sound = _read_back(_set(place, path, value), path, value)
            found.setdefault(meaning, sound)
    title = known.title if known is not None else path
    return Axis(path, title, tuple(found.values()), spans[0] if len(spans) == 1 else None, text)


def _places(experiment: Experiment, above: Sequence[Axis]) -> Iterator[Experiment]:
    """Yield the experiment with every combination of the values of the axes that a path leads into."""
    for values in itertools.product(*(axis.values for axis in above)):
        yield at_point(experiment, above, values)


def _set(experiment: Experiment, path: str, value: Any) -> Experiment:
    """Return the experiment with a value; the error names it."""
    try:
        return changed(experiment, path, value)
    except SettingsError as error:
        text, shown = str(error), label(value)
        if not text.startswith(path):
            text = f"{path}: {text}"
        raise SettingsError(text if shown in text else f"{text.rstrip('.')} (the value is {shown}).") from None


def _value(experiment: Experiment, path: str) -> Any:
    """Return what stands at a path. Raises SettingsError where there is nothing."""
    node: Any = experiment
    for part in _parts(path):
        if isinstance(node, tuple) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        elif isinstance(node, Settings) and part in node.__struct_fields__:
            node = getattr(node, part)
        else:
            changed(experiment, path, 0)  # says in its own words what is wrong with the path
            raise SettingsError(f"{path}: There is no such setting.")
    return node


def _field(experiment: Experiment, path: str) -> Field | None:
    """Return how a setting introduces itself, None for an entry of a list."""
    *outer, last = _parts(path) or ("",)
    owner = _value(experiment, ".".join(outer)) if outer else experiment
    known = fields(type(owner)) if isinstance(owner, Settings) else ()
    return next((each for each in known if each.name == last), None)


def _read_back(experiment: Experiment, path: str, value: Any) -> tuple[str, Any]:
    """Return what a value means, the same for `adam` and `{kind="adam"}`, and the value as plain data.

    A number is what the setting holds: 0.0 where 0 was given for a real number.
    """
    held = _value(experiment, path)
    meaning = json.dumps(msgspec.to_builtins(held), sort_keys=True)
    return meaning, held if isinstance(held, int | float) else value


def _items(path: str, text: str) -> list[str]:
    """Return what commas separate outside of brackets and quotes."""
    items, depth, quote, item = [], 0, "", ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "[{":
            depth += 1
        elif letter in "]}":
            depth -= 1
        if letter == "," and not quote and depth == 0:
            items.append(item.strip())
            item = ""
        else:
            item += letter
    items.append(item.strip())
    if not all(items):
        raise SettingsError(f"{path}: There is an empty value between the commas of {text!r}.")
    return items


def _range(path: str, item: str, whole: bool) -> tuple[list[Any], Span | None]:
    """Return the values of one item, and the span that it opens for searches."""
    match = _RANGE.fullmatch(item)
    if match is None:
        return [_one(path, item)], None
    low, high = float(match[1]), float(match[2])
    scale, count, step = match[3], match[4], match[5]
    if not (math.isfinite(low) and math.isfinite(high) and math.isfinite(high - low)):
        raise SettingsError(f"{path}: {item} has an end that is not a finite number, or ends too far apart.")
    if low > high:
        raise SettingsError(f"{path}: {item} runs from {low:g} down to {high:g}; write the smaller end first.")
    if scale is None:
        return _stepped(path, item, low, high, float(step) if step else 1.0, whole), None
    n = int(count)
    if not 1 <= n <= MOST_VALUES:
        raise SettingsError(f"{path}: {item} asks for {n:,} values; 1 to {MOST_VALUES:,} can be had.")
    if scale == "log" and low <= 0.0:
        raise SettingsError(f"{path}: {item} has a logarithm for positive ends only; list 0 by itself, as in 0,{item}.")
    spaced = np.geomspace(low, high, n) if scale == "log" else np.linspace(low, high, n)
    if whole:
        low, high = float(np.round(low)), float(np.round(high))
    if scale == "log" and low <= 0.0:
        raise SettingsError(f"{path}: {item} begins with 0 once rounded, which has no logarithm; begin with 1.")
    return _tidy(spaced, whole), Span(low, high, scale == "log", whole) if low < high else None


def _stepped(path: str, item: str, low: float, high: float, step: float, whole: bool) -> list[Any]:
    if not (math.isfinite(step) and step > 0.0):
        raise SettingsError(f"{path}: {item} needs a step above 0.")
    steps = (high - low) / step * (1 + 1e-12) + 1e-9
    if steps >= MOST_VALUES:
        raise SettingsError(f"{path}: {item} has more than {MOST_VALUES:,} values; take a larger step.")
    return _tidy(low + step * np.arange(math.floor(steps) + 1), whole)


def _tidy(values: Any, whole: bool) -> list[Any]:
    """Return numbers without the digits that rounding errors leave; whole numbers where they have to be."""
    if whole:
        return list(dict.fromkeys(int(value) for value in np.round(values)))
    return [float(f"{value:.12g}") for value in values]


def _one(path: str, item: str) -> Any:
    """Return one value: as TOML reads it, a number as Python does, else the text itself."""
    try:
        value = tomllib.loads(f"value = {item}")["value"]
    except (ValueError, RecursionError):  # besides TOMLDecodeError, numbers too long and lists too deep for Python
        value = float(item) if re.fullmatch(_NUMBER, item) else item
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingsError(f"{path}: {item} is not a finite number.")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise SettingsError(f"{path}: {item} holds a date, a time or a number that is not finite.") from None
    return value
