"""Which engine trains: chosen, shown, changed in mid-run; and bit for bit the same however it is watched."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sessions import quick, wait

from nnviz.data.split import prepare
from nnviz.engines import choose
from nnviz.probes import probes
from nnviz.session import Session
from nnviz.snapshot import Status
from nnviz.training.commands import LimitSpeed
from nnviz.training.lane import COMPILING, Lane
from nnviz.training.mailbox import Changed, Mailbox
from nnviz.training.trainer import Trainer

SessionOf = Callable[..., Session]


def trainer_of(*settings: str) -> Trainer:
    experiment = quick(*settings)
    return Trainer(experiment, prepare(experiment.data))


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("steps", [60, 61])
def test_the_engine_changes_in_the_middle_of_a_run(optimizer: str, steps: int) -> None:
    settings = (f"training.optimizer={optimizer}", "training.precision=float64")
    changing, straight = trainer_of(*settings), trainer_of(*settings)
    for engine in ("compiled", "torch", "automatic"):
        experiment = quick(*settings, f"training.engine={engine}")
        changing.configure(experiment)
        assert changing.engine.name == changing.choice.name == {"automatic": "compiled"}.get(engine, engine)
        for trainer in (changing, straight):
            for _ in range(steps):
                trainer.step()
        assert changing.engine.step == straight.engine.step
        np.testing.assert_allclose(changing.engine.parameters(), straight.engine.parameters(), rtol=1e-9, atol=1e-12)


def test_a_live_setting_that_does_not_fit_is_refused_before_it_is_taken(session_of: SessionOf) -> None:
    session = session_of("data.source=plane")
    wait(session, lambda: session.run.status is Status.READY and session.run.snapshot is not None)
    smooth = session.experiment.with_settings(["training.label_smoothing=0.2"])
    assert "Label smoothing needs classes" in session.refusal(smooth)
    assert session.refusal(session.experiment.with_settings(["training.learning_rate=0.2"])) == ""
    session.play()
    wait(session, lambda: session.run.epoch >= 5)
    session.configure(smooth)  # whoever does not ask is told, and training goes on
    wait(session, lambda: any("Label smoothing needs classes" in text for text in session.notices))
    epoch = session.run.epoch
    wait(session, lambda: session.run.epoch > epoch + 5)
    assert session.run.status is Status.RUNNING


def test_the_reason_is_shown(session_of: SessionOf) -> None:
    session = session_of("training.engine=torch")
    wait(session, lambda: session.run.snapshot is not None and session.run.snapshot.engine == "torch")
    assert session.run.snapshot is not None
    assert "as the training settings say" in session.run.snapshot.engine_reason
    session.configure(session.experiment.with_settings(["training.engine=automatic"]))
    wait(session, lambda: session.run.snapshot is not None and session.run.snapshot.engine == "compiled")


def test_what_is_missing_is_said_once(session_of: SessionOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "compiled_problem", lambda precision: "Numba is not here.")
    session = session_of()
    wait(session, lambda: session.run.snapshot is not None and session.run.snapshot.engine == "torch")
    session.configure(quick("seed=5"))
    wait(session, lambda: session.run.status is Status.READY and session.run.snapshot is not None)
    said = [text for text in session.notices if "Numba is not here." in text]
    assert said == ["PyTorch trains this network: Numba is not here."]


def test_compiling_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox, data = Mailbox(), prepare(quick().data)
    for known, texts in ((True, []), (False, [COMPILING])):
        monkeypatch.setattr(choose, "has_kernels", lambda precision, known=known: known)
        Lane(1, quick(), mailbox, prepare).announce_compiling(Status.PREPARING, data)
        posts, _ = mailbox.drain()
        assert [post.text for post in posts if isinstance(post, Changed)] == texts
    Lane(1, quick("training.engine=torch"), mailbox, prepare).announce_compiling(Status.PREPARING, data)
    assert mailbox.drain() == ([], [])


def test_what_was_announced_is_taken_back(session_of: SessionOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "has_kernels", lambda precision: False)
    session = session_of("training.engine=torch")
    wait(session, lambda: session.run.status is Status.READY)
    assert session.run.text == ""
    session.configure(session.experiment.with_settings(["training.engine=compiled"]))
    wait(session, lambda: session.run.snapshot is not None and session.run.snapshot.engine == "compiled")
    assert session.run.text == ""


@pytest.mark.parametrize("settings", [["training.engine=torch"], ["training.batch_size=30"]])
def test_the_first_slice_after_a_change_is_short(settings: list[str]) -> None:
    """The pace of the engine before must not decide how long the new one trains before it looks at commands."""
    trainer = trainer_of("data.source.samples=2000")
    for _ in range(50):
        trainer.slice(0.008)
    trainer.configure(trainer.experiment.with_settings(settings))
    epoch, step = trainer.engine.epoch, trainer.engine.step
    trainer.slice(0.008)
    assert trainer.engine.step - step <= 8, (epoch, trainer.engine.epoch)


def test_the_limit_grows_with_the_epochs() -> None:
    assert LimitSpeed(None).at(1_000) is None
    assert LimitSpeed(20.0).at(1_000) == 20.0
    assert LimitSpeed(20.0, 0.8).at(1_000) == 820.0


def test_accelerating_goes_on_beyond_one_epoch_at_a_time(session_of: SessionOf) -> None:
    session = session_of()
    wait(session, lambda: session.run.status is Status.READY)
    session.limit_speed(20.0, 10.0)
    session.play()
    wait(session, lambda: session.run.epoch > 20_000)
    epochs = session.run.history.column("epoch")
    np.testing.assert_array_equal(epochs[:1_000], np.arange(1_000))


def test_watching_changes_nothing(session_of: SessionOf) -> None:
    """A run with pauses, steps, limits and changing views, and one that nobody looks at: equal to the last bit."""
    settings = (
        "network.layers=[{kind='linear', units=9}, 'relu', {kind='dropout', rate=0.3}, {kind='linear', units=4}]",
        "training.optimizer=adam",
        "training.schedule=cosine",
        "training.epochs=900",
    )
    alone = trainer_of(*settings)
    while alone.end is None:
        alone.slice(10.0)
    session, rng = session_of(*settings), random.Random(4)
    wait(session, lambda: session.run.status is Status.READY)
    doings: list[Callable[[], Any]] = [
        lambda: session.want(frozenset(rng.sample(probes.names(), 3))),
        session.pause,
        session.step_batch,
        session.step_epoch,
        lambda: session.limit_speed(rng.choice([None, 300.0, 3_000.0]), rng.choice([0.0, 1.0])),
        session.play,
    ]
    while session.run.epoch < 880:
        rng.choice(doings)()
        session.play()
        epoch = session.run.epoch
        wait(session, lambda epoch=epoch: session.run.epoch > epoch or session.run.status.over)
    session.limit_speed(None)
    session.play()
    wait(session, lambda: session.run.status is Status.FINISHED)
    session.want(frozenset({"parameters"}))
    wait(session, lambda: session.run.snapshot is not None and session.run.snapshot.epoch == 900)
    wait(session, lambda: session.run.snapshot is not None and "parameters" in session.run.snapshot.arrays)
    assert session.run.snapshot is not None
    assert session.run.snapshot.arrays["parameters"].tobytes() == alone.engine.parameters().tobytes()
