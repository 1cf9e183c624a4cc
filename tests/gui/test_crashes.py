"""Real crashes of real windows, each in a process of its own: one report, one dialog, and the app lives on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nnviz.engines.compiled.folder import kernel_folder
from nnviz.experiment import bundled, to_toml

kernel_folder()

CHILD = """
import faulthandler, json, sys, threading
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from nnviz.__main__ import main
from nnviz.gui import app
from nnviz.gui.crash_dialog import CrashDialog

make, told = app.make_window, {"dialogs": [], "shown": 0, "running": 0}

def raising(words):
    def slot():
        raise RuntimeError(words)
    return slot

def look():
    shown = [w for w in QApplication.topLevelWidgets() if isinstance(w, CrashDialog) and w.isVisible()]
    told["shown"] = max(told["shown"], len(shown))
    for dialog in shown:
        words = {"title": dialog.heading.whole, "error": dialog.error.text(), "place": dialog.place.whole}
        dialog.copy_button.click()
        words["copied"] = QApplication.clipboard().text()
        told["dialogs"].append(words)
        dialog.close_button.click()

def finish(window):
    look()
    told["running"] += window.isVisible()
    window.close()

def made(*arguments, **options):
    window = make(*arguments, **options)
    at = lambda ms, slot: QTimer.singleShot(ms, window, slot)
    {plan}
    return window

app.make_window = made
sys.argv = ["nnviz"]
status = main()
print(json.dumps(told))
sys.exit(status)
"""

QUIET = "at(600, look); at(1200, lambda: finish(window))"
RAISES = """
    at(100, raising("in a slot")); at(150, raising("in a slot")); at(200, raising("another"))
    at(250, lambda: threading.Thread(target=raising("in a thread")).start())
    at(900, look); at(1000, raising("afterwards")); at(1600, lambda: finish(window))
"""
FAULT = "at(300, faulthandler._sigsegv); at(5000, lambda: finish(window))"
CANNOT_START = "QTimer.singleShot(500, look); raise RuntimeError('no window')"


def run(plan: str, logs: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NNVIZ_LOGS": str(logs), "QT_QPA_PLATFORM": "offscreen"}
    code = CHILD.replace("{plan}", plan.strip())
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=timeout, env=environment
    )


def told(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout.splitlines()[-1])


def test_an_exception_leaves_a_report_and_one_dialog_and_the_app_goes_on(tmp_path: Path) -> None:
    done = run(RAISES, tmp_path)
    assert done.returncode == 0, done.stderr
    said = told(done)
    assert said["running"] == 1
    assert said["shown"] == 1
    (dialog,) = said["dialogs"]
    assert dialog["title"] == "Something went wrong"
    assert dialog["error"] == "RuntimeError: in a slot"
    (report,) = (tmp_path / "crashes").iterdir()
    assert dialog["place"] == str(report)
    text = report.read_text(encoding="utf-8")
    for words in ("in a slot", "another", "in a thread", "afterwards"):
        assert text.count(f"RuntimeError: {words}\n") == 1, words
    assert to_toml(bundled("circles")).strip() in text
    assert dialog["copied"]
    assert text.startswith(dialog["copied"][:500])
    assert "nnviz 0" in text.partition("last lines of the log")[2], "the log is in the report"
    log = (tmp_path / "nnviz.log").read_text(encoding="utf-8")
    assert log.count("RuntimeError: in a slot") == 1
    assert "RuntimeError: in a slot" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_native_fault_is_told_at_the_next_start_and_not_again(tmp_path: Path) -> None:
    done = run(FAULT, tmp_path)
    assert done.returncode == -signal.SIGSEGV
    second, third = run(QUIET, tmp_path), run(QUIET, tmp_path)
    assert (second.returncode, third.returncode) == (0, 0), second.stderr + third.stderr
    (dialog,) = told(second)["dialogs"]
    assert dialog["title"] == "nnviz ended unexpectedly last time"
    (report,) = (tmp_path / "crashes").iterdir()
    assert dialog["place"] == str(report)
    text = report.read_text(encoding="utf-8")
    assert "Fatal Python error: Segmentation fault" in text
    assert "Current thread" in text
    assert 'nnviz/gui/app.py", line' in text
    assert "starts: Python" in text.partition("last lines of the log")[2]
    assert told(third) == {"dialogs": [], "shown": 0, "running": 1}


@pytest.mark.parametrize("plan", [QUIET, RAISES], ids=["quiet", "raises"])
def test_a_folder_that_cannot_be_written_stops_nothing(plan: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run(plan, tmp_path / "file" / "logs")
    assert done.returncode == 0, done.stderr
    said = told(done)
    assert said["running"] == 1
    assert [dialog["place"] for dialog in said["dialogs"]] == ([""] if plan is RAISES else [])
    assert all("RuntimeError: in a slot" in dialog["copied"] for dialog in said["dialogs"])


def test_a_window_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    done = run(CANNOT_START, tmp_path)
    assert done.returncode == 1
    (dialog,) = told(done)["dialogs"]
    assert dialog["title"] == "nnviz cannot start"
    assert dialog["error"] == "RuntimeError: no window"
    (report,) = (tmp_path / "crashes").iterdir()
    assert "RuntimeError: no window" in report.read_text(encoding="utf-8")


def test_a_quiet_life_leaves_a_log_and_no_report(tmp_path: Path) -> None:
    done = run(QUIET, tmp_path)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "crashes").iterdir()) == []
    lines = (tmp_path / "nnviz.log").read_text(encoding="utf-8").splitlines()
    assert "starts: Python" in lines[0]
    assert lines[-1].endswith("nnviz ends")
