"""The same samples with another training part: fewer of them, drawn anew, or with other labels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import Part, SplitData


def with_training_rows(data: SplitData, rows: NDArray[np.integer]) -> SplitData:
    """Return the data with those rows (m,) of the real training part alone, each with its changed copies.

    A row may come several times, as in a bootstrap. Scaling stays as it was measured on the whole training part, so
    that networks see the same numbers.
    """
    train, real = data.train, len(data.real_train)
    every = np.concatenate([rows + number * real for number in range(1 + data.copies)])
    return replace(data, train=_frozen(train.x[every], train.targets[every], train.noisy[every]))


def with_training_targets(data: SplitData, targets: NDArray[Any], noisy: NDArray[np.bool_] | None = None) -> SplitData:
    """Return the data with other targets (n,) in the training part.

    `noisy` (n,) says which of them are wrong; by default those that were.
    """
    train = data.train
    wrong = train.noisy if noisy is None else noisy
    return replace(data, train=_frozen(train.x, targets.astype(train.targets.dtype), wrong))


def _frozen(x: NDArray[np.float32], targets: NDArray[Any], noisy: NDArray[np.bool_]) -> Part:
    for array in (x, targets, noisy):
        array.setflags(write=False)
    return Part(x, targets, noisy)
