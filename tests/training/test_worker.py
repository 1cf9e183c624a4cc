"""The training thread: it obeys at once, posts only what is of now, and survives whatever goes wrong."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sessions import quick, wait

from nnviz.data.dataset import Dataset
from nnviz.data.generators.circles import Circles
from nnviz.data.plane import Plane
from nnviz.engines.engine import Engine
from nnviz.experiment import Experiment
from nnviz.history.chapters import Edit
from nnviz.probes import Probe, probes
from nnviz.session import Session
from nnviz.snapshot import Status
from nnviz.training import loaded
from nnviz.training.camera import Camera
from nnviz.training.commands import (
    Configure,
    Focus,
    Forget,
    Pause,
    Play,
    SetParameters,
    ShowNow,
    Start,
    StepBatch,
    StepEpochs,
    Want,
    still_needed,
)
from nnviz.training.mailbox import Began, Changed, Kept, Mailbox, Rows
from nnviz.training.worker import Worker

SessionOf = Callable[..., Session]


def test_a_run_is_prepared_played_and_paused(session_of: SessionOf) -> None:
    session = session_of()
    wait(session, lambda: session.run.status is Status.READY)
    assert session.run.epoch == 0
    assert len(session.run.history) == 1
    assert np.isnan(session.run.history.latest("gradient_norm")), "no batch has been seen yet"
    assert np.isfinite(session.run.history.latest("train_loss"))
    session.play()
    wait(session, lambda: session.run.epoch >= 5)
    assert session.playing
    session.pause()
    wait(session, lambda: session.run.status is Status.PAUSED)
    epoch = session.run.epoch
    wait(session, lambda: session.run.snapshot is not None and session.run.snapshot.epoch == epoch, "last snapshot")
    time.sleep(0.05)
    session.poll()
    assert session.run.epoch == epoch, "a paused run stands still"


def test_epochs_are_stepped_exactly(session_of: SessionOf) -> None:
    session = session_of()
    for count, reached in ((1, 1), (3, 4), (1, 5)):
        session.step_epoch(count)
        wait(session, lambda reached=reached: session.run.epoch == reached and session.run.status is Status.PAUSED)


def test_batches_are_stepped_one_by_one(session_of: SessionOf) -> None:
    session = session_of()
    for step in (1, 2, 3):
        session.step_batch()
        wait(session, lambda step=step: session.run.snapshot is not None and session.run.snapshot.step == step)
        assert session.run.status is Status.PAUSED
    assert session.run.epoch == 1, "three batches are an epoch here"
    session.step_batch()
    wait(session, lambda: session.run.snapshot is not None and session.run.snapshot.step == 4)
    session.step_epoch()
    wait(session, lambda: session.run.epoch == 2)
    assert session.run.history.latest("step") == 6, "the epoch is finished, not begun again"


def test_the_limit_ends_a_run_and_a_higher_one_lets_it_go_on(session_of: SessionOf) -> None:
    session = session_of("training.epochs=4")
    session.play()
    wait(session, lambda: session.run.status is Status.FINISHED)
    assert session.run.epoch == 4
    assert session.run.text == "Reached the epoch limit of 4."
    session.play()
    wait(session, lambda: not session.worker._commands.qsize())
    session.configure(quick("training.epochs=6"))
    session.play()
    wait(session, lambda: session.run.epoch == 6)
    wait(session, lambda: session.run.status is Status.FINISHED)


def test_divergence_is_an_event_with_advice(session_of: SessionOf) -> None:
    session = session_of("data.source=plane", "training.learning_rate=50", "network.layers=[]")
    session.play()
    wait(session, lambda: session.run.status is Status.DIVERGED)
    assert "Lower the learning rate" in session.run.text
    (event,) = session.run.history.events
    assert event.kind == "end"
    wait(session, lambda: session.run.snapshot is not None)
    before = session.run.epoch
    session.configure(session.experiment.with_settings(["training.learning_rate=0.001"]))
    session.play()
    wait(session, lambda: session.run.epoch > before + 3)
    epochs = session.run.history.column("epoch")
    assert (np.diff(epochs) == 1).all(), "what was measured after the last finite state is replaced"


def test_a_speed_limit_holds(session_of: SessionOf) -> None:
    session = session_of()
    wait(session, lambda: session.run.status is Status.READY)
    session.limit_speed(20.0)
    began = time.monotonic()
    session.play()
    wait(session, lambda: session.run.epoch >= 5)
    assert time.monotonic() - began >= 4 / 20 - 0.01
    session.pause()
    wait(session, lambda: session.run.status is Status.PAUSED, "an answer while it waits for the next epoch")
    session.limit_speed(None)
    session.play()
    wait(session, lambda: session.run.epoch >= 50)


def test_snapshots_hold_what_is_wanted(session_of: SessionOf) -> None:
    session = session_of()
    session.want(frozenset({"parameters", "confusion"}))
    wait(session, lambda: session.run.snapshot is not None and len(session.run.snapshot.arrays) == 2)
    snapshot = session.run.snapshot
    assert snapshot is not None
    assert snapshot.wanted == {"parameters", "confusion"}
    assert snapshot.engine == "compiled"
    assert "covers all of this network" in snapshot.engine_reason
    assert not snapshot.arrays["confusion"].flags.writeable
    session.want(frozenset())
    session.step_epoch()
    wait(session, lambda: session.run.snapshot is not None and session.run.snapshot.epoch == 1)
    assert session.run.snapshot is not None
    assert session.run.snapshot.arrays == {}


def test_a_probe_without_meaning_is_left_out(session_of: SessionOf) -> None:
    session = session_of("data.source=plane")
    session.want(frozenset({"confusion"}))
    wait(session, lambda: session.run.snapshot is not None and "confusion" in session.run.snapshot.wanted)
    assert session.run.snapshot is not None
    assert session.run.snapshot.arrays == {}


def test_a_snapshot_nobody_takes_costs_nothing(session_of: SessionOf, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of()
    measured: list[int] = []
    make = Camera.network

    def counted(*arguments: Any) -> Any:
        measured.append(1)
        return make(*arguments)

    monkeypatch.setattr(Camera, "network", counted)
    session.play()
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        time.sleep(0.01)
    assert len(measured) <= 2


def test_keyframes_are_dense_at_first_and_then_spread(session_of: SessionOf) -> None:
    session = session_of("network.layers=[]", "data.source.samples=10")
    session.step_epoch(300)
    wait(session, lambda: session.run.epoch == 300 and session.run.status is Status.PAUSED)
    kept = [frame.epoch for frame in session.run.history.keyframes]
    assert kept[0] == 0
    assert len(kept) <= session.run.history.keyframes.most


# ---------------------------------------------------------------- what goes wrong


def test_a_mistake_of_the_user_is_a_sentence(session_of: SessionOf, caplog: pytest.LogCaptureFixture) -> None:
    session = session_of("network.layers=['max-pool']")
    wait(session, lambda: session.run.status is Status.FAILED)
    assert "works on images" in session.run.text
    assert caplog.records == []
    session.configure(quick())
    wait(session, lambda: session.run.status is Status.READY)


def test_a_defect_fails_the_run_and_not_the_thread(
    session_of: SessionOf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*arguments: Any) -> None:
        raise RuntimeError("out of luck")

    with monkeypatch.context() as patched:
        patched.setattr(loaded, "split", broken)
        session = session_of()
        with caplog.at_level(logging.CRITICAL):
            wait(session, lambda: session.run.status is Status.FAILED)
    assert session.run.text == "The run failed: RuntimeError: out of luck"
    session.reset()
    session.step_epoch()
    wait(session, lambda: session.run.epoch == 1)


def test_a_probe_that_fails_is_left_out_and_named_once(
    session_of: SessionOf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Probe):
        """Raises."""

        name = "broken"
        title = "Broken"

        def measure(self, engine: Engine, plane: Plane) -> None:
            raise ZeroDivisionError("broken probe")

    monkeypatch.setitem(probes._load(), "broken", Broken)
    session = session_of()
    session.want(frozenset({"broken", "parameters"}))
    with caplog.at_level(logging.CRITICAL):
        session.step_epoch(3)
        wait(session, lambda: session.run.epoch == 3 and session.run.snapshot is not None)
        wait(session, lambda: "parameters" in session.run.snapshot.arrays)
    assert len(session.notices) == 1
    assert session.notices[0].startswith("Broken cannot be measured")


def test_commands_that_later_ones_replace_are_left_out() -> None:
    first, second = Experiment(seed=1), Experiment(seed=2)
    want, play = Want(frozenset({"parameters"})), Play((2,))
    queued = [Start(1, first), want, Configure(1, first), Forget(1), Start(2, second)]
    changes = [Configure(2, first), Configure(2, second)]
    left = [want, Forget(1), Start(2, second), Configure(2, second), play, None]
    assert still_needed([*queued, *changes, play, None]) == left
    mixed = [Configure(1, first), StepBatch((1,)), Configure(1, second)]
    assert still_needed(mixed) == mixed, "the step in between is made with the settings before it"
    two = [Configure(1, first), Configure(2, second)]
    assert still_needed(two) == two, "they are changes of different runs"


def test_a_source_is_loaded_once_for_all_runs_on_it(session_of: SessionOf, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[int] = []
    load = Circles.load

    def counted(source: Circles, seed: int) -> Dataset:
        loaded.append(seed)
        return load(source, seed)

    monkeypatch.setattr(Circles, "load", counted)
    session = session_of()
    wait(session, lambda: session.run.status is Status.READY)
    session.reset()
    session.configure(session.experiment.with_settings(["network.layers[0].units=3"]))
    wait(session, lambda: session.run.status is Status.READY and session.run.snapshot is not None)
    assert len(loaded) == 1


def test_stopping_before_the_start_leaves_no_thread(session_of: SessionOf) -> None:
    worker = Worker(Mailbox())
    assert worker.stop()
    worker.start()
    worker._thread.join(10)
    assert not worker._thread.is_alive()


def test_commands_without_a_run_are_harmless() -> None:
    mailbox = Mailbox()
    worker = Worker(mailbox)
    edits = (Edit(0, 1.0),)
    nothing = (
        Play((1,)),
        Pause(),
        StepBatch((1,)),
        StepEpochs((1,), 2),
        Want(frozenset({"parameters"}), frozenset({1})),
    )
    for command in (*nothing, Focus(1), Forget(1), Configure(1, quick()), SetParameters(1, edits), ShowNow(1)):
        worker.send(command)
    worker.start()
    assert worker.stop()
    assert mailbox.drain() == ([], [])


def test_a_worker_that_never_started_stops_at_once() -> None:
    assert Worker(Mailbox()).stop()


def test_commands_before_the_start_are_carried_out_after_it(session_of: SessionOf) -> None:
    session = session_of(start=False)
    session.step_epoch(2)
    assert threading.active_count() == len(threading.enumerate())
    assert not session.poll()
    session.start()
    wait(session, lambda: session.run.epoch == 2)


def test_everything_posted_says_which_run_it_belongs_to() -> None:
    mailbox = Mailbox()
    worker = Worker(mailbox)
    worker.start()
    for command in (Start(1, quick()), Play((1,)), Start(2, quick("training.epochs=3")), Play((2,))):
        worker.send(command)
    posts: list[Any] = []
    end = time.monotonic() + 30
    while not any(isinstance(post, Changed) and post.status is Status.FINISHED for post in posts):
        assert time.monotonic() < end
        posts += mailbox.drain()[0]
    worker.stop()
    assert {post.run for post in posts} == {1, 2}
    assert {type(post) for post in posts} == {Changed, Rows, Kept, Began}
    second = [post.status for post in posts if isinstance(post, Changed) and post.run == 2]
    assert second == [Status.PREPARING, Status.READY, Status.RUNNING, Status.FINISHED]


def test_a_file_that_has_changed_is_told_once_and_its_rows_are_kept(session_of: Any, tmp_path: Path) -> None:
    table = tmp_path / "points.csv"
    table.write_text("\n".join(["a,b,y", *(f"{i % 7},{i % 5},{i % 2}" for i in range(40))]))
    source = f"data.source={{kind='table', path='{table.as_posix()}'}}"
    session = session_of(source)
    wait(session, lambda: session.run.status is Status.READY)
    session.reset()
    wait(session, lambda: session.run.status is Status.READY)
    assert session.notices == []
    table.write_text("\n".join(["a,b,y", *(f"{i % 7},{i % 5},{i % 2}" for i in range(400))]))
    for _ in range(2):
        session.configure(session.experiment.replace(seed=session.experiment.seed + 1))
        wait(session, lambda: session.run.status is Status.READY)
    assert [f"{table} has changed since it was loaded" in each for each in session.notices] == [True]
    assert session.run.snapshot is None or sum(map(len, session.run.snapshot.data.parts().values())) == 40
