"""K folds of the samples that choices may be made with: train and validation. The test part takes no part in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import DataError, Dataset, SplitData
from nnviz.data.settings import DataSettings
from nnviz.data.split import Indices, split_at, split_indices


def fold_numbers(targets: NDArray[Any], folds: int, seed: int, classes: bool = True) -> NDArray[np.int64]:
    """Return the fold, 0..folds − 1, of every sample (n,): at random, and of all classes evenly.

    Samples are sorted by class, in random order within each, and dealt out in turn: folds differ by at most one in
    size, and by at most one in the samples that they have of any class (Kohavi 1995, stratified cross-validation).
    Without `classes` targets are values, and are dealt out in random order. Raises DataError for fewer than two folds,
    or fewer samples than folds.
    """
    if not 2 <= folds <= len(targets):
        raise DataError(f"{len(targets):,} samples cannot make {folds:,} folds: choose from 2 to {len(targets):,}.")
    rng = np.random.default_rng([seed, 12])
    order = rng.permutation(len(targets))
    if classes:
        order = order[np.argsort(targets[order], kind="stable")]
    numbers = np.empty(len(targets), np.int64)
    numbers[order] = rng.permutation(folds)[np.arange(len(targets)) % folds]  # so that no fold is always the largest
    return numbers


def split_fold(dataset: Dataset, settings: DataSettings, numbers: NDArray[np.int64], fold: int) -> SplitData:
    """Return the samples with one fold as the validation part and all others as the training part.

    `numbers` (n,) are the folds of the samples in `pool`, in its order. Gaps, scaling, label noise and copies are those
    of this training part alone, so that nothing of the fold leaks into training.
    """
    rows, test = pool(dataset, settings)
    return split_at(dataset, settings, rows[numbers != fold], rows[numbers == fold], test)


def pool(dataset: Dataset, settings: DataSettings) -> tuple[Indices, Indices]:
    """Return the sample numbers of train and validation together, ascending, and those of the test part."""
    train, validation, test = split_indices(dataset, settings)
    return np.sort(np.concatenate([train, validation])), test
