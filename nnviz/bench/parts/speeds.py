"""Epochs per second of two sides, measured in turn."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from nnviz.bench import seconds

Epochs = Callable[[int], object]
"""Trains that many epochs."""

Rate = Callable[[], float]
"""Trains for a while and returns epochs per second."""


@dataclass(frozen=True)
class Compared:
    """The median of the ratios of all pairs, and the median epochs per second of each side."""

    ratio: float
    ours: float
    theirs: float


def rate_of(run: Epochs, lasting: float = 0.2) -> Rate:
    """Return what measures a side, in stretches of about `lasting` seconds; the first call of `run` is not counted."""
    run(1)  # compiles, allocates, fills caches
    epochs, taken = 1, seconds(partial(run, 1))
    while taken < lasting / 4:
        epochs *= 2
        taken = seconds(partial(run, epochs))
    enough = max(1, round(epochs * lasting / taken))
    return lambda: enough / seconds(partial(run, enough))


def compare(ours: Rate, theirs: Rate, rounds: int = 5) -> Compared:
    """Measure both sides back to back, each first in turn, so that a machine that changes its pace favours neither."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            ours_now = ours()
            theirs_now = theirs()
        else:
            theirs_now = theirs()
            ours_now = ours()
        pairs.append((ours_now, theirs_now))
    return Compared(
        statistics.median(a / b for a, b in pairs),
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
    )
