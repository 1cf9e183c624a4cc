"""New samples of a generator, in the numbers that a network sees which was made for other samples of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import Floats, Part, Scaling, SplitData
from nnviz.data.settings import DataSettings
from nnviz.data.source import Source
from nnviz.data.split import split
from nnviz.data.truth import truth_of

MOST = 200_000
"""Most samples that a generator makes at once."""


def can_be_drawn_anew(source: Source) -> bool:
    """Say whether a source makes as many independent samples as one likes, one set for every seed."""
    return truth_of(source) is not None


def fresh_part(source: Source, samples: int, seed: int, like: SplitData) -> Part:
    """Return new samples, scaled as `like` is, with true targets; `source` is one that can be drawn anew.

    There are at most `MOST`. The same seed gives the same samples.
    """
    dataset = source.replace(samples=int(np.clip(samples, 10, MOST))).load(seed)
    return _part(dataset.features, dataset.targets, np.zeros(dataset.n_samples, bool), like.scaling)


def fresh_split(settings: DataSettings, seed: int, like: SplitData) -> SplitData:
    """Return what the same settings make of another data seed: samples, split, wrong labels and copies are new ones.

    They are in the scaling of `like`, whose test part stays: so networks of both can be asked the same questions.
    """
    made = split(settings.source.load(seed), settings.replace(seed=seed))
    return replace(
        made,
        train=_rescaled(made.train, made.scaling, like.scaling),
        validation=_rescaled(made.validation, made.scaling, like.scaling),
        test=like.test,
        scaling=like.scaling,
    )


def _rescaled(part: Part, own: Scaling, wanted: Scaling) -> Part:
    targets = own.unscaled_target(part.targets) if _are_values(part.targets) else part.targets
    return _part(own.unscaled(part.x), targets, part.noisy, wanted)


def _part(features: Floats, targets: NDArray[Any], noisy: NDArray[np.bool_], scaling: Scaling) -> Part:
    x, y = scaling.scaled(features), targets
    if _are_values(targets):
        y = ((targets - scaling.target_shift) / scaling.target_scale).astype(np.float32)
    for array in (x, y, noisy):
        array.setflags(write=False)
    return Part(x, y, noisy)


def _are_values(targets: NDArray[Any]) -> bool:
    """Say whether targets are those of a regression, which are scaled; class numbers are not."""
    return np.issubdtype(targets.dtype, np.floating)
