"""The journal: what it says was written is there, whatever happens then."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from journal_stage import crashed, drawn, with_source
from project_stage import differences, same, trained, varied
from sessions import quick

from nnviz.data.drawings.editing import add_points
from nnviz.history.chapters import Chapter
from nnviz.history.history import History
from nnviz.project.journal.autosave import Autosave
from nnviz.project.journal.journal import Journal
from nnviz.project.journal.recovery import recover, recoverable
from nnviz.project.library import Library
from nnviz.project.reading import read
from nnviz.project.stored import pending
from nnviz.project.writing import write
from nnviz.run import Origin, Run
from nnviz.snapshot import Status

# ---------------------------------------------------------------- what comes back


def test_everything_comes_back(journal: Journal, tmp_path: Path) -> None:
    project = varied(tmp_path)
    runs = list(project.runs)
    compared = [runs[0].number, runs[2].number]
    journal.autosave(runs, runs[1], compared, Library(project.samples).loaded)
    found = recover(crashed(journal))
    assert differences(replace(project, compared=(0, 2)), found) == []
    assert found.missing == ()
    assert [run.origin.run for run in found.runs if run.origin is not None] == [1, -1]


def test_settings_alone_come_back(journal: Journal) -> None:
    run = Run(4, "drawn", quick())
    with_source(run, drawn(300))
    run.note = "with ink"
    journal.change([run], run)
    (found,) = recover(crashed(journal)).runs
    assert (found.experiment, found.name, found.note) == (run.experiment, "drawn", "with ink")
    assert (found.status, len(found.history)) == (Status.PREPARING, 0)


def test_only_what_is_new_is_written(journal: Journal) -> None:
    run = trained(1, 400)
    journal.autosave([run], run)
    first = journal._log.size
    journal.autosave([run], run)
    assert journal._log.size - first < 300, "nothing but the time"
    more = trained(1, 405)
    run.history.append({name: more.history.column(name)[401:] for name in more.history.names})
    for frame in list(more.history.keyframes)[-3:]:
        run.history.keyframes.add(frame)
    before = journal._log.size
    journal.autosave([run], run)
    assert journal._log.size - before < first / 10
    (found,) = recover(crashed(journal)).runs
    assert found.epoch == 405
    for name in run.history.names:
        assert same(found.history.column(name), run.history.column(name))


def test_another_stroke_costs_what_it_adds(journal: Journal) -> None:
    run = Run(1, "drawn", quick())
    source = drawn(50_000)
    with_source(run, source)
    journal.change([run], run)
    assert journal._log.size > len(source.points)
    rng = np.random.default_rng(1)
    for turn in range(30):
        before = journal._log.size
        source = add_points(source, rng.uniform(-5, 5, (5, 2)), turn % 2)
        with_source(run, source)
        run.chapters.append(Chapter((turn, 0), run.experiment))
        journal.change([run], run)
        assert journal._log.size - before < (4_000 if turn else 10**7), "the first chapter has a whole drawing"
    found = recover(crashed(journal)).runs[0]
    assert found.experiment.data.source == source
    assert found.chapters == run.chapters


def test_a_run_that_went_back_is_written_anew(journal: Journal) -> None:
    run = trained(1, 30)
    journal.autosave([run], run)
    names = run.history.names
    run.history.append({name: run.history.column(name)[20:22] * (1.0 if name == "epoch" else 2.0) for name in names})
    journal.autosave([run], run)
    (found,) = recover(crashed(journal)).runs
    for name in names:
        assert same(found.history.column(name), run.history.column(name)), name


def test_a_thinned_history_comes_back(journal: Journal) -> None:
    run = trained(1, 2)
    run.history = History(600)
    rng = np.random.default_rng(2)
    for first in range(0, 3_000, 150):
        run.history.append({"epoch": np.arange(first, first + 150), "test_loss": rng.uniform(1, 2, 150)})
        journal.autosave([run], run)
    (found,) = recover(crashed(journal)).runs
    assert found.epoch == 2_999
    assert found.history.most == 600
    assert len(found.history) <= 600
    assert found.history.best_epoch == run.history.best_epoch


def test_the_best_epoch_of_a_thinned_fork_comes_back(journal: Journal) -> None:
    """It is the best since the fork began, though the run that it left had been better."""
    run = trained(1, 2)
    losses = np.random.default_rng(4).uniform(1, 2, 3_000)
    losses[[57, 1_501]] = 0.1, 0.5
    past = History()
    past.append({"epoch": np.arange(400), "test_loss": losses[:400]})
    run.history = past.until(399)
    run.history.most = 600
    for first in range(400, 3_000, 200):
        run.history.append({"epoch": np.arange(first, first + 200), "test_loss": losses[first : first + 200]})
        journal.autosave([run], run)
    assert run.history.best_epoch == 1_501
    (found,) = recover(crashed(journal)).runs
    assert found.history.best_epoch == 1_501
    assert len(found.history) <= 600


def test_what_is_dropped_is_gone(journal: Journal) -> None:
    first, second = trained(1, 20), trained(2, 5)
    journal.autosave([first, second], first)
    first.history.keyframes.shrink(4, 1)
    journal.autosave([first], first)
    (found,) = recover(crashed(journal)).runs
    assert [frame.place for frame in found.history.keyframes] == [f.place for f in first.history.keyframes]


def test_keyframes_in_an_opened_project_stay_there(journal: Journal, tmp_path: Path) -> None:
    project = varied(tmp_path)
    path = tmp_path / "opened.nnviz"
    write(path, project)
    opened = read(path)
    runs = list(opened.runs)
    journal.autosave(runs, runs[0], (), Library(opened.samples).loaded)
    assert all(pending(frame.state) for run in runs for frame in run.history.keyframes), "none was read"
    assert pending(opened.samples[0].dataset)
    left = crashed(journal)
    found = recover(left)
    assert [len(run.history.keyframes) for run in found.runs] == [13, 10, 6]
    for run, original in zip(found.runs, project.runs, strict=True):
        for frame, other in zip(run.history.keyframes, original.history.keyframes, strict=True):
            assert same(frame.parameters, other.parameters)
    assert same(found.samples[0].dataset.features, project.samples[0].dataset.features)
    path.unlink()
    found = recover(left)
    assert [run.epoch for run in found.runs] == [12, 9, 5], "measurements were written"
    assert [len(run.history.keyframes) for run in found.runs] == [0, 0, 0]
    assert found.missing[0].startswith("Of 13 keyframes of 'run 1', 13 cannot be read: ")


# ---------------------------------------------------------------- settings newer than the rest


def test_a_change_after_the_last_keyframe_becomes_a_chapter(journal: Journal) -> None:
    run = trained(1, 20)
    journal.autosave([run], run)
    run.experiment = run.experiment.with_settings(["training.learning_rate=0.7"])
    journal.change([run], run)
    (found,) = recover(crashed(journal)).runs
    assert found.experiment.training.learning_rate == 0.7
    assert found.chapters[-1] == Chapter((20, 0), run.experiment)
    assert found.end == (20, 0)


def test_a_run_that_was_trained_on_is_known_to_have_been_there(journal: Journal) -> None:
    """A chapter began at epoch 35, after measurements up to 20 were written: the way there is trained again."""
    run = trained(1, 20)
    journal.autosave([run], run)
    run.experiment = run.experiment.with_settings(["training.learning_rate=0.7"])
    run.chapters.append(Chapter((35, 0), run.experiment))
    journal.change([run], run)
    (found,) = recover(crashed(journal)).runs
    assert found.chapters == run.chapters
    assert (found.epoch, found.end) == (20, (35, 0))


def test_a_new_run_is_written_with_its_first_keyframe(journal: Journal) -> None:
    run = trained(1, 20)
    journal.autosave([run], run)
    fork = Run(2, "fork", run.experiment.with_settings(["training.l1=0.1"]), origin=Origin(1, 10))
    fork.history = run.history.until(10)
    journal.change([run, fork], fork)
    journal.change([run, fork], fork)
    fork.chapters = [Chapter((10, 0), fork.experiment)]
    fork.history.keyframes.add(run.history.keyframes.before((10, 0)))  # type: ignore[arg-type]
    journal.change([run, fork], fork)
    (_, found) = recover(crashed(journal)).runs
    assert found.history.column("epoch").tolist() == list(range(11))
    assert [frame.place for frame in found.history.keyframes] == [(10, 0)]
    assert (found.origin, found.end) == (Origin(1, 10), (10, 0))


def test_a_fork_that_had_not_begun_begins_where_it_should(journal: Journal) -> None:
    run = trained(1, 20)
    fork = Run(2, "fork", run.experiment.with_settings(["training.l1=0.1"]), origin=Origin(1, 10))
    other = Run(3, "fork of what is gone", fork.experiment, origin=Origin(7, 10))
    journal.autosave([run, fork, other], fork)
    (_, found, anew) = recover(crashed(journal)).runs
    assert (found.experiment, found.origin, found.epoch) == (fork.experiment, Origin(1, 10), 10)
    assert found.chapters == [Chapter((10, 0), run.experiment), Chapter((10, 0), fork.experiment)]
    assert found.history.column("epoch").tolist() == list(range(11))
    assert [frame.place for frame in found.history.keyframes] == [(10, 0)]
    assert (anew.experiment, anew.origin, anew.epoch) == (fork.experiment, None, 0)


# ---------------------------------------------------------------- in the background


def nothing(*key: Any) -> None:
    return None


def test_changes_are_written_at_once_and_the_rest_now_and_then(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    autosave = Autosave(journal, every=3_600.0)
    run = trained(1, 3)
    run.status = Status.RUNNING
    autosave.look([run], run, (), nothing)
    assert autosave.flush(30)
    size = journal._log.size
    more = trained(1, 8)
    run.history = more.history
    autosave.look([run], run, (), nothing)
    assert autosave.flush(30)
    assert journal._log.size == size, "not yet"
    run.name = "renamed"
    autosave.look([run], run, (), nothing)
    assert autosave.flush(30)
    (found,) = recover(journal.path).runs
    assert (found.name, found.epoch) == ("renamed", 3)
    run.status = Status.PAUSED
    autosave.look([run], run, (), nothing)
    assert autosave.flush(30)
    assert recover(journal.path).runs[0].epoch == 8, "at a pause"
    size = journal._log.size
    autosave.look([run], run, (), nothing)
    assert autosave.flush(30)
    assert journal._log.size == size, "nothing is new"
    autosave.close()
    assert not journal.path.exists()


def test_measurements_are_written_again_and_again(tmp_path: Path) -> None:
    autosave = Autosave(Journal(tmp_path), every=0.0)
    for epochs in (2, 4, 6):
        run = trained(1, epochs)
        run.status = Status.RUNNING
        autosave.look([run], run, (), nothing)
        assert autosave.flush(30)
        assert recover(next(tmp_path.iterdir())).runs[0].epoch == epochs
    autosave.close(keep=True)
    assert recoverable(tmp_path)[0].epochs == (6,)


def test_trouble_is_told_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    autosave = Autosave(journal)
    run = trained(1, 2)

    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", full)
        autosave.look([run], run, (), nothing)
        assert not autosave.flush(30)
    assert autosave.trouble == ("Your work is not safe from a crash: No space left on device. Save it as a project.")
    autosave.look([run], run, (), nothing)
    assert autosave.trouble, "not tried at every frame"
    autosave._again = 0.0
    autosave.look([run], run, (), nothing)
    assert autosave.flush(30)
    assert autosave.trouble == ""
    assert recover(journal.path).runs[0].name == "run 1"
    autosave.close()
