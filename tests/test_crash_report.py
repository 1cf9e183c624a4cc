"""Reports of crashes: what they say, how many there are, and that nothing stands in their way."""

from __future__ import annotations

import faulthandler
import gc
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnviz import __version__, crash_report, logs
from nnviz.crash_report import Crashes, archive_faults, watching


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of reports, which does not exist yet."""
    monkeypatch.setenv("NNVIZ_LOGS", str(tmp_path / "logs"))
    return tmp_path / "logs" / "crashes"


@pytest.fixture(autouse=True)
def faults_as_before() -> Iterator[None]:
    """The runner of the tests has native faults written elsewhere."""
    was_enabled = faulthandler.is_enabled()
    yield
    if was_enabled:
        faulthandler.enable(sys.__stderr__ or 2)


def error(text: str = "broken") -> Exception:
    try:
        raise RuntimeError(text)
    except RuntimeError as caught:
        return caught


def reports(folder: Path) -> list[Path]:
    return sorted(folder.glob("crash-*.txt"))


# ---------------------------------------------------------------- exceptions


def test_a_report_can_be_read(folder: Path) -> None:
    logs.start()
    try:
        crash_report.log.info("what came before")
        crashes = Crashes()
        crashes.experiment = lambda: 'name = "circles"'
        crashes.record(error("the tenth of a second"), "MainThread")
    finally:
        logs.stop()
    (report,) = reports(folder)
    assert crashes.path == report
    text = report.read_text(encoding="utf-8")
    assert text == crashes.text
    assert "It was not sent anywhere." in text
    for words in (__version__, sys.version.split()[0], "MainThread", "what came before", 'name = "circles"'):
        assert words in text
    assert "Traceback (most recent call last):" in text
    assert "RuntimeError: the tenth of a second" in text
    assert crashes.sentence == "RuntimeError: the tenth of a second"


def test_what_follows_is_added_and_a_repetition_is_not(folder: Path) -> None:
    crashes, first = Crashes(), error("first")
    for each in (first, first, error("second"), first):
        crashes.record(each, "MainThread")
    (report,) = reports(folder)
    text = report.read_text(encoding="utf-8")
    assert [text.count(f"RuntimeError: {word}\n") for word in ("first", "second")] == [1, 1]
    assert crashes.sentence.endswith("first")


def test_a_storm_ends(folder: Path) -> None:
    crashes = Crashes()
    for number in range(200):
        crashes.record(error(f"number {number}"), "MainThread")
    assert crashes.text.count("Traceback") == crash_report._MOST_ERRORS
    assert len(reports(folder)) == 1


def test_a_long_experiment_is_shortened() -> None:
    crashes = Crashes()
    crashes.experiment = lambda: "drawing " * 100_000
    crashes.record(error(), "MainThread")
    assert len(crashes.text) < 40_000
    assert crashes.text.endswith("… (shortened)\n")


def test_an_experiment_that_cannot_be_told_is_no_obstacle(folder: Path) -> None:
    def fails() -> str:
        raise ValueError("no experiment")

    crashes = Crashes()
    crashes.experiment = fails
    crashes.record(error(), "MainThread")
    assert "cannot be told: no experiment" in reports(folder)[0].read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NNVIZ_LOGS", str(tmp_path / "file"))
    with watching() as crashes:
        crashes.record(error(), "MainThread")
        assert crashes.path is None
        assert "RuntimeError: broken" in crashes.text
    assert archive_faults() is None


def test_the_newest_ten_are_kept(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number in range(14):
        old = folder / f"crash-2020-01-{number + 1:02}-000000.txt"
        old.write_text("old")
        os.utime(old, (1_000 + number, 1_000 + number))
    crashes = Crashes()
    crashes.record(error(), "MainThread")
    left = reports(folder)
    assert len(left) == crash_report.KEPT
    assert crashes.path in left
    assert left[0].name == "crash-2020-01-06-000000.txt"


def test_what_is_written_stays_whatever_follows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is only ever added to: a disk that is full by then takes nothing away."""
    crashes = Crashes()
    crashes.record(error("first"), "MainThread")
    (report,) = reports(folder)
    before = report.read_text(encoding="utf-8")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(crash_report, "_append", full)
    crashes.record(error("second"), "MainThread")
    assert report.read_text(encoding="utf-8") == before
    assert crashes.path == report
    monkeypatch.undo()
    report.write_text(before + "a note of the reader", encoding="utf-8")
    crashes.record(error("third"), "MainThread")
    assert "a note of the reader" in report.read_text(encoding="utf-8")
    assert "RuntimeError: third" in report.read_text(encoding="utf-8")


def test_another_window_tidies_up_at_the_same_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(parents=True)
    for number in range(12):
        (folder / f"crash-2020-01-{number + 1:02}-000000.txt").write_text("old")
    unlink = Path.unlink

    def twice(path: Path, missing_ok: bool = False) -> None:
        unlink(path)
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", twice)
    crashes = Crashes()
    crashes.record(error(), "MainThread")
    assert crashes.path is not None, "it was written, and is said to be"
    assert len(reports(folder)) == crash_report.KEPT


def test_names_that_are_no_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux a file may be called anything; Python keeps such bytes as halves of signs."""
    monkeypatch.setattr(crash_report.log, "disabled", True)  # what is logged goes to another process, as text
    crashes = Crashes()
    crashes.record(error("there is no file called \udcff.csv"), "MainThread")
    (report,) = reports(folder)
    assert "there is no file called \\udcff.csv" in report.read_text(encoding="utf-8")


def test_two_in_a_second_have_two_files(folder: Path) -> None:
    for _ in range(3):
        Crashes().record(error(), "MainThread")
    assert len(reports(folder)) == 3


# ---------------------------------------------------------------- watching


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_every_thread_is_watched() -> None:
    class Falling:
        def __del__(self) -> None:
            raise RuntimeError("while going")

    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    with watching() as crashes:
        assert crash_report.active() is crashes
        thread = threading.Thread(target=lambda: 1 / 0, name="nnviz-training")
        thread.start()
        thread.join()
        assert crashes.sentence == "ZeroDivisionError: division by zero"
        caught = error("in a slot")
        sys.excepthook(type(caught), caught, caught.__traceback__)
        made: Falling | None = Falling()
        assert made is not None
        made = None
        gc.collect()
        for words in ("nnviz-training", "in a slot", "while going"):
            assert words in crashes.text
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before
    assert crash_report.active() is None


def test_what_leaves_the_block_is_written_down_and_raised() -> None:
    with pytest.raises(RuntimeError, match="at the start"), watching() as crashes:
        raise error("at the start")
    assert "RuntimeError: at the start" in crashes.text


def test_ctrl_c_is_no_crash(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passed_on: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: passed_on.append(kind))
    with watching() as crashes:
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert passed_on == [KeyboardInterrupt]
    assert crashes.text == ""
    assert reports(folder) == []


def test_a_good_end_leaves_nothing(folder: Path) -> None:
    with watching():
        assert len(list(folder.iterdir())) == 1
        assert faulthandler.is_enabled()
    assert list(folder.iterdir()) == []


# ---------------------------------------------------------------- native faults


def left_behind(folder: Path, name: str, fault: str, seconds_ago: float = 0.0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"running-{name}.txt"
    file.write_text(f"nnviz: report of a crash\nstarted   then\n{crash_report._FAULT_FOLLOWS}\n{fault}")
    moment = time.time() - seconds_ago
    os.utime(file, (moment, moment))
    return file


def test_a_fault_becomes_a_report(folder: Path) -> None:
    logs.file().parent.mkdir(parents=True)
    logs.file().write_text("what came before\n")
    file = left_behind(folder, "1", "Fatal Python error: Segmentation fault\n")
    report = archive_faults()
    assert report is not None
    assert [report] == reports(folder)
    assert not file.exists()
    text = report.read_text(encoding="utf-8")
    assert text.index("started   then") < text.index("ended  ") < text.index("Segmentation fault")
    assert text.endswith("what came before\n")
    assert archive_faults() is None, "it is told once"


def test_the_newest_of_several_is_told_and_all_are_kept(folder: Path) -> None:
    for number in (1, 2, 3):
        left_behind(folder, str(number), f"fault {number}", seconds_ago=10.0 * abs(number - 2))
    report = archive_faults()
    assert report is not None
    assert "fault 2" in report.read_text(encoding="utf-8")
    assert len(reports(folder)) == 3


def test_another_window_that_runs_is_left_alone(folder: Path) -> None:
    running, killed = left_behind(folder, "1", "", 3600.0), left_behind(folder, "2", "", 30 * 24 * 3600.0)
    assert archive_faults() is None
    assert running.exists()
    assert not killed.exists()
