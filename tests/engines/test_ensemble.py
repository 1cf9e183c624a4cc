"""Many networks at once train exactly as each would alone."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from nnviz.engines.choose import ShapeError, make_engine
from nnviz.engines.ensemble import Ensemble, Member
from nnviz.engines.settings import TrainingSettings
from nnviz.network.settings import NetworkSettings
from nnviz.settings import decode


def member(data: Any, seed: int, units: int = 6, activation: str = "tanh", **training: Any) -> Member:
    layers = [{"kind": "linear", "units": units}, activation]
    settings = {"learning_rate": 0.05, "batch_size": 8, **training}
    return Member(decode(NetworkSettings, {"layers": layers}), decode(TrainingSettings, settings), data, seed)


def mixed(data_of: Any) -> list[Member]:
    """Return members that differ in seed, shape, data, loss, optimizer and engine."""
    return [
        *(member(data_of(2), seed) for seed in range(4)),
        member(data_of(3), 5, units=33, activation="relu", optimizer="adam", learning_rate=0.003),
        member(data_of(0), 6, units=1, loss="huber"),
        member(data_of(2), 7, engine="torch"),
    ]


@pytest.mark.parametrize("threads", [1, 3])
def test_every_member_trains_as_it_would_alone(data_of: Any, threads: int) -> None:
    members = mixed(data_of)
    with Ensemble(members, threads) as ensemble:
        rows = [ensemble.train_epochs(7), ensemble.train_epochs(4)]
        assert [engine.name for engine in ensemble.engines][-1] == "torch"
        assert {engine.name for engine in ensemble.engines[:-1]} == {"compiled"}
        for number, each in enumerate(members):
            alone = make_engine(each.network, each.training, each.data, each.seed)
            expected = alone.train_epochs(11)
            assert ensemble.engines[number].parameters().tobytes() == alone.parameters().tobytes()
            for name, values in expected.items():
                found = np.concatenate([part[number][name] for part in rows])
                np.testing.assert_array_equal(found, values)


def test_members_of_one_kind_answer_together(data_of: Any) -> None:
    data = data_of(2)
    with Ensemble([member(data, seed) for seed in range(5)]) as ensemble:
        ensemble.train_epochs(3)
        answers = ensemble.predict(data.test.x)
        assert answers.shape == (5, len(data.test), 1)
        for answer, engine in zip(answers, ensemble.engines, strict=True):
            np.testing.assert_array_equal(answer, engine.predict(data.test.x))
        assert np.ptp(answers, axis=0).max() > 0.01  # seeds differ


def test_it_stops_when_it_is_told_to(data_of: Any) -> None:
    told = threading.Event()
    asked = []

    def stop() -> bool:
        asked.append(1)
        if len(asked) > 8:
            told.set()
        return told.is_set()

    with Ensemble([member(data_of(2), seed) for seed in range(3)], threads=2) as ensemble:
        rows = ensemble.train_epochs(100_000_000, stop)
        for columns, engine in zip(rows, ensemble.engines, strict=True):
            assert len(columns["epoch"]) == engine.epoch < 100_000_000
            np.testing.assert_array_equal(columns["epoch"], np.arange(1, engine.epoch + 1))


def test_a_member_that_diverges_leaves_the_others_alone(data_of: Any) -> None:
    data = data_of(0)
    members = [member(data, 1), member(data, 2, activation="relu", learning_rate=100.0), member(data, 3)]
    with Ensemble(members) as ensemble:
        rows = ensemble.train_epochs(50)
    assert [len(columns["epoch"]) for columns in (rows[0], rows[2])] == [50, 50]
    assert len(rows[1]["epoch"]) < 50
    assert not np.isfinite(rows[1]["train_loss"][-1])


def test_a_member_that_cannot_work_is_refused(data_of: Any) -> None:
    broken = Member(decode(NetworkSettings, {"layers": ["max-pool"]}), TrainingSettings(), data_of(2), 0)
    with pytest.raises(ShapeError, match="works on images"):
        Ensemble([member(data_of(2), 0), broken])
