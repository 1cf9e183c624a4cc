"""Logging into a file that never grows large and never stands in the way."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnviz import logs


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder that logs are to be in, which does not exist yet."""
    monkeypatch.setenv("NNVIZ_LOGS", str(tmp_path / "a" / "logs"))
    yield tmp_path / "a" / "logs"
    logs.stop()


log = logging.getLogger("nnviz.some.module")


def test_the_place_is_that_of_the_system(monkeypatch: pytest.MonkeyPatch, isolated_home: Path) -> None:
    monkeypatch.delenv("NNVIZ_LOGS", raising=False)
    assert "nnviz" in logs.folder().parts
    if sys.platform != "win32":  # where the system is asked, and not the environment
        assert logs.folder().is_relative_to(isolated_home)


def test_information_goes_to_the_file_and_warnings_also_to_the_standard_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.start()
    assert not folder.exists(), "nothing is made before there is something to say"
    log.debug("a detail")
    log.info("a fact")
    log.warning("a warning")
    logging.getLogger("another.library").info("its chatter")
    lines = logs.file().read_text(encoding="utf-8").splitlines()
    assert [line.partition(": ")[2] for line in lines] == ["a fact", "a warning"]
    assert "INFO" in lines[0]
    assert "nnviz.some.module" in lines[0]
    assert lines == logs.recent() == logs.written()
    assert capsys.readouterr().err == "nnviz: a warning\n"


def test_a_traceback_is_written_whole(folder: Path) -> None:
    logs.start()
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError:
        log.exception("It failed")
    assert "Traceback (most recent call last):" in logs.written()
    assert logs.written()[-1] == "ZeroDivisionError: by nothing"


def test_starting_twice_writes_once(folder: Path) -> None:
    logs.start()
    logs.start()
    log.info("once")
    assert len(logs.written()) == 1


def test_stopping_leaves_nothing(folder: Path) -> None:
    before, level = list(logging.getLogger().handlers), logging.getLogger("nnviz").level
    logs.start()
    log.info("something")
    logs.stop()
    assert logging.getLogger().handlers == before
    assert logging.getLogger("nnviz").level == level
    assert logs.recent() == []


def test_the_files_stay_small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LARGEST", 2_000)
    logs.start()
    for number in range(300):
        log.info("line %d", number)
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == ["nnviz.log", "nnviz.log.1", "nnviz.log.2"]
    assert all(file.stat().st_size <= 2_000 for file in files)
    assert len(logs.recent()) == logs.KEPT
    assert logs.written()[-1].endswith("line 299")


def test_a_folder_that_cannot_be_written_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NNVIZ_LOGS", str(tmp_path / "file" / "logs"))
    logs.start()
    try:
        log.warning("still said")
        assert logs.recent()[-1].endswith("still said")
        assert logs.written() == []
        assert capsys.readouterr().err == "nnviz: still said\n"
    finally:
        logs.stop()


def test_a_file_that_cannot_be_renamed_grows_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows another window may have it open."""
    monkeypatch.setattr(logs, "LARGEST", 500)
    logs.start()
    log.info("first")

    def refused(source: str, target: str) -> None:
        raise PermissionError(source)

    monkeypatch.setattr(logging.handlers.os, "rename", refused)  # type: ignore[attr-defined]
    for number in range(30):
        log.info("line %d", number)
    assert "first" in logs.file().read_text(encoding="utf-8")
    assert logs.written()[-1].endswith("line 29")


def test_the_working_folder_may_be_gone(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> str:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "getcwd", gone)
    logs.start()
    log.info("written all the same")
    assert logs.written()[-1].endswith("written all the same")


def test_words_that_do_not_fit_disturb_nobody(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs.start()
    record = log.makeRecord(log.name, logging.ERROR, __file__, 1, "%d lines", ("many",), None)
    for handler in logs._handlers:
        handler.handle(record)
    log.info("goes on")
    assert [line.partition(": ")[2] for line in logs.recent()] == ["goes on"]


def test_a_windowed_app_has_no_standard_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    logs.start()
    log.warning("written all the same")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert logs.written()[-1].endswith("written all the same")
