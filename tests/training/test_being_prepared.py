"""What a run is told while it is being brought to where it was left, and what it is when it was never prepared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sessions import quick, wait

from nnviz.history.chapters import Edit
from nnviz.history.keyframes import Keyframes
from nnviz.project.reading import read
from nnviz.project.writing import write
from nnviz.session import Session
from nnviz.snapshot import Status

SessionOf = Callable[..., Session]


def trained(session: Session, epochs: int) -> None:
    session.step_epoch(epochs)
    wait(session, lambda: session.run.epoch == epochs and session.run.status is Status.PAUSED)


def left_behind(session_of: SessionOf, path: Path) -> Session:
    """Return a session that opens a run of which the first keyframe alone was kept, which thus takes a while."""
    first = session_of("training.engine=torch")
    trained(first, 40)
    project = first.project()
    (run,) = project.runs
    frames = run.history.keyframes
    run.history.keyframes = Keyframes.of([next(iter(frames))], frames.most, frames.bytes_limit, 0)
    write(path, project)
    session = session_of(start=False)
    session.open(read(path))
    return session


CHANGES = {
    "setting": lambda session: session.configure(session.experiment.with_settings(["training.learning_rate=0.5"])),
    "edit": lambda session: session.set_parameters((Edit(0, 7.0),), "First weight"),
    "step": lambda session: session.step_batch(),
}


@pytest.mark.parametrize("what", CHANGES)
def test_nothing_that_it_is_told_is_lost(what: str, session_of: SessionOf, tmp_path: Path) -> None:
    session = left_behind(session_of, tmp_path / "left.nnviz")
    session.want(frozenset({"parameters"}))
    assert session.run.status is Status.PREPARING
    CHANGES[what](session)
    session.worker.start()
    wait(session, lambda: session.run.status is Status.PAUSED, "the run")
    wait(session, lambda: session.run.snapshot is not None and session.run.snapshot.arrays, "a snapshot")
    run, snapshot = session.run, session.run.snapshot
    assert snapshot is not None
    if what == "setting":
        assert run.chapters[-1].experiment.training.learning_rate == 0.5
        session.step_epoch()
        wait(session, lambda: run.epoch == 41)
        assert run.history.latest("learning_rate") == np.float32(0.5)
    elif what == "edit":
        wait(session, lambda: run.snapshot is not None and run.snapshot.arrays["parameters"][0] == 7.0, "the edit")
        assert run.chapters[-1].edits == (Edit(0, 7.0),)
    else:
        wait(session, lambda: run.snapshot is not None and run.snapshot.step == 121, "the step")


def test_a_fork_waits_until_there_is_something_to_fork(session_of: SessionOf, tmp_path: Path) -> None:
    session = left_behind(session_of, tmp_path / "left.nnviz")
    assert session.fork(session.experiment) is None
    assert "the run is not ready" in session.notices[-1]
    session.worker.start()
    wait(session, lambda: session.run.status is Status.PAUSED, "the run")
    assert session.fork(session.experiment) is not None
    wait(session, lambda: session.run.status is Status.READY, "the fork")


def test_a_project_opens_that_was_saved_before_its_newest_run_was_prepared(
    session_of: SessionOf, tmp_path: Path
) -> None:
    session = session_of()
    trained(session, 5)
    session.configure(quick("network.layers[0].units=7"))
    assert not session.run.chapters, "its thread has not come to it"
    write(tmp_path / "early.nnviz", session.project())
    other = session_of()
    other.open(read(tmp_path / "early.nnviz"))
    wait(other, lambda: other.run.status is Status.READY, "the run that was not prepared")
    assert [run.epoch for run in other.runs] == [5, 0]
    trained(other, 3)


def test_a_fork_that_was_removed_before_it_was_prepared_can_be_put_back(session_of: SessionOf) -> None:
    session = session_of()
    trained(session, 20)
    session.look.go_to(12)
    fork = session.fork(quick("training.learning_rate=0.5"))
    assert fork is not None
    session.remove(fork)
    session.put_back(fork, 1)
    session.select(fork)
    wait(session, lambda: fork.status is Status.READY, "the fork")
    assert fork.first_epoch == fork.epoch == 12
    session.step_epoch()
    wait(session, lambda: fork.epoch == 13)


def test_a_fork_without_its_origin_begins_anew(session_of: SessionOf) -> None:
    session = session_of()
    trained(session, 20)
    session.look.go_to(12)
    fork = session.fork(quick("training.learning_rate=0.5"))
    assert fork is not None
    session.remove(fork)
    fork.origin = None if fork.origin is None else type(fork.origin)(99, fork.origin.epoch)
    session.put_back(fork, 1)
    session.select(fork)
    wait(session, lambda: fork.status is Status.READY, "the fork")
    assert (fork.first_epoch, fork.epoch, len(fork.history)) == (0, 0, 1)


def test_what_went_back_behind_a_change_can_be_saved_opened_and_repeated(session_of: SessionOf, tmp_path: Path) -> None:
    session = session_of("training.learning_rate=0.01", "training.loss=squared", "training.batch_size=1")
    trained(session, 5)
    run, experiment = session.run, session.experiment
    session.configure(experiment.with_settings(["training.learning_rate=100"]))
    for _ in range(20):  # until the weights are no numbers any more, in the middle of an epoch
        session.step_batch()
    wait(session, lambda: run.snapshot is not None and run.snapshot.step == 170, "the steps")
    session.configure(experiment.with_settings(["training.learning_rate=0.02"]))
    session.set_parameters((Edit(0, 0.5),), "A weight")
    session.play()
    wait(session, lambda: run.status is Status.DIVERGED, "the end")
    session.configure(experiment.with_settings(["training.learning_rate=0.03"]))
    session.step_epoch(3)
    wait(session, lambda: run.epoch == 8 and run.status is Status.PAUSED, "three more epochs")
    places = [chapter.place for chapter in run.chapters]
    assert places == sorted(places)
    write(tmp_path / "back.nnviz", session.project())
    (again,) = read(tmp_path / "back.nnviz").runs
    assert again.epoch == 8
    session.want(frozenset({"parameters"}))
    session.look.go_to(7)
    wait(session, lambda: run.snapshot is not None and run.snapshot.past and run.snapshot.epoch == 7, "epoch 7")
    assert run.snapshot is not None
    assert np.float32(run.snapshot.row["train_loss"][0]) == run.history.column("train_loss")[7]


@pytest.mark.parametrize(
    ("edit", "why"), [(Edit(0, 1e39), "float32 does not hold"), (Edit(10**6, 1.0), "the network has")]
)
def test_what_cannot_be_set_is_said_and_training_goes_on(edit: Edit, why: str, session_of: SessionOf) -> None:
    session = session_of()
    trained(session, 3)
    session.set_parameters((edit,), "Set by hand")
    wait(session, lambda: session.notices, "the sentence")
    assert why in session.notices[-1]
    assert len(session.run.chapters) == 1
    session.step_epoch()
    wait(session, lambda: session.run.epoch == 4)


def test_a_live_setting_does_not_split_the_samples_again(
    session_of: SessionOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(start=False)
    asked: list[object] = []
    prepare = session.worker.prepare
    monkeypatch.setattr(session.worker, "prepare", lambda settings: (asked.append(settings), prepare(settings))[1])
    session.worker.start()
    wait(session, lambda: session.run.status is Status.READY)
    before = len(asked)
    session.configure(quick("training.learning_rate=0.5"))
    wait(session, lambda: session.run.chapters[-1].experiment == session.experiment)
    assert len(asked) == before <= 1
