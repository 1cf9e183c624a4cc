"""The training loop: it stops exactly where the experiment says, however the time was sliced."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnviz.data.dataset import SplitData
from nnviz.data.split import prepare
from nnviz.engines.engine import Columns
from nnviz.experiment import Experiment
from nnviz.training.trainer import Trainer

QUICK = ["data.source.samples=60", "network.layers=[]", "training.batch_size=10"]


def trainer_of(*settings: str) -> Trainer:
    experiment = Experiment().with_settings([*QUICK, *settings])
    return Trainer(experiment, prepare(experiment.data))


def run(trainer: Trainer, seconds: float = 0.005) -> Columns:
    rows = []
    while trainer.end is None:
        row = trainer.slice(seconds)
        if row is not None:
            rows.append(row)
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


@pytest.mark.parametrize("seconds", [1e-9, 1e-3, 0.02, 10.0])
def test_the_epoch_limit_is_exact_whatever_the_slice(seconds: float) -> None:
    trainer = trainer_of("training.epochs=13")
    rows = run(trainer, seconds)
    assert rows["epoch"].tolist() == list(range(1, 14))
    assert trainer.engine.epoch == 13
    assert trainer.end is not None
    assert not trainer.end.diverged
    assert trainer.end.text == "Reached the epoch limit of 13."


def test_the_numbers_do_not_depend_on_the_slices() -> None:
    slow, fast = (run(trainer_of("training.epochs=12"), seconds) for seconds in (1e-9, 10.0))
    for name in slow:
        np.testing.assert_array_equal(slow[name], fast[name], err_msg=name)


@pytest.mark.parametrize("seconds", [1e-9, 10.0])
def test_early_stopping_is_exact_whatever_the_slice(seconds: float) -> None:
    trainer = trainer_of("training.patience=5", "data.label_noise=0.5", "training.learning_rate=3.0", "data.seed=2")
    rows = run(trainer, seconds)
    losses = rows["test_loss"]
    assert trainer.best_epoch == int(np.argmin(losses)) + 1
    assert len(losses) == trainer.best_epoch + 5
    assert trainer.end is not None
    assert "no better test loss for 5 epochs since epoch" in trainer.end.text


def test_a_validation_part_decides_when_there_is_one() -> None:
    trainer = trainer_of("training.patience=3", "data.validation_share=0.2", "training.learning_rate=5.0")
    rows = run(trainer)
    assert trainer.best_epoch == int(np.argmin(rows["validation_loss"])) + 1
    assert trainer.end is not None
    assert "no better validation loss" in trainer.end.text


def test_a_run_that_ended_goes_on_when_the_limit_is_raised() -> None:
    trainer = trainer_of("training.epochs=2")
    run(trainer)
    assert trainer.finished() is not None
    trainer.configure(trainer.experiment.with_settings(["training.epochs=5"]))
    assert trainer.finished() is None
    trainer.slice(0.001)
    assert trainer.end is None or trainer.engine.epoch == 5
    run(trainer)
    assert trainer.engine.epoch == 5


def test_at_most_so_many_epochs_are_trained_in_a_slice() -> None:
    trainer = trainer_of()
    for wanted in (1, 3, 2):
        rows = trainer.slice(100.0, epochs=wanted)
        assert rows is not None
        assert len(rows["epoch"]) == wanted


def test_a_short_slice_ends_within_an_epoch() -> None:
    trainer = trainer_of("training.batch_size=1")
    trainer._seconds_per_step = 1.0
    assert trainer.slice(0.5) is None
    assert trainer.engine.step == 1


def test_single_steps_end_epochs_too() -> None:
    trainer = trainer_of("training.epochs=1", "training.batch_size=10")
    rows = [trainer.step() for _ in range(3)]
    assert rows[0] is None
    assert rows[1] is None
    assert rows[2] is not None
    assert trainer.end is not None


@pytest.mark.parametrize("seconds", [1e-9, 1e-3, 100.0])
def test_divergence_goes_back_to_the_last_finite_epoch_however_it_was_sliced(seconds: float) -> None:
    trainer = trainer_of("data.source=plane", "training.learning_rate=0.12", "training.loss=squared")
    rows = run(trainer, seconds=seconds)
    end = trainer.end
    assert end is not None
    assert end.diverged
    assert np.isfinite(rows["train_loss"]).all()
    assert np.isfinite(trainer.engine.parameters()).all()
    assert trainer.engine.epoch == rows["epoch"][-1]
    assert f"Diverged in epoch {rows['epoch'][-1] + 1:,.0f}" in end.text
    assert "try 0.012" in end.text
    measured = trainer.engine.measure()
    assert measured["train_loss"][0] == rows["train_loss"][-1]
    assert measured["gradient_norm"][0] == rows["gradient_norm"][-1]
    digest = hashlib.sha256(trainer.engine.parameters().tobytes()).hexdigest()
    assert _DIVERGED.setdefault("digest", digest) == digest, "where it stands depends on how it was sliced"
    trainer.configure(trainer.experiment.with_settings(["training.learning_rate=0.0001"]))
    assert trainer.slice(100.0, epochs=1) is not None
    assert trainer.end is None


_DIVERGED: dict[str, str] = {}
"""What the runs of one experiment that differ in their slices must agree on."""


def test_divergence_after_a_change_of_optimizer_is_survived() -> None:
    """The last finite state may be one of an optimizer that is no longer in use."""
    trainer = trainer_of("data.source=plane", "training.optimizer=momentum", "training.learning_rate=0.001")
    trainer.slice(100.0, epochs=2)
    trainer.configure(trainer.experiment.with_settings(["training.optimizer=adam", "training.learning_rate=100"]))
    poison(trainer)
    assert trainer.end is not None
    assert trainer.end.diverged
    trainer.configure(trainer.experiment.with_settings(["training.learning_rate=0.001"]))
    assert trainer.slice(100.0, epochs=2) is not None


def poison(trainer: Trainer) -> None:
    """Make the next epoch end in numbers that are not finite."""
    state = trainer.engine.state()
    trainer.engine.restore(replace(state, parameters=np.full_like(state.parameters, np.inf), optimizer={}))
    trainer.slice(100.0, epochs=1)


def test_other_samples_forget_what_was_best() -> None:
    trainer = trainer_of("training.patience=4")
    trainer.slice(100.0, epochs=3)
    other = trainer.experiment.with_settings(["data.seed=5"])
    trainer.set_data(other, prepare(other.data))
    assert trainer.best_epoch == 3
    rows = trainer.slice(100.0, epochs=1)
    assert rows is not None
    assert trainer.best_epoch == 4


def test_live_settings_reach_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trainer_of()
    seen: list[Any] = []
    monkeypatch.setattr(trainer.engine, "configure", lambda network, training: seen.append((network, training)))
    changed = trainer.experiment.with_settings(["training.l1=0.1"])
    trainer.configure(changed)
    assert seen == [(changed.network, changed.training)]


def test_large_networks_are_not_copied_after_every_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trainer_of("network.layers=[{kind='linear', units=8000}, {kind='linear', units=8}]")
    copies: list[int] = []
    state = trainer.engine.state
    monkeypatch.setattr(trainer.engine, "state", lambda: (copies.append(1), state())[1])
    for _ in range(5):
        trainer.slice(100.0, epochs=1)
    assert len(copies) < 5


def test_data_are_shared_not_copied() -> None:
    experiment = Experiment().with_settings(QUICK)
    data: SplitData = prepare(experiment.data)
    assert Trainer(experiment, data).engine.data is data
