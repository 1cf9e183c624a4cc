"""The files of journals: torn, full and long ones, and which of them can be recovered."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from journal_stage import crashed, drawn, with_source
from project_stage import differences, trained
from sessions import quick

from nnviz.history.chapters import Chapter
from nnviz.project.journal import journal as journal_module
from nnviz.project.journal import record_log
from nnviz.project.journal.journal import LOCK, LOG, Journal, folder
from nnviz.project.journal.lock import Lock, is_held
from nnviz.project.journal.record_log import RecordLog, records_in
from nnviz.project.journal.recovery import discard, recover, recoverable
from nnviz.project.journal.update import DOCUMENT, ROWS
from nnviz.project.project import Project, ProjectError
from nnviz.run import Run

# ---------------------------------------------------------------- torn, full, long


def test_a_log_may_end_anywhere(journal: Journal, tmp_path: Path) -> None:
    """Whatever was written before the place where it ends is there, and nothing is raised."""
    run = trained(1, 6)
    sizes: list[tuple[int, Any]] = []
    for turn in range(6):
        run.experiment = run.experiment.with_settings([f"training.learning_rate={0.1 + turn}"])
        (journal.autosave if turn == 2 else journal.change)([run], run)
        sizes.append((journal._log.size, run.experiment))
    content = (crashed(journal) / LOG).read_bytes()
    left = tmp_path / "left"
    left.mkdir()
    step = max(1, len(content) // 400)
    for end in [*range(0, len(content), step), *(size + by for size, _ in sizes for by in (-1, 0, 1))]:
        (left / LOG).write_bytes(content[:end])
        whole = [experiment for size, experiment in sizes if size <= end]
        if not whole:
            with pytest.raises(ProjectError):
                recover(left)
            continue
        (found,) = recover(left).runs
        assert found.experiment == whole[-1], end
        assert found.epoch == (6 if len(whole) > 2 or sizes[0][0] <= end else 0)


def test_measurements_count_with_the_settings_that_they_were_made_under(journal: Journal) -> None:
    """Killed between the two, neither is there: a run could not be repeated up to its newest measurement."""
    run, more = trained(1, 10), trained(1, 30)
    journal.autosave([run], run)
    run.chapters.append(Chapter((11, 0), run.experiment.with_settings(["training.learning_rate=0.7"])))
    run.history = more.history
    journal.autosave([run], run)
    path = crashed(journal) / LOG
    *before, last = records_in(path)
    assert last[0] == DOCUMENT
    assert ROWS in [kind for kind, _ in before[-3:]]
    assert recover(journal.path).runs[0].epoch == 30
    path.write_bytes(path.read_bytes()[:-1])
    (found,) = recover(journal.path).runs
    assert (found.epoch, len(found.chapters)) == (10, 1)


def test_a_damaged_record_ends_the_log(journal: Journal, tmp_path: Path) -> None:
    run = trained(1, 3)
    journal.autosave([run], run)
    size = journal._log.size
    run.name = "renamed"
    journal.change([run], run)
    path = crashed(journal)
    for at in (size + 4, size + 8, size + 20, -1):
        content = bytearray((path / LOG).read_bytes())
        content[at] ^= 0x10
        left = tmp_path / f"left {at}"
        left.mkdir()
        (left / LOG).write_bytes(content)
        assert recover(left).runs[0].name == "run 1"


@pytest.mark.parametrize("fails_at", [1, 2, 3, 4])
def test_a_full_disk_loses_nothing_that_was_written(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    run = trained(1, 5)
    journal.autosave([run], run)
    size = journal._log.size
    run.name = "changed"
    write_piece = RecordLog._write
    calls = 0

    def full(log: RecordLog, content: bytes) -> None:
        nonlocal calls
        calls += 1
        if calls >= fails_at:
            write_piece(log, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_piece(log, content)

    with monkeypatch.context() as patch:
        patch.setattr(RecordLog, "_write", full)
        more = trained(2, 3)
        with pytest.raises(OSError, match="No space left"):
            journal.autosave([run, more], run)
    assert (journal.path / LOG).stat().st_size == size == journal._log.size
    run.name = "changed again"
    assert journal.differs([run], run)
    journal.autosave([run, more], run)
    found = recover(crashed(journal))
    assert [each.name for each in found.runs] == ["changed again", "run 2"]
    assert [len(each.history.keyframes) for each in found.runs] == [6, 4], "what failed was written then"


def test_a_log_that_grew_too_long_is_written_anew(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_SLACK", 20_000)
    sizes = []
    for turn in range(40):
        run = trained(1, 5, f"seed={turn}")
        run.history.went_back = turn
        journal.autosave([run], run)
        sizes.append((journal.path / LOG).stat().st_size)
    assert max(sizes) < 200_000
    assert min(sizes[5:]) < 60_000
    assert any(b < a for a, b in pairwise(sizes))
    assert sorted(path.name for path in journal.path.iterdir()) == [LOG, LOCK]
    run.note = "after that"
    journal.change([run], run)
    found = recover(crashed(journal))
    assert differences(Project((run,)), found) == []


def test_writing_anew_that_fails_leaves_the_log(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained(1, 5)
    journal.autosave([run], run)
    monkeypatch.setattr(journal_module, "_SLACK", -(10**9))

    def fails(*arguments: Any) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    run.name = "renamed"
    with monkeypatch.context() as patch:
        patch.setattr(record_log.os, "replace", fails)
        with pytest.raises(OSError, match="Permission denied"):
            journal.change([run], run)
    assert sorted(path.name for path in journal.path.iterdir()) == [LOG, LOCK]
    monkeypatch.setattr(journal_module, "_SLACK", 10**9)
    journal.change([run], run)
    assert recover(crashed(journal)).runs[0].name == "renamed"


def test_records_come_back_and_sorts_can_be_passed_over(tmp_path: Path) -> None:
    log = RecordLog(tmp_path / "log")
    records = [(1, b"one"), (2, b""), (3, bytes(100_000)), (1, b"\n")]
    log.append(iter(records))
    log.append([])
    log.close()
    assert list(records_in(tmp_path / "log")) == records
    assert [kind for kind, _ in records_in(tmp_path / "log", frozenset({3}))] == [1, 2, 3, 1]
    (tmp_path / "other").write_bytes(b"nnviz something else")
    assert list(records_in(tmp_path / "other")) == []


# ---------------------------------------------------------------- which journals there are


def test_a_journal_can_be_recovered_when_its_session_is_gone(tmp_path: Path) -> None:
    parent = tmp_path / "journals"
    assert recoverable(parent) == []
    journals = [Journal(parent) for _ in range(3)]
    for number, journal in enumerate(journals):
        run = trained(number + 1, number)
        journal.autosave([run], run)
    assert recoverable(parent) == [], "all three live"
    for number, journal in enumerate(journals[:2]):
        os.utime(crashed(journal) / LOG, (1e9 + number, 1e9 + number))
    newest, oldest = recoverable(parent)
    assert (newest.names, newest.epochs, newest.time, newest.worthwhile) == (("run 2",), (1,), 1e9 + 1, True)
    assert (oldest.names, oldest.epochs, oldest.worthwhile) == (("run 1",), (0,), False)
    discard(newest.path)
    assert [left.path for left in recoverable(parent)] == [oldest.path]
    with pytest.raises(ProjectError, match="still open"):
        discard(journals[2].path)
    journals[2].close(keep=True)
    assert [left.names for left in recoverable(parent)] == [("run 3",), ("run 1",)]
    for journal in journals[:2]:
        journal.close()
    assert [left.names for left in recoverable(parent)] == [("run 3",)]


def test_what_somebody_would_miss(tmp_path: Path) -> None:
    def left(change: Any) -> bool:
        journal = Journal(tmp_path)
        run = Run(1, "x", quick())
        change(run)
        journal.change([run], run)
        crashed(journal)
        (found,) = recoverable(tmp_path)
        journal.close()
        return found.worthwhile

    assert not left(lambda run: None)
    assert left(lambda run: with_source(run, drawn(10)))
    assert left(lambda run: setattr(run, "note", "x"))
    assert left(lambda run: setattr(run, "chapters", [Chapter((0, 0), run.experiment)] * 2))


def test_a_folder_without_a_journal_is_passed_over_and_cleared_away_in_time(tmp_path: Path) -> None:
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / LOG).write_bytes(b"nnviz journal\n")
    (tmp_path / "a file").touch()
    day_before_yesterday = time.time() - 2 * 86_400
    os.utime(tmp_path / "old", (day_before_yesterday, day_before_yesterday))
    assert recoverable(tmp_path) == []
    (tmp_path / "old" / LOCK).unlink(missing_ok=True)
    os.utime(tmp_path / "old", (day_before_yesterday, day_before_yesterday))
    assert recoverable(tmp_path) == []
    assert (tmp_path / "new").exists()


def test_the_place_of_journals_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder().name == "journals"
    assert "nnviz" in str(folder())
    monkeypatch.setenv("NNVIZ_STATE", str(tmp_path / "state"))
    assert folder() == tmp_path / "state" / "journals"
    journal = Journal()
    assert journal.path.parent == folder()
    journal.close()
    assert not journal.path.exists()


def test_a_lock_is_held_as_long_as_the_process_lives(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from nnviz.project.journal.lock import Lock; "
        f"assert Lock(pathlib.Path({str(tmp_path / 'lock')!r})).take(); print('taken', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == "taken\n"
    assert is_held(tmp_path / "lock")
    assert not Lock(tmp_path / "lock").take()
    child.kill()
    child.wait(30)
    assert not is_held(tmp_path / "lock")
    child.stdin.close()
    child.stdout.close()
