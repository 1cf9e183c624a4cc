"""Where the numbers of an axis stand and how they read. No Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LONG = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))

_MOST_DECADES = 300
"""How far from 1 a log axis has ticks, to either side: powers of ten beyond are hardly numbers any more."""

Tick = tuple[float, str]
"""A position on the axis, in its own coordinates, and the text there."""


@dataclass(frozen=True)
class Scale:
    """What one axis shows.

    On a log axis positions are decimal logarithms; `zero` is then the position that stands for values of 0
    or less. `fixed` replaces the numbers by given ticks; without `numbers` there are none, without
    `grid` no hairlines.
    """

    label: str = ""
    log: bool = False
    whole: bool = False
    zero: float | None = None
    fixed: tuple[Tick, ...] | None = None
    numbers: bool = True
    grid: bool = True

    def ticks(self, low: float, high: float, most: int) -> list[Tick]:
        """Return at most about `most` ticks between two positions."""
        if not self.numbers or not (math.isfinite(low) and math.isfinite(high)) or high <= low:
            return []
        if self.fixed is not None:
            return _thinned([tick for tick in self.fixed if low <= tick[0] <= high], most)
        if not self.log:
            return linear_ticks(low, high, most, self.whole)
        ticks = log_ticks(low, high, most)
        if self.zero is not None and low <= self.zero <= high:
            room = (high - low) / (2 * max(1, most))
            ticks = [(self.zero, "0"), *(tick for tick in ticks if tick[0] > self.zero + room)]
        return ticks


def linear_ticks(low: float, high: float, most: int, whole: bool = False) -> list[Tick]:
    """Return ticks at multiples of 1, 2 or 5 times a power of ten; of 1 at least when `whole`."""
    step = _step(0.8 * (high - low) / max(1, most))
    if whole:
        step = max(1.0, step)
    numbers = np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    largest = max(abs(low), abs(high))
    return [(float(n * step), number(float(n * step), step, largest)) for n in numbers[: 4 * max(1, most) + 4]]


def log_ticks(low: float, high: float, most: int) -> list[Tick]:
    """Return ticks at powers of ten; at 1, 2 and 5 times them, or evenly, where fewer than two would be left."""
    if max(abs(low), abs(high)) > _MOST_DECADES:
        return []
    decades = list(range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1))
    tiny = low < -3.0
    if len(decades) >= 2:
        every = -(-len(decades) // max(1, most))
        chosen = [k for k in decades if k % every == 0]
        return [(float(k), _power(k, tiny)) for k in (chosen if len(chosen) > 1 else decades[::every])]
    spread = range(math.floor(low), math.ceil(high) + 1)
    places = [(math.log10(m) + k, m * 10.0**k) for k in spread for m in (1, 2, 5)]
    inside = [(position, number(value, value)) for position, value in places if low <= position <= high]
    if len(inside) >= 2:
        return _thinned(inside, most)
    bottom, top = 10.0 ** max(low, -300), 10.0 ** min(high, 300)
    return [(math.log10(float(at)), text) for at, text in linear_ticks(bottom, top, most) if at > 0]


_MOST_DIGITS = 10
"""Digits behind the point of a tick. So many only stand there when the axis is that far zoomed in."""


def number(value: float, step: float = 0.0, largest: float = 0.0) -> str:
    """Return a number for an axis with ticks `step` apart: no digits in vain, thousands as k, M, G."""
    size = max(abs(value), largest)
    if value == 0:
        return "0"
    if size < 1e-3 or size >= 1e15:
        digits = math.floor(math.log10(abs(value))) - math.floor(math.log10(step) + 1e-9) if step > 0 else 1
        digits = min(max(digits, 0), _MOST_DIGITS)
        mantissa, exponent = f"{value:.{digits}e}".split("e")
        return minus(f"{float(mantissa):.{digits + 1}g}e{int(exponent)}")
    unit, suffix = next(((unit, suffix) for unit, suffix in _LONG if size >= max(unit, 1e4)), (1.0, ""))
    decimals = max(0, -math.floor(math.log10(step / unit) + 1e-9)) if step > 0 else 0
    return minus(f"{value / unit:,.{min(decimals, _MOST_DIGITS)}f}{suffix}")


def value_text(value: float) -> str:
    """Return a measured value with three or four significant digits, for a read-out."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e6 or size < 1e-4:
        mantissa, exponent = f"{value:.2e}".split("e")
        return minus(f"{mantissa}e{int(exponent)}")
    decimals = max(0, 3 - max(0, math.floor(math.log10(size)) + 1)) if size >= 1 else 2 - math.floor(math.log10(size))
    return minus(f"{value:,.{decimals}f}")


def minus(text: str) -> str:
    """Return the text with true minus signs."""
    return text.replace("-", "−")


def _power(exponent: int, tiny: bool) -> str:
    value = 10.0**exponent
    return "10" + str(exponent).translate(_SUPERSCRIPT) if tiny or exponent > 14 else number(value, value)


def _step(rough: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is not below `rough`."""
    power = 10.0 ** math.floor(math.log10(max(rough, 1e-300)))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= rough * (1 - 1e-9))


def _thinned(ticks: list[Tick], most: int) -> list[Tick]:
    every = -(-len(ticks) // max(1, most))
    return ticks[::every]
