"""What the compiled engine measures: gradients, dead units, norms, and losses that are no longer numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnviz.data.dataset import SplitData
from nnviz.engines.engine import Engine

ACTIVATIONS = ["relu", "leaky-relu", "gelu", "silu", "sigmoid", "tanh", "softplus", "sine"]
TASKS = [
    ("squared", 0),
    ("squared", 2),
    ("squared", 3),
    ("huber", 0),
    ("huber", 2),
    ("huber", 3),
    ("binary-cross-entropy", 2),
    ("binary-cross-entropy", 3),
    ("cross-entropy", 2),
    ("cross-entropy", 4),
]
RELU = [{"kind": "linear", "units": 6}, "relu"]


def by_layer(engine: Engine, flat: np.ndarray) -> list[float]:
    """Return the Euclidean norm of every layer's part of a flat array."""
    stages = sorted({slot.stage for slot in engine.plan.slots})
    parts = [np.concatenate([s.view(flat).ravel() for s in engine.plan.slots if s.stage == k]) for k in stages]
    return [float(np.linalg.norm(part.astype(np.float64))) for part in parts]


def with_parameters(engine: Engine, flat: np.ndarray) -> None:
    engine.restore(replace(engine.state(), parameters=flat))


# ---------------------------------------------------------------- gradients


def assert_gradient(engine: Engine, h: float = 1e-5) -> None:
    """Compare the gradient of a step on all samples with central differences of the measured loss."""
    state = engine.state()
    for slot in engine.plan.slots:  # at their start, 0, units without input would lie exactly where ReLU has its corner
        if slot.parameter.role == "bias":
            slot.view(state.parameters)[...] = np.random.default_rng(slot.start).normal(size=slot.parameter.shape)
    numeric = np.zeros(engine.plan.n_parameters)
    for i in range(len(numeric)):
        for sign in (1.0, -1.0):
            moved = state.parameters.copy()
            moved[i] += sign * h
            engine.restore(replace(state, parameters=moved))
            numeric[i] += sign * engine.measure()["train_loss"][0] / (2.0 * h)
    engine.restore(state)
    assert engine.train_steps(1) == 1
    found = engine.gradients()
    assert np.linalg.norm(numeric) > 1e-3
    assert np.linalg.norm(found - numeric) <= 1e-6 * np.linalg.norm(numeric)
    norms = engine.measure()["gradient_norm_by_layer"][0]
    np.testing.assert_allclose(norms, by_layer(engine, found), rtol=1e-12)
    np.testing.assert_allclose(engine.measure()["gradient_norm"][0], np.linalg.norm(found), rtol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("loss", "n_classes"), TASKS)
def test_gradients_are_central_differences(
    activation: str, loss: str, n_classes: int, engine_of: Any, data_of: Any
) -> None:
    layers = [{"kind": "linear", "units": 4}, activation, {"kind": "linear", "units": 3}, activation]
    data = data_of(n_classes, n=19)
    assert_gradient(engine_of(data, layers, engine="compiled", loss=loss, batch_size=19))


@pytest.mark.parametrize("optimizer", ["adamw", "rmsprop"])
def test_the_measured_gradient_is_that_of_the_loss_alone(optimizer: str, engine_of: Any, data_of: Any) -> None:
    options = {"optimizer": optimizer, "l1": 0.1, "weight_decay": 0.1, "max_norm": 0.1, "gradient_clip": 1e-3}
    assert_gradient(engine_of(data_of(3), engine="compiled", batch_size=37, **options))


# ---------------------------------------------------------------- norms


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("options", [{}, {"optimizer": "adamw", "weight_decay": 0.5, "max_norm": 0.3}])
def test_norms_are_those_of_the_arrays(options: dict[str, Any], precision: str, engine_of: Any) -> None:
    engine = engine_of(engine="compiled", precision=precision, **options)
    np.testing.assert_array_equal(engine.measure()["update_norm_by_layer"], np.zeros((1, 3)))
    for _ in range(2):
        engine.train_steps(4)
        before = engine.parameters()
        engine.train_steps(1)
        after = engine.parameters()
        row = engine.measure()
        np.testing.assert_array_equal(engine.state().updates, after - before)
        np.testing.assert_allclose(row["update_norm_by_layer"], [by_layer(engine, after - before)], rtol=1e-12)
        np.testing.assert_allclose(row["weight_norm_by_layer"], [by_layer(engine, after)], rtol=1e-12)
        np.testing.assert_allclose(row["gradient_norm_by_layer"], [by_layer(engine, engine.gradients())], rtol=1e-12)
        assert (row["update_norm_by_layer"] > 0).all()
        engine.train_steps(2)
        np.testing.assert_array_equal(engine.measure()["update_norm_by_layer"], row["update_norm_by_layer"])
        engine.train_steps(3)


def test_losses_are_those_of_the_plain_targets(engine_of: Any, data_of: Any) -> None:
    smoothed, plain = (engine_of(data_of(3), engine="compiled", label_smoothing=s) for s in (0.3, 0.0))
    smoothed.train_epochs(3)
    plain.restore(smoothed.state())
    found, expected = smoothed.measure(), plain.measure()
    for name in ("train_loss", "train_error", "test_loss", "test_error"):
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


# ---------------------------------------------------------------- dead units


def dead_by_hand(data: SplitData, engine: Engine) -> list[int]:
    """Return the number of units without any output, by the formulas of a network of linear layers and ReLU."""
    flat, x, found = engine.parameters(), data.train.x.astype(np.float64), []
    slots = engine.plan.slots
    for weights, biases in zip(slots[:-2:2], slots[1:-2:2], strict=True):
        x = np.maximum(x @ weights.view(flat).T + biases.view(flat), 0.0)
        found.append(int((x == 0.0).all(axis=0).sum()))
    return found


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_units_that_are_never_on_are_dead(precision: str, pair_of: Any, data_of: Any) -> None:
    data = data_of(3, n=150)
    pair = pair_of(data, [*RELU, {"kind": "linear", "units": 20}, "relu"], precision=precision)
    rng = np.random.default_rng(0)
    flat = pair[0].parameters()
    for slot in pair[0].plan.slots:
        if slot.parameter.role == "bias":
            slot.view(flat)[...] = rng.choice([-100.0, -1.0, 0.0, 100.0], slot.parameter.shape)
    for engine in pair:
        with_parameters(engine, flat)
    expected = dead_by_hand(data, pair[0])
    assert all(0 < dead < units for dead, units in zip(expected, (6, 20), strict=True))
    for engine in pair:
        row = engine.measure()["dead_units_by_layer"]
        assert row.dtype == np.int64
        assert row.tolist() == [expected]
        assert engine.measure()["dead_units_by_layer"].tolist() == [expected], "nothing is left of the last time"


@pytest.mark.parametrize("place", [0, 15, 16, 127, 128, 255, 256, 299])
def test_one_sample_anywhere_keeps_a_unit_alive(place: int, engine_of: Any, data_of: Any) -> None:
    data = data_of(0, n=300, features=1)
    data.train.x[:] = -np.abs(data.train.x) - 1.0
    layers = [{"kind": "linear", "units": 3}, "relu"]
    engine = engine_of(data, layers, engine="compiled", loss="squared")
    flat = engine.parameters()
    flat[:3], flat[3:6] = [1.0, 1.0, -1.0], 0.0  # x is negative: two units are off and one is on
    with_parameters(engine, flat)
    assert engine.measure()["dead_units_by_layer"].tolist() == [[2]]
    data.train.x[place] = 1.0
    engine.set_data(data)
    assert engine.measure()["dead_units_by_layer"].tolist() == [[0]]


def test_what_fills_up_the_last_vector_keeps_no_unit_alive(engine_of: Any, data_of: Any) -> None:
    """A unit with a positive bias is on for the zeros behind the last sample, and for no sample."""
    data = data_of(0, n=5, features=1)
    data.train.x[:] = -1.0
    engine = engine_of(data, [{"kind": "linear", "units": 2}, "relu"], engine="compiled", loss="squared")
    flat = engine.parameters()
    flat[:2], flat[2:4] = 10.0, [1.0, 20.0]
    with_parameters(engine, flat)
    assert engine.measure()["dead_units_by_layer"].tolist() == [[1]]


def test_without_activations_there_is_nothing_to_count(engine_of: Any) -> None:
    rows = engine_of(layers=[{"kind": "linear", "units": 3}], engine="compiled").train_epochs(2)
    assert rows["dead_units_by_layer"].shape == (2, 0)
    assert rows["update_norm_by_layer"].shape == rows["weight_norm_by_layer"].shape == (2, 2)


# ---------------------------------------------------------------- beyond numbers


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("layers", [[], RELU, [{"kind": "linear", "units": 4}, "gelu"]], ids=["none", "relu", "gelu"])
def test_a_loss_that_is_not_finite_ends_the_epochs(
    layers: list[Any], precision: str, engine_of: Any, data_of: Any
) -> None:
    options = {"loss": "squared", "learning_rate": 100.0, "batch_size": 7, "precision": precision}
    engine = engine_of(data_of(0), layers, engine="compiled", **options)
    rows = engine.train_epochs(100_000)
    n = len(rows["epoch"])
    assert n < 100_000
    assert {len(column) for column in rows.values()} == {n}
    assert not np.isfinite(rows["train_loss"][-1] + rows["gradient_norm"][-1])
    assert np.isfinite(rows["train_loss"][:-1]).all()
    assert (engine.epoch, engine.step, engine.position) == (n, 6 * n, 0)
    assert rows["epoch"].tolist() == list(range(1, n + 1))
    again = engine.train_epochs(5)
    assert len(again["epoch"]) == 1
    assert engine.train_steps(2) == 2


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("loss", "n_classes"), TASKS)
@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf])
def test_a_network_that_overflowed_says_so(
    value: float, loss: str, n_classes: int, precision: str, pair_of: Any, data_of: Any
) -> None:
    """No function and no loss may make a number of what is none."""
    for activation in ACTIVATIONS:
        pair = pair_of(data_of(n_classes), [{"kind": "linear", "units": 4}, activation], loss=loss, precision=precision)
        for engine in pair:
            flat = engine.parameters()
            flat[-1 if np.isinf(value) else 0] = value  # an output bias, or a weight of the first layer
            with_parameters(engine, flat)
        found, expected = (engine.measure() for engine in pair)
        for name in ("train_loss", "test_loss"):
            assert not np.isfinite(expected[name][0])
            assert not np.isfinite(found[name][0]), (activation, name)
        for name in ("dead_units_by_layer", "train_error", "test_error"):
            np.testing.assert_array_equal(found[name], expected[name], err_msg=f"{activation} {name}")
        with np.errstate(invalid="ignore"):
            assert not np.isfinite(pair[0].predict(pair[0].data.test.x)).all()
        pair[0].train_epochs(1)
        assert not np.isfinite(pair[0].parameters()).all()


def test_a_network_of_nothing_but_nan_is_not_called_dead_nor_right(pair_of: Any, data_of: Any) -> None:
    pair = pair_of(data_of(3), RELU)
    for engine in pair:
        with_parameters(engine, np.full(engine.plan.n_parameters, np.nan))
    found, expected = (engine.measure() for engine in pair)
    assert found["dead_units_by_layer"].tolist() == [[0]]
    assert np.isnan(found["weight_norm_by_layer"]).all()
    for name in ("train_error", "test_error"):
        assert found[name][0] > 0.3
        np.testing.assert_array_equal(found[name], expected[name])
