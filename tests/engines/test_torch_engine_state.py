"""The torch engine's state: what comes out is a copy, and what goes back in continues bit for bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnviz.engines.engine import EngineState
from nnviz.engines.optimizers import Optimizer
from nnviz.engines.random_numbers import epoch_order
from nnviz.engines.settings import TrainingSettings
from nnviz.engines.torch_engine import TorchEngine
from nnviz.network.settings import NetworkSettings
from nnviz.settings import decode

EVERYTHING = [{"kind": "linear", "units": 6}, "batch-norm", "tanh", {"kind": "dropout", "rate": 0.3}]
"""Layers with all that a network can remember: parameters, running averages and dropout masks."""


def train(engine: TorchEngine, steps: int) -> None:
    done = 0
    while done < steps:
        done += engine.train_steps(steps - done)


def assert_same(a: EngineState, b: EngineState) -> None:
    assert (a.epoch, a.step, a.position) == (b.epoch, b.step, b.position)
    np.testing.assert_array_equal(a.parameters, b.parameters)
    np.testing.assert_array_equal(a.gradients, b.gradients)
    np.testing.assert_array_equal(a.updates, b.updates)
    for one, other in ((a.buffers, b.buffers), (a.optimizer, b.optimizer)):
        assert set(one) == set(other)
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)


# ---------------------------------------------------------------- determinism


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", Optimizer.registry.names())
def test_two_runs_are_equal_bit_for_bit(optimizer: str, precision: str, engine_of: Any) -> None:
    engines = [engine_of(layers=EVERYTHING, optimizer=optimizer, precision=precision) for _ in range(2)]
    rows = [engine.train_epochs(3) for engine in engines]
    assert_same(engines[0].state(), engines[1].state())
    for name in rows[0]:
        np.testing.assert_array_equal(rows[0][name], rows[1][name], err_msg=name)


def test_another_seed_is_another_run(engine_of: Any) -> None:
    assert not np.array_equal(engine_of(seed=1).parameters(), engine_of(seed=2).parameters())
    assert not np.array_equal(epoch_order(1, 0, 20), epoch_order(2, 0, 20))
    assert not np.array_equal(epoch_order(1, 0, 20), epoch_order(1, 1, 20))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.integers(1, 12), min_size=1, max_size=12))
def test_where_it_pauses_makes_no_difference(pieces: list[int], engine_of: Any) -> None:
    options = {"optimizer": "adam", "label_smoothing": 0.1, "gradient_clip": 0.05, "max_norm": 0.5, "l1": 0.001}
    paused, straight = (engine_of(layers=EVERYTHING, **options) for _ in range(2))
    made = 0
    for piece in pieces:
        made += paused.train_steps(piece)
        paused.measure()
        paused.predict(paused.data.test.x)
    for _ in range(made):
        straight.train_steps(1)
    assert_same(paused.state(), straight.state())


def test_whole_epochs_are_the_same_as_single_steps(engine_of: Any) -> None:
    whole, single = engine_of(layers=EVERYTHING), engine_of(layers=EVERYTHING)
    rows = whole.train_epochs(4)
    for epoch in range(4):
        train(single, 5)
        measured = single.measure()
        for name in rows:
            np.testing.assert_array_equal(rows[name][epoch], measured[name][0], err_msg=name)
    assert_same(whole.state(), single.state())


def test_the_last_batch_holds_what_is_left(engine_of: Any, data_of: Any) -> None:
    engine = engine_of(data_of(n=37), batch_size=8)
    assert [engine.train_steps(1) for _ in range(4)] == [1, 1, 1, 1]
    assert (engine.epoch, engine.step, engine.position) == (0, 4, 32)
    assert engine.train_steps(10) == 1, "never beyond the end of the epoch"
    assert (engine.epoch, engine.step, engine.position) == (1, 5, 0)


@pytest.mark.parametrize("batch_size", [1, 36, 37, 1000])
def test_any_batch_size_sees_every_sample_once(batch_size: int, engine_of: Any, data_of: Any) -> None:
    engine = engine_of(data_of(n=37), batch_size=batch_size)
    engine.train_epochs(2)
    assert engine.step == 2 * -(-37 // batch_size)
    assert sorted(epoch_order(0, 5, 37)) == list(range(37))


# ---------------------------------------------------------------- state and restore


@pytest.mark.parametrize("optimizer", Optimizer.registry.names())
@pytest.mark.parametrize("steps", [0, 3, 5, 12], ids=lambda steps: f"after-{steps}-steps")
def test_a_restored_run_continues_bit_for_bit(optimizer: str, steps: int, engine_of: Any) -> None:
    original = engine_of(layers=EVERYTHING, optimizer=optimizer, weight_decay=0.01)
    train(original, steps)
    state = original.state()
    train(original, 9)
    fresh = engine_of(layers=EVERYTHING, optimizer=optimizer, weight_decay=0.01)
    fresh.restore(state)
    train(fresh, 9)
    assert_same(fresh.state(), original.state())
    original.restore(state)
    assert_same(original.state(), state)
    train(original, 9)
    assert_same(fresh.state(), original.state())


def test_a_state_is_a_copy(engine_of: Any) -> None:
    engine = engine_of(layers=EVERYTHING, optimizer="adam")
    train(engine, 3)
    state = engine.state()
    handed_out = [engine.parameters(), engine.gradients(), engine.predict(engine.data.test.x), state.parameters]
    handed_out += [*state.buffers.values(), *state.optimizer.values()]
    kept = [array.copy() for array in handed_out]
    train(engine, 20)
    for before, now in zip(kept, handed_out, strict=True):
        np.testing.assert_array_equal(before, now)
    fresh = engine_of(layers=EVERYTHING, optimizer="adam")
    fresh.restore(state)
    train(fresh, 5)
    np.testing.assert_array_equal(state.parameters, kept[3])


REMEMBERED = {
    "sgd": set(),
    "momentum": {"momentum_buffer"},
    "nesterov": {"momentum_buffer"},
    "rmsprop": {"step", "square_avg"},
    "adagrad": {"step", "sum"},
    "adam": {"step", "exp_avg", "exp_avg_sq"},
    "adamw": {"step", "exp_avg", "exp_avg_sq"},
}


@pytest.mark.parametrize("optimizer", Optimizer.registry.names())
def test_an_optimizer_remembers_under_the_names_of_torch(optimizer: str, engine_of: Any) -> None:
    engine = engine_of(optimizer="momentum" if optimizer == "sgd" else "sgd")
    train(engine, 2)
    configure(engine, optimizer=optimizer)
    train(engine, 5)
    state = engine.state()
    assert set(state.optimizer) == REMEMBERED[optimizer]
    for name, array in state.optimizer.items():
        assert array.shape == (() if name == "step" else state.parameters.shape)
    if "step" in state.optimizer:
        assert state.optimizer["step"] == 5, "the optimizer's own steps, not those of the run"


@pytest.mark.parametrize("optimizer", sorted(name for name in REMEMBERED if REMEMBERED[name]))
@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_state_written_by_another_engine_is_understood(
    optimizer: str, shape: tuple[int, ...], engine_of: Any
) -> None:
    original, fresh = engine_of(optimizer=optimizer), engine_of(optimizer=optimizer)
    train(original, 7)
    state = original.state()
    other = {
        name: np.array(a, np.float64).reshape(shape if name == "step" else -1) for name, a in state.optimizer.items()
    }
    fresh.restore(replace(state, optimizer=other))
    for engine in (original, fresh):
        train(engine, 7)
    assert_same(fresh.state(), original.state())


def test_a_state_of_another_optimizer_starts_this_one_anew(engine_of: Any) -> None:
    momentum = engine_of(optimizer="momentum")
    train(momentum, 4)
    adam = engine_of(optimizer="adam")
    adam.restore(momentum.state())
    np.testing.assert_array_equal(adam.parameters(), momentum.parameters())
    assert adam.state().optimizer == {}
    train(adam, 4)
    assert np.isfinite(adam.parameters()).all()


# ---------------------------------------------------------------- live settings


def test_a_live_learning_rate_takes_effect_at_once(engine_of: Any) -> None:
    engine = engine_of()
    before = engine.parameters()
    configure(engine, learning_rate=1e-12)
    train(engine, 1)
    np.testing.assert_allclose(engine.parameters(), before, atol=1e-9)
    assert engine.measure()["learning_rate"][0] == 1e-12


def test_live_settings_equal_those_from_the_start_when_nothing_was_trained(engine_of: Any) -> None:
    changes = {"optimizer": {"kind": "adam", "beta1": 0.5}, "batch_size": 11, "weight_decay": 0.1, "l1": 0.01}
    changed, fresh = engine_of(), engine_of(**changes)
    configure(changed, **changes)
    train(changed, 7)
    train(fresh, 7)
    assert_same(changed.state(), fresh.state())


def test_a_live_momentum_keeps_what_the_optimizer_remembers(engine_of: Any) -> None:
    engine = engine_of(optimizer={"kind": "momentum", "momentum": 0.9})
    train(engine, 3)
    remembered = engine.state().optimizer["momentum_buffer"]
    configure(engine, optimizer={"kind": "momentum", "momentum": 0.0})
    np.testing.assert_array_equal(engine.state().optimizer["momentum_buffer"], remembered)
    train(engine, 1)
    assert engine._optimizer.param_groups[0]["momentum"] < 1e-300


def test_another_optimizer_starts_anew_but_goes_on_from_here(engine_of: Any) -> None:
    engine = engine_of(optimizer="sgd")
    train(engine, 3)
    before = engine.parameters()
    configure(engine, optimizer="adam")
    np.testing.assert_array_equal(engine.parameters(), before)
    train(engine, 3)
    assert set(engine.state().optimizer) == {"step", "exp_avg", "exp_avg_sq"}
    assert engine.step == 6


def test_a_live_dropout_rate_reaches_the_network(engine_of: Any) -> None:
    with_none = [{"kind": "linear", "units": 6}, {"kind": "dropout", "rate": 0.0}]
    with_some = [{"kind": "linear", "units": 6}, {"kind": "dropout", "rate": 0.5}]
    changed, fresh = engine_of(layers=with_none), engine_of(layers=with_some)
    changed.configure(decode(NetworkSettings, {"layers": with_some}), changed._training)
    train(changed, 6)
    train(fresh, 6)
    assert_same(changed.state(), fresh.state())


def configure(engine: TorchEngine, **changes: Any) -> None:
    plain = {"learning_rate": 0.05, "batch_size": 8, "precision": "float64", **changes}
    layers = tuple(stage.layer for stage in engine.plan.stages[:-1])
    engine.configure(NetworkSettings(layers=layers), decode(TrainingSettings, plain))


def test_other_samples_take_the_place_of_the_old(engine_of: Any, data_of: Any) -> None:
    engine = engine_of(data_of(n=37))
    train(engine, 3)
    other = data_of(n=20)
    engine.set_data(other)
    assert (engine.epoch, engine.position) == (1, 0), "fewer samples than were seen in this epoch: it is over"
    engine.train_epochs(1)
    assert engine.step == 3 + 3
    more = data_of(n=60)
    train(engine, 1)
    engine.set_data(more)
    assert (engine.epoch, engine.position) == (2, 8), "the epoch goes on where it was"
    engine.train_epochs(1)
    assert engine.epoch == 3


# ---------------------------------------------------------------- answers


def test_measurements_are_in_evaluation_mode(engine_of: Any, data_of: Any) -> None:
    data = data_of(2)
    engine = engine_of(data, layers=EVERYTHING)
    engine.train_epochs(3)
    row = engine.measure()
    again = engine.measure()
    for name in row:
        np.testing.assert_array_equal(row[name], again[name], err_msg=name)
    outputs = engine.predict(data.test.x)
    np.testing.assert_allclose(row["test_error"][0], np.mean((outputs[:, 0] > 0) != data.test.targets))
    np.testing.assert_array_equal(engine.predict(data.test.x), outputs)


def test_predictions_are_those_of_the_formula(engine_of: Any, data_of: Any) -> None:
    data = data_of(0)
    engine = engine_of(data, layers=[{"kind": "linear", "units": 4}, "tanh"])
    engine.train_epochs(2)
    flat = engine.parameters()
    w1, b1, w2, b2 = (slot.view(flat) for slot in engine.plan.slots)
    hidden = np.tanh(data.test.x.astype(np.float64) @ w1.T + b1)
    expected = hidden @ w2.T + b2
    np.testing.assert_allclose(engine.predict(data.test.x), expected, rtol=1e-5, atol=1e-6)
    first, second, third = engine.activations(data.test.x)
    np.testing.assert_allclose(first, data.test.x @ w1.T + b1, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(second, hidden, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(third, expected, rtol=1e-5, atol=1e-6)
    assert engine.predict(data.test.x).dtype == first.dtype == np.float32


def test_more_samples_than_one_pass_takes_are_answered_in_order(engine_of: Any, data_of: Any) -> None:
    engine = engine_of()
    x = np.random.default_rng(0).normal(size=(8_192 + 5, 3)).astype(np.float32)
    answers = engine.predict(x)
    assert answers.shape == (8_197, 1)
    np.testing.assert_allclose(answers[-5:], engine.predict(x[-5:]), rtol=1e-6)


def test_activations_keep_the_shape_of_images(engine_of: Any, data_of: Any) -> None:
    data = data_of(3, n=12, features=32, image=(2, 4, 4))
    layers = [{"kind": "conv2d", "filters": 3}, "relu", "max-pool", "flatten"]
    shapes = [a.shape for a in engine_of(data, layers=layers).activations(data.test.x)]
    assert shapes == [(12, 3, 4, 4), (12, 3, 4, 4), (12, 3, 2, 2), (12, 12), (12, 3)]


def test_a_loss_that_is_not_finite_ends_the_epochs(engine_of: Any, data_of: Any) -> None:
    engine = engine_of(data_of(0), loss="squared", learning_rate=100.0, precision="float32", layers=[])
    rows = engine.train_epochs(1_000)
    assert len(rows["epoch"]) < 1_000
    assert not np.isfinite(rows["train_loss"][-1])
    assert np.isfinite(rows["train_loss"][:-1]).all()


def test_every_measurement_of_the_contract_is_there(engine_of: Any, data_of: Any) -> None:
    data = data_of(2)
    row = engine_of(data).measure()
    expected = {"epoch", "step", "learning_rate", "gradient_norm", "dead_units_by_layer"}
    expected |= {f"{what}_norm_by_layer" for what in ("gradient", "update", "weight")}
    expected |= {f"{part}_{what}" for part in ("train", "test") for what in ("loss", "error")}
    assert set(row) == expected
    with_validation = replace(data, validation=data.test)
    assert set(engine_of(with_validation).measure()) == expected | {"validation_loss", "validation_error"}


def test_a_small_step_uses_one_thread(engine_of: Any) -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        engine_of().measure()
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(threads)
