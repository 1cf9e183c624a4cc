"""From settings and samples to an engine, or to the reason why there can be none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnviz.engines import choose as module
from nnviz.engines.choose import LARGEST_LAYER, LossError, ShapeError, choice_for, make_engine, plan_for
from nnviz.engines.engine import error_of, layer_norms
from nnviz.engines.settings import TrainingSettings
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import initial_parameters
from nnviz.settings import decode


def network(*layers: Any) -> NetworkSettings:
    return decode(NetworkSettings, {"layers": list(layers)})


def test_the_output_follows_from_task_and_loss(data_of: Any) -> None:
    for n_classes, loss, outputs in [
        (2, "automatic", 1),
        (2, "cross-entropy", 2),
        (4, "automatic", 4),
        (0, "huber", 1),
    ]:
        training = decode(TrainingSettings, {"loss": loss})
        assert plan_for(network(), training, data_of(n_classes)).n_outputs == outputs


def test_a_network_that_cannot_work_is_refused(data_of: Any) -> None:
    with pytest.raises(ShapeError, match="works on images"):
        make_engine(network("max-pool"), TrainingSettings(), data_of(), 0)


def test_a_loss_that_does_not_fit_is_refused(data_of: Any) -> None:
    with pytest.raises(LossError, match="does not fit regression"):
        make_engine(network(), decode(TrainingSettings, {"loss": "cross-entropy"}), data_of(0), 0)


def test_an_engine_starts_from_the_common_initial_parameters(data_of: Any) -> None:
    settings, training, data = network({"kind": "linear", "units": 5}, "relu"), TrainingSettings(), data_of()
    expected = initial_parameters(settings, plan_for(settings, training, data), 9)
    for name in ("compiled", "torch"):
        engine = make_engine(settings, training.replace(engine=name), data, seed=9)
        assert (engine.name, engine.device) == (name, "cpu")
        np.testing.assert_array_equal(engine.parameters(), expected.astype(np.float32))
        assert (engine.epoch, engine.step, engine.position) == (0, 0, 0)


def test_errors_are_rates_or_in_the_units_of_the_target(data_of: Any) -> None:
    classes, values = data_of(3), data_of(0)
    loss = TrainingSettings().loss.resolve("classification", 3)
    outputs = np.eye(3)[(classes.test.targets + (np.arange(len(classes.test)) < 3)) % 3]
    assert error_of(loss, outputs, classes.test, classes) == 3 / len(classes.test)
    loss = TrainingSettings().loss.resolve("regression", 0)
    outputs = values.test.targets[:, None] + 0.25
    np.testing.assert_allclose(
        error_of(loss, outputs, values.test, values), 0.25 * values.scaling.target_scale, rtol=1e-6
    )


def test_norms_are_taken_layer_by_layer(data_of: Any) -> None:
    plan = plan_for(network({"kind": "linear", "units": 2}, "tanh"), TrainingSettings(), data_of())
    flat = np.arange(plan.n_parameters, dtype=np.float32)
    first, second = flat[:8], flat[8:]
    np.testing.assert_allclose(layer_norms(plan, flat), [np.linalg.norm(first), np.linalg.norm(second)], rtol=1e-6)
    assert np.isinf(layer_norms(plan, np.full(plan.n_parameters, np.inf))).all()


# ---------------------------------------------------------------- which engine


def test_a_dense_network_is_compiled_unless_torch_is_wanted(data_of: Any) -> None:
    settings, data = network({"kind": "linear", "units": 5}, "relu"), data_of()
    for wanted, found in [("automatic", "compiled"), ("compiled", "compiled"), ("torch", "torch")]:
        training = TrainingSettings(engine=wanted)
        choice = choice_for(settings, training, data)
        assert (choice.name, choice.device, choice.second_best) == (found, "cpu", False)
        assert ("as the training settings say" in choice.reason) == (wanted != "automatic")
        assert make_engine(settings, training, data, 0).name == found


def test_torch_trains_layers_that_are_too_large_unless_told_otherwise(
    data_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, data = network({"kind": "linear", "units": 5}, "relu", {"kind": "linear", "units": 4}), data_of()
    monkeypatch.setattr(module, "LARGEST_LAYER", 20)  # 3 → 5 → 4 → 1: 15, 20 and 4 weights
    assert choice_for(settings, TrainingSettings(), data).name == "compiled"
    monkeypatch.setattr(module, "LARGEST_LAYER", 19)
    choice = choice_for(settings, TrainingSettings(), data)
    assert (choice.name, choice.second_best) == ("torch", False)
    assert choice.reason == "PyTorch is faster for layers of more than 19 weights; one here has 20."
    assert choice_for(settings, TrainingSettings(engine="compiled"), data).name == "compiled"
    assert LARGEST_LAYER > 512 * 512


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_without_the_device_the_processor_does_what_it_does_best(
    device: str, data_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for wanted, name in (("automatic", "compiled"), ("torch", "torch")):
        training = TrainingSettings(device=device, engine=wanted)
        choice = choice_for(network("tanh"), training, data_of())
        assert (choice.name, choice.device, choice.second_best) == (name, "cpu", True)
        assert choice.reason.startswith(
            {"cuda": "CUDA", "mps": "Metal (MPS)"}[device] + " was chosen, and there is none"
        )
        engine = make_engine(network("tanh"), training, data_of(), 0)
        assert (engine.name, engine.device) == (name, "cpu")


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_there_is_taken(device: str, data_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    for wanted in ("automatic", "compiled", "torch"):
        choice = choice_for(network("tanh"), TrainingSettings(device=device, engine=wanted), data_of())
        assert (choice.name, choice.device, choice.second_best) == ("torch", device, wanted == "compiled")
    double = TrainingSettings(device=device, precision="float64", engine="torch")
    choice = choice_for(network("tanh"), double, data_of())
    assert choice.device == {"cuda": "cuda", "mps": "cpu"}[device], "Metal has no double precision"
