"""One optimizer step on flat arrays, and what is done to gradient and weights around it."""

from __future__ import annotations

import math
from typing import Any

from nnviz.engines.compiled.caching import inlined, internal
from nnviz.engines.compiled.program import (
    ADAGRAD,
    ADAM,
    ADAMW,
    LINEAR,
    MOMENTUM,
    N_IN,
    N_OUT,
    NESTEROV,
    OP,
    PARAMETERS,
    RMSPROP,
    SGD,
)
from nnviz.engines.compiled.vectors import (
    LANES,
    absolute,
    at,
    first_lanes,
    fma,
    load,
    square_root,
    square_total64,
    store,
    store_first,
    where_less,
)


@internal
def update(
    kind: int,
    p: Any,
    g: Any,
    first: Any,
    second: Any,
    size: int,
    rate: float,
    decay: float,
    second_decay: float,
    epsilon: float,
    count: float,
) -> None:
    """Make a step with gradient g, with the formulas in the docstrings of `engines/optimizers`.

    All arrays are flat, given by their addresses, of `size` numbers, a multiple of 16. The optimizer remembers
    `first` and `second` with their decays; `count` is the number of its steps, this one included. What would fade away
    below every size that counts becomes 0: processors take a hundred times as long for numbers that small.
    """
    if kind == SGD:
        for i in range(0, size, LANES):
            store(p, i, fma(load(g, i), -rate, load(p, i)))
    elif kind in (MOMENTUM, NESTEROV):
        for i in range(0, size, LANES):
            slope = load(g, i)
            velocity = fma(load(first, i), decay, slope)
            store(first, i, _without_dust(velocity))
            direction = fma(velocity, decay, slope) if kind == NESTEROV else velocity
            store(p, i, fma(direction, -rate, load(p, i)))
    elif kind == RMSPROP:
        for i in range(0, size, LANES):
            slope = load(g, i)
            spread = fma(slope * slope, 1.0 - second_decay, load(second, i) * second_decay)
            store(second, i, _without_dust(spread))
            store(p, i, load(p, i) - rate * slope / (square_root(spread) + epsilon))
    elif kind == ADAGRAD:
        for i in range(0, size, LANES):
            slope = load(g, i)
            spread = fma(slope, slope, load(second, i))
            store(second, i, spread)
            store(p, i, load(p, i) - rate * slope / (square_root(spread) + epsilon))
    elif kind in (ADAM, ADAMW):
        scaled = rate / (1.0 - decay**count)
        root = 1.0 / math.sqrt(1.0 - second_decay**count)
        for i in range(0, size, LANES):
            slope = load(g, i)
            mean = fma(slope, 1.0 - decay, load(first, i) * decay)
            spread = fma(slope * slope, 1.0 - second_decay, load(second, i) * second_decay)
            store(first, i, _without_dust(mean))
            store(second, i, _without_dust(spread))
            store(p, i, load(p, i) - scaled * mean / fma(square_root(spread), root, epsilon))


_DUST = 1e-30
"""Sizes of a memory below which it has no bearing on any step: the square root of this, 1e-15, is far below every ε."""


@inlined
def _without_dust(memory: Any) -> Any:
    return where_less(absolute(memory), _DUST, 0.0, memory)


@internal
def regularize(p: Any, g: Any, weights: Any, size: int, l1: float, l2: float) -> None:
    """Add l1 · sign(w) + l2 · w to the gradient; `weights` is 1 where a parameter is a weight and 0 elsewhere."""
    for i in range(0, size, LANES):
        w = load(p, i)
        sign = where_less(w, 0.0, -1.0, where_less(0.0, w, 1.0, 0.0))
        store(g, i, fma(load(weights, i), fma(sign, l1, w * l2), load(g, i)))


@internal
def shrink(p: Any, weights: Any, size: int, share: float) -> None:
    """Take away a share of every weight: decoupled weight decay."""
    for i in range(0, size, LANES):
        w = load(p, i)
        store(p, i, fma(load(weights, i) * w, -share, w))


@internal
def clip(g: Any, size: int, most: float) -> None:
    """Scale the gradient by min(1, most / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_ does."""
    scale = most / (norm(g, size) + 1e-6)
    if scale < 1.0:
        for i in range(0, size, LANES):
            store(g, i, load(g, i) * scale)


@internal
def limit_weights(p: Any, stages: Any, most: float) -> None:
    """Scale the incoming weights of every unit of the hidden layers back to a Euclidean norm of at most `most`."""
    for stage in range(stages.shape[0] - 1):  # the last one is the output
        if stages[stage, OP] != LINEAR:
            continue
        n = stages[stage, N_IN]
        for unit in range(stages[stage, N_OUT]):
            start = stages[stage, PARAMETERS] + unit * n
            size = norm(at(p, start), n)
            if size > most:
                for i in range(0, n, LANES):
                    store_first(p, start + i, load(p, start + i) * (most / (size + 1e-7)), n - i)


@internal
def norm(a: Any, count: int) -> float:
    """Return the Euclidean norm of `count` numbers, summed in double precision; 15 more must be readable."""
    squares = 0.0
    for i in range(0, count, LANES):
        squares += square_total64(first_lanes(load(a, i), count - i))
    return math.sqrt(squares)


@internal
def change(now: Any, before: Any, size: int) -> None:
    """Replace what numbers were `before` by how they have changed."""
    for i in range(0, size, LANES):
        store(before, i, load(now, i) - load(before, i))


@internal
def copy(source: Any, target: Any, size: int) -> None:
    """Copy `size` numbers, a multiple of 16."""
    for i in range(0, size, LANES):
        store(target, i, load(source, i))
