"""Forward and backward through a network, for samples side by side.

Values are rows, one per unit, `width` numbers apart; a row holds one number per sample. `width` is a multiple of 16,
and the samples that fill up the last vector are computed like all others and never used.
"""

from __future__ import annotations

from typing import Any

from nnviz.engines.compiled.activations import activate, chain
from nnviz.engines.compiled.caching import internal
from nnviz.engines.compiled.philox import dropout_masks
from nnviz.engines.compiled.product import multiply
from nnviz.engines.compiled.program import (
    ACTIVATION,
    CODE,
    DROPOUT,
    LINEAR,
    MASK,
    N_IN,
    N_OUT,
    OP,
    PARAMETERS,
    ROW_IN,
    ROW_OUT,
)
from nnviz.engines.compiled.vectors import LANES, at, load, store, total, turn


@internal
def forward(stages: Any, number: Any, p: Any, values: Any, width: int, columns: int, masks: Any) -> None:
    """Compute all rows of values from those of the input; `masks` is empty in evaluation mode, without dropout."""
    for stage in range(stages.shape[0]):
        op, n_in, n_out = stages[stage, OP], stages[stage, N_IN], stages[stage, N_OUT]
        x, y = at(values, stages[stage, ROW_IN] * width), at(values, stages[stage, ROW_OUT] * width)
        if op == LINEAR:
            w0 = stages[stage, PARAMETERS]
            b0 = w0 + n_in * n_out
            weights, biases = at(p, w0), at(p, b0)
            multiply(y, width, weights, n_in, 1, x, width, biases, 1, n_out, columns, n_in)
        elif op == ACTIVATION:
            # Rows follow one another, so that one pass covers them all, with whatever lies between columns and width.
            activate(stages[stage, CODE], number[stage], x, y, n_out * width)
        else:
            m0 = stages[stage, MASK] * width
            for i in range(0, n_out * width, LANES):
                kept = load(x, i)
                if masks.size:
                    kept = kept * load(masks, m0 + i)
                store(y, i, kept)


@internal
def draw_masks(stages: Any, number: Any, masks: Any, width: int, columns: int, seed: int, step: int) -> None:
    """Draw the masks of all dropout layers for one step."""
    for stage in range(stages.shape[0]):
        if stages[stage, OP] == DROPOUT:
            m0, units = stages[stage, MASK] * width, stages[stage, N_OUT]
            dropout_masks(masks, m0, width, units, columns, number[stage], seed, step, stages[stage, CODE])


@internal
def backward(
    stages: Any,
    number: Any,
    p: Any,
    g: Any,
    values: Any,
    slopes: Any,
    room: Any,
    across: Any,
    width: int,
    count: int,
    masks: Any,
    zero: Any,
) -> None:
    """Set g to the gradient of the loss, given the slopes of the loss with respect to the outputs.

    `slopes` and `room` hold (widest layer · width) numbers and take turns; `across` holds one layer's input, a row
    per sample; `zero` is a single 0.
    """
    here, there, nothing = at(slopes, 0), at(room, 0), at(zero, 0)
    columns = -(-count // LANES) * LANES
    for stage in range(stages.shape[0] - 1, -1, -1):
        op, n_in, n_out = stages[stage, OP], stages[stage, N_IN], stages[stage, N_OUT]
        x, y = at(values, stages[stage, ROW_IN] * width), at(values, stages[stage, ROW_OUT] * width)
        if op == LINEAR:
            w0 = stages[stage, PARAMETERS]
            row = -(-n_in // LANES) * LANES
            samples = at(across, 0)
            _turn(x, width, n_in, samples, row, count)
            multiply(at(g, w0), n_in, here, width, 1, samples, row, nothing, 0, n_out, n_in, count)
            _add_up(here, width, columns, n_out, g, w0 + n_in * n_out)
            if stages[stage, ROW_IN] == 0:  # nothing before the first layer can learn
                return
            multiply(there, width, at(p, w0), 1, n_in, here, width, nothing, 0, n_in, columns, n_out)
            here, there = there, here
        elif op == ACTIVATION:
            chain(stages[stage, CODE], number[stage], x, y, here, n_out * width)
        else:
            m0 = stages[stage, MASK] * width
            for i in range(0, n_out * width, LANES):
                store(here, i, load(here, i) * load(masks, m0 + i))


@internal
def _turn(values: Any, width: int, units: int, samples: Any, row: int, count: int) -> None:
    """Lay a layer's input out with a row per sample instead of one per unit; both need room for whole squares."""
    for unit in range(0, units, LANES):
        for s in range(0, count, LANES):
            turn(at(values, unit * width + s), width, at(samples, s * row + unit), row)


@internal
def _add_up(slopes: Any, width: int, columns: int, units: int, g: Any, b0: int) -> None:
    """Set the gradient of the biases: the sum of each unit's slopes over the samples."""
    for unit in range(units):
        found = load(slopes, unit * width)
        for c in range(LANES, columns, LANES):
            found = found + load(slopes, unit * width + c)
        g[b0 + unit] = total(found)
