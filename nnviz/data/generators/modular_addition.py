"""Addition modulo p: a task that a network first learns by heart and understands long afterwards."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nnviz.data.dataset import Dataset, Task
from nnviz.data.generators import Generator
from nnviz.settings import Kind, knob


@Generator.registry.register
class ModularAddition(Kind, Generator, frozen=True, tag="modular-addition"):
    """Class (a + b) mod p of a pair of numbers 0..p-1, given as two one-hot codes: features (n, 2p) of 0 and 1.

    The first p features say what a is, the others what b is, so that nothing in them tells which numbers are near each
    other (Power et al. 2022, "Grokking: Generalization beyond overfitting on small algorithmic datasets", section 3).
    No pair comes twice; with all p² of them every class has p.
    """

    title = "Modular addition"
    help = "(a + b) mod p from one-hot pairs. Learned by heart at once; with weight decay understood much later."
    order = 100

    samples: Annotated[
        int,
        knob(
            "Samples",
            "At most so many of the p² pairs are used, as many of every sum as there can be.",
            ge=10,
            le=40_000,
            soft_max=4_000,
            scale="log",
        ),
    ] = 4_000
    modulus: Annotated[
        int, knob("Modulus", "The sum starts again at 0 when it reaches this number p.", ge=2, le=200, soft_max=97)
    ] = 37

    def load(self, seed: int) -> Dataset:
        p = self.modulus
        rng = np.random.default_rng(seed)
        a = np.argsort(rng.uniform(size=(p, p)), axis=0)  # column c: the first numbers of the pairs whose sum is c
        a, total = a.reshape(-1)[: self.samples], np.tile(np.arange(p), p)[: self.samples]
        b = (total - a) % p
        codes = np.eye(p, dtype=np.float32)
        names = tuple(f"{letter} = {number}" for letter in "ab" for number in range(p))
        return Dataset(
            features=np.concatenate([codes[a], codes[b]], axis=1),
            targets=total.astype(np.int64),
            task="classification",
            feature_names=names,
            target_name="sum",
            class_names=tuple(str(number) for number in range(p)),
        )

    def known_shape(self) -> tuple[Task, int, int]:
        return "classification", 2 * self.modulus, self.modulus
