"""Squared error of scaled outputs: its formula, its gradient, and training that is that of scaled targets."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nnviz.data.split import prepare
from nnviz.engines.choose import make_engine
from nnviz.engines.losses import LossError, one_hot
from nnviz.engines.losses.scaled_squared import ScaledSquared
from nnviz.engines.losses.squared import Squared
from nnviz.engines.torch_engine import TorchEngine
from nnviz.experiment import Experiment

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("alpha", [0.01, 0.3, 1.0, 20.0])
@pytest.mark.parametrize("n_classes", [2, 5])
def test_it_is_the_formula_of_its_source(alpha: float, n_classes: int) -> None:
    loss, targets = ScaledSquared(scale=alpha), RNG.integers(0, n_classes, 30)
    outputs = RNG.normal(size=(30, loss.n_outputs(n_classes)))
    y = 2.0 * targets[:, None] - 1.0 if n_classes == 2 else one_hot(targets, n_classes)
    expected = (np.sum((alpha * outputs - y) ** 2, axis=1) / alpha**2).mean()
    f = torch.tensor(outputs, requires_grad=True)
    value = loss.torch(f, torch.from_numpy(loss.encode(targets, n_classes)))
    assert value.item() == pytest.approx(expected, rel=1e-12)
    value.backward()
    slopes = 2.0 * alpha * (alpha * outputs - y) / alpha**2 / len(outputs)
    np.testing.assert_allclose(f.grad.numpy(), slopes, rtol=1e-10, atol=1e-14)
    answers = loss.probabilities(outputs)
    np.testing.assert_allclose(answers, Squared().probabilities(alpha * outputs))
    np.testing.assert_array_equal(loss.classes(outputs), Squared().classes(alpha * outputs))


def test_scale_one_is_the_squared_error() -> None:
    targets = RNG.integers(0, 4, 20)
    np.testing.assert_array_equal(ScaledSquared().encode(targets, 4), Squared().encode(targets, 4))
    smoothed = ScaledSquared(scale=0.2).smoothed(ScaledSquared(scale=0.2).encode(targets, 4), 4, 0.1)
    expected = Squared().smoothed(Squared().encode(targets, 4), 4, 0.1)
    np.testing.assert_allclose(0.2 * smoothed, expected, rtol=1e-12)


@pytest.mark.parametrize("alpha", [0.05, 4.0])
def test_a_step_of_the_scaled_network_at_rate_over_alpha_squared(alpha: float) -> None:
    """One step is that of plain squared error on α f at the learning rate η / α², biases and all."""
    wanted = ["data.source={kind='digits', samples=60}", "network.layers=['flatten', {kind='linear', units=7}, 'tanh']"]
    more = ["training.batch_size=1000", "training.learning_rate=0.01", "training.precision=float64"]
    experiment = Experiment().with_settings(
        [*wanted, *more, "training.engine=torch", f"training.loss={{kind='scaled-squared', scale={alpha}}}"]
    )
    data = prepare(experiment.data)
    engine = make_engine(experiment.network, experiment.training, data, 1)
    assert isinstance(engine, TorchEngine)
    flat = torch.tensor(engine.parameters(), requires_grad=True)
    w1, b1, w2, b2 = torch.split(flat, [7 * 64, 7, 10 * 7, 10])
    x = torch.from_numpy(np.asarray(data.train.x, np.float64))
    y = torch.eye(10, dtype=torch.float64)[torch.from_numpy(np.array(data.train.targets))]
    f = torch.tanh(x @ w1.view(7, 64).T + b1) @ w2.view(10, 7).T + b2
    ((alpha * f - y) ** 2).sum(1).mean().backward()
    expected = flat.detach() - 0.01 / alpha**2 * flat.grad
    engine.train_steps(1)
    np.testing.assert_allclose(engine.parameters(), expected.numpy(), rtol=1e-10, atol=1e-12)


def test_values_have_no_scale() -> None:
    with pytest.raises(LossError, match="does not fit regression"):
        ScaledSquared().resolve("regression", 0)
