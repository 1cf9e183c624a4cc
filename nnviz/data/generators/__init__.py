"""Samples made from a formula and a seed: one file per generator.

Here: the contract of a generator, and the shape of its result.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import Dataset, Floats
from nnviz.data.source import Source
from nnviz.settings import knob

Samples = Annotated[int, knob("Samples", "How many samples are made.", ge=10, le=200_000, soft_max=2_000, scale="log")]
Noise = Annotated[float, knob("Noise", "Standard deviation added to both coordinates.", ge=0.0, le=5.0, soft_max=2.0)]
TargetNoise = Annotated[float, knob("Noise", "Standard deviation added to the target.", ge=0.0, le=5.0, soft_max=1.0)]

PLANE_LIMIT = 6.0
"""Generators of two features put their samples inside [-6, 6] in both, so that one frame fits them all."""


class Generator(Source):
    """A source whose samples come from a formula. Classes are as equal in number as the samples allow."""

    __slots__ = ()
    family = "generator"
    is_scaled = True


def plane_classes(points: Floats, labels: NDArray[np.generic], n_classes: int = 2) -> Dataset:
    """Return a classification dataset of points (n, 2) with labels (n,), classes named A, B, C ..."""
    names = tuple(chr(ord("A") + k) for k in range(n_classes))
    return Dataset(points.astype(np.float32), labels.astype(np.int64), "classification", ("x₁", "x₂"), "class", names)


def plane_values(points: Floats, values: Floats) -> Dataset:
    """Return a regression dataset of points (n, 2) with values (n,)."""
    return Dataset(points.astype(np.float32), values.astype(np.float32), "regression", ("x₁", "x₂"), "y")
