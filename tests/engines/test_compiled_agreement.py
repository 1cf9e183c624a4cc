"""The compiled engine and the torch engine compute the same training; they differ by rounding alone."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnviz.data.dataset import SplitData
from nnviz.engines.engine import Engine
from nnviz.engines.schedules import Schedule

STEPS = 200
STEPS_IN_DOUBLE = 60

ACTIVATIONS = ["relu", "leaky-relu", "gelu", "silu", "sigmoid", "tanh", "softplus", "sine"]
RATES = {
    "sgd": 0.01,
    "momentum": 0.01,
    "nesterov": 0.01,
    "rmsprop": 0.003,
    "adagrad": 0.05,
    "adam": 0.003,
    "adamw": 0.003,
}
TASKS = [  # loss and number of classes, 0 for a regression
    ("squared", 0),
    ("squared", 2),
    ("squared", 3),
    ("huber", 0),
    ("huber", 2),
    ("huber", 4),
    ("binary-cross-entropy", 2),
    ("binary-cross-entropy", 3),
    ("cross-entropy", 2),
    ("cross-entropy", 4),
]
REGULARIZERS: dict[str, dict[str, float]] = {
    "none": {},
    "l1": {"l1": 0.001},
    "weight decay": {"weight_decay": 0.01},
    "max norm": {"max_norm": 0.8},
    "clip": {"gradient_clip": 0.05},
    "smoothing": {"label_smoothing": 0.1},
    "dropout": {},
}

Case = tuple[str, str, tuple[str, int], str]

GRID: list[Case] = [
    case
    for case in itertools.product(ACTIVATIONS, RATES, TASKS, REGULARIZERS)
    if not (case[2][1] == 0 and case[3] == "smoothing")  # a regression has no classes
]
SPREAD = GRID[::37]
"""Cases in which every activation, optimizer, task and regularizer meets every one of the other sorts."""


def named(case: Case) -> str:
    return " ".join([*case[:2], *map(str, case[2]), case[3]])


def train(engine: Engine, steps: int) -> None:
    done = 0
    while done < steps:
        done += engine.train_steps(steps - done)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return the length of the difference, relative to that of the second array."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def assert_same_rows(one: Engine, other: Engine, rtol: float, atol: float) -> None:
    found, expected = one.measure(), other.measure()
    assert set(found) == set(expected)
    for name, column in expected.items():
        assert found[name].shape == column.shape, name
        assert found[name].dtype.kind == column.dtype.kind, name
        np.testing.assert_allclose(found[name], column, rtol=rtol, atol=atol, err_msg=name)


def assert_agreement(case: Case, pair_of: Any, data_of: Any) -> None:
    activation, optimizer, (loss, n_classes), regularizer = case
    dropout = [{"kind": "dropout", "rate": 0.2}] if regularizer == "dropout" else []
    layers = [{"kind": "linear", "units": 6}, activation, *dropout, {"kind": "linear", "units": 5}, activation]
    options = {"loss": loss, "optimizer": optimizer, "learning_rate": RATES[optimizer], **REGULARIZERS[regularizer]}
    data = data_of(n_classes)

    compiled, torch = pair_of(data, [*layers, *dropout], precision="float64", **options)
    start = torch.parameters()
    np.testing.assert_array_equal(compiled.parameters(), start)
    for engine in (compiled, torch):
        train(engine, 1)
    assert apart(compiled.parameters(), torch.parameters()) <= 1e-12
    assert apart(torch.parameters(), start) > 1e-5, "the step led somewhere"
    for engine in (compiled, torch):
        train(engine, STEPS_IN_DOUBLE - 1)
    assert apart(compiled.parameters(), torch.parameters()) <= 1e-9
    assert_same_rows(compiled, torch, rtol=1e-7, atol=1e-10)

    # Where the slope jumps, at the corner of ReLU or a weight that L1 pushes to and fro across 0, the next step makes
    # a rounding error larger, again and again: such runs are compared while it is still small.
    jumps = activation in ("relu", "leaky-relu") or regularizer == "l1"
    steps, most = (40, 1e-3) if jumps else (STEPS, 1e-5)
    compiled, torch = pair_of(data, [*layers, *dropout], precision="float32", **options)
    for engine in (compiled, torch):
        train(engine, steps)
    assert apart(compiled.parameters(), torch.parameters()) <= most
    compiled.restore(torch.state())
    assert_same_rows(compiled, torch, rtol=2e-4, atol=1e-5)


def test_the_sample_of_the_grid_is_well_spread() -> None:
    sorts = list(zip(*GRID, strict=True))
    for one, other in itertools.combinations(range(4), 2):
        possible = set(zip(sorts[one], sorts[other], strict=True))
        assert {(case[one], case[other]) for case in SPREAD} == possible


@pytest.mark.parametrize("case", SPREAD, ids=named)
def test_the_engines_agree(case: Case, pair_of: Any, data_of: Any) -> None:
    assert_agreement(case, pair_of, data_of)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("optimizer", RATES)
def test_the_engines_agree_on_the_whole_grid(activation: str, optimizer: str, pair_of: Any, data_of: Any) -> None:
    for case in GRID:
        if case[:2] == (activation, optimizer):
            try:
                assert_agreement(case, pair_of, data_of)
            except AssertionError as error:
                raise AssertionError(f"{named(case)}: {error}") from error


# ---------------------------------------------------------------- what the grid leaves out


def with_validation(data: SplitData) -> SplitData:
    half = [replace(data.test, x=data.test.x[k::2], targets=data.test.targets[k::2]) for k in range(2)]
    return replace(data, validation=half[0], test=half[1])


DENSE = [{"kind": "linear", "units": 6}, "tanh", {"kind": "linear", "units": 5}, "sigmoid"]
IMAGE = {"features": 32, "image": (2, 4, 4)}
SPECIAL: dict[str, tuple[dict[str, Any], list[Any], dict[str, Any]]] = {
    # name: (samples, layers, training)
    "one sample per step": ({}, DENSE, {"batch_size": 1}),
    "a batch of exactly all samples": ({}, DENSE, {"batch_size": 37}),
    "a batch larger than the data": ({}, DENSE, {"batch_size": 1_000}),
    "a batch of whole vectors": ({"n": 64}, DENSE, {"batch_size": 32}),
    "a last batch of one sample": ({"n": 33}, DENSE, {"batch_size": 16}),
    "more samples than one pass of the evaluation": ({"n": 300, "test": 150}, DENSE, {"batch_size": 70}),
    "a single sample": ({"n": 1, "test": 1}, DENSE, {}),
    "an image": ({"n_classes": 3, **IMAGE}, ["flatten", *DENSE], {}),
    "an image without a hidden layer": ({"n_classes": 3, **IMAGE}, ["flatten"], {}),
    "a flatten layer in the middle": ({}, [*DENSE[:2], "flatten", *DENSE[2:]], {}),
    "activation and dropout on the pixels": (
        {"n_classes": 3, **IMAGE},
        ["sine", {"kind": "dropout", "rate": 0.3}, "flatten", *DENSE],
        {},
    ),
    "dropout on the input": ({}, [{"kind": "dropout", "rate": 0.4}, *DENSE], {}),
    "dropout that keeps everything": ({}, [*DENSE[:2], {"kind": "dropout", "rate": 0.0}], {}),
    "much dropout": ({}, [{"kind": "linear", "units": 40}, {"kind": "dropout", "rate": 0.95}], {}),
    "three layers of dropout": (
        {},
        [{"kind": "dropout", "rate": 0.1}, *DENSE, *({"kind": "dropout", "rate": rate} for rate in (0.2, 0.3))],
        {},
    ),
    "two activations in a row": ({}, [{"kind": "linear", "units": 6}, "tanh", "sine", "softplus"], {}),
    "an activation of the input": ({}, ["sine", *DENSE], {}),
    "two linear layers in a row": ({}, [{"kind": "linear", "units": 6}, {"kind": "linear", "units": 4}], {}),
    "no hidden layer": ({}, [], {}),
    "no hidden layer and max norm": ({}, [], {"max_norm": 0.1}),
    "one unit": ({}, [{"kind": "linear", "units": 1}, "tanh"], {}),
    "one feature": ({"features": 1}, DENSE, {}),
    "wide layers": ({"n": 90}, [{"kind": "linear", "units": 130}, "gelu", {"kind": "linear", "units": 67}, "silu"], {}),
    "more than ten classes": ({"n_classes": 12, "n": 60}, DENSE, {}),
    "more than sixteen classes": ({"n_classes": 21, "n": 60}, DENSE, {"loss": "cross-entropy"}),
    "a leak": ({}, [{"kind": "linear", "units": 6}, {"kind": "leaky-relu", "slope": 0.3}], {}),
    "a straight leak": ({}, [{"kind": "linear", "units": 6}, {"kind": "leaky-relu", "slope": 1.0}], {}),
    "another delta": ({"n_classes": 0}, DENSE, {"loss": {"kind": "huber", "delta": 0.2}}),
    "all regularizers": (
        {"n_classes": 3},
        [*DENSE, {"kind": "dropout", "rate": 0.2}],
        {"l1": 1e-3, "weight_decay": 0.01, "max_norm": 0.7, "gradient_clip": 0.1, "label_smoothing": 0.2},
    ),
    "all regularizers, decoupled": (
        {"n_classes": 3},
        DENSE,
        {
            "optimizer": "adamw",
            "learning_rate": 0.003,
            **{"l1": 1e-3, "weight_decay": 0.5, "max_norm": 0.7, "gradient_clip": 0.1, "label_smoothing": 0.2},
        },
    ),
    "other memories of adam": (
        {},
        DENSE,
        {"optimizer": {"kind": "adam", "beta1": 0.5, "beta2": 0.9}, "learning_rate": 0.003},
    ),
    "adam without memory": (
        {},
        DENSE,
        {"optimizer": {"kind": "adam", "beta1": 0.0, "beta2": 0.0}, "learning_rate": 1e-4},
    ),
    "another momentum": ({}, DENSE, {"optimizer": {"kind": "nesterov", "momentum": 0.5}}),
    "no momentum": ({}, DENSE, {"optimizer": {"kind": "momentum", "momentum": 0.0}}),
    "another memory of rmsprop": (
        {},
        DENSE,
        {"optimizer": {"kind": "rmsprop", "alpha": 0.5}, "learning_rate": 0.003},
    ),
}


@pytest.mark.parametrize("validation", [False, True], ids=["two parts", "three parts"])
@pytest.mark.parametrize("name", SPECIAL)
def test_the_engines_agree_on_special_cases(name: str, validation: bool, pair_of: Any, data_of: Any) -> None:
    samples, layers, training = SPECIAL[name]
    data = data_of(**samples)
    if validation:
        data = with_validation(data if len(data.test) > 1 else replace(data, test=data_of(n=2, test=2).test))
    compiled, torch = pair_of(data, layers, **training)
    for engine in (compiled, torch):
        train(engine, 1)
    assert apart(compiled.parameters(), torch.parameters()) <= 1e-12
    rows = [engine.train_epochs(6) for engine in (compiled, torch)]
    assert set(rows[0]) == set(rows[1])
    assert ("validation_loss" in rows[0]) == validation
    for column, expected in rows[1].items():
        np.testing.assert_allclose(rows[0][column], expected, rtol=1e-8, atol=1e-11, err_msg=column)
    assert apart(compiled.parameters(), torch.parameters()) <= 1e-9
    assert apart(compiled.gradients(), torch.gradients()) <= 1e-7
    x = data.test.x
    np.testing.assert_allclose(compiled.predict(x), torch.predict(x), rtol=1e-6, atol=1e-7)
    answers, expected = compiled.activations(x), torch.activations(x)
    assert [a.shape for a in answers] == [a.shape for a in expected]
    assert {a.dtype for a in answers} == {np.dtype(np.float32)}
    for one, other in zip(answers, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("n_samples", [1, 5, 16, 127, 128, 129, 300])
def test_any_number_of_samples_is_answered(n_samples: int, pair_of: Any, data_of: Any) -> None:
    compiled, torch = pair_of(data_of(3))
    x = np.random.default_rng(n_samples).normal(size=(n_samples, 3)).astype(np.float32)
    np.testing.assert_allclose(compiled.predict(x), torch.predict(x), rtol=1e-6, atol=1e-7)
    for one, other in zip(compiled.activations(x), torch.activations(x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


SCHEDULES: list[dict[str, Any]] = [
    {"kind": "constant"},
    {"kind": "steps", "every": 2, "drop": 0.3},
    {"kind": "exponential", "half_life": 2},
    {"kind": "cosine", "period": 7},
    {"kind": "cosine"},  # over the epoch limit
    {"kind": "warmup", "length": 3},
    {"kind": "one-cycle", "period": 8},
]


def test_every_schedule_is_compared() -> None:
    assert {schedule["kind"] for schedule in SCHEDULES} == set(Schedule.registry.names())


@pytest.mark.parametrize("batch_size", [8, 37])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: "-".join(map(str, schedule.values())))
def test_the_learning_rate_follows_the_schedule(
    schedule: dict[str, Any], batch_size: int, pair_of: Any, data_of: Any
) -> None:
    options = {"schedule": schedule, "batch_size": batch_size, "epochs": 10, "optimizer": "adamw", "weight_decay": 0.1}
    compiled, torch = pair_of(data_of(3), **options)
    np.testing.assert_array_equal(compiled.measure()["learning_rate"], torch.measure()["learning_rate"])
    for _ in range(7):  # in the middle of an epoch
        made = [engine.train_steps(1) for engine in (compiled, torch)]
        assert made == [1, 1]
        np.testing.assert_allclose(compiled.measure()["learning_rate"], torch.measure()["learning_rate"], rtol=1e-14)
    rows = [engine.train_epochs(9) for engine in (compiled, torch)]
    for name in ("epoch", "step", "learning_rate"):
        np.testing.assert_allclose(rows[0][name], rows[1][name], rtol=1e-14, err_msg=name)
    np.testing.assert_allclose(rows[0]["train_loss"], rows[1]["train_loss"], rtol=1e-9)
    assert apart(compiled.parameters(), torch.parameters()) <= 1e-9


# ---------------------------------------------------------------- random experiments

PLAIN, ADAPTIVE = ["sgd", "momentum", "nesterov"], ["rmsprop", "adagrad", "adam", "adamw"]
UNITS = st.one_of(st.sampled_from([1, 15, 16, 17, 33, 64]), st.integers(1, 70))


@st.composite
def hidden_layers(draw: st.DrawFn) -> list[Any]:
    # Higher rates scale the inputs to where torch's GELU is 0 and its true value, which the kernel gives, is -1e-22:
    # a ReLU behind it is then dead for one engine and alive for the other.
    dropout = st.none() | st.floats(0.0, 0.5).map(lambda rate: {"kind": "dropout", "rate": rate})
    activation = st.none() | st.sampled_from(ACTIVATIONS)
    layers: list[Any] = [draw(dropout), draw(st.none() | activation)]
    for _ in range(draw(st.integers(0, 5))):
        layers += [{"kind": "linear", "units": draw(UNITS)}, draw(activation), draw(dropout)]
    return [layer for layer in layers if layer is not None]


def assert_agreement_on_a_draw(
    pair_of: Any, data_of: Any, layers: list[Any], task_and_optimizer: tuple[tuple[str, int], str], **options: Any
) -> None:
    task, optimizer = task_and_optimizer
    seed, features, n = (options.pop(name) for name in ("seed", "features", "n"))
    rate = RATES[optimizer] * 0.1
    compiled, torch = pair_of(
        data_of(task[1], n=n, features=features),
        layers,
        seed,
        **{"loss": task[0], "optimizer": optimizer, "learning_rate": rate, **options},
    )
    first, last = (1e-8, 1e-5) if optimizer in ADAPTIVE else (1e-12, 1e-9)
    for engine in (compiled, torch):
        train(engine, 1)
    assert apart(compiled.parameters(), torch.parameters()) <= first
    for engine in (compiled, torch):
        train(engine, 19)
    assert (compiled.epoch, compiled.step, compiled.position) == (torch.epoch, torch.step, torch.position)
    assert apart(compiled.parameters(), torch.parameters()) <= last
    compiled.restore(torch.state())
    assert_same_rows(compiled, torch, rtol=1e-9, atol=1e-12)


TASK_AND_OPTIMIZER = st.one_of(
    st.tuples(st.sampled_from(TASKS), st.sampled_from(PLAIN)),
    # These divide a gradient by its own size. Where samples cancel each other, as classes do exactly and values
    # almost, that size is a rounding error, and a whole step is made of it.
    st.tuples(st.just(("squared", 0)), st.sampled_from(ADAPTIVE)),
)

EXPERIMENTS = {
    "layers": hidden_layers(),
    "task_and_optimizer": TASK_AND_OPTIMIZER,
    "batch_size": st.one_of(st.integers(1, 70), st.sampled_from([15, 16, 17, 32, 33, 64])),
    "seed": st.integers(0, 2**31 - 1),
    "features": st.sampled_from([1, 2, 3, 15, 16, 17, 40]),
    "n": st.integers(2, 80),
    "weight_decay": st.sampled_from([0.0, 0.05]),
    "gradient_clip": st.sampled_from([0.1, 1.0]),  # so that no network runs away, which no two engines do alike
    "max_norm": st.sampled_from([0.0, 0.5]),
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(experiment=st.fixed_dictionaries(EXPERIMENTS))
def test_the_engines_agree_on_random_experiments(experiment: dict[str, Any], pair_of: Any, data_of: Any) -> None:
    assert_agreement_on_a_draw(pair_of, data_of, **experiment)


@pytest.mark.slow
@settings(max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(experiment=st.fixed_dictionaries(EXPERIMENTS))
def test_the_engines_agree_on_many_random_experiments(experiment: dict[str, Any], pair_of: Any, data_of: Any) -> None:
    assert_agreement_on_a_draw(pair_of, data_of, **experiment)
