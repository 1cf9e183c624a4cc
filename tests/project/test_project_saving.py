"""Saving: in one step, in the background, and without loss when something is in the way."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from project_stage import differences, same, trained, varied

from nnviz.export import files
from nnviz.project import saver as saver_module
from nnviz.project.project import Project, ProjectError
from nnviz.project.reading import read
from nnviz.project.saver import Saver
from nnviz.project.writing import write


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return varied(tmp_path)


@pytest.fixture
def saver() -> Iterator[Saver]:
    made = Saver()
    yield made
    made.close()


class FullDisk:
    """A file on a disk with room for so many bytes."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self._room = file, room

    def write(self, content: bytes) -> int:
        self._room -= len(content)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written: int = self._file.write(content)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> FullDisk:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


def with_room(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    original = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda path, mode="r", *a, **k: (
            FullDisk(original(path, mode, *a, **k), room) if "x" in mode else original(path, mode, *a, **k)
        ),
    )


# ---------------------------------------------------------------- what stands in the way


@pytest.mark.parametrize("room", [0, 1, 400, 20_000, 60_000])
def test_a_full_disk_leaves_the_old_file(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    path = tmp_path / "kept.nnviz"
    write(path, replace(project, runs=project.runs[:1], front=0, compared=()))
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        with_room(patch, room)
        with pytest.raises(ProjectError) as caught:
            write(path, project)
    assert str(caught.value) == (
        f"{path} cannot be saved: there is no room left on the disk; make some, or choose another place. "
        "The file that was there is unchanged."
    )
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["kept.nnviz", "prices.csv"], "no half file"
    write(path, project)
    assert differences(project, read(path)) == [], "nothing was lost in memory"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_at_the_last_moment_leaves_the_old_file(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Also where the project was read from that file: what it has not read yet is still there."""
    path = tmp_path / "kept.nnviz"
    write(path, project)
    found = read(path)

    def fails(*arguments: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, step, fails)
        with pytest.raises(
            ProjectError, match=r"the disk does not work; choose another place. The file that was there"
        ):
            write(path, found)
    assert differences(project, found) == []
    assert differences(project, read(path)) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limits")
def test_a_real_limit_is_met_with_a_sentence(tmp_path: Path) -> None:
    """In a process of its own, since the limit holds for all of its files."""
    code = f"""
import resource, sys
from pathlib import Path
sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parent.parent)]!r}
from project_stage import trained
from nnviz.project.project import Project, ProjectError
from nnviz.project.writing import write
path, project = Path({str(tmp_path / "a.nnviz")!r}), Project((trained(1, 20),))
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
try:
    write(path, project)
except ProjectError as error:
    print(error)
print(list(path.parent.iterdir()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"{tmp_path / 'a.nnviz'} cannot be saved: the disk takes no file of this size; choose another place.",
        "[]",
    ]


def test_a_folder_that_is_gone_is_said(tmp_path: Path, project: Project) -> None:
    with pytest.raises(
        ProjectError, match=r"cannot be saved: the folder is not there any more; choose another place.$"
    ):
        write(tmp_path / "gone" / "a.nnviz", project)
    with pytest.raises(ProjectError, match="cannot be saved: the folder is not there any more"):
        write(tmp_path / "prices.csv" / "a.nnviz", project)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_can_only_be_read_is_said(tmp_path: Path, project: Project) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(0o500)
    with pytest.raises(ProjectError, match="must not be written to; choose another place"):
        write(folder / "a.nnviz", project)


@pytest.mark.parametrize(("number", "said"), [(errno.EACCES, "must not be written to"), (errno.EROFS, "only be read")])
def test_refusals_of_the_system_are_said(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def refused(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        raise OSError(number, os.strerror(number), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refused)
        with pytest.raises(ProjectError, match=f"a.nnviz cannot be saved: .*{said}"):
            write(tmp_path / "a.nnviz", project)


# ---------------------------------------------------------------- in the background


def test_a_project_is_saved_by_a_thread(tmp_path: Path, project: Project, saver: Saver) -> None:
    saving = saver.save(tmp_path / "a.nnviz", project)
    assert saving.wait(30)
    assert (saving.stage, saving.share, saving.text, saving.over) == ("saved", 1.0, "", True)
    assert differences(project, read(tmp_path / "a.nnviz")) == []


def test_a_failure_is_told_and_the_next_one_is_saved(tmp_path: Path, project: Project, saver: Saver) -> None:
    failing = saver.save(tmp_path / "gone" / "a.nnviz", project)
    next_one = saver.save(tmp_path / "a.nnviz", project)
    assert next_one.wait(30)
    assert failing.over
    assert (failing.stage, next_one.stage) == ("failed", "saved")
    assert failing.text.endswith("the folder is not there any more; choose another place.")


def test_a_defect_is_told_too(
    tmp_path: Path, project: Project, saver: Saver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*arguments: Any) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(saver_module, "write", broken)
    saving = saver.save(tmp_path / "a.nnviz", project)
    assert saving.wait(30)
    assert saving.stage == "failed"
    assert saving.text == f"{tmp_path / 'a.nnviz'} was not saved: ZeroDivisionError: by nothing"
    assert "ZeroDivisionError" in caplog.text


class Gate:
    """A write that waits in the middle until it is told to go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        self.shares: list[float] = []
        monkeypatch.setattr(saver_module, "write", self._write)

    def _write(self, path: Path, project: Project, told: Callable[[float], None]) -> list[str]:
        def looked(share: float) -> None:
            self.shares.append(share)
            if share > 0.4 and not self.reached.is_set():
                self.reached.set()
                assert self.opened.wait(30)
            told(share)

        return write(path, project, looked)


def test_saving_can_be_given_up(
    tmp_path: Path, project: Project, saver: Saver, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.nnviz"
    path.write_bytes(b"old")
    gate = Gate(monkeypatch)
    saving = saver.save(path, project)
    assert gate.reached.wait(30)
    assert saving.stage == "writing"
    saving.cancel()
    gate.opened.set()
    assert saving.wait(30)
    assert saving.stage == "cancelled"
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_newer_one_waits_for_the_older(
    tmp_path: Path, project: Project, saver: Saver, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.nnviz"
    gate = Gate(monkeypatch)
    older = saver.save(path, replace(project, runs=project.runs[:1], front=0, compared=()))
    assert gate.reached.wait(30)
    newer, unwanted = saver.save(path, project), saver.save(path, project)
    unwanted.cancel()
    assert (newer.stage, unwanted.stage) == ("waiting", "waiting")
    gate.opened.set()
    saver.close()
    assert [each.stage for each in (older, newer, unwanted)] == ["saved", "saved", "cancelled"]
    assert differences(project, read(path)) == []
    assert gate.shares[-1] == 1.0
    with pytest.raises(RuntimeError, match="closed"):
        saver.save(path, project)


def test_what_is_shared_with_a_saver_does_not_change(tmp_path: Path) -> None:
    """A history goes back and rows are written anew while the copy is being saved."""
    run = trained(1, 10)
    copy = run.history.copy()
    expected = {name: run.history.column(name).copy() for name in run.history.names}
    run.history.append(
        {name: run.history.column(name)[4:6] + 1.0 for name in run.history.names if name != "epoch"}
        | {"epoch": run.history.column("epoch")[4:6].copy()}
    )
    run.history.keyframes.shrink(2, 1)
    assert len(run.history) == 6
    assert all(same(copy.column(name), expected[name]) for name in expected)
    assert len(copy.keyframes) == 11
    assert copy.best_row == 10


def test_states_can_be_read_while_the_file_is_replaced(tmp_path: Path, project: Project) -> None:
    """As the training thread does while a project is saved over the file that it came from."""
    path = tmp_path / "a.nnviz"
    write(path, project)
    problems: list[str] = []
    for _ in range(5):
        found = read(path)

        def look(found: Project = found) -> None:
            for run, original in zip(found.runs, project.runs, strict=True):
                for frame, other in zip(run.history.keyframes, original.history.keyframes, strict=True):
                    if not same(frame.parameters, other.parameters):
                        problems.append(f"{run.name} at {frame.place}")

        reader = threading.Thread(target=look)
        reader.start()
        write(path, found)
        write(path, found)
        reader.join()
    assert problems == []
