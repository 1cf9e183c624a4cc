"""Changed copies of training samples: more to learn from without a new measurement (Simard, Steinkraus & Platt 2003).

The random numbers of a copy are a function of the data seed, the sample and the number of the copy: more copies leave
the first ones as they are, and a sample keeps its copies while others come and go.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import Floats
from nnviz.data.settings import DataSettings

_Words = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)


def changed_copies(
    features: Floats, identities: NDArray[Any], settings: DataSettings, image_shape: tuple[int, int, int] | None
) -> NDArray[np.float64]:
    """Return `settings.copies` changed copies of training samples (n, d), one whole set after another: (copies · n, d).

    Pictures are shifted by a whole number of pixels, at most `settings.shift`, along both sides; zeros fill the gap.
    Then every number is joined by Gaussian noise of `settings.jitter` times the standard deviation of its feature over
    the samples; pixels share one deviation. `identities` (n,) are numbers of 0 or more that tell samples apart.
    """
    x = np.asarray(features, np.float64)
    spread = np.asarray(x.std() if image_shape is not None else x.std(axis=0))
    copies = [x[:0]]
    for copy in range(settings.copies):
        words = _words(settings.seed, copy, identities, x.shape[1] + 2)
        moved = x if image_shape is None else _shifted(x, words[:, -2:], settings.shift, image_shape)
        copies.append(moved + settings.jitter * spread * _normal(words[:, :-2]))
    return np.concatenate(copies)


def _shifted(x: NDArray[np.float64], words: _Words, most: int, shape: tuple[int, int, int]) -> NDArray[np.float64]:
    """Return pictures (n, d), each moved down and right by numbers from −`most` to `most` drawn by its words (n, 2)."""
    channels, height, width = shape
    padded = np.pad(x.reshape(-1, *shape), ((0, 0), (0, 0), (most, most), (most, most)))
    down, right = ((words >> np.uint64(32)) * np.uint64(2 * most + 1) >> np.uint64(32)).astype(np.int64).T
    rows, columns = np.arange(height) + down[:, None], np.arange(width) + right[:, None]
    which, channel = np.arange(len(x))[:, None, None, None], np.arange(channels)[:, None, None]
    moved = padded[which, channel, rows[:, None, :, None], columns[:, None, None, :]]
    return np.asarray(moved.reshape(len(x), -1))


def _normal(words: _Words) -> NDArray[np.float64]:
    """Return a number from N(0, 1) for every word, of the shape of the words (Box & Muller 1958)."""
    first = ((words >> np.uint64(32)) + 0.5) / 2.0**32
    second = (words & np.uint64(0xFFFF_FFFF)) / 2.0**32
    return np.asarray(np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second))


def _words(seed: int, copy: int, identities: NDArray[Any], count: int) -> _Words:
    """Return `count` random words for one copy of every sample: (n, count).

    Seed, copy, sample and place are mixed in one after the other by the finalizer of SplitMix64 (Steele, Lea & Flood
    2014), which changes half of all bits when one of them changes.
    """
    place = np.arange(count, dtype=np.uint64) + np.uint64(1)
    word = _mixed(np.array([seed], np.uint64) * _STEP)
    for number in (np.array([copy + 1], np.uint64), identities.astype(np.uint64)[:, None] + np.uint64(1), place):
        word = _mixed(word + number * _STEP)
    return word


def _mixed(z: _Words) -> _Words:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
