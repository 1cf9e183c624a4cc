"""Activations and their derivatives on rows of samples.

`program.ACTIVATIONS` names the activations that have a kernel. For another one: a number there, a branch in
`activate` with its formula and one in `chain` with its derivative; until then networks that use it are trained by
PyTorch.
"""

from __future__ import annotations

from typing import Any

from nnviz.engines.compiled.caching import internal
from nnviz.engines.compiled.functions import (
    cosine,
    logistic,
    normal_density,
    normal_distribution,
    sine,
    softplus,
    tanh,
)
from nnviz.engines.compiled.program import GELU, LEAKY_RELU, RELU, SIGMOID, SILU, SINE, SOFTPLUS, TANH
from nnviz.engines.compiled.vectors import LANES, load, store, where_less


@internal
def activate(kind: int, parameter: float, before: Any, after: Any, count: int) -> None:
    """Set a = f(z) for `count` numbers, a multiple of 16; `before` is the address of the z, `after` that of the a."""
    if kind == TANH:
        for i in range(0, count, LANES):
            store(after, i, tanh(load(before, i)))
    elif kind in (RELU, LEAKY_RELU):
        for i in range(0, count, LANES):
            z = load(before, i)
            store(after, i, where_less(z, 0.0, parameter * z, z))
    elif kind == SIGMOID:
        for i in range(0, count, LANES):
            store(after, i, logistic(load(before, i)))
    elif kind == GELU:
        for i in range(0, count, LANES):
            z = load(before, i)
            store(after, i, z * normal_distribution(z))
    elif kind == SILU:
        for i in range(0, count, LANES):
            z = load(before, i)
            store(after, i, z * logistic(z))
    elif kind == SOFTPLUS:
        for i in range(0, count, LANES):
            store(after, i, softplus(load(before, i)))
    elif kind == SINE:
        for i in range(0, count, LANES):
            store(after, i, sine(load(before, i)))


@internal
def chain(kind: int, parameter: float, before: Any, after: Any, slopes: Any, count: int) -> None:
    """Multiply the slopes of the loss by f'(z), which turns those with respect to a into those with respect to z."""
    if kind == TANH:
        for i in range(0, count, LANES):
            a = load(after, i)
            store(slopes, i, load(slopes, i) * (1.0 - a * a))
    elif kind in (RELU, LEAKY_RELU):
        for i in range(0, count, LANES):
            d = load(slopes, i)
            store(slopes, i, where_less(0.0, load(before, i), d, parameter * d))
    elif kind == SIGMOID:
        for i in range(0, count, LANES):
            a = load(after, i)
            store(slopes, i, load(slopes, i) * a * (1.0 - a))
    elif kind == GELU:
        for i in range(0, count, LANES):
            z = load(before, i)
            store(slopes, i, load(slopes, i) * (normal_distribution(z) + z * normal_density(z)))
    elif kind == SILU:
        for i in range(0, count, LANES):
            z = load(before, i)
            share = logistic(z)
            store(slopes, i, load(slopes, i) * share * (1.0 + z * (1.0 - share)))
    elif kind == SOFTPLUS:
        for i in range(0, count, LANES):
            store(slopes, i, load(slopes, i) * logistic(load(before, i)))
    elif kind == SINE:
        for i in range(0, count, LANES):
            store(slopes, i, load(slopes, i) * cosine(load(before, i)))
