"""Backpropagation against central differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.checks import Finding, SelfTest, self_tests
from nnviz.checks.parts.engines import SEED, apart, engine, samples
from nnviz.engines.compiled.program import ACTIVATIONS
from nnviz.engines.engine import Engine
from nnviz.engines.random_numbers import dropout_words
from nnviz.network.layers import Layer, Shape, ShapeError
from nnviz.network.layers.dropout import Dropout, dropout_threshold

if TYPE_CHECKING:
    import torch

STEP = 1e-5
"""Distance of the two points of a central difference from the middle."""

BOUND = 1e-6
"""Largest relative error of a gradient: rounding and the third derivative leave about 1e-9."""

_SHAPES: tuple[Shape, ...] = ((4,), (2, 4, 5))
_BATCH = 3
_IMAGE = (2, 2, 3)
_RATE = 0.4
"""Dropout rate of the network whose compiled gradient is checked."""


@self_tests.register
class Gradients(SelfTest):
    """Every layer kind by itself in PyTorch, and networks with every kind that has a compiled kernel."""

    name = "gradients"
    title = "Gradients"
    help = "Backpropagation through every kind of layer against central differences: float64, step 1e-5."
    quantity = "relative error"
    order = 10

    def run(self, quick: bool) -> Iterator[Finding]:
        for kind in Layer.registry:
            layer = kind()
            yield self.compare(f"{layer.kind}, PyTorch", partial(layer_error, layer), BOUND)
        for name in compiled_kinds():
            yield self.compare(f"{name}, compiled", partial(compiled_error, name), BOUND)


def compiled_kinds() -> list[str]:
    """Return the names of the layer kinds that the compiled engine covers, in menu order."""
    return [name for name in Layer.registry.names() if name in ("linear", "flatten", "dropout") or name in ACTIVATIONS]


# ---------------------------------------------------------------- one layer in PyTorch


def layer_error(layer: Layer) -> float:
    """Return the largest relative error of the gradients of a layer, in training mode, over input and parameters.

    The loss is a random weighted sum of the outputs; the layer is tried on every shape that it works on.
    """
    shapes = [shape for shape in _SHAPES if _works_on(layer, shape)]
    return max(_layer_error(layer, shape) for shape in shapes)


def _works_on(layer: Layer, shape: Shape) -> bool:
    try:
        layer.output_shape(shape)
    except ShapeError:
        return False
    return True


def _layer_error(layer: Layer, shape: Shape) -> float:
    import torch

    rng = np.random.default_rng(1)
    module = layer.module(shape).double().train()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.from_numpy(rng.normal(size=tuple(parameter.shape))))
    if isinstance(layer, Dropout):  # the same mask every time
        words = rng.integers(0, 2**32, (_BATCH, math.prod(shape)), np.uint32)
        module.draw = lambda samples, units: words  # type: ignore[assignment]
    x = torch.from_numpy(_inputs(rng, shape)).requires_grad_()
    weights = torch.from_numpy(rng.normal(size=(_BATCH, *layer.output_shape(shape))))
    variables = [x, *module.parameters()]

    def loss() -> torch.Tensor:
        made: torch.Tensor = (module(x) * weights).sum()
        return made

    exact = torch.autograd.grad(loss(), variables)
    return max(
        apart(gradient.numpy(), _torch_difference(variable, loss))
        for variable, gradient in zip(variables, exact, strict=True)
    )


def _inputs(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    """Return inputs (3, *shape) of which no two, and none and 0, are nearer than 0.02: kinks and ties lie far away."""
    size = _BATCH * math.prod(shape)
    return rng.permutation((np.arange(size) - size / 2 + 0.5) * 0.05).reshape(_BATCH, *shape)


def _torch_difference(variable: torch.Tensor, loss: Callable[[], torch.Tensor]) -> NDArray[np.float64]:
    import torch

    values = variable.detach().numpy()  # the tensor's own memory
    with torch.no_grad():
        return central_difference(values, lambda: float(loss()))


def central_difference(x: NDArray[np.float64], loss: Callable[[], float]) -> NDArray[np.float64]:
    """Return (f(x + h eᵢ) − f(x − h eᵢ)) / 2h for every entry of x, in its shape, with h = `STEP`.

    `loss` returns f of what the array x holds; x is the same afterwards.
    """
    difference = np.empty_like(x)
    for place in np.ndindex(x.shape):
        value = x[place]
        x[place] = value + STEP
        above = loss()
        x[place] = value - STEP
        difference[place] = (above - loss()) / (2.0 * STEP)
        x[place] = value
    return difference


# ---------------------------------------------------------------- a network in the compiled engine


def compiled_error(kind: str) -> float:
    """Return the relative error of the compiled engine's gradient of a small network with one layer of a kind.

    Raises Unavailable where there is no compiled engine.
    """
    data = samples(n=9, features=math.prod(_IMAGE), image=_IMAGE if kind == "flatten" else None)
    known: dict[str, list[Any]] = {
        "linear": [{"kind": "linear", "units": 4}],
        "flatten": ["flatten", {"kind": "linear", "units": 4}],
        "dropout": [{"kind": "linear", "units": 4}, {"kind": "dropout", "rate": _RATE}],
    }
    layers = known.get(kind, [{"kind": "linear", "units": 4}, kind])
    made = engine("compiled", data, layers, batch_size=len(data.train), loss="squared", optimizer="sgd")
    loss = _dropout_loss(made) if kind == "dropout" else _measured_loss(made)
    parameters = made.parameters()
    made.train_steps(1)
    gradient = made.gradients()
    return apart(gradient, central_difference(parameters, lambda: loss(parameters)))


def _measured_loss(made: Engine) -> Callable[[NDArray[Any]], float]:
    """Return the loss of parameters as the engine itself measures it: without dropout the same as in a step."""
    start = made.state()

    def loss(parameters: NDArray[Any]) -> float:
        made.restore(replace(start, parameters=parameters))
        return float(made.measure()["train_loss"][0])

    return loss


def _dropout_loss(made: Engine) -> Callable[[NDArray[Any]], float]:
    """Return the loss of parameters under the masks of the first step, computed by NumPy: no engine measures that."""
    train, slots = made.data.train, made.plan.slots
    x, y = train.x.astype(np.float64), train.targets.astype(np.float64)  # a single batch, as the samples lie
    kept = dropout_words(SEED, 0, 0, len(train), slots[0].parameter.shape[0]) >= dropout_threshold(_RATE)

    def loss(parameters: NDArray[Any]) -> float:
        first, shift, last, end = (slot.view(parameters) for slot in slots)
        hidden = (x @ first.T + shift) * kept / (1.0 - _RATE)
        return float(np.mean(((hidden @ last.T + end)[:, 0] - y) ** 2))

    return loss
