"""Epochs without measurements, epochs of a single batch, and memories that fade away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnviz.engines.random_numbers import batch_order, epoch_order

ENGINES = ["compiled", "torch"]
LAYERS = [
    {"kind": "linear", "units": 6},
    "tanh",
    {"kind": "dropout", "rate": 0.3},
    {"kind": "linear", "units": 5},
    "tanh",
]


def assert_same_state(one: Any, other: Any) -> None:
    a, b = one.state(), other.state()
    assert (a.epoch, a.step, a.position, a.rate) == (b.epoch, b.step, b.position, b.rate)
    for found, expected in zip(a.arrays(), b.arrays(), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("batch", [8, 37, 100])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_epochs_that_are_not_measured_are_the_same(engine: str, batch: int, schedule: str, engine_of: Any) -> None:
    options = {"engine": engine, "batch_size": batch, "schedule": schedule, "epochs": 30, "optimizer": "adam"}
    one, other = (engine_of(layers=LAYERS, **options) for _ in range(2))
    for made in (one, other):
        made.train_steps(2)  # with small batches this is within an epoch
    one.pass_epochs(7)
    other.train_epochs(7)
    assert one.epoch == (7 if batch == 8 else 8)
    assert_same_state(one, other)
    one.pass_epochs(1)
    one.train_steps(1)
    other.train_epochs(1)
    other.train_steps(1)
    assert_same_state(one, other)


def test_the_engines_agree_on_single_batches_with_dropout(pair_of: Any, data_of: Any) -> None:
    compiled, torch = pair_of(data_of(3), LAYERS, batch_size=37, optimizer="adam")
    for made in (compiled, torch):
        made.pass_epochs(40)
    np.testing.assert_allclose(compiled.parameters(), torch.parameters(), rtol=1e-9, atol=1e-12)


def test_a_single_batch_comes_as_it_lies() -> None:
    np.testing.assert_array_equal(batch_order(5, 2, 9, 9), np.arange(9))
    np.testing.assert_array_equal(batch_order(5, 2, 9, 100), np.arange(9))
    np.testing.assert_array_equal(batch_order(5, 2, 9, 8), epoch_order(5, 2, 9))
    assert (batch_order(5, 2, 9, 8) != np.arange(9)).any()


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "adam", "adamw"])
def test_memories_of_what_no_longer_moves_fade_to_nothing(optimizer: str, engine_of: Any, data_of: Any) -> None:
    """Numbers below 1e-38 take a processor a hundred times as long, and units that have died leave many of them."""
    data = data_of(3)
    layers = [{"kind": "linear", "units": 6}, "relu"]
    made = engine_of(
        data, layers, engine="compiled", precision="float32", batch_size=37, optimizer=optimizer, learning_rate=0.01
    )
    made.pass_epochs(20)
    state = made.state()
    parameters = state.parameters.copy()
    parameters[18:24] = -1000.0  # the biases of the hidden units: all of them die
    made.restore(replace(state, parameters=parameters))
    made.pass_epochs(3000)
    for name, memory in made.state().optimizer.items():
        if name in ("momentum_buffer", "exp_avg"):
            assert (memory[:24] == 0.0).all(), name
            assert (memory[24:] != 0.0).any(), "the output layer goes on learning"


def test_dust_has_no_bearing_on_training(pair_of: Any, data_of: Any) -> None:
    """A feature that is 0 for every sample leaves weights without any gradient: both engines hold them still."""
    data = data_of(3)
    for part in (data.train, data.test):
        part.x[:, 1] = 0.0
    compiled, torch = pair_of(data, [{"kind": "linear", "units": 6}, "tanh"], batch_size=37, optimizer="adam")
    start = compiled.parameters()
    for made in (compiled, torch):
        made.pass_epochs(400)
    np.testing.assert_allclose(compiled.parameters(), torch.parameters(), rtol=1e-7, atol=1e-10)
    np.testing.assert_array_equal(compiled.parameters()[1:18:3], start[1:18:3])
