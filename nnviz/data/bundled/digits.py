"""Handwritten digits: small pictures that a small network can learn within seconds."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from nnviz.data.bundled import Bundled, from_sklearn
from nnviz.data.dataset import Dataset
from nnviz.settings import Kind, knob


@Bundled.registry.register
class Digits(Kind, Bundled, frozen=True, tag="digits"):
    """Pictures of 8×8 pixels, brightness 0 to 1 (the file's 0 to 16 divided by 16), classes 0 to 9.

    Alpaydin & Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.
    """

    title = "Digits"
    help = "1,797 handwritten digits of 8×8 pixels. Few of them and some label noise show double descent."
    order = 10
    is_image = True
    is_scaled = True

    samples: Annotated[
        int, knob("Samples", "How many of the pictures are used, after a shuffle by the data seed.", ge=20, le=1797)
    ] = 1797

    def load(self, seed: int) -> Dataset:
        names = [f"pixel {row},{column}" for row in range(1, 9) for column in range(1, 9)]
        everything = from_sklearn("digits", "classification", "digit", names)
        chosen = np.random.default_rng(seed).permutation(everything.n_samples)[: self.samples]
        return replace(
            everything,
            features=(everything.features[chosen] / 16.0).astype(np.float32),
            targets=everything.targets[chosen],
            image_shape=(1, 8, 8),
        )
