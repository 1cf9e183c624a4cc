"""The torch engine against a loop over the same samples that knows nothing of nnviz but the order of samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from nnviz.data.dataset import SplitData
from nnviz.engines.optimizers import Optimizer
from nnviz.engines.random_numbers import epoch_order
from nnviz.engines.torch_engine import TorchEngine

STEPS = 200
RATE, L1, DECAY = 0.02, 0.003, 0.05

PLAIN_OPTIMIZERS: dict[str, Callable[[list[dict[str, Any]]], torch.optim.Optimizer]] = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=RATE),
    "momentum": lambda groups: torch.optim.SGD(groups, lr=RATE, momentum=0.9),
    "nesterov": lambda groups: torch.optim.SGD(groups, lr=RATE, momentum=0.9, nesterov=True),
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, lr=RATE, alpha=0.99, eps=1e-8),
    "adagrad": lambda groups: torch.optim.Adagrad(groups, lr=RATE, eps=1e-10),
    "adam": lambda groups: torch.optim.Adam(groups, lr=RATE, betas=(0.9, 0.999), eps=1e-8),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.999), eps=1e-8),
}

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def signs(targets: torch.Tensor) -> torch.Tensor:
    return 2.0 * targets.double()[:, None] - 1.0


def one_hot(targets: torch.Tensor, outputs: torch.Tensor) -> torch.Tensor:
    return functional.one_hot(targets, outputs.shape[1]).double()


def surprise(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return (outputs.logsumexp(1) - outputs.gather(1, targets[:, None])[:, 0]).mean()


CASES: dict[str, tuple[str, int, int, Loss]] = {
    # name: (loss, classes or 0, outputs, the loss written out for targets as class numbers or values)
    "squared, two classes": ("squared", 2, 1, lambda f, y: ((f - signs(y)) ** 2).sum(1).mean()),
    "squared, three classes": ("squared", 3, 3, lambda f, y: ((f - one_hot(y, f)) ** 2).sum(1).mean()),
    "squared, values": ("squared", 0, 1, lambda f, y: ((f[:, 0] - y) ** 2).mean()),
    "huber, values": ("huber", 0, 1, lambda f, y: functional.smooth_l1_loss(f[:, 0], y, beta=1.0)),
    "huber, three classes": (
        "huber",
        3,
        3,
        lambda f, y: functional.smooth_l1_loss(f, one_hot(y, f), reduction="none").sum(1).mean(),
    ),
    "binary cross-entropy, two classes": (
        "binary-cross-entropy",
        2,
        1,
        lambda f, y: functional.softplus(-f[:, 0] * signs(y)[:, 0]).mean(),
    ),
    "binary cross-entropy, three classes": (
        "binary-cross-entropy",
        3,
        3,
        lambda f, y: functional.softplus(-f * (2 * one_hot(y, f) - 1)).sum(1).mean(),
    ),
    "cross-entropy, two classes": ("cross-entropy", 2, 2, surprise),
    "cross-entropy, three classes": ("cross-entropy", 3, 3, surprise),
}


def plain_loop(
    start: np.ndarray, data: SplitData, outputs: int, loss: Loss, optimizer: str, l1: float, decay: float
) -> np.ndarray:
    """Train a network written down by hand for `STEPS` steps of 8 samples; return its parameters."""
    net = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 5), nn.Sigmoid(), nn.Linear(5, outputs)).double()
    vector_to_parameters(torch.from_numpy(start.copy()), net.parameters())
    weights = [p for p in net.parameters() if p.ndim == 2]
    biases = [p for p in net.parameters() if p.ndim == 1]
    steps = PLAIN_OPTIMIZERS[optimizer]([{"params": weights, "weight_decay": decay}, {"params": biases}])
    if optimizer == "adamw":
        steps.param_groups[1]["weight_decay"] = 0.0
    x = torch.from_numpy(data.train.x).double()
    y = torch.from_numpy(data.train.targets)
    y = y.double() if y.is_floating_point() else y
    done, epoch = 0, 0
    while done < STEPS:
        order = epoch_order(3, epoch, len(x))
        for begin in range(0, len(x), 8):
            batch = order[begin : begin + 8]
            steps.zero_grad()
            penalty = sum((w.abs().sum() for w in weights), torch.zeros(()))
            (loss(net(x[batch]), y[batch]) + l1 * penalty).backward()
            steps.step()
            done += 1
            if done == STEPS:
                break
        epoch += 1
    return parameters_to_vector(net.parameters()).detach().numpy()


@pytest.mark.parametrize("optimizer", sorted(PLAIN_OPTIMIZERS))
@pytest.mark.parametrize("case", CASES)
def test_the_engine_takes_the_steps_of_a_plain_loop(case: str, optimizer: str, data_of: Any, engine_of: Any) -> None:
    loss, n_classes, outputs, written_out = CASES[case]
    data = data_of(n_classes)
    engine = engine_of(data, loss=loss, optimizer=optimizer, learning_rate=RATE, l1=L1, weight_decay=DECAY)
    start = engine.parameters()
    train(engine, STEPS)
    expected = plain_loop(start, data, outputs, written_out, optimizer, L1, DECAY)
    np.testing.assert_allclose(engine.parameters(), expected, rtol=0, atol=1e-7)
    assert np.abs(expected - start).max() > 0.05, "two hundred steps lead somewhere"


@pytest.mark.parametrize("optimizer", sorted(PLAIN_OPTIMIZERS))
def test_single_precision_stays_near(optimizer: str, data_of: Any, engine_of: Any) -> None:
    data = data_of(2)
    settings = {"loss": "binary-cross-entropy", "optimizer": optimizer, "learning_rate": RATE}
    engine = engine_of(data, precision="float32", **settings)
    start = engine.parameters().astype(np.float64)
    assert engine.parameters().dtype == np.float32
    train(engine, STEPS)
    expected = plain_loop(start, data, 1, CASES["binary cross-entropy, two classes"][3], optimizer, 0.0, 0.0)
    np.testing.assert_allclose(engine.parameters(), expected, rtol=0, atol=2e-3)


def test_every_registered_optimizer_was_compared() -> None:
    assert set(Optimizer.registry.names()) == set(PLAIN_OPTIMIZERS)


def test_regularization_leaves_biases_scales_and_shifts_alone(engine_of: Any) -> None:
    layers = [{"kind": "linear", "units": 4}, "batch-norm", "layer-norm", "tanh"]
    engine = engine_of(layers=layers, learning_rate=1e-9, weight_decay=1.0, l1=1.0)
    before = {slot: slot.view(engine.parameters()).copy() for slot in engine.plan.slots}
    engine._grad.zero_()
    engine._rate = 1.0
    engine._regularize()
    pulled = engine._numpy(engine._grad)
    for slot, values in before.items():
        expected = values + np.sign(values) if slot.parameter.role == "weight" else np.zeros_like(values)
        np.testing.assert_array_equal(slot.view(pulled), expected, err_msg=f"{slot.parameter.role}")


def train(engine: TorchEngine, steps: int) -> None:
    done = 0
    while done < steps:
        done += engine.train_steps(steps - done)


# ---------------------------------------------------------------- gradients

NETWORKS: dict[str, list[Any]] = {
    "tanh and sigmoid": [{"kind": "linear", "units": 4}, "tanh", {"kind": "linear", "units": 3}, "sigmoid"],
    "gelu and layer norm": [{"kind": "linear", "units": 5}, "layer-norm", "gelu"],
    "silu, softplus, sine": [
        {"kind": "linear", "units": 4},
        "silu",
        {"kind": "linear", "units": 4},
        "softplus",
        "sine",
    ],
    "no hidden layer": [],
}


@pytest.mark.parametrize("loss", ["squared", "huber", "binary-cross-entropy", "cross-entropy"])
@pytest.mark.parametrize("network", NETWORKS)
def test_gradients_are_central_differences(network: str, loss: str, data_of: Any, engine_of: Any) -> None:
    engine = engine_of(data_of(3, n=16), layers=NETWORKS[network], loss=loss, batch_size=16)
    assert_gradient(engine)


def test_gradients_of_a_convolution_are_central_differences(data_of: Any, engine_of: Any) -> None:
    data = data_of(3, n=9, features=32, image=(2, 4, 4))
    layers = [{"kind": "conv2d", "filters": 3}, "tanh", "average-pool", "flatten"]
    assert_gradient(engine_of(data, layers=layers, batch_size=9))


def assert_gradient(engine: TorchEngine) -> None:
    """Compare the gradient of a step on the whole training part with differences of the measured loss."""
    from dataclasses import replace

    state, h = engine.state(), 1e-6

    def loss_at(parameters: np.ndarray) -> float:
        engine.restore(replace(state, parameters=parameters))
        return float(engine.measure()["train_loss"][0])

    numeric = np.zeros(engine.plan.n_parameters)
    for i in range(len(numeric)):
        for sign in (1, -1):
            moved = state.parameters.copy()
            moved[i] += sign * h
            numeric[i] += sign * loss_at(moved) / (2 * h)
    engine.restore(state)
    engine.train_steps(1)
    np.testing.assert_allclose(engine.gradients(), numeric, rtol=0, atol=1e-6)
    norms = engine.measure()["gradient_norm_by_layer"][0]
    slots = {
        stage: [s for s in engine.plan.slots if s.stage == stage] for stage in {s.stage for s in engine.plan.slots}
    }
    expected = [np.linalg.norm(np.concatenate([s.view(numeric).ravel() for s in slots[k]])) for k in sorted(slots)]
    np.testing.assert_allclose(norms, expected, atol=1e-6)
    np.testing.assert_allclose(engine.measure()["gradient_norm"][0], np.linalg.norm(numeric), atol=1e-6)
