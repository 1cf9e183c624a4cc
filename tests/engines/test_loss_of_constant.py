"""The loss of the best answer that is the same for all samples, against a search with the loss that trains."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize

from nnviz.data.dataset import Part, SplitData
from nnviz.data.split import prepare
from nnviz.engines.losses import Loss, signed_targets
from nnviz.engines.losses.huber import Huber
from nnviz.engines.losses.scaled_squared import ScaledSquared
from nnviz.experiment import Experiment
from nnviz.settings import Kind

TASKS = {
    "two classes": "data.source={kind='circles', samples=90}",
    "three classes": "data.source={kind='blobs', samples=90, classes=3}",
    "regression": "data.source={kind='noisy-sine', samples=60}",
}


class LogCosh(Kind, Loss, frozen=True, tag="log-cosh"):
    """A loss that nothing else in the house has heard of: mean Σ log cosh(f − y)."""

    title = "Log-cosh"

    def encode(self, targets: NDArray[Any], n_classes: int) -> NDArray[Any]:
        return signed_targets(targets, n_classes)

    def torch(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return torch.log(torch.cosh(outputs - targets)).sum(dim=1).mean()


LOSSES: dict[str, Loss] = {
    **{kind: Loss.registry[kind]() for kind in Loss.registry.names()},
    "huber, narrow": Huber(delta=0.2),
    "scaled, by 3": ScaledSquared(scale=3.0),
    "log-cosh": LogCosh(),
}


def uneven(task: str) -> SplitData:
    """Return samples of which one class, or one end of the values, is rarer than the others."""
    data = prepare(Experiment().with_settings([TASKS[task]]).data)
    train, rng = data.train, np.random.default_rng(3)
    stays = (train.targets > np.median(train.targets)) | (rng.random(len(train)) < 0.4)
    return replace(data, train=Part(train.x[stays], train.targets[stays], train.noisy[stays]))


def smallest(loss: Loss, data: SplitData) -> float:
    """Return the smallest loss of one answer that a search without slopes finds, from several starts."""
    targets = torch.as_tensor(loss.encode(data.train.targets, data.n_classes))
    outputs = loss.n_outputs(data.n_classes)

    def value(answer: NDArray[np.float64]) -> float:
        return float(loss.torch(torch.from_numpy(np.tile(answer, (len(targets), 1))), targets))

    starts = np.random.default_rng(0).normal(size=(2, outputs))
    exact = {"xatol": 1e-7, "fatol": 1e-12, "maxiter": 4000}
    return min(float(minimize(value, start, method="Nelder-Mead", options=exact).fun) for start in starts)


PAIRS = [
    (name, task)
    for name, loss in LOSSES.items()
    for task in TASKS
    if ("regression" if task == "regression" else "classification") in loss.tasks
]


@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_no_answer_that_is_the_same_for_all_has_less(name: str, task: str) -> None:
    data = uneven(task)
    loss = LOSSES[name].resolve(data.task, data.n_classes)
    assert loss.of_constant(data.train.targets, data.n_classes) == pytest.approx(smallest(loss, data), rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_one_class_alone_is_answered_without_a_loss(name: str) -> None:
    data = uneven("two classes")
    train = data.train
    one = replace(data, train=Part(train.x, np.zeros_like(train.targets), train.noisy))
    loss = LOSSES[name].resolve(data.task, data.n_classes)
    assert loss.of_constant(one.train.targets, one.n_classes) == pytest.approx(0.0, abs=1e-9)
