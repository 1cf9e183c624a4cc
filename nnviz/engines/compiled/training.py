"""Steps and epochs of training, and the measurements after each epoch, without returning to Python."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.compiled.caching import compiled, inlined, internal
from nnviz.engines.compiled.losses import loss_sum, slopes_of, squared_distance, wrong_answers
from nnviz.engines.compiled.network import backward, draw_masks, forward
from nnviz.engines.compiled.optimizers import change, clip, copy, limit_weights, norm, regularize, shrink, update
from nnviz.engines.compiled.philox import shuffle
from nnviz.engines.compiled.program import ACTIVATION, N_OUT, OP, ROW_OUT
from nnviz.engines.compiled.vectors import LANES, absolute, at, first_lanes, load, total64

Numbers = NDArray[Any]

EVALUATED = 128
"""Samples that go through the network together in evaluation; enough to fill the widest tile of the product."""


class Network(NamedTuple):
    """What is trained: the tables of `Program`, then flat arrays, padded to a multiple of 16.

    `first` and `second` are what the optimizer remembers, `last` and `updates` are the loss gradient and the
    change of the parameters in the epoch's last step, and `weights` is 1 where a parameter is a weight.
    """

    stages: NDArray[np.int64]
    number: NDArray[np.float64]
    layers: NDArray[np.int64]  # where the parameters of each layer begin, and where the last one ends
    p: Numbers
    g: Numbers
    first: Numbers
    second: Numbers
    last: Numbers
    updates: Numbers
    weights: Numbers


class Samples(NamedTuple):
    """The training samples, one row each, with the targets as the loss compares them, and room for their order."""

    x: Numbers
    targets: Numbers
    order: NDArray[np.int64]
    words: NDArray[np.uint32]


class Part(NamedTuple):
    """One part of the data for evaluation, one row per feature or output; `classes` is empty for regression."""

    x: Numbers
    targets: Numbers
    classes: Numbers
    samples: int


class Room(NamedTuple):
    """Memory of a step: see `network.backward`. `seen` is whether a unit had an output other than 0."""

    values: Numbers
    slopes: Numbers
    other: Numbers
    across: Numbers
    targets: Numbers
    masks: Numbers
    zero: Numbers
    nothing: Numbers
    evaluated: Numbers
    seen: NDArray[np.bool_]


class Rules(NamedTuple):
    """How it is trained; `rates` holds the learning rate of every step to come, or a single one for all."""

    loss: int
    delta: float
    optimizer: int
    decay: float
    second_decay: float
    epsilon: float
    decoupled: bool
    l1: float
    l2: float
    max_norm: float
    clip: float
    batch: int
    seed: int
    rates: NDArray[np.float64]
    error_scale: float


class Rows(NamedTuple):
    """Room for measurements, one row per epoch: loss and error of every part, norms by layer, dead units by stage."""

    losses: NDArray[np.float64]
    errors: NDArray[np.float64]
    gradients: NDArray[np.float64]
    updates: NDArray[np.float64]
    sizes: NDArray[np.float64]
    dead: NDArray[np.int64]


@compiled
def train_steps(
    network: Network,
    samples: Samples,
    room: Room,
    rules: Rules,
    epoch: int,
    step: int,
    memory: int,
    position: int,
    stop: int,
    used: int,
    there: bool,
) -> int:
    """Make the steps of one epoch from sample `position` to `stop`, the end of a batch; return how many were made.

    `step` and `memory` count the steps of the run and of the optimizer before the first one here, `used` the
    learning rates of `rules` that are behind. `there` says that the first batch lies in `room` already.
    """
    n = samples.x.shape[0]
    if position == 0 and rules.batch < n:
        shuffle(samples.order, samples.words, rules.seed, epoch)
    elif position == 0:
        _as_they_lie(samples.order)
    made = 0
    while position < stop:
        end = min(position + rules.batch, n)
        rate = rules.rates[used + made] if rules.rates.size > 1 else rules.rates[0]
        if not there or made:
            _gather(samples, room, position, end - position)
        _step(network, room, rules, step + made, memory + made + 1, end - position, rate, end == n)
        made += 1
        position = end
    return made


@compiled
def train_epochs(
    network: Network,
    samples: Samples,
    parts: tuple[Part, ...],
    room: Room,
    rules: Rules,
    rows: Rows,
    epochs: int,
    epoch: int,
    step: int,
    memory: int,
    position: int,
) -> int:
    """Finish `epochs` epochs and measure after each, where there are rows for it; return how many were finished.

    A loss that is not finite ends it, where that is measured.
    """
    n, used, measured = samples.x.shape[0], 0, rows.losses.shape[0] > 0
    for number in range(epochs):
        there = number > 0 and rules.batch >= n  # a single batch stays where the epoch before has laid it
        now, steps, steps_of_optimizer = epoch + number, step + used, memory + used
        used += train_steps(network, samples, room, rules, now, steps, steps_of_optimizer, position, n, used, there)
        position = 0
        if not measured:
            continue
        measure(network, parts, room, rules, rows, number)
        if not (math.isfinite(rows.losses[number, 0]) and _finite(rows.gradients, number)):
            return number + 1
    return epochs


@inlined
def _step(
    network: Network, room: Room, rules: Rules, step: int, count: int, size: int, rate: float, last: bool
) -> None:
    """Make one step with the `size` samples that lie in `room`."""
    width = room.targets.shape[1]
    columns = -(-size // LANES) * LANES
    if room.masks.size:
        draw_masks(network.stages, network.number, room.masks, width, columns, rules.seed, step)
    forward(network.stages, network.number, network.p, room.values, width, columns, room.masks)
    outputs = network.stages[-1, N_OUT]
    f0 = network.stages[-1, ROW_OUT] * width
    answers, targets, slopes = at(room.values, f0), at(room.targets, 0), at(room.slopes, 0)
    slopes_of(rules.loss, rules.delta, answers, targets, slopes, outputs, width, size)
    backward(
        network.stages,
        network.number,
        network.p,
        network.g,
        room.values,
        room.slopes,
        room.other,
        room.across,
        width,
        size,
        room.masks,
        room.zero,
    )
    _move(network, rules, rate, count, last)


@inlined
def _move(network: Network, rules: Rules, rate: float, count: int, last: bool) -> None:
    """Change the parameters, given the gradient of the loss; see `engine.py` for the order of what happens."""
    n = network.p.size
    p, g, weights = at(network.p, 0), at(network.g, 0), at(network.weights, 0)
    if last:
        copy(g, at(network.last, 0), n)
        copy(p, at(network.updates, 0), n)
    if rules.clip > 0.0:
        clip(g, n, rules.clip)
    if rules.decoupled and rules.l2 > 0.0:
        shrink(p, weights, n, rate * rules.l2)
    if rules.l1 > 0.0 or (rules.l2 > 0.0 and not rules.decoupled):
        regularize(p, g, weights, n, rules.l1, 0.0 if rules.decoupled else rules.l2)
    first, second = at(network.first, 0), at(network.second, 0)
    update(rules.optimizer, p, g, first, second, n, rate, rules.decay, rules.second_decay, rules.epsilon, 1.0 * count)
    if rules.max_norm > 0.0:
        limit_weights(network.p, network.stages, rules.max_norm)
    if last:
        change(p, at(network.updates, 0), n)


@internal
def _as_they_lie(order: Any) -> None:
    """Set the order of the samples to that in which they lie."""
    for i in range(order.size):
        order[i] = i


@internal
def _gather(samples: Samples, room: Room, position: int, size: int) -> None:
    """Lay the samples of a batch and their targets side by side; what fills up the last vector is 0."""
    values, targets, width = room.values, room.targets, room.targets.shape[1]
    columns = -(-size // LANES) * LANES
    for s in range(columns):
        row = samples.order[position + s] if s < size else -1
        for k in range(samples.x.shape[1]):
            values[k * width + s] = samples.x[row, k] if row >= 0 else 0.0
        for k in range(samples.targets.shape[1]):
            targets[k, s] = samples.targets[row, k] if row >= 0 else 0.0


@compiled
def measure(network: Network, parts: tuple[Part, ...], room: Room, rules: Rules, rows: Rows, row: int) -> None:
    """Fill one row of measurements of the network as it is now."""
    for unit in range(room.seen.size):
        room.seen[unit] = False
    for number, part in enumerate(parts):
        loss, error = _evaluate(network, part, room, rules, number == 0)
        rows.losses[row, number] = loss / part.samples
        rows.errors[row, number] = (
            error / part.samples if part.classes.size else rules.error_scale * math.sqrt(error / part.samples)
        )
    for layer in range(network.layers.size - 1):
        start, stop = network.layers[layer], network.layers[layer + 1]
        rows.gradients[row, layer] = norm(at(network.last, start), stop - start)
        rows.updates[row, layer] = norm(at(network.updates, start), stop - start)
        rows.sizes[row, layer] = norm(at(network.p, start), stop - start)
    _count_dead(network.stages, room.seen, rows.dead, row)


@internal
def _evaluate(network: Network, part: Part, room: Room, rules: Rules, look: bool) -> Any:
    """Return the sums of losses and errors over one part; note which units are alive when `look` is set."""
    outputs = network.stages[-1, N_OUT]
    f0 = network.stages[-1, ROW_OUT] * EVALUATED
    loss, error = 0.0, 0.0
    for start in range(0, part.samples, EVALUATED):
        count = min(EVALUATED, part.samples - start)
        answers(network, part.x, start, count, room)
        found, targets = at(room.evaluated, f0), at(part.targets, start)
        loss += loss_sum(rules.loss, rules.delta, found, EVALUATED, targets, part.targets.shape[1], outputs, count)
        if part.classes.size:
            error += wrong_answers(found, EVALUATED, at(part.classes, start), outputs, count)
        else:
            error += squared_distance(found, targets, count)
        if look:
            _look(network.stages, room.evaluated, count, room.seen)
    return loss, error


@internal
def answers(network: Network, x: Numbers, start: int, count: int, room: Room) -> None:
    """Compute all values of `count` samples, at most `EVALUATED`, in evaluation mode; x is (features, samples)."""
    columns = -(-count // LANES) * LANES
    for k in range(x.shape[0]):
        for s in range(columns):
            room.evaluated[k * EVALUATED + s] = x[k, start + s]
    forward(network.stages, network.number, network.p, room.evaluated, EVALUATED, columns, room.nothing)


@internal
def _look(stages: Any, values: Any, count: int, seen: Any) -> None:
    """Note the units of activation stages with an output other than 0; those known to be alive are passed over."""
    for stage in range(stages.shape[0]):
        if stages[stage, OP] != ACTIVATION:
            continue
        for unit in range(stages[stage, ROW_OUT], stages[stage, ROW_OUT] + stages[stage, N_OUT]):
            if seen[unit]:
                continue
            for c in range(0, count, LANES):
                size = absolute(load(values, unit * EVALUATED + c))
                if total64(first_lanes(size, count - c)) != 0.0:
                    seen[unit] = True
                    break


@internal
def _finite(norms: Any, row: int) -> bool:
    together = 0.0
    for layer in range(norms.shape[1]):
        together += norms[row, layer]
    return math.isfinite(together)


@internal
def _count_dead(stages: Any, seen: Any, dead: Any, row: int) -> None:
    number = 0
    for stage in range(stages.shape[0]):
        if stages[stage, OP] == ACTIVATION:
            count = 0
            for unit in range(stages[stage, ROW_OUT], stages[stage, ROW_OUT] + stages[stage, N_OUT]):
                count += not seen[unit]
            dead[row, number] = count
            number += 1


@compiled
def record(network: Network, x: Numbers, room: Room, values: Numbers) -> None:
    """Set `values` (rows, samples) to everything that the network computes for x (features, samples, padded)."""
    samples = values.shape[1]
    for start in range(0, samples, EVALUATED):
        count = min(EVALUATED, samples - start)
        answers(network, x, start, count, room)
        for row in range(values.shape[0]):
            for s in range(count):
                values[row, start + s] = room.evaluated[row * EVALUATED + s]


@compiled
def predict(network: Network, x: Numbers, room: Room, outputs: Numbers) -> None:
    """Set `outputs` (samples, outputs) to the answers of the network to x (features, samples, padded)."""
    f0, samples = network.stages[-1, ROW_OUT] * EVALUATED, outputs.shape[0]
    for start in range(0, samples, EVALUATED):
        count = min(EVALUATED, samples - start)
        answers(network, x, start, count, room)
        for k in range(outputs.shape[1]):
            for s in range(count):
                outputs[start + s, k] = room.evaluated[f0 + k * EVALUATED + s]
