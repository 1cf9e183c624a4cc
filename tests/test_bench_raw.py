"""What the raw rows are measured against must compute the same thing, or its speed would mean nothing."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnviz.bench import BenchmarkError, raw_dense, raw_flops, raw_js
from nnviz.bench.parts import dense_networks, javascript, speeds
from nnviz.bench.parts.dense_networks import Dense
from nnviz.bench.parts.javascript import JavaScriptLoop
from nnviz.bench.parts.plain_torch import PlainLoop
from nnviz.engines.losses import Loss
from nnviz.engines.losses.cross_entropy import CrossEntropy
from nnviz.engines.losses.squared import Squared
from nnviz.engines.optimizers import Optimizer
from nnviz.engines.optimizers.adam import Adam
from nnviz.engines.optimizers.sgd import Sgd
from nnviz.engines.settings import TrainingSettings
from nnviz.network.shapes import plan

needs_node = pytest.mark.skipif(javascript.shutil.which("node") is None, reason="needs Node")

Arrays = list[NDArray[np.float64]]


# ---------------------------------------------------------------- networks and samples


def test_the_networks_are_those_of_the_plan() -> None:
    described = {network.name: plan(network.settings, (2,), 1).describe() for network in dense_networks.SMALL}
    assert described["2-4-2-1"] == "2 → 4 tanh → 2 tanh → 1"
    assert described["2-8x6-1"] == f"2 → {'8 tanh → ' * 6}1"
    assert described["2-64-64-1"] == "2 → 64 tanh → 64 tanh → 1"
    assert described["2-256-256-1"] == "2 → 256 tanh → 256 tanh → 1"
    assert set(raw_dense.BARS) == set(described)


def test_the_small_task_has_both_classes_all_over_the_square() -> None:
    data = dense_networks.quadrants()
    assert len(data.train) == len(data.test) == 250
    assert len(data.validation) == 0
    x, classes = data.train.x, data.train.targets
    assert (np.abs(x) <= 1).all()
    assert np.array_equal(classes, np.sign(x[:, 0]) == np.sign(x[:, 1]))
    assert 0.4 < classes.mean() < 0.6


def test_random_samples_have_the_shape_that_was_asked_for() -> None:
    data = dense_networks.random_samples(30, 64, 10)
    assert data.train.x.shape == (30, 64)
    assert data.n_classes == 10
    assert set(data.train.targets) <= set(range(10))
    assert not np.array_equal(data.train.x, data.test.x[:30])


def test_an_engine_under_another_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the row would praise the wrong one."""
    training = TrainingSettings(loss=Squared())
    network, data = dense_networks.SMALL[0], dense_networks.quadrants(20)
    torch_engine = dense_networks.engine_named("torch", network, training, data)
    monkeypatch.setattr(dense_networks, "make_engine", lambda *_, **__: torch_engine)
    with pytest.raises(BenchmarkError, match="The compiled engine is not available"):
        dense_networks.engine_named("compiled", network, training, data)


def test_training_is_whole_epochs() -> None:
    training = TrainingSettings(loss=Squared(), batch_size=8)
    engine = dense_networks.engine_named("torch", dense_networks.SMALL[0], training, dense_networks.quadrants(20))
    dense_networks.train(engine, 4)
    assert (engine.epoch, engine.step, engine.position) == (4, 12, 0)


def test_the_speed_of_a_broken_network_is_not_reported() -> None:
    training = TrainingSettings(loss=Squared(), learning_rate=100.0)
    engine = dense_networks.engine_named("torch", dense_networks.SMALL[2], training, dense_networks.quadrants(40))
    dense_networks.check_finite(engine)
    dense_networks.train(engine, 60)
    with pytest.raises(BenchmarkError, match=r"2 → 64 tanh → 64 tanh → 1 diverged"):
        dense_networks.check_finite(engine)


# ---------------------------------------------------------------- plain PyTorch


@pytest.mark.parametrize("optimizer", [Sgd(), Adam()], ids=["sgd", "adam"])
@pytest.mark.parametrize(
    ("network", "loss"),
    [(Dense("small", (2, 5, 3, 1)), Squared()), (Dense("wide", (6, 7, 4), "relu"), CrossEntropy())],
    ids=["squared", "cross-entropy"],
)
def test_the_plain_loop_trains_the_same_network(network: Dense, loss: Loss, optimizer: Optimizer) -> None:
    """In one batch per epoch the order of the samples does not matter, so both sides end at the same parameters."""
    n, inputs, outputs = 12, network.widths[0], network.widths[-1]
    data = dense_networks.quadrants(n) if outputs == 1 else dense_networks.random_samples(n, inputs, outputs)
    training = TrainingSettings(loss=loss, optimizer=optimizer, learning_rate=0.01, batch_size=n)
    engine = dense_networks.engine_named("torch", network, training, data)
    begin = engine.parameters()
    plain = PlainLoop(network, training, data.train)
    plain.begin_with(begin)
    assert np.array_equal(plain.parameters(), begin)
    plain.train(20)
    dense_networks.train(engine, 20)
    assert np.abs(engine.parameters() - begin).max() > 0.01
    np.testing.assert_allclose(plain.parameters(), engine.parameters(), atol=1e-5)


def test_the_plain_loop_steps_through_batches_in_a_new_order_every_epoch() -> None:
    data = dense_networks.quadrants(10)
    plain = PlainLoop(dense_networks.SMALL[0], TrainingSettings(loss=Squared(), batch_size=4), data.train)
    steps: list[NDArray[Any]] = []
    seen = plain.module.register_forward_pre_hook(lambda _, inputs: steps.append(inputs[0].numpy()))
    plain.train(2)
    seen.remove()
    assert [len(step) for step in steps] == [4, 4, 2, 4, 4, 2]
    first, second = (np.concatenate(epoch).tolist() for epoch in (steps[:3], steps[3:]))
    assert first != second
    assert sorted(first) == sorted(second) == sorted(data.train.x.tolist())


# ---------------------------------------------------------------- JavaScript


def unflatten(network: Dense, flat: NDArray[Any]) -> tuple[Arrays, Arrays]:
    weights, biases, start = [], [], 0
    for inputs, outputs in pairwise(network.widths):
        weights.append(flat[start : start + inputs * outputs].reshape(outputs, inputs).copy())
        start += inputs * outputs
        biases.append(flat[start : start + outputs].copy())
        start += outputs
    return weights, biases


def outputs_of(weights: Arrays, biases: Arrays, x: NDArray[Any]) -> Arrays:
    """Return what every layer gives out, the inputs first."""
    signals = [x]
    for k, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        sums = signals[-1] @ weight.T + bias
        signals.append(np.tanh(sums) if k < len(weights) - 1 else sums)
    return signals


def gradients(
    weights: Arrays, biases: Arrays, x: NDArray[Any], y: NDArray[Any]
) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Return the gradients of the mean squared distance by layer."""
    signals = outputs_of(weights, biases, x)
    delta = 2.0 * (signals[-1] - y) / len(x)
    found = []
    for k in reversed(range(len(weights))):
        found.append((delta.T @ signals[k], delta.sum(axis=0)))
        delta = (delta @ weights[k]) * (1.0 - signals[k] ** 2)
    return found[::-1]


def trained_by_numpy(
    network: Dense, flat: NDArray[Any], x: NDArray[Any], y: NDArray[Any], batch: int, rate: float, epochs: int
) -> tuple[NDArray[Any], float]:
    """Return parameters and mean squared distance after training, one matrix product per layer and batch."""
    weights, biases = unflatten(network, flat)
    for _ in range(epochs):
        for start in range(0, len(x), batch):
            rows = slice(start, start + batch)
            for k, (weight, bias) in enumerate(gradients(weights, biases, x[rows], y[rows])):
                weights[k] -= rate * weight
                biases[k] -= rate * bias
    loss = np.sum((outputs_of(weights, biases, x)[-1] - y) ** 2, axis=1).mean()
    return np.concatenate([each.ravel() for pair in zip(weights, biases, strict=True) for each in pair]), float(loss)


def js_task(network: Dense, samples: int = 23) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return parameters, inputs and targets."""
    rng = np.random.default_rng(3)
    count = sum(network.weights) + sum(network.widths[1:])
    x = rng.uniform(-1, 1, (samples, network.widths[0]))
    return rng.normal(0, 0.5, count), x, rng.uniform(-1, 1, (samples, network.widths[-1]))


@needs_node
@pytest.mark.parametrize("widths", [(2, 4, 2, 1), (2, 8, 8, 8, 1), (3, 5, 2), (2, 1)], ids=str)
def test_the_javascript_loop_computes_what_numpy_does(widths: tuple[int, ...]) -> None:
    network = Dense("any", widths)
    flat, x, y = js_task(network)
    loop = JavaScriptLoop(network, flat, x, y, batch_size=10, rate=0.1)
    expected, expected_loss = trained_by_numpy(network, flat, x, y, 10, 0.1, epochs=7)
    found, loss = loop.train(7)
    assert np.abs(expected - flat).max() > 0.05
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert loss == pytest.approx(expected_loss, rel=1e-9)
    begin, _ = loop.train(0)
    assert np.array_equal(begin, flat)


@needs_node
def test_the_javascript_loop_learns_in_any_order() -> None:
    """The order that is timed: shuffled, so that numbers cannot be compared, but the loss must fall as it does."""
    network, data = Dense("any", (2, 8, 8, 1)), dense_networks.quadrants()
    rng = np.random.default_rng(0)
    flat = rng.normal(0, 0.4, sum(network.weights) + sum(network.widths[1:]))
    y = 2.0 * data.train.targets[:, None] - 1.0
    loop = JavaScriptLoop(network, flat, data.train.x, y, batch_size=10, rate=0.03)
    assert loop.train(0)[1] > 0.8
    trained = loop._run(shuffle=True, warmUp=0.1, seconds=0.2)
    assert trained["epochs"] > 10
    assert trained["loss"] < 0.3


@needs_node
def test_a_diverged_javascript_loop_has_no_speed() -> None:
    network = Dense("any", (2, 4, 1))
    flat, x, y = js_task(network)
    with pytest.raises(BenchmarkError, match="diverged"):
        JavaScriptLoop(network, flat, x, y, 10, rate=1e6).epochs_per_second(0.05, 0.05)


def test_a_node_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr="first\nout of memory\n")
    monkeypatch.setattr(javascript.shutil, "which", lambda name: name)
    monkeypatch.setattr(javascript.subprocess, "run", lambda *_, **__: failed)
    network = Dense("any", (2, 4, 1))
    with pytest.raises(BenchmarkError, match="Node failed: out of memory"):
        JavaScriptLoop(network, *js_task(network), 10, 0.1).train(1)


def test_without_node_the_rows_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javascript.shutil, "which", lambda name: None)
    found = raw_js.RawJavaScript().measure()
    assert [row.id for row in found] == [f"raw/js/{network.name}" for network in dense_networks.SMALL]
    assert {row.value for row in found} == {None}
    assert {row.note for row in found} == {"Node is not installed."}
    assert {row.bar for row in found} == {3.0}


# ---------------------------------------------------------------- rows


def test_a_rate_counts_epochs_and_leaves_out_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0
    asked: list[int] = []

    def run(epochs: int) -> None:
        nonlocal clock
        clock += 0.01 * epochs if asked else 5.0  # the first call compiles
        asked.append(epochs)

    monkeypatch.setattr("nnviz.bench.time.perf_counter", lambda: clock)
    rate = speeds.rate_of(run, lasting=0.2)
    assert rate() == pytest.approx(100.0)
    assert asked[-1] == 20


def test_two_sides_take_turns_and_one_slow_pair_does_not_count() -> None:
    calls: list[str] = []

    def side(name: str, rates: list[float]) -> speeds.Rate:
        left = iter(rates)

        def rate() -> float:
            calls.append(name)
            return next(left)

        return rate

    found = speeds.compare(side("a", [20, 22, 2]), side("b", [10, 10, 10]), rounds=3)
    assert found == speeds.Compared(2.0, 20, 10)
    assert calls == ["b", "a", "a", "b", "b", "a"]


def test_a_dense_row_is_the_smaller_ratio_and_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    speed = {"sgd": speeds.Compared(30.0, 3000.0, 100.0), "adam": speeds.Compared(40.0, 2000.0, 50.0)}
    monkeypatch.setattr(raw_dense, "_speeds", lambda network, optimizer: (speed[optimizer.kind], 1234.0))
    found = {row.id: row for row in raw_dense.RawDense().measure()}
    row = found["raw/dense/2-8x6-1"]
    assert (row.value, row.bar, row.met) == (30.0, 25.0, True)
    assert not found["raw/dense/2-4-2-1"].met
    for text in ("SGD 30.0 (3,000 and 100 epochs/s", "Adam 40.0 (2,000 and 50 epochs/s", "every epoch 1,234"):
        assert text in row.note


def test_the_raw_rows_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the engine that is always there, briefly: not the numbers are tested but that there are any."""
    small = dense_networks.SMALL[:1]
    for module in (raw_dense, raw_js, raw_flops):
        monkeypatch.setattr(module, "ENGINE", "torch")
        monkeypatch.setattr(module, "SMALL", small)
        monkeypatch.setattr(module, "rate_of", lambda run: speeds.rate_of(run, lasting=0.02))
    monkeypatch.setattr(raw_flops, "ROUNDS", 1)
    monkeypatch.setattr(raw_flops, "SIDE", 256)
    groups = [raw_dense.RawDense(), raw_flops.RawFlops()]
    groups += [raw_js.RawJavaScript()] if javascript.shutil.which("node") else []
    found = {row.id: row for group in groups for row in group.measure()}
    assert {"raw/dense/2-4-2-1", "raw/flops/784-512-512-10", "raw/flops/64-300-10"} <= set(found)
    for row in found.values():
        assert row.value is not None, row
        assert 0 < row.value < 100, row
    assert json.dumps([row.plain() for row in found.values()])


def test_operations_are_counted_by_hand() -> None:
    network = Dense("any", (2, 3, 1))
    forward, weights, inputs = 2 * 3 + 3 * 1, 2 * 3 + 3 * 1, 3 * 1  # the inputs themselves need no gradient
    assert raw_flops.operations(network, 10) == 10 * 2 * (forward + weights + inputs)
