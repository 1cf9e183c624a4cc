"""Samples as they come from a source, and as a network is given them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Task = Literal["classification", "regression"]
Floats = NDArray[np.floating]


class DataError(ValueError):
    """Data that cannot be used: one sentence that says what, where (file, row, column) and what to do."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Dataset:
    """All samples of one source, before any split.

    features: (n, d) floats, NaN where a value is missing (the split fills these); targets: (n,) class numbers
    0..C-1 (int64) or values (float). `image_shape` is (channels, height, width) when the features are pixels.
    `identities`, (n,) uint32, stay with a sample while others come and go; a split that follows them never moves
    a sample to the other side.
    """

    features: Floats
    targets: NDArray[Any]
    task: Task
    feature_names: tuple[str, ...]
    target_name: str = "target"
    class_names: tuple[str, ...] = ()
    image_shape: tuple[int, int, int] | None = None
    identities: NDArray[np.uint32] | None = None
    notes: tuple[str, ...] = ()  # what was done on reading, in sentences for the user

    @property
    def n_samples(self) -> int:
        return len(self.features)

    @property
    def n_features(self) -> int:
        return int(self.features.shape[1])

    @property
    def n_classes(self) -> int:
        return len(self.class_names)


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a split: what a network trains on or is measured with.

    x: (n, d) float32, scaled; targets: (n,) int64 class numbers or float32 scaled values; `noisy`:
    (n,) bool, True where label noise replaced the class.
    """

    x: NDArray[np.float32]
    targets: NDArray[Any]
    noisy: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class Scaling:
    """The affine map between units of the source and the numbers that a network sees.

    scaled = (value - shift) / scale, per feature (d,) and for a regression target.
    """

    shift: NDArray[np.float64]
    scale: NDArray[np.float64]
    target_shift: float = 0.0
    target_scale: float = 1.0

    def scaled(self, features: Floats) -> NDArray[np.float32]:
        return np.ascontiguousarray((features - self.shift) / self.scale, dtype=np.float32)

    def unscaled(self, x: Floats) -> NDArray[np.float64]:
        return np.asarray(x, np.float64) * self.scale + self.shift

    def unscaled_target(self, y: Floats) -> Floats:
        return np.asarray(y) * self.target_scale + self.target_shift


@dataclass(frozen=True, eq=False)
class SplitData:
    """A dataset after splitting, label noise and scaling: everything that training and drawing need.

    `train`, `validation` and `test` hold scaled numbers; `validation` may be empty. All arrays are read-only. In the
    training part the samples of the source are followed by `copies` changed sets of them.
    """

    train: Part
    validation: Part
    test: Part
    task: Task
    scaling: Scaling
    feature_names: tuple[str, ...]
    target_name: str
    class_names: tuple[str, ...] = ()
    image_shape: tuple[int, int, int] | None = None
    notes: tuple[str, ...] = ()
    copies: int = 0

    @property
    def real_train(self) -> Part:
        """The training part without the changed copies: what is drawn of it."""
        real = len(self.train) // (1 + self.copies)
        return Part(self.train.x[:real], self.train.targets[:real], self.train.noisy[:real])

    @property
    def n_features(self) -> int:
        return int(self.train.x.shape[1])

    @property
    def n_classes(self) -> int:
        """The number of classes; 0 for regression."""
        return len(self.class_names)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one sample as the first layer sees it: (d,) or (channels, height, width)."""
        return self.image_shape or (self.n_features,)

    def parts(self) -> dict[str, Part]:
        """The parts that hold samples, by name, in the order train, validation, test."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part for name, part in named.items() if len(part)}

    def real_parts(self) -> dict[str, Part]:
        """The same without changed copies."""
        return {**self.parts(), "train": self.real_train}
