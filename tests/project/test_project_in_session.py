"""Projects and sessions: what a session holds is saved while it trains, and goes on in another one bit for bit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from project_stage import TABLE
from sessions import wait

from nnviz.history.chapters import Edit
from nnviz.project.reading import read
from nnviz.project.saver import Saver
from nnviz.project.stored import digest
from nnviz.project.writing import write
from nnviz.session import Session
from nnviz.snapshot import Status

SessionOf = Callable[..., Session]


def played(session: Session, epochs: int) -> None:
    """Train up to exactly so many epochs."""
    session.step_epoch(epochs - session.run.epoch)
    wait(session, lambda: session.run.epoch == epochs and session.run.status is Status.PAUSED)


def digest_at(session: Session, epoch: int) -> str:
    """Return what the parameters are at an epoch, past or present."""
    session.want(frozenset({"parameters"}))
    session.look.go_to(epoch)

    def there() -> bool:
        shown = session.run.snapshot
        return shown is not None and shown.epoch == epoch and "parameters" in shown.arrays

    wait(session, there, f"epoch {epoch}")
    assert session.run.snapshot is not None
    return hashlib.sha256(session.run.snapshot.arrays["parameters"].tobytes()).hexdigest()


@pytest.mark.parametrize("engine", ["compiled", "torch"])
def test_a_session_goes_on_in_another_one(session_of: SessionOf, tmp_path: Path, engine: str) -> None:
    settings = [
        "network.layers=[{kind='linear', units=5}, 'relu', {kind='dropout', rate=0.2}]",
        "training.optimizer=adam",
        f"training.engine={engine}",
    ]
    first = session_of(*settings)
    played(first, 40)
    first.configure(first.experiment.with_settings(["training.learning_rate=0.1", "data.label_noise=0.2"]))
    played(first, 60)
    first.set_parameters((Edit(1, 0.5),), "A weight set by hand")
    played(first, 80)
    first.look.go_to(50)
    fork = first.fork(first.experiment.with_settings(["training.weight_decay=0.01"]), "decayed")
    assert fork is not None
    wait(first, lambda: fork.status is Status.READY)
    played(first, 90)
    path = tmp_path / "a.nnviz"
    write(path, first.project())

    second = session_of(start=True)
    second.open(read(path))
    assert [run.name for run in second.runs] == ["quick", "decayed"]
    assert second.run.name == "decayed"
    assert second.run.origin is not None
    assert second.run.origin.run == second.runs[0].number
    for epoch in (51, 77, 89):
        assert digest_at(second, epoch) == digest_at(first, epoch), epoch
    for session in (first, second):
        session.look.go_live()
        played(session, 130)
    assert digest_at(second, 130) == digest_at(first, 130)
    for session in (first, second):
        session.select(session.runs[0])
    for epoch in (0, 39, 55, 61, 79):
        assert digest_at(second, epoch) == digest_at(first, epoch), epoch
    assert second.run.history.events == first.run.history.events
    np.testing.assert_array_equal(second.run.history.column("test_loss"), first.run.history.column("test_loss"))


def test_it_is_saved_while_it_trains(session_of: SessionOf, tmp_path: Path) -> None:
    session, saver = session_of(), Saver()
    session.play()
    for turn in range(5):
        wait(session, lambda turn=turn: session.run.epoch > 200 * (turn + 1))
        epoch = session.run.epoch
        saving = saver.save(tmp_path / "a.nnviz", session.project())
        while not saving.over:
            session.poll()
        assert saving.stage == "saved"
        (run,) = read(tmp_path / "a.nnviz").runs
        assert run.epoch == epoch
        assert run.status is Status.PAUSED
    saver.close()


def test_samples_of_a_file_go_with_the_project(session_of: SessionOf, tmp_path: Path) -> None:
    table = tmp_path / "prices.csv"
    table.write_text(TABLE, encoding="utf-8")
    first = session_of(f"data.source={{kind='table', path='{table}'}}", "data.standardize=true")
    played(first, 30)
    write(tmp_path / "a.nnviz", first.project())
    table.unlink()
    second = session_of()
    second.open(read(tmp_path / "a.nnviz"))
    assert digest_at(second, 17) == digest_at(first, 17)
    second.look.go_live()
    played(second, 40)
    first.look.go_live()
    played(first, 40)
    assert digest_at(second, 40) == digest_at(first, 40)
    write(tmp_path / "a.nnviz", second.project())
    assert len(read(tmp_path / "a.nnviz").samples) == 1, "still there after another turn"


def test_playheads_and_compared_runs_come_back(session_of: SessionOf, tmp_path: Path) -> None:
    session = session_of()
    played(session, 30)
    session.configure(session.experiment.with_settings(["network.layers=['relu']"]))
    played(session, 20)
    session.look.compare((session.runs[0].number, session.runs[1].number))
    session.look.go_to(9)
    session.runs[0].starred, session.runs[0].note = True, "the first"
    write(tmp_path / "a.nnviz", session.project())
    other = session_of()
    other.open(read(tmp_path / "a.nnviz"))
    assert other.look.compared == tuple(run.number for run in other.runs)
    assert (other.run.playhead, other.runs[0].starred, other.runs[0].note) == (9, True, "the first")
    wait(other, lambda: other.run.snapshot is not None and other.run.snapshot.past and other.run.snapshot.epoch == 9)


def test_a_damaged_project_leaves_the_session_alone(session_of: SessionOf, tmp_path: Path) -> None:
    """A keyframe turns out to be damaged when it is wanted: a sentence, and everything goes on."""
    session = session_of()
    played(session, 60)
    path = tmp_path / "a.nnviz"
    write(path, session.project())
    content = bytearray(path.read_bytes())
    first = next(iter(session.run.history.keyframes))
    at = content.index(f"keyframes/{digest(first.state)}.npz".encode()) + 120
    content[at] ^= 0xFF
    path.write_bytes(content)
    other = session_of()
    other.open(read(path))
    wait(other, lambda: other.run.status is Status.PAUSED)
    other.look.go_to(0)
    wait(other, lambda: other.notices)
    assert other.notices[0].startswith("Epoch 0 cannot be shown: a.nnviz is damaged at keyframes/")
    other.look.go_live()
    played(other, 70)
