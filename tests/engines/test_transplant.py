"""Carrying a state over to another network: what both have stays, bit for bit; what is new begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnviz.data.split import prepare
from nnviz.engines.choose import make_engine
from nnviz.engines.engine import Engine
from nnviz.engines.transplant import common_stages, transplanted
from nnviz.experiment import Experiment

LINEAR = "{kind='linear', units=%d}"


def engine_of(layers: str, *settings: str) -> Engine:
    experiment = Experiment().with_settings(
        ["data.source.samples=80", "training.optimizer=adam", f"network.layers=[{layers}]", *settings]
    )
    return make_engine(experiment.network, experiment.training, prepare(experiment.data), experiment.seed)


def arrays(engine: Engine, flat: Any) -> dict[tuple[int, str], np.ndarray]:
    return {(slot.stage, slot.parameter.name): slot.view(flat).copy() for slot in engine.plan.slots}


def moved(before: Engine, after: Engine) -> Engine:
    after.restore(transplanted(before.state(), before.plan, after.plan, after.state()))
    return after


@pytest.mark.parametrize("engine", ["compiled", "torch"])
def test_an_inserted_dropout_changes_no_parameter(engine: str) -> None:
    chosen = f"training.engine={engine}"
    before = engine_of(f"{LINEAR % 5}, 'tanh', {LINEAR % 4}, 'tanh'", chosen)
    before.train_epochs(7)
    after = moved(
        before, engine_of(f"{LINEAR % 5}, 'tanh', {{kind='dropout', rate=0.3}}, {LINEAR % 4}, 'tanh'", chosen)
    )
    assert after.parameters().tobytes() == before.parameters().tobytes()
    old, new = before.state(), after.state()
    assert (new.epoch, new.step, new.position) == (7, old.step, 0)
    for name, array in old.optimizer.items():
        np.testing.assert_array_equal(new.optimizer[name], array, name)
    x = before.data.test.x
    np.testing.assert_array_equal(before.predict(x), after.predict(x))
    after.train_epochs(3)
    assert after.epoch == 10


def test_other_units_begin_anew_and_the_rest_goes_on() -> None:
    before = engine_of(f"{LINEAR % 6}, 'tanh', {LINEAR % 4}, 'tanh', {LINEAR % 3}, 'tanh'")
    before.train_epochs(5)
    fresh = engine_of(f"{LINEAR % 6}, 'tanh', {LINEAR % 8}, 'tanh', {LINEAR % 3}, 'tanh'")
    start = arrays(fresh, fresh.parameters())
    after = moved(before, fresh)
    old, new = arrays(before, before.parameters()), arrays(after, after.parameters())
    assert common_stages(before.plan, after.plan) == [(0, 0), (6, 6)]
    for stage in (0, 6):
        for name in ("weight", "bias"):
            np.testing.assert_array_equal(new[stage, name], old[stage, name])
    for stage in (2, 4):
        np.testing.assert_array_equal(new[stage, "weight"], start[stage, "weight"])
    memory = arrays(after, after.state().optimizer["exp_avg"])
    assert memory[0, "weight"].any()
    assert not memory[2, "weight"].any(), "the optimizer remembers nothing of what is new"


def test_buffers_move_with_their_layer() -> None:
    before = engine_of(f"{LINEAR % 4}, 'batch-norm', 'relu'")
    before.train_epochs(4)
    after = moved(before, engine_of(f"{LINEAR % 3}, 'tanh', {LINEAR % 4}, 'batch-norm', 'relu'"))
    old, new = before.state().buffers, after.state().buffers
    assert old["1.running_mean"].any()
    np.testing.assert_array_equal(new["3.running_mean"], old["1.running_mean"])


def test_networks_with_nothing_in_common() -> None:
    before = engine_of(f"{LINEAR % 4}, 'tanh'")
    before.train_epochs(2)
    after = engine_of("'tanh'")
    start = after.parameters()
    moved(before, after)
    np.testing.assert_array_equal(after.parameters(), start)
    assert after.epoch == 2
