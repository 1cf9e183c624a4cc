"""Projects in the window: saved, opened again, damaged, recent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox
from window_stage import QUICK, closed, opened, train

from nnviz.data.drawings.drawing import Drawing
from nnviz.experiment import bundled
from nnviz.gui.main_window import MainWindow
from nnviz.history.chapters import Edit
from nnviz.snapshot import Status


@pytest.fixture
def window(qtbot, monkeypatch):
    made = opened(qtbot)
    yield made
    monkeypatch.setattr(QMessageBox, "exec", lambda box: QMessageBox.StandardButton.Discard)
    closed(made)


def saved(window: MainWindow, qtbot, monkeypatch, path: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    assert window.documents.save()
    qtbot.waitUntil(lambda: window.documents.saving is None, timeout=30_000)


def _epoch_shown(window: MainWindow) -> int | None:
    snapshot = window.controller.run.snapshot
    return snapshot.epoch if snapshot is not None and snapshot.past else None


def test_a_project_comes_back_as_it_was_and_goes_on_exactly(window, qtbot, monkeypatch, tmp_path):
    controller = window.controller
    train(window, qtbot, 60)
    controller.go_to(25)
    controller.set("training.weight_decay", 0.01, "Weight decay")
    qtbot.waitUntil(lambda: controller.run.status is Status.READY, timeout=20_000)
    train(window, qtbot, 20)
    controller.describe(controller.run, "note", "what if")
    path = tmp_path / "spirals.nnviz"
    saved(window, qtbot, monkeypatch, path)
    assert window.documents.path == path
    assert not window.documents.unsaved
    assert window.windowTitle() == "spirals.nnviz[*] – nnviz"
    train(window, qtbot, 30)
    window._show_document()
    assert window.isWindowModified()
    goal = controller.run.history.column("train_loss")[-1]
    names = [run.name for run in controller.session.runs]

    other = opened(qtbot, bundled("circles"), remember=False)
    try:
        other.open_file(path)
        qtbot.waitUntil(lambda: other.documents.path == path, timeout=20_000)
        fork = other.controller.run
        assert [run.name for run in other.controller.session.runs] == names
        assert fork.note == "what if"
        assert fork.epoch == 45
        assert fork.experiment.training.weight_decay == 0.01
        qtbot.waitUntil(lambda: fork.snapshot is not None and not other.missing(), timeout=20_000)
        train(other, qtbot, 30)
        assert fork.history.column("train_loss")[-1] == goal, "as if nothing had happened"
        other.controller.select(other.controller.session.runs[0])
        other.controller.go_to(33)
        qtbot.waitUntil(lambda: _epoch_shown(other) == 33, timeout=20_000)
        row = int(np.searchsorted(other.controller.run.history.column("epoch"), 33))
        then = other.controller.run.history.column("test_loss")[row]
        assert np.float32(other.controller.run.snapshot.row["test_loss"][0]) == then
    finally:
        closed(other)


def test_saving_again_asks_for_no_name(window, qtbot, monkeypatch, tmp_path):
    train(window, qtbot, 3)
    path = tmp_path / "a.nnviz"
    saved(window, qtbot, monkeypatch, path)
    before = path.read_bytes()
    train(window, qtbot, 3)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: pytest.fail("no dialog is needed"))
    assert window.documents.save()
    qtbot.waitUntil(lambda: window.documents.saving is None, timeout=30_000)
    assert path.read_bytes() != before
    assert window.documents.recent() == [str(path)]


def test_what_cannot_be_written_is_said_and_nothing_is_lost(window, qtbot, monkeypatch, tmp_path):
    train(window, qtbot, 3)
    said = []
    monkeypatch.setattr(QMessageBox, "warning", lambda parent, title, text: said.append(text))
    saved(window, qtbot, monkeypatch, tmp_path / "gone" / "a.nnviz")
    (sentence,) = said
    assert "gone" in sentence
    assert window.documents.path is None
    assert window.controller.run.epoch == 3


def test_a_damaged_project_leaves_the_work_alone_and_offers_what_is_left(window, qtbot, monkeypatch, tmp_path):
    train(window, qtbot, 5)
    path = tmp_path / "a.nnviz"
    saved(window, qtbot, monkeypatch, path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    other = opened(qtbot, bundled("circles"), remember=False)
    try:
        asked: list[str] = []
        answers = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]

        def question(parent: object, title: str, text: str) -> QMessageBox.StandardButton:
            asked.append(text)
            return answers[len(asked) - 1]

        monkeypatch.setattr(QMessageBox, "question", question)
        before = other.controller.run
        other.open_file(path)
        qtbot.waitUntil(lambda: len(asked) == 1, timeout=20_000)
        assert "1 run" in asked[0]
        assert other.controller.run is before
        other.open_file(path)
        qtbot.waitUntil(lambda: len(asked) == 2 and other.controller.run is not before, timeout=20_000)
        assert other.controller.experiment.data.source == QUICK.data.source
        assert other.documents.path is None, "a whole file is not written over what is left of it by accident"
    finally:
        closed(other)


def test_no_project_at_all_is_a_sentence(window, qtbot, tmp_path):
    path = tmp_path / "a.nnviz"
    path.write_bytes(b"PK\x03\x04 nothing else")
    before = window.controller.run
    window.open_file(path)
    qtbot.waitUntil(lambda: "a.nnviz" in window.statusBar().currentMessage(), timeout=20_000)
    assert window.controller.run is before


@pytest.mark.parametrize("answer", ["Save", "Discard", "Cancel"])
def test_leaving_asks_about_a_file_that_is_not_up_to_date(qtbot, monkeypatch, tmp_path, answer):
    window = opened(qtbot)
    train(window, qtbot, 3)
    path = tmp_path / "a.nnviz"
    saved(window, qtbot, monkeypatch, path)
    before = path.read_bytes()
    train(window, qtbot, 3)
    monkeypatch.setattr(QMessageBox, "exec", lambda box: getattr(QMessageBox.StandardButton, answer))
    window.close()
    assert window.isVisible() == (answer == "Cancel")
    assert (path.read_bytes() != before) == (answer == "Save")
    monkeypatch.setattr(QMessageBox, "exec", lambda box: QMessageBox.StandardButton.Discard)
    closed(window)


def test_nobody_is_asked_about_what_is_in_no_file(qtbot, monkeypatch):
    window = opened(qtbot)
    train(window, qtbot, 3)
    monkeypatch.setattr(QMessageBox, "exec", lambda box: pytest.fail("nothing is asked"))
    closed(window)


def test_undo_goes_on_after_opening(window, qtbot, monkeypatch, tmp_path):
    controller = window.controller
    train(window, qtbot, 20)
    first = controller.run
    controller.set("training.learning_rate", 0.2, "Learning rate")
    controller.go_to(8)
    controller.set("training.weight_decay", 0.01, "Weight decay")
    qtbot.waitUntil(lambda: controller.run.status is Status.READY, timeout=20_000)
    train(window, qtbot, 5)
    controller.describe(controller.run, "note", "cured")
    controller.describe(first, "starred", True)
    controller.undo_stack.undo()  # the star
    texts = [controller.undo_stack.text(i) for i in range(controller.undo_stack.count())]
    path = tmp_path / "a.nnviz"
    saved(window, qtbot, monkeypatch, path)

    other = opened(qtbot, bundled("circles"), remember=False)
    try:
        other.open_file(path)
        qtbot.waitUntil(lambda: other.documents.path == path, timeout=20_000)
        stack = other.controller.undo_stack
        assert [stack.text(i) for i in range(stack.count())] == texts
        assert stack.index() == len(texts) - 1
        assert other.controller.run.note == "cured"
        stack.redo()
        assert other.controller.session.runs[0].starred
        stack.undo()
        stack.undo()
        assert other.controller.run.note == ""
        stack.undo()
        assert other.controller.run is other.controller.session.runs[0]
        assert other.controller.run.playhead == 8
        assert other.controller.experiment.training.learning_rate == 0.03, "as it was in epoch 8"
        stack.undo()
        assert other.controller.run.playhead is None
        assert other.controller.experiment.training.learning_rate == 0.03
        assert len(other.controller.session.runs) == 2, "nothing that was trained is thrown away"
        stack.redo()
        assert other.controller.experiment.training.learning_rate == 0.2
    finally:
        closed(other)


def test_strokes_and_edits_by_hand_are_undone_after_opening(window, qtbot, monkeypatch, tmp_path):
    controller, data = window.controller, QUICK.data
    rng = np.random.default_rng(1)
    for count in (40, 60, 80):
        drawing = Drawing.of("classification", rng.normal(size=(count, 2)), np.arange(count) % 2)
        controller.change(controller.experiment.replace(data=data.replace(source=drawing)), f"Stroke {count}")
    qtbot.waitUntil(lambda: controller.run.status is Status.READY, timeout=20_000)
    before = [controller.experiment]
    train(window, qtbot, 4)
    controller.set_parameters((Edit(0, 0.5),), (Edit(0, 0.25),), "By hand")
    qtbot.waitUntil(
        lambda: len(controller.run.chapters) > 1 and bool(controller.run.chapters[-1].edits), timeout=20_000
    )
    path = tmp_path / "a.nnviz"
    saved(window, qtbot, monkeypatch, path)
    other = opened(qtbot, bundled("circles"), remember=False)
    try:
        other.open_file(path)
        qtbot.waitUntil(lambda: other.documents.path == path, timeout=20_000)
        stack = other.controller.undo_stack
        other.controller.session.want(frozenset({"parameters"}))
        stack.undo()
        qtbot.waitUntil(lambda: parameter(other) == 0.25, timeout=20_000)
        assert other.controller.experiment == before[0]
        stack.undo()
        assert stack.undoText() == "Stroke 60"
        assert other.controller.experiment.data.source != before[0].data.source
        stack.redo()
        assert other.controller.experiment == before[0]
    finally:
        closed(other)


def parameter(window: MainWindow) -> float | None:
    snapshot = window.controller.run.snapshot
    flat = snapshot.arrays.get("parameters") if snapshot is not None else None
    return float(flat[0]) if flat is not None else None
