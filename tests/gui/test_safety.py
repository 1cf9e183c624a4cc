"""Work that is in no file: kept when a window is closed, given back after a crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMenu, QMessageBox
from window_stage import closed, opened, train

from nnviz.experiment import bundled
from nnviz.gui.main_window import MainWindow
from nnviz.project.journal.recovery import recoverable


def answered(monkeypatch: pytest.MonkeyPatch, word: str) -> list[str]:
    """Have the next question answered by the button with a word; return the list of what was said."""
    said: list[str] = []

    def answer(box: QMessageBox) -> int:
        said.append(f"{box.text()} {box.informativeText()}")
        return 0

    def clicked(box: QMessageBox):
        return next(button for button in box.buttons() if button.text() == word)

    monkeypatch.setattr(QMessageBox, "exec", answer)
    monkeypatch.setattr(QMessageBox, "clickedButton", clicked)
    return said


def unsaved_menu(window: MainWindow) -> QMenu:
    window.menus._fill_unsaved()
    return window.menus._unsaved


def test_what_a_window_was_closed_on_can_be_had_again(qtbot, monkeypatch):
    monkeypatch.setattr(QMessageBox, "exec", lambda box: pytest.fail("nothing is asked"))
    first = opened(qtbot)
    train(first, qtbot, 30)
    first.controller.set("training.weight_decay", 0.02, "Weight decay")
    train(first, qtbot, 10)
    goal = first.controller.run.history.column("train_loss").copy()
    closed(first)
    second = opened(qtbot, bundled("circles"))
    try:
        (action,) = unsaved_menu(second).actions()
        assert action.text().startswith("quick, 40 epochs")
        action.trigger()
        qtbot.waitUntil(lambda: second.controller.run.name == "quick", timeout=20_000)
        run = second.controller.run
        assert run.experiment.training.weight_decay == 0.02
        assert (run.history.column("train_loss") == goal).all()
        train(second, qtbot, 5)
        assert run.epoch == 45
        assert second.documents.path is None
    finally:
        closed(second)
    assert [left.epochs for left in recoverable()] == [(45,)], "the old journal has gone over into the new one"


def test_nothing_is_left_of_a_window_in_which_nothing_was_done(qtbot):
    closed(opened(qtbot))
    assert recoverable() == []


@pytest.mark.parametrize("word", ["Recover", "Later", "Delete it"])
def test_after_a_crash_it_is_offered(qtbot, monkeypatch, word, tmp_path):
    """A real process with a window is killed in the middle of training."""
    script = tmp_path / "crash.py"
    script.write_text(CRASHING, encoding="utf-8")
    told = tmp_path / "told.json"
    process = subprocess.Popen([sys.executable, str(script), str(told)], env=dict(os.environ))
    try:
        qtbot.waitUntil(told.exists, timeout=60_000)
    finally:
        process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        process.wait()
    confirmed = json.loads(told.read_text(encoding="utf-8"))
    (left,) = recoverable()
    said = answered(monkeypatch, word)
    window = opened(qtbot, bundled("circles"))
    try:
        qtbot.waitUntil(lambda: bool(said), timeout=20_000)
        assert "ended without being closed" in said[0]
        if word == "Recover":
            qtbot.waitUntil(lambda: window.controller.run.name == "crashing", timeout=20_000)
            run = window.controller.run
            assert run.experiment.training.learning_rate == confirmed["learning_rate"]
            assert run.epoch >= confirmed["epoch"]
        elif word == "Later":
            assert [each.path for each in recoverable()] == [left.path]
        else:
            qtbot.waitUntil(lambda: recoverable() == [], timeout=20_000)
    finally:
        closed(window)


CRASHING = """
import json, os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from pathlib import Path
from PySide6.QtCore import QTimer
from nnviz.experiment import Experiment
from nnviz.gui.app import application, make_window

app = application()
quick = ["data.source.samples=60", "network.layers=[{kind='linear', units=4}, 'tanh']"]
window = make_window(Experiment(name="crashing").with_settings(quick))
window.show()
told, steps = Path(sys.argv[1]), iter(["train", "change", "write", "tell"])
step = [next(steps)]

def look():
    controller = window.controller
    if step[0] == "train" and controller.run.status.value == "ready":
        controller.session.step_epoch(50)
        step[0] = next(steps)
    elif step[0] == "change" and controller.run.epoch == 50 and controller.run.status.value == "paused":
        controller.set("training.learning_rate", 0.7, "Learning rate")
        window.safety._autosave.hurry()
        step[0] = next(steps)
    elif step[0] == "write" and controller.run.chapters[-1].experiment.training.learning_rate == 0.7:
        window.safety._write()
        if window.safety._autosave.flush(10.0):
            part = told.with_suffix(".part")
            part.write_text(json.dumps({"learning_rate": 0.7, "epoch": 50}))
            part.replace(told)
            controller.session.play()
            step[0] = "over"

timer = QTimer()
timer.timeout.connect(look)
timer.start(20)
app.exec()
"""


def test_a_journal_that_cannot_be_written_is_said(qtbot, monkeypatch, tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setenv("NNVIZ_STATE", str(blocked))
    window = opened(qtbot)
    try:
        qtbot.waitUntil(lambda: "crash" in window.status_line.work.text(), timeout=20_000)
        train(window, qtbot, 3)
    finally:
        closed(window)
