"""From a data source to what a network is given: split, label noise, changed copies, scaling."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.data.augmentation import changed_copies
from nnviz.data.dataset import DataError, Dataset, Floats, Part, Scaling, SplitData
from nnviz.data.settings import DataSettings

Indices = NDArray[np.intp]


def prepare(settings: DataSettings) -> SplitData:
    """Load the samples of an experiment and prepare them. Raises DataError when they cannot be used."""
    return split(settings.source.load(settings.seed), settings)


def split(dataset: Dataset, settings: DataSettings) -> SplitData:
    """Split a dataset into train, validation and test, add label noise to train, fill gaps and scale all three.

    Scaling and the values that fill gaps are measured on the training part alone, so that nothing of the test part
    leaks into training. Changed copies join the training part last: they carry the label that their sample has, be it
    a wrong one, and move neither split nor label noise nor scaling. Raises DataError when there are too few samples
    for a train and a test part.
    """
    train, validation, test = split_indices(dataset, settings)
    if len(train) == 0 or len(test) == 0:
        raise DataError(
            f"{dataset.n_samples} samples leave {len(train)} for training and {len(test)} for testing; "
            "add samples or change the train share."
        )
    return split_at(dataset, settings, train, validation, test)


def split_at(dataset: Dataset, settings: DataSettings, train: Indices, validation: Indices, test: Indices) -> SplitData:
    """Return the split with these sample numbers, prepared in the same way."""
    dataset = with_gaps_filled(dataset, train)
    targets, noisy = with_label_noise(dataset, train, settings)
    scaling = fit_scaling(dataset, targets, train) if settings.standardize else no_scaling(dataset)
    if settings.centre:
        scaling = replace(scaling, shift=dataset.features[train].mean(axis=0, dtype=np.float64))

    def part(rows: Indices, copies: int = 0) -> Part:
        features, identities = dataset.features[rows], rows if dataset.identities is None else dataset.identities[rows]
        x, y, wrong = scaling.scaled(features), targets[rows], noisy[rows]
        if copies:
            changed = changed_copies(features, identities, settings, dataset.image_shape)
            x = np.concatenate([x, scaling.scaled(changed)])
            y, wrong = np.tile(y, 1 + copies), np.tile(wrong, 1 + copies)
        if dataset.task == "regression":
            y = ((y - scaling.target_shift) / scaling.target_scale).astype(np.float32)
        for array in (x, y, wrong):
            array.setflags(write=False)
        return Part(x, y, wrong)

    return SplitData(
        train=part(train, settings.copies),
        validation=part(validation),
        test=part(test),
        task=dataset.task,
        scaling=scaling,
        feature_names=dataset.feature_names,
        target_name=dataset.target_name,
        class_names=dataset.class_names,
        image_shape=dataset.image_shape,
        notes=dataset.notes + _advice(dataset, train, settings),
        copies=settings.copies,
    )


def split_indices(dataset: Dataset, settings: DataSettings) -> tuple[Indices, Indices, Indices]:
    """Return the sample numbers of train, validation and test.

    Classes are split one by one (stratified), so that each part holds the same mixture. Samples with
    identities are split by a hash of theirs: adding or erasing others never moves one across.
    """
    if dataset.identities is not None:
        place = _hash_uniform(dataset.identities, settings.seed)
        cut = _cuts(settings)
        return tuple(np.flatnonzero((low <= place) & (place < high)) for low, high in cut)  # type: ignore[return-value]
    rng = np.random.default_rng([settings.seed, 1])
    groups = [np.arange(dataset.n_samples)]
    if dataset.task == "classification":
        groups = [np.flatnonzero(dataset.targets == k) for k in range(max(1, dataset.n_classes))]
    parts: tuple[list[Indices], ...] = ([], [], [])
    for group in groups:
        order, n = rng.permutation(group), len(group)
        for (low, high), part in zip(_cuts(settings), parts, strict=True):
            part.append(order[round(low * n) : round(min(high, 1.0) * n)])
    train, validation, test = (np.sort(np.concatenate(part)) for part in parts)
    return train, validation, test


def _cuts(settings: DataSettings) -> tuple[tuple[float, float], ...]:
    first = settings.train_share
    second = min(first + settings.validation_share, 0.99)
    return (0.0, first), (first, max(first, second)), (max(first, second), 1.0 + 1e-9)


def _hash_uniform(identities: NDArray[np.uint32], seed: int) -> NDArray[np.float64]:
    """Map identities (n,) to numbers in [0, 1) that look random (the finalizer of MurmurHash3, 32 bits)."""
    h = identities.astype(np.uint32) + np.uint32((seed * 0x9E3779B9 + 0x7F4A7C15) & 0xFFFFFFFF)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        h = (h ^ (h >> np.uint32(shift))) * np.uint32(factor)
    return h / 2.0**32


def with_gaps_filled(dataset: Dataset, train: Indices) -> Dataset:
    """Return the dataset with missing features (NaN) replaced by the mean of the known ones in the training part.

    A feature without any known training value becomes 0. A missing category becomes the training share of each.
    """
    x = dataset.features
    gaps = np.isnan(x)
    if not gaps.any():
        return dataset
    columns = np.flatnonzero(gaps.any(axis=0))
    known = ~gaps[np.ix_(train, columns)]
    values = np.where(known, x[np.ix_(train, columns)], 0.0).astype(np.float64)
    means = np.zeros(dataset.n_features)
    means[columns] = values.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    note = f"{_count(int(gaps.sum()), 'missing value')} filled with the mean of the feature in the training part."
    return replace(dataset, features=np.where(gaps, means.astype(x.dtype), x), notes=(*dataset.notes, note))


def _advice(dataset: Dataset, train: Indices, settings: DataSettings) -> tuple[str, ...]:
    """Return a note when features differ so much in size that a network would see only the largest."""
    if settings.standardize or dataset.n_features < 2 or dataset.image_shape is not None:
        return ()
    spread = dataset.features[train].std(axis=0, dtype=np.float64)
    spread = spread[spread > 0]
    if len(spread) < 2 or spread.max() < 100 * spread.min():
        return ()
    return ("Some features vary over 100 times as much as others; Standardize makes them comparable.",)


def _count(n: int, what: str) -> str:
    return f"{n:,} {what} was" if n == 1 else f"{n:,} {what}s were"


def with_label_noise(
    dataset: Dataset, train: Indices, settings: DataSettings
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the targets (n,) after replacing a share of the training labels, and where that happened (n,).

    A replaced label is always another class, drawn uniformly; test labels stay true (Arpit et al. 2017).
    """
    noisy = np.zeros(dataset.n_samples, bool)
    if dataset.task == "regression" or settings.label_noise == 0 or dataset.n_classes < 2:
        return dataset.targets, noisy
    rng = np.random.default_rng([settings.seed, 2])
    if dataset.identities is not None:  # drawn samples keep their noise while others come and go
        chosen = train[_hash_uniform(dataset.identities[train], settings.seed + 1) < settings.label_noise]
        offset = 1 + (dataset.identities[chosen].astype(np.int64) % (dataset.n_classes - 1))
    else:
        chosen = rng.permutation(train)[: round(settings.label_noise * len(train))]
        offset = rng.integers(1, dataset.n_classes, len(chosen))
    targets = dataset.targets.astype(np.int64)
    targets[chosen] = (targets[chosen] + offset) % dataset.n_classes
    noisy[chosen] = True
    return targets, noisy


def fit_scaling(dataset: Dataset, targets: NDArray[Any], train: Indices) -> Scaling:
    """Return the scaling to mean 0 and deviation 1 over the training samples; constant columns are only shifted.

    Pixels share one shift and one scale, so that the picture keeps its shape.
    """
    x = dataset.features[train].astype(np.float64)
    if dataset.image_shape is not None:
        shift, scale = np.full(x.shape[1], x.mean()), np.full(x.shape[1], x.std())
    else:
        shift, scale = x.mean(axis=0), x.std(axis=0)
    scale = _without_constants(shift, scale, len(x))
    if dataset.task == "classification":
        return Scaling(shift, scale)
    y = targets[train].astype(np.float64)
    mean, deviation = y.mean(keepdims=True), y.std(keepdims=True)
    return Scaling(shift, scale, float(mean[0]), float(_without_constants(mean, deviation, len(y))[0]))


def _without_constants(mean: Floats, deviation: Floats, n: int) -> NDArray[np.float64]:
    """Return the deviations with 1 where a column is constant up to rounding, by the bound of scikit-learn.

    The deviation of a constant comes out as a rounding error instead of 0; dividing by it would blow that error up.
    """
    eps = np.finfo(np.float64).eps
    constant = deviation**2 <= n * eps * deviation**2 + (n * eps * mean) ** 2
    return np.where(constant, 1.0, deviation)


def no_scaling(dataset: Dataset) -> Scaling:
    """Return the scaling that changes nothing."""
    return Scaling(np.zeros(dataset.n_features), np.ones(dataset.n_features))
