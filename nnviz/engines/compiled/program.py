"""A network, a loss and an optimizer as the numbers that the kernels read. No Numba here: it is asked before any."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.losses import Loss
from nnviz.engines.optimizers import Optimizer
from nnviz.engines.settings import TrainingSettings
from nnviz.network.layers.dropout import Dropout
from nnviz.network.layers.leaky_relu import LeakyReLU
from nnviz.network.shapes import NetworkPlan, Stage

LINEAR, ACTIVATION, DROPOUT = range(3)
RELU, LEAKY_RELU, GELU, SILU, SIGMOID, TANH, SOFTPLUS, SINE = range(8)
SQUARED, HUBER, BINARY, CATEGORICAL = range(4)
SGD, MOMENTUM, NESTEROV, RMSPROP, ADAGRAD, ADAM, ADAMW = range(7)

ACTIVATIONS = {
    "relu": RELU,
    "leaky-relu": LEAKY_RELU,
    "gelu": GELU,
    "silu": SILU,
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "softplus": SOFTPLUS,
    "sine": SINE,
}
"""The activations that have a kernel, by the name of their kind."""

LOSSES = {
    "squared": SQUARED,
    "scaled-squared": SQUARED,  # its targets are scaled, see `ScaledSquared.encode`
    "huber": HUBER,
    "binary-cross-entropy": BINARY,
    "cross-entropy": CATEGORICAL,
}
"""The losses that have a kernel, by the name of their kind."""

OPTIMIZERS = {
    "sgd": SGD,
    "momentum": MOMENTUM,
    "nesterov": NESTEROV,
    "rmsprop": RMSPROP,
    "adagrad": ADAGRAD,
    "adam": ADAM,
    "adamw": ADAMW,
}
"""The optimizers that have a kernel, by the name of their kind."""

MEMORY = {
    "momentum": {"momentum_buffer": "first"},
    "nesterov": {"momentum_buffer": "first"},
    "rmsprop": {"square_avg": "second"},
    "adagrad": {"sum": "second"},
    "adam": {"exp_avg": "first", "exp_avg_sq": "second"},
    "adamw": {"exp_avg": "first", "exp_avg_sq": "second"},
}
"""What an optimizer remembers, under the names that torch gives it, and which of the two arrays holds it."""

(OP, N_IN, N_OUT, PARAMETERS, ROW_IN, ROW_OUT, CODE, MASK) = range(8)
"""Columns of `Program.stages`: what it does; its inputs and outputs; where its parameters begin; the rows of its
input and output among all values; the activation's code or the number of the dropout layer; its rows of masks."""


def obstacle(plan: NetworkPlan, loss: Loss, training: TrainingSettings) -> str:
    """Return what the kernels do not cover, as the beginning of a sentence; empty when they cover everything."""
    for stage in plan.stages:
        kind = stage.layer.kind
        if kind not in ("linear", "flatten", "dropout") and kind not in ACTIVATIONS:
            return f"The {stage.layer.title} layer"
    if loss.kind not in LOSSES:
        return f"The {loss.title} loss"
    if training.optimizer.kind not in OPTIMIZERS:
        return f"The {training.optimizer.title} optimizer"
    return ""


@dataclass(frozen=True, eq=False)
class Program:
    """The stages of a network as two tables, (stages, 8) and (stages,); flatten stages are left out: rows are flat.

    `number` holds slopes and dropout rates, the only values that can change while training. `rows` is how many rows
    of values a batch needs, the input's included, `mask_rows` how many of masks, `widest` the largest layer.
    """

    stages: NDArray[np.int64]
    number: NDArray[np.float64]
    rows: int
    mask_rows: int
    widest: int

    @property
    def activations(self) -> int:
        """How many stages are activations."""
        return int(np.count_nonzero(self.stages[:, OP] == ACTIVATION))


def program(plan: NetworkPlan) -> Program:
    """Return the program of a network that `obstacle` has nothing against."""
    starts = {slot.stage: slot.start for slot in reversed(plan.slots)}
    table: list[list[int]] = []
    row_in, row_out, masks, dropouts = 0, math.prod(plan.input_shape), 0, 0
    widest = row_out
    for stage in plan.stages:
        if stage.layer.kind == "flatten":
            continue
        n_in, n_out = _size(stage.input_shape), _size(stage.output_shape)
        kind = stage.layer.kind
        op = LINEAR if kind == "linear" else DROPOUT if kind == "dropout" else ACTIVATION
        code = dropouts if op == DROPOUT else ACTIVATIONS.get(kind, 0)
        table.append([op, n_in, n_out, starts.get(stage.index, -1), row_in, row_out, code, masks])
        if op == DROPOUT:
            dropouts, masks = dropouts + 1, masks + -(-n_out // 4) * 4
        row_in, row_out, widest = row_out, row_out + n_out, max(widest, n_out)
    return Program(np.array(table, np.int64), numbers(plan.stages), row_out, masks, widest)


def numbers(stages: tuple[Stage, ...]) -> NDArray[np.float64]:
    """Return slope or dropout rate of every stage but the flatten ones, 0 where there is none."""
    return np.array([_number(stage) for stage in stages if stage.layer.kind != "flatten"])


def _number(stage: Stage) -> float:
    layer = stage.layer
    return layer.slope if isinstance(layer, LeakyReLU) else layer.rate if isinstance(layer, Dropout) else 0.0


def _size(shape: tuple[int, ...] | None) -> int:
    assert shape is not None  # plans with errors have no engine
    return math.prod(shape)


def hyperparameters(optimizer: Optimizer) -> tuple[float, float, float]:
    """Return (decay of the first memory, decay of the second, ε) of an optimizer; 0 where it has none."""
    options = optimizer.torch_options()
    first, second = options.get("betas", (options.get("momentum", 0.0), options.get("alpha", 0.0)))
    return float(first), float(second), float(options.get("eps", 0.0))
