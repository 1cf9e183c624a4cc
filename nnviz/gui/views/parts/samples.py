"""Samples as dots: train filled, test hollow, mislabelled ones ringed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from nnviz.data.dataset import Part, SplitData
from nnviz.gui.plot import Dot
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, finite_range
from nnviz.gui.views.parts.colors import ValueScale

MOST, FEWEST = 2_000, 300
"""Samples drawn of each part, depending on the room: more would hide each other."""

MOST_KEYS = 12
"""Classes named in a legend."""

STEPS = 24
"""Colours that a regression target is drawn in."""

TRAIN, TEST, NOISY = 0, 1, 2
"""How a sample is drawn: as one of the training part, of the test part, or mislabelled in the training part."""


def room_for(width: float, height: float) -> int:
    """Return how many samples of each part are drawn on a plot of this size."""
    return int(np.clip(width * height / 60, FEWEST, MOST))


def chosen(count: int, most: int) -> NDArray[np.intp]:
    """Return the numbers of at most `most` of `count` samples, evenly chosen."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).round().astype(np.intp)


def interleaved(counts: Sequence[int]) -> NDArray[np.intp]:
    """Return an order of the samples of several parts, one part after the other, in which no part covers the others."""
    return np.argsort(np.concatenate([(np.arange(count) + 0.5) / count for count in counts]), kind="stable")


def kinds(part: Part, test: bool, which: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return how each of some samples is drawn: TRAIN, TEST or NOISY, (n,)."""
    if test:
        return np.full(len(which), TEST, np.intp)
    return np.where(part.noisy[which], NOISY, TRAIN).astype(np.intp)


def sample_colors(data: SplitData, scale: ValueScale | None, theme: Theme) -> list[QColor]:
    """Return the colours that samples are drawn in: one per class, or steps of the value scale."""
    return scale.colors(STEPS) if scale is not None else [theme.class_color(i) for i in range(data.n_classes)]


def color_numbers(data: SplitData, part: Part, which: NDArray[np.intp], scale: ValueScale | None) -> NDArray[np.intp]:
    """Return the number of each sample's colour among `sample_colors`: (n,)."""
    if scale is None:
        return part.targets[which].astype(np.intp)
    return scale.steps(data.scaling.unscaled_target(part.targets[which]), STEPS)


def looks(colors: Sequence[QColor], size: float, edge: QColor, core: QColor, ring: QColor) -> list[Dot]:
    """Return three looks for each colour, in the order TRAIN, TEST, NOISY; `size` is the diameter of the colour.

    `edge` is a hairline that separates the dot from what is under it, `core` the inside of hollow dots, `ring` goes
    around mislabelled ones.
    """
    made = []
    for color in colors:
        filled = ((size + 1.6, edge), (size, color))
        hollow = ((size + 1.6, edge), (size, color), (max(1.0, size - 2.3), core))
        ringed = ((size + 5.6, ring), (size + 2.4, edge), (size, color))
        made += [Dot(filled), Dot(hollow), Dot(ringed)]
    return made


def dot_size(count: int, width: float, height: float) -> float:
    """Return the diameter of dots so that many of them still show what lies between."""
    smallest = np.clip(np.sqrt(width * height) / 45, 3.5, 5.0)
    largest = np.clip(min(width, height) / 14, 5.0, 9.0)
    return float(np.clip(0.45 * np.sqrt(width * height / max(1, count)), smallest, largest))


def keys(data: SplitData, scale: ValueScale | None, theme: Theme, test: bool) -> tuple[Key, ...]:
    """Return the legend of samples: classes or values by colour, parts by sign."""
    muted = theme.color("muted")
    parts = (Key("Train", muted, "dot"), *((Key("Test", muted, "ring"),) if test else ()))
    if data.train.noisy.any():
        parts = (*parts, Key("Wrong label", theme.color("danger"), "ring"))
    if scale is None:
        classes = (Key(name, theme.class_color(i), "square") for i, name in enumerate(data.class_names[:MOST_KEYS]))
        return (*classes, *parts)
    shown = zip((scale.low, (scale.low + scale.high) / 2, scale.high), (0, 128, 255), strict=True)
    values = [Key(value_text(value), QColor(*map(int, scale.ramp[place])), "square") for value, place in shown]
    values[0] = replace(values[0], label=f"{data.target_name} = {values[0].label}")
    return (*values, *parts)


def target_range(data: SplitData) -> tuple[float, float] | None:
    """Return the smallest and the largest training value of a target; None for classes."""
    if data.task == "classification":
        return None
    return finite_range(data.scaling.unscaled_target(data.train.targets)) or (0.0, 1.0)


def target_scale(data: SplitData, theme: Theme, shared: tuple[float, float] | None = None) -> ValueScale | None:
    """Return the colours of the target, over its own range or a shared one; None for classes."""
    own = target_range(data)
    return None if own is None else ValueScale(*(shared or own), theme)


def counted(data: SplitData, drawn: int, test: bool) -> str:
    """Return what the title bar says about the samples."""
    signs = "train ● test ○" if test else "train ●"
    total = len(data.real_train) + (len(data.test) if test else 0)
    return signs if drawn >= total else f"{signs} · {drawn:,} of {total:,}"
