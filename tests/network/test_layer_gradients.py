"""Backpropagation through every layer kind against central differences, in float64."""

import numpy as np
import pytest
import torch

from nnviz.network.layers import Layer, ShapeError
from nnviz.network.layers.batch_norm import BatchNorm
from nnviz.network.layers.conv2d import Conv2d
from nnviz.network.torch_modules import Dropout

STEP = 1e-5
SHAPES = [(4,), (2, 4, 5)]
LAYERS = [*(kind() for kind in Layer.registry), Conv2d(filters=3, kernel=2, stride=2), Conv2d(padding="valid")]


def cases():
    for layer in LAYERS:
        for shape in SHAPES:
            try:
                layer.output_shape(shape)
            except ShapeError:
                continue
            yield pytest.param(layer, shape, id=f"{layer.kind} on {shape}")


def inputs(batch, shape, seed=0):
    """Return numbers of which no two, and none and 0, are nearer than 0.02: kinks and ties lie far away."""
    rng = np.random.default_rng(seed)
    size = batch * int(np.prod(shape))
    values = (np.arange(size) - size / 2 + 0.5) * min(0.1, 3.0 / size * 2)
    assert np.diff(values).min() > 0.01
    return torch.from_numpy(rng.permutation(values).reshape(batch, *shape)).requires_grad_()


@pytest.mark.parametrize(("layer", "shape"), list(cases()))
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("batch", [1, 3])
def test_gradient_is_the_central_difference(layer, shape, training, batch):
    torch.manual_seed(1)
    module = layer.module(shape).double().train(training)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_()
    if isinstance(module, Dropout):  # the same mask every time
        words = np.random.default_rng(7).integers(0, 2**32, (batch, int(np.prod(shape))), np.uint32)
        module.draw = lambda samples, units: words
    x = inputs(batch, shape)
    weights = torch.randn(batch, *layer.output_shape(shape), dtype=torch.float64)

    _check([x, *module.parameters()], lambda: (module(x) * weights).sum())


def test_gradient_of_batch_norm_in_evaluation_after_training():
    torch.manual_seed(1)
    module = BatchNorm().module((4,)).double()
    module(3.0 + torch.randn(50, 4, dtype=torch.float64))
    module.eval()
    x = inputs(3, (4,))
    _check([x, *module.parameters()], lambda: (module(x) ** 2).sum())


def _check(variables, loss):
    """Compare the gradients of a loss with central differences: relative error at most 1e-6 for each variable."""
    exact = torch.autograd.grad(loss(), variables)
    for variable, gradient in zip(variables, exact, strict=True):
        difference = _central_difference(variable, loss)
        error = torch.linalg.vector_norm(gradient - difference)
        assert error <= 1e-6 * torch.linalg.vector_norm(difference) + 1e-12


@torch.no_grad()
def _central_difference(variable, loss):
    difference = torch.empty_like(variable)
    for place in np.ndindex(*variable.shape):
        value = variable[place].item()
        variable[place] = value + STEP
        above = loss()
        variable[place] = value - STEP
        difference[place] = (above - loss()) / (2 * STEP)
        variable[place] = value
    return difference
