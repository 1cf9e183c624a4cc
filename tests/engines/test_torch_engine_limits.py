"""Gradient clipping, max norm and label smoothing against loops that use what torch itself offers for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_, parameters_to_vector, vector_to_parameters

from nnviz.data.dataset import SplitData
from nnviz.engines.losses import LossError
from nnviz.engines.random_numbers import dropout_words, epoch_order
from nnviz.engines.settings import TrainingSettings
from nnviz.engines.torch_engine import TorchEngine
from nnviz.network.layers.dropout import dropout_threshold
from nnviz.network.settings import NetworkSettings
from nnviz.settings import decode

STEPS, RATE = 60, 0.05

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def dense(outputs: int) -> nn.Sequential:
    """Return the network of the conftest."""
    return nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 5), nn.Sigmoid(), nn.Linear(5, outputs)).double()


def batches(data: SplitData, seed: int = 3) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Return the batches of 8 samples of the first `STEPS` steps."""
    x = torch.from_numpy(data.train.x.reshape(-1, *data.input_shape)).double()
    y = torch.from_numpy(data.train.targets)
    order = np.concatenate([epoch_order(seed, epoch, len(x)) for epoch in range(STEPS)])
    starts = [epoch * len(x) + start for epoch in range(STEPS) for start in range(0, len(x), 8)]
    for start in starts[:STEPS]:
        stop = min(start + 8, (start // len(x) + 1) * len(x))
        yield x[order[start:stop]], y[order[start:stop]]


def plain_loop(
    net: nn.Module,
    start: np.ndarray,
    data: SplitData,
    loss: Loss,
    clip: float = 0.0,
    max_norm: float = 0.0,
    l1: float = 0.0,
) -> np.ndarray:
    """Return the parameters after `STEPS` steps with torch's own tools, one array of parameters at a time."""
    vector_to_parameters(torch.from_numpy(start.copy()), net.parameters())
    parameters = list(net.parameters())
    weights = [p for p in parameters if p.ndim > 1]
    optimizer = torch.optim.SGD(parameters, lr=RATE, momentum=0.9)
    for x, y in batches(data):
        optimizer.zero_grad()
        loss(net(x), y).backward()
        if clip:
            clip_grad_norm_(parameters, clip)
        with torch.no_grad():
            for weight in weights:
                weight.grad += l1 * weight.sign()
            optimizer.step()
            for weight in weights[:-1] if max_norm else []:
                weight.copy_(torch.renorm(weight, 2, 0, max_norm))
    return parameters_to_vector(parameters).detach().numpy()


def trained(engine: TorchEngine, steps: int = STEPS) -> np.ndarray:
    done = 0
    while done < steps:
        done += engine.train_steps(steps - done)
    return engine.parameters()


OPTIONS = {"optimizer": "momentum", "learning_rate": RATE}


# ---------------------------------------------------------------- gradient clipping


@pytest.mark.parametrize("clip", [0.03, 0.3, 100.0])
@pytest.mark.parametrize("l1", [0.0, 0.01])
def test_clipping_is_that_of_torch_and_comes_before_the_penalties(
    clip: float, l1: float, engine_of: Any, data_of: Any
) -> None:
    data = data_of(3)
    engine = engine_of(data, gradient_clip=clip, l1=l1, **OPTIONS)
    start = engine.parameters()
    expected = plain_loop(dense(3), start, data, functional.cross_entropy, clip=clip, l1=l1)
    np.testing.assert_allclose(trained(engine), expected, rtol=0, atol=1e-11)
    unclipped = plain_loop(dense(3), start, data, functional.cross_entropy, l1=l1)
    assert (np.abs(unclipped - expected).max() > 1e-4) == (clip < 100.0)


def test_the_gradient_is_measured_before_it_is_clipped(engine_of: Any, data_of: Any) -> None:
    clipped, free = (engine_of(data_of(3), gradient_clip=clip, batch_size=37) for clip in (1e-3, 0.0))
    start = clipped.parameters()
    rows = [engine.train_epochs(1) for engine in (clipped, free)]
    for name in ("gradient_norm", "gradient_norm_by_layer"):
        np.testing.assert_array_equal(rows[0][name], rows[1][name])
    assert rows[0]["gradient_norm"][0] > 0.01
    np.testing.assert_allclose(np.linalg.norm(clipped.parameters() - start), 0.05 * 1e-3, rtol=1e-3)


# ---------------------------------------------------------------- max norm


@pytest.mark.parametrize("max_norm", [0.3, 1.0, 100.0])
def test_max_norm_is_the_renorm_of_torch(max_norm: float, engine_of: Any, data_of: Any) -> None:
    data = data_of(3)
    engine = engine_of(data, max_norm=max_norm, **OPTIONS)
    start = engine.parameters()
    expected = plain_loop(dense(3), start, data, functional.cross_entropy, max_norm=max_norm)
    np.testing.assert_allclose(trained(engine), expected, rtol=0, atol=1e-11)
    free = plain_loop(dense(3), start, data, functional.cross_entropy)
    assert (np.abs(free - expected).max() > 1e-2) == (max_norm < 100.0)


def test_max_norm_limits_hidden_units_and_filters_alone(engine_of: Any, data_of: Any) -> None:
    data = data_of(3, n=24, features=32, image=(2, 4, 4))
    layers = [{"kind": "conv2d", "filters": 3}, "batch-norm", "relu", "flatten", {"kind": "linear", "units": 5}, "tanh"]
    limited, free = (engine_of(data, layers=layers, max_norm=c, learning_rate=0.5) for c in (0.2, 0.0))
    for engine in (limited, free):
        trained(engine, 1)
    for slot in limited.plan.slots:
        found, wanted = slot.view(limited.parameters()), slot.view(free.parameters())
        if slot.parameter.role == "weight" and slot.stage < len(limited.plan.stages) - 1:
            rows, longer = found.reshape(len(found), -1), wanted.reshape(len(wanted), -1)
            lengths = np.linalg.norm(longer, axis=1, keepdims=True)
            assert (lengths > 0.2).any()
            np.testing.assert_allclose(rows, longer * np.minimum(1.0, 0.2 / lengths), rtol=1e-6)
            assert (np.linalg.norm(rows, axis=1) <= 0.2).all()
        else:
            np.testing.assert_array_equal(found, wanted)


# ---------------------------------------------------------------- label smoothing


def signs(y: torch.Tensor) -> torch.Tensor:
    return 2.0 * y.double() - 1.0


def hot(y: torch.Tensor) -> torch.Tensor:
    return functional.one_hot(y, 4).double()


SMOOTHED: dict[str, tuple[str, int, Loss]] = {
    # name: (loss, classes, the loss of smoothed targets (s = 0.2) written out for class numbers)
    "cross-entropy, two classes": ("cross-entropy", 2, partial(functional.cross_entropy, label_smoothing=0.2)),
    "cross-entropy, four classes": ("cross-entropy", 4, partial(functional.cross_entropy, label_smoothing=0.2)),
    "binary cross-entropy, two classes": (
        "binary-cross-entropy",
        2,
        lambda f, y: sum(
            share * functional.softplus(-f[:, 0] * side * signs(y)).mean() for share, side in ((0.9, 1), (0.1, -1))
        ),
    ),
    "squared, two classes": ("squared", 2, lambda f, y: ((f[:, 0] - 0.8 * signs(y)) ** 2).mean()),
    "squared, four classes": ("squared", 4, lambda f, y: ((f - 0.8 * hot(y) - 0.05) ** 2).sum(1).mean()),
    "huber, two classes": ("huber", 2, lambda f, y: functional.smooth_l1_loss(f[:, 0], 0.8 * signs(y))),
}


@pytest.mark.parametrize("case", SMOOTHED)
def test_training_aims_at_smoothed_targets(case: str, engine_of: Any, data_of: Any) -> None:
    loss, n_classes, written_out = SMOOTHED[case]
    data = data_of(n_classes)
    engine = engine_of(data, loss=loss, label_smoothing=0.2, **OPTIONS)
    expected = plain_loop(dense(engine.plan.n_outputs), engine.parameters(), data, written_out)
    np.testing.assert_allclose(trained(engine), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("loss", ["cross-entropy", "binary-cross-entropy", "squared", "huber"])
def test_losses_are_measured_against_the_plain_targets(loss: str, engine_of: Any, data_of: Any) -> None:
    smoothed, plain = (engine_of(data_of(3), loss=loss, label_smoothing=s) for s in (0.3, 0.0))
    trained(smoothed)
    plain.restore(smoothed.state())
    found, expected = smoothed.measure(), plain.measure()
    for name in ("train_loss", "train_error", "test_loss", "test_error"):
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_smoothing_applies_from_the_next_step(engine_of: Any, data_of: Any) -> None:
    changed, fresh = engine_of(data_of(3)), engine_of(data_of(3), label_smoothing=0.3)
    for engine in (changed, fresh):
        engine.train_steps(2)
    fresh.restore(changed.state())
    configure(changed, label_smoothing=0.3)
    np.testing.assert_array_equal(trained(changed, 7), trained(fresh, 7))
    configure(changed)
    plain = engine_of(data_of(3))
    plain.restore(fresh.state())
    np.testing.assert_array_equal(trained(changed, 7), trained(plain, 7))


def test_smoothing_needs_classes(engine_of: Any, data_of: Any) -> None:
    with pytest.raises(LossError, match=r"Label smoothing needs classes, .* set it to 0"):
        engine_of(data_of(0), label_smoothing=0.1)
    engine = engine_of(data_of(0))
    before = engine._training
    with pytest.raises(LossError, match="Label smoothing"):
        configure(engine, label_smoothing=0.1, learning_rate=7.0)
    assert engine._training is before
    assert TrainingSettings(label_smoothing=0.1).resolved_loss("classification", 2).kind == "binary-cross-entropy"


def configure(engine: TorchEngine, **changes: Any) -> None:
    plain = {"learning_rate": 0.05, "batch_size": 8, "precision": "float64", **changes}
    layers = tuple(stage.layer for stage in engine.plan.stages[:-1])
    engine.configure(NetworkSettings(layers=layers), decode(TrainingSettings, plain))


# ---------------------------------------------------------------- dropout


def test_masks_are_the_common_random_numbers_of_step_and_layer(engine_of: Any, data_of: Any) -> None:
    """Two dropout layers, one of them on images, against a loop that multiplies by masks made here."""
    data, rates = data_of(3, features=32, image=(2, 4, 4)), (0.25, 0.6)
    layers = [
        {"kind": "conv2d", "filters": 2},
        {"kind": "dropout", "rate": rates[0]},
        "flatten",
        {"kind": "linear", "units": 7},
        "tanh",
        {"kind": "dropout", "rate": rates[1]},
    ]
    step = 0

    def mask(x: torch.Tensor, number: int) -> torch.Tensor:
        words = dropout_words(3, step, number, len(x), x[0].numel())
        kept = words >= dropout_threshold(rates[number])
        return torch.from_numpy(kept / (1.0 - rates[number])).view(x.shape)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.linear, self.out = nn.Conv2d(2, 2, 3, padding=1), nn.Linear(32, 7), nn.Linear(7, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            nonlocal step
            x = self.conv(x)
            x = torch.tanh(self.linear((x * mask(x, 0)).flatten(1)))
            x = self.out(x * mask(x, 1))
            step += 1
            return x

    engine = engine_of(data, layers=layers, **OPTIONS)
    expected = plain_loop(Net().double(), engine.parameters(), data, functional.cross_entropy)
    np.testing.assert_allclose(trained(engine), expected, rtol=0, atol=1e-10)
    assert step == STEPS
