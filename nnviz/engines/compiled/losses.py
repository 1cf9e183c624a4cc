"""Losses, their slopes, and errors, for samples side by side: an output is a row, a vector holds 16 samples."""

from __future__ import annotations

from typing import Any

from nnviz.engines.compiled.caching import internal
from nnviz.engines.compiled.functions import exp_of_negative, log, log1p, logistic
from nnviz.engines.compiled.program import BINARY, CATEGORICAL, SQUARED
from nnviz.engines.compiled.vectors import (
    LANES,
    absolute,
    at,
    first_lanes,
    load,
    store,
    total64,
    where_less,
)


@internal
def slopes_of(
    kind: int, delta: float, answers: Any, targets: Any, slopes: Any, outputs: int, width: int, count: int
) -> None:
    """Set slopes[k · width + s] = ∂L/∂f, L the mean over `count` samples of the sum over outputs; 0 beyond them.

    Outputs f and targets have the same layout; arrays are given by their addresses.
    """
    share = 1.0 / count
    for c in range(0, count, LANES):
        if kind == CATEGORICAL:
            most, exponentials = _softmax(at(answers, c), outputs, width)
            for k in range(outputs):
                place = k * width + c
                p = exp_of_negative(load(answers, place) - most) / exponentials
                store(slopes, place, first_lanes((p - load(targets, place)) * share, count - c))
            continue
        for k in range(outputs):
            place = k * width + c
            f, y = load(answers, place), load(targets, place)
            if kind == SQUARED:
                slope = 2.0 * (f - y)
            elif kind == BINARY:
                slope = logistic(f) - y
            else:
                e = f - y
                e = where_less(e, -delta, -delta, e)
                slope = where_less(delta, e, delta, e)
            store(slopes, place, first_lanes(slope * share, count - c))


@internal
def _softmax(answers: Any, outputs: int, width: int) -> Any:
    """Return the largest output of each sample, and the sum of exp(f - largest)."""
    most = load(answers, 0)
    for k in range(1, outputs):
        f = load(answers, k * width)
        most = where_less(most, f, f, most)
    exponentials = exp_of_negative(load(answers, 0) - most)
    for k in range(1, outputs):
        exponentials = exponentials + exp_of_negative(load(answers, k * width) - most)
    return most, exponentials


@internal
def loss_sum(
    kind: int,
    delta: float,
    answers: Any,
    width: int,
    targets: Any,
    targets_width: int,
    outputs: int,
    count: int,
) -> float:
    """Return the sum of the losses of `count` samples, added up in double precision."""
    found = 0.0
    for c in range(0, count, LANES):
        if kind == CATEGORICAL:
            most, exponentials = _softmax(at(answers, c), outputs, width)
            loss = most + log(exponentials)
            for k in range(outputs):
                loss = loss - load(targets, k * targets_width + c) * load(answers, k * width + c)
            found += total64(first_lanes(loss, count - c))
            continue
        for k in range(outputs):
            f, y = load(answers, k * width + c), load(targets, k * targets_width + c)
            e = f - y
            if kind == SQUARED:
                loss = e * e
            elif kind == BINARY:
                loss = where_less(f, 0.0, 0.0, f) - f * y + log1p(exp_of_negative(-absolute(f)))
            else:
                size = absolute(e)
                loss = where_less(delta, size, delta * (size - 0.5 * delta), 0.5 * e * e)
            found += total64(first_lanes(loss, count - c))
    return found


@internal
def wrong_answers(answers: Any, width: int, classes: Any, outputs: int, count: int) -> float:
    """Return how many of `count` samples get another class than classes[s]: the largest output, or one > 0."""
    wrong = 0.0
    for c in range(0, count, LANES):
        best = load(answers, c)
        answer = where_less(0.0, best, 1.0 if outputs == 1 else 0.0, 0.0)  # not 0 · best: outputs may be infinite
        for k in range(1, outputs):
            f = load(answers, k * width + c)
            answer = where_less(best, f, 1.0 * k, answer)
            best = where_less(best, f, f, best)
        apart = absolute(answer - load(classes, c))
        wrong += total64(first_lanes(where_less(0.5, apart, 1.0, 0.0), count - c))
    return wrong


@internal
def squared_distance(answers: Any, targets: Any, count: int) -> float:
    """Return Σ (f - y)² of the first output, added up in double precision."""
    found = 0.0
    for c in range(0, count, LANES):
        e = load(answers, c) - load(targets, c)
        found += total64(first_lanes(e * e, count - c))
    return found
