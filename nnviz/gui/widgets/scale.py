"""The arithmetic of a slider: which numbers it stops at, and how numbers are written and read. No Qt."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Number = int | float

DECADES = 6
"""How far a logarithmic scale that may be 0 reaches down from its upper end."""

FEWEST_STOPS = 50
MOST_INTEGERS = 1_000
ROUND_NUMBERS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
ROUND_COUNTS = (*(k / 10 for k in range(10, 30, 2)), 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 7.0, 8.0, 9.0)
LARGEST_POWER_OF_TWO = 512


@dataclass(frozen=True)
class Scale:
    """The numbers that a slider stops at, in ascending order: round ones only, and the two ends.

    A logarithmic scale whose minimum is 0 begins with 0 and goes on six decades below its maximum. An `open` end
    is a bound that the number itself may not take.
    """

    minimum: Number
    maximum: Number
    log: bool = False
    integer: bool = False
    open_minimum: bool = False
    open_maximum: bool = False
    stops: Sequence[Number] = field(init=False, default=())

    def __post_init__(self) -> None:
        found = _log_stops(self) if self.log else _linear_stops(self)
        ends = [self.minimum] * (not self.open_minimum) + [self.maximum] * (not self.open_maximum)
        inside = [v for v in found if self.minimum < v < self.maximum]
        values: Iterable[Number] = {round(v) for v in [*inside, *ends]} if self.integer else {*inside, *ends}
        object.__setattr__(self, "stops", tuple(sorted(values)))

    def index(self, value: Number) -> int:
        """Return the position of the stop that is nearest to a number."""
        above = min(bisect_left(self.stops, value), len(self.stops) - 1)
        below = max(above - 1, 0)
        return below if value - self.stops[below] < self.stops[above] - value else above


def _linear_stops(scale: Scale) -> list[Number]:
    span = scale.maximum - scale.minimum
    if span <= 0:
        return [scale.minimum]
    if scale.integer and span <= MOST_INTEGERS:
        return list(range(int(scale.minimum), int(scale.maximum) + 1))
    exponent = math.floor(math.log10(span / FEWEST_STOPS) + 1e-9)
    step = 10.0**exponent
    first, last = math.ceil(scale.minimum / step - 1e-9), math.floor(scale.maximum / step + 1e-9)
    return [round(k * step, max(0, -exponent)) for k in range(first, last + 1)]


def _log_stops(scale: Scale) -> list[Number]:
    lowest = scale.minimum if scale.minimum > 0 else scale.maximum * 10.0**-DECADES
    exponents = range(math.floor(math.log10(lowest) - 1e-9), math.ceil(math.log10(scale.maximum)) + 1)
    values = [float(f"{m:g}e{e}") for e in exponents for m in (ROUND_COUNTS if scale.integer else ROUND_NUMBERS)]
    if scale.integer:  # a count may be 1, 2, 3 ..., and powers of two are usual sizes of batches
        values = [v for v in values if v.is_integer()]
        values += [float(2**k) for k in range(LARGEST_POWER_OF_TWO.bit_length())]
    return [v for v in values if lowest * 0.999 <= v <= scale.maximum]


@dataclass(frozen=True)
class NumberFormat:
    """How a number is written beside a slider, and what may be typed for it.

    `percent` writes 0.1 as 10 %; `unit` stands after the number; `words` name special values, 0 as "off" say.
    """

    integer: bool = False
    percent: bool = False
    unit: str = ""
    words: Mapping[Number, str] = field(default_factory=dict)

    def shown(self, value: Number) -> str:
        """Return the number as the row shows it: short, with its unit."""
        if value in self.words:
            return self.words[value]
        if self.percent:
            return f"{100 * value:.3g} %"
        text = f"{value:,}" if self.integer and isinstance(value, int) else _short(value)
        return f"{text}{self.unit}" if len(self.unit) < 2 else f"{text} {self.unit}"

    def typed(self, value: Number) -> str:
        """Return the number as it stands in the field for typing: complete, without unit."""
        if self.integer and isinstance(value, int):
            return str(value)
        return f"{100 * value if self.percent else value:.10g}"

    def parse(self, text: str) -> Number | str:
        """Return the number that was typed, or the text itself when it is none."""
        cleaned = text.strip()
        for value, word in self.words.items():
            if cleaned.casefold() == word.casefold():
                return value
        cleaned = cleaned.replace("−", "-").replace(" ", "").replace("\u202f", "")
        for ending in ("%" if self.percent else "", self.unit.replace(" ", "")):
            cleaned = cleaned.removesuffix(ending)
        if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", cleaned):
            cleaned = cleaned.replace(",", "")
        try:
            number = float(cleaned.replace(",", ".", 1))
        except ValueError:
            return text.strip()
        if self.percent:
            return float(f"{number / 100:.12g}")
        return int(number) if self.integer and number.is_integer() else number


def _short(value: Number) -> str:
    size = abs(value)
    if size == 0 or 1e-3 <= size < 1e4:
        return f"{value:.4g}"
    if 1e4 <= size < 1e7:
        return f"{value:,.0f}"
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{float(mantissa):g}e{int(exponent)}" if math.isfinite(value) else str(value)
