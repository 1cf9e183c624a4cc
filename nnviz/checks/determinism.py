"""The same experiment twice."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from nnviz.checks import Finding, SelfTest, self_tests
from nnviz.checks.parts.engines import ENGINES, engine, samples
from nnviz.engines.engine import Engine

_EPOCHS = 20
_DENSE = ({"kind": "linear", "units": 8}, "relu", {"kind": "dropout", "rate": 0.2}, {"kind": "linear", "units": 8})
_IMAGES = ({"kind": "conv2d", "filters": 4}, "batch-norm", "relu", "max-pool", "flatten")
_IMAGE = (1, 8, 8)


@self_tests.register
class Determinism(SelfTest):
    """Two trainings from equal settings give equal numbers, to the last bit."""

    name = "determinism"
    title = "Repetition"
    help = "The same experiment trained twice: all measurements and the last parameters, byte by byte."
    quantity = "bytes that differ"
    order = 40

    def run(self, quick: bool) -> Iterator[Finding]:
        for name, words in ENGINES.items():
            yield self.compare(f"dense network, {words}", partial(differing, name, _DENSE), 0.0)
        yield self.compare("convolutions, PyTorch", partial(differing, "torch", _IMAGES, _IMAGE), 0.0)


def differing(name: str, layers: tuple[Any, ...], image: tuple[int, int, int] | None = None) -> float:
    """Return how many bytes two trainings of one experiment leave different. Raises Unavailable."""
    one, other = (np.frombuffer(trained(name, layers, image), np.uint8) for _ in range(2))
    return float(np.count_nonzero(one != other)) if one.shape == other.shape else float("inf")


def trained(name: str, layers: tuple[Any, ...], image: tuple[int, int, int] | None) -> bytes:
    """Return everything that a training measured and what it ended with, as bytes."""
    data = samples(n_classes=3, features=64 if image else 3, image=image)
    options = {"precision": "float32", "optimizer": "adam", "learning_rate": 0.01, "batch_size": 8}
    made: Engine = engine(name, data, list(layers), **options)
    columns = made.train_epochs(_EPOCHS)
    measured = [np.ascontiguousarray(columns[column]).tobytes() for column in sorted(columns)]
    return b"".join([*measured, made.parameters().tobytes()])
