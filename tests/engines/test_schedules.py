"""Schedules against torch.optim.lr_scheduler where it has the same one, else against the formula."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from nnviz.engines.schedules import Schedule
from nnviz.engines.schedules.constant import Constant
from nnviz.engines.schedules.cosine import Cosine
from nnviz.engines.schedules.exponential import Exponential
from nnviz.engines.schedules.one_cycle import OneCycle
from nnviz.engines.schedules.steps import Steps
from nnviz.engines.schedules.warmup import Warmup

EPOCHS = 40

SAME: dict[str, tuple[Schedule, Callable[[Any], Any]]] = {
    "constant": (Constant(), lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    "steps": (Steps(every=7, drop=0.3), lambda o: lr_scheduler.StepLR(o, step_size=7, gamma=0.3)),
    "exponential": (Exponential(half_life=9), lambda o: lr_scheduler.ExponentialLR(o, gamma=0.5 ** (1 / 9))),
    "cosine": (Cosine(period=EPOCHS), lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=EPOCHS)),
    "one-cycle": (
        OneCycle(period=EPOCHS),
        # torch counts the first step as 0 and ends the rise at pct_start · total − 1.
        lambda o: lr_scheduler.OneCycleLR(
            o,
            max_lr=1.0,
            total_steps=EPOCHS + 1,
            pct_start=(0.3 * EPOCHS + 1) / (EPOCHS + 1),
            div_factor=25,
            final_div_factor=400,
            cycle_momentum=False,
        ),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_a_schedule_is_that_of_torch(name: str) -> None:
    schedule, make = SAME[name]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    torchs = make(optimizer)
    expected = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no step of the optimizer is made between those of the schedule
        for _ in range(EPOCHS + 1):
            expected.append(optimizer.param_groups[0]["lr"])
            if len(expected) <= EPOCHS:
                torchs.step()
    found = [schedule.factor(float(epoch), EPOCHS) for epoch in range(EPOCHS + 1)]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_warm_up_rises_in_a_line() -> None:
    found = [Warmup(length=10).factor(epoch, 0) for epoch in (0.0, 0.5, 5.0, 10.0, 1e6)]
    assert found == [1e-3, 0.05, 0.5, 1.0, 1.0]


@pytest.mark.parametrize("schedule", [kind() for kind in Schedule.registry], ids=lambda schedule: schedule.kind)
@pytest.mark.parametrize("limit", [0, 1, 50])
def test_a_factor_is_a_share_at_any_moment(schedule: Schedule, limit: int) -> None:
    factors = [schedule.factor(epoch, limit) for epoch in (0.0, 0.01, 0.99, 1.0, 49.5, 50.0, 1e4, 1e8)]
    assert all(0.0 <= factor <= 1.0 for factor in factors)


@pytest.mark.parametrize("kind", [Cosine, OneCycle])
def test_without_a_period_the_epoch_limit_counts(kind: Any) -> None:
    assert kind().factor(30.0, 60) == kind(period=60).factor(30.0, 999)
    assert kind().factor(30.0, 0) == kind(period=1_000).factor(30.0, 0)


@pytest.mark.parametrize("schedule", [kind() for kind in Schedule.registry], ids=lambda schedule: schedule.kind)
@pytest.mark.parametrize("limit", [0, 30])
def test_a_schedule_can_be_kept_when_the_limit_changes(schedule: Schedule, limit: int) -> None:
    moments = np.linspace(0.0, 60.0, 200)
    for later in (0, 7, 100):
        np.testing.assert_array_equal(
            schedule.lasting(limit).factor(moments, later), schedule.factor(moments, limit), strict=True
        )


def test_the_engine_follows_the_schedule_within_an_epoch(engine_of: Any, data_of: Any) -> None:
    engine = engine_of(data_of(n=32), batch_size=8, learning_rate=0.5, schedule={"kind": "warmup", "length": 1})
    rates = []
    for _ in range(5):
        engine.train_steps(1)
        rates.append(float(engine.measure()["learning_rate"][0]))
    np.testing.assert_allclose(rates, [0.0005, 0.125, 0.25, 0.375, 0.5])
