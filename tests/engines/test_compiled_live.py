"""Settings and samples that change in the middle of a training do the same in the compiled engine as in torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnviz.engines.engine import Engine
from nnviz.engines.losses import LossError
from nnviz.engines.settings import TrainingSettings
from nnviz.network.settings import NetworkSettings
from nnviz.settings import decode

EVERYTHING = [
    {"kind": "dropout", "rate": 0.1},
    {"kind": "linear", "units": 6},
    "tanh",
    {"kind": "dropout", "rate": 0.3},
    {"kind": "linear", "units": 5},
    {"kind": "leaky-relu", "slope": 0.1},
]
OPTIONS = {
    "optimizer": "adam",
    "learning_rate": 0.01,
    "schedule": {"kind": "cosine", "period": 9},
    "label_smoothing": 0.1,
    "gradient_clip": 0.05,
    "max_norm": 0.5,
    "weight_decay": 0.01,
}


def train(engine: Engine, steps: int) -> None:
    done = 0
    while done < steps:
        done += engine.train_steps(steps - done)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return the length of the difference, relative to that of the second array."""
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


def configure(engine: Any, layers: list[Any] | None = None, **changes: Any) -> None:
    """Apply settings as a user does who changes some of them and leaves the others."""
    network = NetworkSettings(layers=tuple(stage.layer for stage in engine.plan.stages[:-1]))
    if layers is not None:
        network = decode(NetworkSettings, {"layers": layers})
    engine.configure(network, engine._training.replace(**vars_of(changes)))


def vars_of(changes: dict[str, Any]) -> dict[str, Any]:
    decoded = decode(TrainingSettings, changes)
    return {name: getattr(decoded, name) for name in changes}


SLOPES = [*EVERYTHING[:-1], {"kind": "leaky-relu", "slope": 0.7}]
RATES = [{"kind": "dropout", "rate": 0.6}, *EVERYTHING[1:3], {"kind": "dropout", "rate": 0.0}, *EVERYTHING[4:]]
CHANGES: dict[str, dict[str, Any]] = {
    "learning rate": {"learning_rate": 0.001},
    "schedule": {"schedule": {"kind": "exponential", "half_life": 1}},
    "larger batches": {"batch_size": 23},
    "batches of all samples": {"batch_size": 1_000},
    "smaller batches": {"batch_size": 3},
    "dropout rates": {"layers": RATES},
    "slope": {"layers": SLOPES},
    "slope, rates and batches": {"layers": [RATES[0], *SLOPES[1:]], "batch_size": 19},
    "sgd": {"optimizer": "sgd"},
    "momentum": {"optimizer": "momentum"},
    "nesterov": {"optimizer": "nesterov"},
    "rmsprop": {"optimizer": "rmsprop", "learning_rate": 0.001},
    "adagrad": {"optimizer": "adagrad"},
    "adamw": {"optimizer": "adamw"},
    "memory of the same optimizer": {"optimizer": {"kind": "adam", "beta1": 0.3, "beta2": 0.8}},
    "label smoothing": {"label_smoothing": 0.4},
    "no label smoothing": {"label_smoothing": 0.0},
    "no limits": {"l1": 0.0, "weight_decay": 0.0, "max_norm": 0.0, "gradient_clip": 0.0},
    "other limits": {"l1": 0.01, "weight_decay": 0.1, "max_norm": 0.3, "gradient_clip": 0.01},
}


@pytest.mark.parametrize("before", [0, 3, 5])
@pytest.mark.parametrize("change", CHANGES)
def test_a_live_change_does_the_same_in_both_engines(change: str, before: int, pair_of: Any, data_of: Any) -> None:
    pair = pair_of(data_of(3), EVERYTHING, **OPTIONS)
    unchanged = pair_of(data_of(3), EVERYTHING, **OPTIONS)[0]
    for engine in (*pair, unchanged):
        train(engine, before)
    for engine in pair:
        configure(engine, **CHANGES[change])
        train(engine, 12)
    train(unchanged, 12)
    compiled_engine, torch = pair
    assert (compiled_engine.epoch, compiled_engine.step) == (torch.epoch, torch.step)
    assert compiled_engine.position == torch.position
    assert apart(compiled_engine.parameters(), torch.parameters()) <= 1e-9
    assert apart(unchanged.parameters(), torch.parameters()) > 1e-6, "the change made a difference"
    rows = [engine.train_epochs(2) for engine in pair]
    for name, expected in rows[1].items():
        np.testing.assert_allclose(rows[0][name], expected, rtol=1e-7, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("n", [5, 20, 24, 37, 60, 200])
@pytest.mark.parametrize("before", [0, 3, 5, 8])
def test_other_samples_do_the_same_in_both_engines(n: int, before: int, pair_of: Any, data_of: Any) -> None:
    pair = pair_of(data_of(3), EVERYTHING, **{**OPTIONS, "batch_size": 9})
    other = data_of(3, n=n, test=20)
    for engine in pair:
        train(engine, before)
        engine.set_data(other)
    assert (pair[0].epoch, pair[0].position) == (pair[1].epoch, pair[1].position)
    for engine in pair:
        assert engine.data is other
        train(engine, 7)
    assert (pair[0].epoch, pair[0].step, pair[0].position) == (pair[1].epoch, pair[1].step, pair[1].position)
    assert apart(pair[0].parameters(), pair[1].parameters()) <= 1e-9
    rows = [engine.train_epochs(2) for engine in pair]
    for name, expected in rows[1].items():
        np.testing.assert_allclose(rows[0][name], expected, rtol=1e-7, atol=1e-10, err_msg=name)


def test_a_validation_part_can_come_and_go(pair_of: Any, data_of: Any) -> None:
    pair = pair_of(data_of(3), EVERYTHING, **OPTIONS)
    plain = data_of(3)
    for data in (replace(plain, validation=data_of(3, test=9).test), plain):
        for engine in pair:
            engine.train_steps(3)
            engine.set_data(data)
        rows = [engine.train_epochs(1) for engine in pair]
        assert set(rows[0]) == set(rows[1])
        assert ("validation_loss" in rows[0]) == bool(len(data.validation))
        for name, expected in rows[1].items():
            np.testing.assert_allclose(rows[0][name], expected, rtol=1e-7, atol=1e-10, err_msg=name)


def test_settings_that_do_not_fit_change_nothing(engine_of: Any, data_of: Any) -> None:
    engine, fresh = (engine_of(data_of(0), EVERYTHING, engine="compiled") for _ in range(2))
    train(engine, 2)
    with pytest.raises(LossError, match="Label smoothing"):
        configure(engine, label_smoothing=0.1, learning_rate=7.0, batch_size=1)
    train(engine, 5)
    train(fresh, 7)
    np.testing.assert_array_equal(engine.parameters(), fresh.parameters())
    assert (engine.epoch, engine.step, engine.position) == (fresh.epoch, fresh.step, fresh.position)


def test_momentum_may_be_switched_off_and_on_again(pair_of: Any) -> None:
    """v ← μ v + g in all three: what was before counts for nothing after steps without momentum."""
    engines = pair_of(optimizer={"kind": "momentum", "momentum": 0.9})
    for momentum in (0.9, 0.0, 0.9):
        for engine in engines:
            configure(engine, optimizer={"kind": "momentum", "momentum": momentum})
            train(engine, 7)
    assert apart(*(engine.parameters() for engine in engines)) < 1e-12


@pytest.mark.parametrize("which", [0, 1], ids=["compiled", "torch"])
def test_an_epoch_keeps_its_order_when_batches_become_larger_than_the_data(pair_of: Any, which: int) -> None:
    engine, again = pair_of()[which], pair_of()[which]
    train(engine, 2)
    configure(engine, batch_size=1000)
    state = engine.state()
    train(engine, 2)
    configure(again, batch_size=1000)
    again.restore(state)
    train(again, 2)
    np.testing.assert_array_equal(engine.parameters(), again.parameters())
