"""From settings and samples to an engine, or to the reason why there can be none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnviz.engines.choose import LossError, ShapeError, make_engine, plan_for
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
    engine = make_engine(settings, training, data, seed=9)
    expected = initial_parameters(settings, plan_for(settings, training, data), 9)
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
