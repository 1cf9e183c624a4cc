"""What the compiled engine covers, and how nnviz goes on without it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnviz.engines.choose import choice_for, compiled_problem, make_engine, plan_for
from nnviz.engines.compiled import program, warm_up
from nnviz.engines.compiled_engine import CompiledEngine
from nnviz.engines.losses import Loss
from nnviz.engines.optimizers import Optimizer
from nnviz.engines.settings import TrainingSettings
from nnviz.network.layers import Activation, Layer
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import NetworkPlan
from nnviz.settings import decode, kind_of

FOR_TORCH = {
    "batch-norm": [{"kind": "linear", "units": 3}, "batch-norm"],
    "layer-norm": [{"kind": "linear", "units": 3}, "layer-norm"],
    "conv2d": [{"kind": "conv2d", "filters": 2}, "flatten"],
    "max-pool": ["max-pool", "flatten"],
    "average-pool": ["average-pool", "flatten"],
}
"""Networks with a layer that has no kernel, by its kind."""

IMAGE = {"features": 32, "image": (2, 4, 4)}


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Forget whether the kernels work, now and at the end."""
    compiled_problem.cache_clear()
    yield
    compiled_problem.cache_clear()


def settings_of(*layers: Any, **training: Any) -> tuple[NetworkSettings, TrainingSettings]:
    return decode(NetworkSettings, {"layers": list(layers)}), decode(TrainingSettings, training)


def asked(data: Any, *layers: Any, **changes: Any) -> tuple[NetworkPlan, Loss, TrainingSettings]:
    """Return what `obstacle` is asked about."""
    network, training = settings_of(*layers, **changes)
    return plan_for(network, training, data), training.resolved_loss(data.task, data.n_classes), training


# ---------------------------------------------------------------- what has a kernel


def test_every_activation_loss_and_optimizer_has_a_kernel() -> None:
    """A new kind needs a kernel, or a place in this test that says it is for PyTorch."""
    assert set(program.ACTIVATIONS) == {kind_of(kind) for kind in Layer.registry if issubclass(kind, Activation)}
    assert set(program.LOSSES) == set(Loss.registry.names()) - {"automatic"}
    assert set(program.OPTIMIZERS) == set(Optimizer.registry.names())
    assert set(program.MEMORY) == set(Optimizer.registry.names()) - {"sgd"}
    layers = {"linear", "flatten", "dropout", *program.ACTIVATIONS, *FOR_TORCH}
    assert layers == set(Layer.registry.names())


@pytest.mark.parametrize("table", [program.ACTIVATIONS, program.LOSSES, program.OPTIMIZERS])
def test_codes_are_different(table: dict[str, int]) -> None:
    codes = [code for name, code in table.items() if name != "scaled-squared"]  # has the kernel of the squared error
    assert sorted(codes) == list(range(len(codes)))


@pytest.mark.parametrize("activation", sorted(program.ACTIVATIONS))
def test_what_has_a_kernel_is_trained_by_it(activation: str, data_of: Any) -> None:
    for loss, n_classes in [("squared", 0), ("huber", 3), ("binary-cross-entropy", 2), ("cross-entropy", 4)]:
        for optimizer in program.OPTIMIZERS:
            settings = settings_of(
                {"kind": "linear", "units": 3}, activation, "dropout", loss=loss, optimizer=optimizer
            )
            choice = choice_for(*settings, data_of(n_classes))
            assert (choice.name, choice.device, choice.second_best) == ("compiled", "cpu", False)


@pytest.mark.parametrize("kind", FOR_TORCH)
def test_a_layer_without_a_kernel_is_named(kind: str, data_of: Any) -> None:
    data = data_of(3, **IMAGE) if FOR_TORCH[kind][-1] == "flatten" else data_of(3)
    found = program.obstacle(*asked(data, *FOR_TORCH[kind]))
    assert Layer.registry[kind].title in found
    assert found.endswith(" layer")
    for engine in ("automatic", "compiled"):
        network, training = settings_of(*FOR_TORCH[kind], engine=engine)
        choice = choice_for(network, training, data)
        assert (choice.name, choice.second_best) == ("torch", engine == "compiled")
        assert choice.reason == f"{found} has no compiled kernel, so PyTorch trains this network."
        assert make_engine(network, training, data, 0).name == "torch"
    with pytest.raises(ValueError, match=Layer.registry[kind].title):
        CompiledEngine(plan_for(network, training, data), network, training, data, 0)


@pytest.mark.parametrize(
    ("table", "kind", "name"),
    [
        ("ACTIVATIONS", "gelu", Layer.registry["gelu"].title),
        ("LOSSES", "huber", f"The {Loss.registry['huber'].title} loss"),
        ("OPTIMIZERS", "adagrad", f"The {Optimizer.registry['adagrad'].title} optimizer"),
    ],
)
def test_a_kind_without_a_kernel_would_be_named(
    table: str, kind: str, name: str, data_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, training = settings_of({"kind": "linear", "units": 3}, "gelu", loss="huber", optimizer="adagrad")
    data = data_of(3)
    assert program.obstacle(plan_for(network, training, data), training.loss, training) == ""
    monkeypatch.delitem(getattr(program, table), kind)
    assert name in program.obstacle(plan_for(network, training, data), training.loss, training)
    assert name in choice_for(network, training, data).reason
    engine = make_engine(network, training, data, 0)
    assert engine.name == "torch"
    assert np.isfinite(engine.train_epochs(2)["train_loss"]).all()


# ---------------------------------------------------------------- without the compiled engine

WITHOUT_NUMBA = """
import json, sys
for name in ("numba", "llvmlite"):
    sys.modules[name] = None
from nnviz.data.split import prepare
from nnviz.engines.choose import choice_for, compiled_problem, make_engine
from nnviz.experiment import Experiment
from nnviz.settings import decode
found = []
for engine in ("automatic", "compiled", "torch"):
    experiment = decode(Experiment, {"training": {"engine": engine}})
    data = prepare(experiment.data)
    choice = choice_for(experiment.network, experiment.training, data)
    made = make_engine(experiment.network, experiment.training, data, 0)
    losses = made.train_epochs(3)["train_loss"]
    found.append([choice.name, choice.reason, choice.second_best, made.name, bool(losses[-1] < losses[0])])
print(json.dumps(found))
"""


def test_without_numba_torch_trains() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMBA],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    missing = "PyTorch trains this network: Numba, which compiles the faster engine, is not installed."
    automatic, compiled, torch = json.loads(done.stdout)
    assert automatic == ["torch", missing, True, "torch", True]
    assert compiled == ["torch", missing, True, "torch", True]
    assert torch[0] == torch[3] == "torch"
    assert "Numba" not in torch[1]
    assert torch[2] is False


@pytest.mark.parametrize(
    ("error", "text"),
    [(RuntimeError("LLVM has no such instruction\nand more lines"), "LLVM has no such instruction"), (OSError(), "")],
)
@pytest.mark.usefixtures("forgotten")
def test_kernels_that_fail_leave_the_training_to_torch(
    error: Exception,
    text: str,
    data_of: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls = []

    def fail(precision: str) -> None:
        calls.append(precision)
        raise error

    monkeypatch.setattr(warm_up, "warm_up", fail)
    network, training = settings_of({"kind": "linear", "units": 3}, "tanh", learning_rate=0.3)
    choice = choice_for(network, training, data_of())
    assert (choice.name, choice.second_best) == ("torch", True)
    assert choice.reason.startswith("PyTorch trains this network: ")
    assert text in choice.reason
    assert "\n" not in choice.reason
    assert choice.reason.endswith(".")
    assert "could not be compiled" in caplog.text
    engine = make_engine(network, training, data_of(), 0)
    assert engine.name == "torch"
    losses = engine.train_epochs(20)["train_loss"]
    assert losses[-1] < losses[0]
    assert calls == ["float32"], "what failed once is not tried again at every change"
