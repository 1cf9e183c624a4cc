"""The compiled engine's state: the same bits however a run is cut, and states that any engine understands."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numba import typeof

from nnviz.data.split import prepare
from nnviz.engines.choose import make_engine
from nnviz.engines.compiled_engine import CompiledEngine
from nnviz.engines.engine import Engine, EngineState
from nnviz.engines.optimizers import Optimizer
from nnviz.engines.settings import TrainingSettings
from nnviz.experiment import Experiment
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
    "l1": 0.001,
    "weight_decay": 0.01,
    "precision": "float32",
}
PRECISIONS = pytest.mark.parametrize("precision", ["float32", "float64"])
OPTIMIZERS = pytest.mark.parametrize("optimizer", Optimizer.registry.names())


def train(engine: Engine, steps: int) -> None:
    done = 0
    while done < steps:
        done += engine.train_steps(steps - done)


def configure(engine: Any, layers: list[Any] | None = None, **changes: Any) -> None:
    """Apply settings as a user does who changes some of them and leaves the others."""
    network = NetworkSettings(layers=tuple(stage.layer for stage in engine.plan.stages[:-1]))
    if layers is not None:
        network = decode(NetworkSettings, {"layers": layers})
    engine.configure(network, engine._training.replace(**vars_of(changes)))


def vars_of(changes: dict[str, Any]) -> dict[str, Any]:
    decoded = decode(TrainingSettings, changes)
    return {name: getattr(decoded, name) for name in changes}


def assert_same(a: EngineState, b: EngineState) -> None:
    assert (a.epoch, a.step, a.position, a.optimizer_kind) == (b.epoch, b.step, b.position, b.optimizer_kind)
    np.testing.assert_array_equal(a.parameters, b.parameters)
    np.testing.assert_array_equal(a.gradients, b.gradients)
    np.testing.assert_array_equal(a.updates, b.updates)
    assert a.buffers == b.buffers == {}
    assert set(a.optimizer) == set(b.optimizer)
    for name in a.optimizer:
        np.testing.assert_array_equal(a.optimizer[name], b.optimizer[name], err_msg=name)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    a, b = one.astype(np.float64), other.astype(np.float64)
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


@pytest.fixture
def compiled_of(engine_of: Any) -> Callable[..., CompiledEngine]:
    """Return a function that makes a compiled engine with all that a state can hold."""

    def make(data: Any = None, layers: list[Any] | None = None, **changes: Any) -> CompiledEngine:
        return engine_of(data, EVERYTHING if layers is None else layers, engine="compiled", **{**OPTIONS, **changes})

    return make


# ---------------------------------------------------------------- the same bits


@PRECISIONS
@OPTIMIZERS
def test_two_runs_are_equal_bit_for_bit(optimizer: str, precision: str, compiled_of: Any) -> None:
    engines = [compiled_of(optimizer=optimizer, precision=precision) for _ in range(2)]
    rows = [engine.train_epochs(3) for engine in engines]
    assert_same(engines[0].state(), engines[1].state())
    for name in rows[0]:
        np.testing.assert_array_equal(rows[0][name], rows[1][name], err_msg=name)
    assert engines[0].parameters().dtype == precision


PIECES = st.lists(
    st.one_of(
        st.tuples(st.just("steps"), st.integers(0, 12)),
        st.tuples(st.just("epochs"), st.integers(1, 3)),
        st.sampled_from(["measure", "predict", "activations", "configure", "restore", "move", "set_data"]).map(
            lambda what: (what, 0)
        ),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=PIECES)
@example(pieces=[("steps", 7), ("move", 0), ("steps", 1), ("configure", 0), ("epochs", 2)])
def test_how_a_run_is_cut_makes_no_difference(pieces: list[tuple[str, int]], compiled_of: Any, data_of: Any) -> None:
    cut, straight = compiled_of(), compiled_of()
    for what, n in pieces:
        if what == "steps":
            cut.train_steps(n)
        elif what == "epochs":
            cut.train_epochs(n)
        elif what == "measure":
            cut.measure()
        elif what == "configure":
            configure(cut)
        elif what == "restore":
            cut.restore(cut.state())
        elif what == "set_data":
            cut.set_data(data_of())
        elif what == "move":
            fresh = compiled_of()
            fresh.restore(cut.state())
            cut = fresh
        else:
            getattr(cut, what)(data_of(n=50).train.x)
    for _ in range(cut.step):
        assert straight.train_steps(1) == 1
    assert_same(cut.state(), straight.state())


@pytest.mark.parametrize("batch_size", [1, 7, 8, 37, 100])
def test_whole_epochs_are_the_same_as_single_steps(batch_size: int, compiled_of: Any) -> None:
    whole, single, sevens = (compiled_of(batch_size=batch_size) for _ in range(3))
    train(whole, 3)
    rows = whole.train_epochs(4)
    measured = []
    while single.epoch < whole.epoch:
        single.train_steps(1)
        if single.position == 0:
            measured.append(single.measure())
    assert rows["epoch"].tolist() == list(range(whole.epoch - 3, whole.epoch + 1))
    for name, column in rows.items():
        np.testing.assert_array_equal(column, [row[name][0] for row in measured[-4:]], err_msg=name)
    while sevens.epoch < whole.epoch:
        sevens.train_steps(7)
    assert_same(single.state(), whole.state())
    assert_same(sevens.state(), whole.state())


def test_a_step_count_beyond_the_epoch_stops_at_its_end(compiled_of: Any) -> None:
    engine = compiled_of()
    assert [engine.train_steps(n) for n in (0, 1, 2, 10**12, 0, 10**12)] == [0, 1, 2, 2, 0, 5]
    assert (engine.epoch, engine.step, engine.position) == (2, 10, 0)


SCRIPT = """
import hashlib, json, sys
from nnviz.data.split import prepare
from nnviz.engines.choose import make_engine
from nnviz.experiment import Experiment
from nnviz.settings import decode
experiment = decode(Experiment, json.loads(sys.argv[1]))
engine = make_engine(experiment.network, experiment.training, prepare(experiment.data), experiment.seed)
rows = engine.train_epochs(5)
print(engine.name, hashlib.sha256(engine.parameters().tobytes() + rows["test_loss"].tobytes()).hexdigest())
"""


def in_another_process(script: str, *arguments: str) -> str:
    """Return what a script prints that runs in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_another_process_gives_the_same_bits() -> None:
    training = {key: value for key, value in OPTIONS.items() if key != "precision"}
    plain = {"network": {"layers": EVERYTHING}, "training": {"engine": "compiled", **training}, "seed": 5}
    experiment = decode(Experiment, plain)
    engine = make_engine(experiment.network, experiment.training, prepare(experiment.data), experiment.seed)
    rows = engine.train_epochs(5)
    digest = hashlib.sha256(engine.parameters().tobytes() + rows["test_loss"].tobytes()).hexdigest()
    assert in_another_process(SCRIPT, json.dumps(plain)) == f"compiled {digest}"


def test_what_is_handed_out_is_a_copy(compiled_of: Any) -> None:
    engine, fresh = compiled_of(), compiled_of()
    train(engine, 7)
    state = engine.state()
    rows, x = engine.measure(), engine.data.test.x
    handed_out = [engine.parameters(), engine.gradients(), engine.predict(x), *engine.activations(x), *rows.values()]
    handed_out += [state.parameters, state.gradients, state.updates, *state.optimizer.values()]
    kept = [array.copy() for array in handed_out]
    train(engine, 20)
    engine.measure()
    fresh.restore(state)
    train(fresh, 20)
    for before, now in zip(kept, handed_out, strict=True):
        np.testing.assert_array_equal(before, now)
    assert_same(fresh.state(), engine.state())


@PRECISIONS
def test_all_experiments_are_trained_by_the_same_kernels(precision: str, compiled_of: Any, data_of: Any) -> None:
    """For other types of arguments, a read-only array for one, Numba would compile all kernels once more."""

    def types_of(engine: Any) -> list[Any]:
        arguments = (engine._network, engine._samples, engine._parts, engine._room, engine._rules)
        return [typeof(argument) for argument in arguments]

    expected = types_of(compiled_of(data_of(), precision=precision))
    for n_classes in (0, 2, 3):
        data = data_of(n_classes)
        for part in (data.train, data.test):
            for array in (part.x, part.targets, part.noisy):
                array.setflags(write=False)  # as all prepared data is
        engine = compiled_of(data, precision=precision, label_smoothing=0.0)
        assert types_of(engine) == expected
        train(engine, 3)
        configure(engine, batch_size=30, optimizer="momentum")
        assert types_of(engine) == expected
    image = compiled_of(data_of(3, features=32, image=(2, 4, 4)), ["flatten"], precision=precision)
    assert types_of(image) == expected
    prepared = prepare(Experiment().data)
    assert types_of(compiled_of(prepared, precision=precision)) == expected


# ---------------------------------------------------------------- states between engines


@pytest.mark.parametrize("steps", [30, 33], ids=["at the end of an epoch", "within an epoch"])
@pytest.mark.parametrize("first", ["compiled", "torch"])
@OPTIMIZERS
def test_a_run_goes_on_in_the_other_engine(
    optimizer: str, first: str, steps: int, engine_of: Any, data_of: Any
) -> None:
    options = {"optimizer": optimizer, "learning_rate": 0.005, "weight_decay": 0.01, "gradient_clip": 0.5}
    second = "torch" if first == "compiled" else "compiled"
    straight, begun, other = (
        engine_of(data_of(3), EVERYTHING, engine=name, **options) for name in (first, first, second)
    )
    train(straight, steps + 30)
    train(begun, steps)
    train(other, 4)  # what the other engine did before must be forgotten
    state = begun.state()
    other.restore(state)
    there = other.state()
    assert set(there.optimizer) == set(state.optimizer)
    for name, array in state.optimizer.items():
        np.testing.assert_array_equal(there.optimizer[name], array, err_msg=name)
        assert there.optimizer[name].shape == array.shape
    for name in ("parameters", "gradients", "updates"):
        np.testing.assert_array_equal(getattr(there, name), getattr(state, name))
    train(other, 30)
    assert (other.epoch, other.step, other.position) == (straight.epoch, straight.step, straight.position)
    assert apart(other.parameters(), straight.parameters()) <= 1e-11
    assert apart(other.gradients(), straight.gradients()) <= 1e-9
    assert other.state().optimizer.get("step", 0) == straight.state().optimizer.get("step", 0)


@OPTIMIZERS
def test_a_state_holds_the_same_things_in_both_engines(optimizer: str, pair_of: Any) -> None:
    pair = pair_of(None, EVERYTHING, optimizer=optimizer, learning_rate=0.005)
    assert pair[0].state().optimizer == {}
    for engine in pair:
        train(engine, 12)
    found, expected = (engine.state() for engine in pair)
    assert set(found.optimizer) == set(expected.optimizer)
    for name, array in expected.optimizer.items():
        assert found.optimizer[name].shape == array.shape
        np.testing.assert_allclose(found.optimizer[name], array, rtol=1e-6, atol=1e-14, err_msg=name)
    for name in ("parameters", "gradients", "updates"):
        assert getattr(found, name).dtype == getattr(expected, name).dtype
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-6, atol=1e-14, err_msg=name)


def test_a_state_of_another_optimizer_starts_this_one_anew(compiled_of: Any) -> None:
    momentum, adam, fresh = (compiled_of(optimizer=kind) for kind in ("momentum", "adam", "adam"))
    train(momentum, 4)
    train(adam, 9)
    adam.restore(momentum.state())
    assert adam.state().optimizer == {}
    fresh.restore(momentum.state())
    train(adam, 4)
    train(fresh, 4)
    assert_same(adam.state(), fresh.state())
    assert adam.state().optimizer["step"] == 4
