"""Norms of updates and weights, and units that are dead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnviz.engines.torch_engine import TorchEngine

RELU = [{"kind": "linear", "units": 6}, "relu"]


def by_layer(engine: TorchEngine, flat: np.ndarray) -> list[float]:
    """Return the Euclidean norm of every layer's part of a flat array."""
    stages = sorted({slot.stage for slot in engine.plan.slots})
    parts = [np.concatenate([s.view(flat).ravel() for s in engine.plan.slots if s.stage == k]) for k in stages]
    return [float(np.linalg.norm(part)) for part in parts]


OPTIONS = [
    {},
    {"optimizer": "adamw", "weight_decay": 0.5},
    {"optimizer": "rmsprop", "max_norm": 0.3, "gradient_clip": 0.01, "l1": 0.01},
]


@pytest.mark.parametrize("options", OPTIONS, ids=["plain", "decoupled decay", "limits"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_update_is_the_change_in_the_last_step_of_the_epoch(
    options: dict[str, Any], precision: str, engine_of: Any
) -> None:
    engine = engine_of(layers=[{"kind": "linear", "units": 6}, "layer-norm", "tanh"], precision=precision, **options)
    np.testing.assert_array_equal(engine.measure()["update_norm_by_layer"], np.zeros((1, 3)))
    for _ in range(2):
        engine.train_steps(4)
        before = engine.parameters()
        engine.train_steps(1)
        after = engine.parameters()
        row = engine.measure()
        np.testing.assert_allclose(row["update_norm_by_layer"], [by_layer(engine, after - before)], rtol=1e-6)
        np.testing.assert_allclose(row["weight_norm_by_layer"], [by_layer(engine, after)], rtol=1e-6)
        assert (row["update_norm_by_layer"] > 0).all()
        np.testing.assert_array_equal(engine.state().updates, after - before)
        engine.train_steps(2)
        np.testing.assert_array_equal(engine.measure()["update_norm_by_layer"], row["update_norm_by_layer"])
        engine.train_steps(3)


def test_a_restored_engine_measures_the_same(engine_of: Any) -> None:
    engine, fresh = engine_of(layers=RELU, optimizer="adam"), engine_of(layers=RELU, optimizer="adam")
    rows = engine.train_epochs(3)
    fresh.restore(engine.state())
    again = fresh.measure()
    for name in rows:
        if name != "learning_rate":  # the rate of the last step, which a state does not hold
            np.testing.assert_array_equal(again[name][0], rows[name][-1], err_msg=name)


# ---------------------------------------------------------------- dead units


def with_biases(engine: TorchEngine, stage: int, biases: dict[int, float]) -> None:
    """Set biases so far up or down that some units can only be on or off."""
    state = engine.state()
    flat = state.parameters.copy()
    slot = next(s for s in engine.plan.slots if s.stage == stage and s.parameter.role == "bias")
    for unit, value in biases.items():
        slot.view(flat)[unit] = value
    engine.restore(replace(state, parameters=flat))


def counted(engine: TorchEngine) -> list[int]:
    """Return the dead units of every activation stage, from all activations at once."""
    found = []
    outputs = engine.activations(engine.data.train.x)
    for stage in engine.plan.activation_stages:
        output = outputs[stage.index]
        found.append(int((output == 0).all(axis=(0, *range(2, output.ndim))).sum()))
    return found


def test_units_that_are_never_on_are_dead(engine_of: Any) -> None:
    layers = [*RELU, {"kind": "linear", "units": 4}, "tanh", {"kind": "linear", "units": 5}, "relu"]
    engine = engine_of(layers=layers)
    with_biases(engine, 0, {0: -1e3, 1: 1e3, 4: -1e3})
    with_biases(engine, 4, dict.fromkeys(range(5), -1e3))
    row = engine.measure()["dead_units_by_layer"]
    assert row.dtype == np.int64
    assert row.shape == (1, 3)
    assert row[0].tolist() == counted(engine)
    assert row[0, 0] >= 2
    assert row[0, 1:].tolist() == [0, 5]


def test_channels_of_images_count_as_units(engine_of: Any, data_of: Any) -> None:
    data = data_of(3, n=12, features=32, image=(2, 4, 4))
    layers = [{"kind": "conv2d", "filters": 5}, "relu", "max-pool", "flatten", {"kind": "linear", "units": 3}, "relu"]
    engine = engine_of(data, layers=layers)
    with_biases(engine, 0, {1: -1e3, 2: -1e3, 3: 1e3})
    row = engine.measure()["dead_units_by_layer"]
    assert row[0].tolist() == counted(engine)
    assert row[0, 0] == 2


@pytest.mark.parametrize("place", [0, 1_023, 1_024, 8_191, 8_192, 9_999])
def test_one_sample_anywhere_keeps_a_unit_alive(place: int, engine_of: Any, data_of: Any) -> None:
    data = data_of(0, n=10_000, features=1)
    data.train.x[:] = -np.abs(data.train.x) - 1.0
    engine = engine_of(data, layers=[{"kind": "linear", "units": 3}, "relu"], loss="squared")
    signs = np.array([1.0, 1.0, -1.0])  # x is negative: two units are off and one is on, until one x is positive
    state = engine.state()
    flat = state.parameters.copy()
    flat[:3], flat[3:6] = signs, 0.0
    engine.restore(replace(state, parameters=flat))
    assert engine.measure()["dead_units_by_layer"].tolist() == [[2]]
    data.train.x[place] = 1.0
    engine.set_data(data)
    assert engine.measure()["dead_units_by_layer"].tolist() == [[0]]


def test_without_activations_there_is_nothing_to_count(engine_of: Any) -> None:
    rows = engine_of(layers=[{"kind": "linear", "units": 3}]).train_epochs(2)
    assert rows["dead_units_by_layer"].shape == (2, 0)
    assert rows["update_norm_by_layer"].shape == rows["weight_norm_by_layer"].shape == (2, 2)


def test_dropout_does_not_kill(engine_of: Any) -> None:
    layers = [{"kind": "linear", "units": 6}, {"kind": "dropout", "rate": 0.95}, "tanh"]
    engine = engine_of(layers=layers)
    engine.train_epochs(1)
    assert engine.measure()["dead_units_by_layer"].tolist() == [[0]]


def test_a_network_that_overflowed_is_not_called_dead(engine_of: Any) -> None:
    engine = engine_of(layers=RELU)
    state = engine.state()
    engine.restore(replace(state, parameters=np.full_like(state.parameters, np.nan)))
    row = engine.measure()
    assert row["dead_units_by_layer"].tolist() == [[0]]
    assert np.isnan(row["weight_norm_by_layer"]).all()
