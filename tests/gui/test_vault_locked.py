"""A locked test vault in the real main window: nothing of the test part is shown, nothing of it is lost."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from window_stage import closed, opened, train

from nnviz.gui.compare.measured import measured
from nnviz.gui.compare.quantities import QUANTITIES
from nnviz.gui.views import views
from nnviz.project.reading import read
from nnviz.snapshot import Status


@pytest.fixture
def window(qtbot):
    made = opened(qtbot, remember=False)
    yield made
    closed(made)


def test_nothing_of_the_test_part_is_shown_while_it_is_locked(window, qtbot):
    train(window, qtbot, 20)
    run = window.controller.run
    window.header.refresh()
    assert "%" in window.header._outs["test"].accessibleName()
    whole = run.history.stored("test_error").copy()
    window.vault.lock()
    QApplication.processEvents()
    assert "test_error" not in run.history
    assert np.isnan(run.history.latest("test_loss"))
    assert run.history.best_epoch is None
    assert run.onset is None
    assert np.array_equal(run.history.stored("test_error"), whole)
    for view in views:
        made = view(window.theme)
        qtbot.addWidget(made)
        made.refresh(run.history, run.snapshot)
        assert not [name for name in made.table(run.history, run.snapshot) if name.lower().startswith(("test", "gap"))]
    assert np.isnan(measured(run, "last").values["test_error"])
    for quantity in QUANTITIES:
        for part in ("train", "test"):
            quantity.values(run, part)
    window.header.refresh()
    assert "–" in window.header._outs["test"].accessibleName()
    window.verdict_panel.refresh()
    assert "locked away" in window.verdict_panel._sentence.text()
    train(window, qtbot, 5)
    assert len(run.history.stored("test_error")) == len(run.history)
    window.controller.go_to(10)
    qtbot.waitUntil(lambda: run.snapshot is not None and run.snapshot.past, timeout=20_000)
    window.header.refresh()
    assert "–" in window.header._outs["test"].accessibleName()
    assert np.isnan(measured(run, "shown").values["test_error"])
    window.vault.open()
    assert run.history.best_epoch is not None
    assert run.history.latest("test_error") == run.history.stored("test_error")[-1]


def test_forks_and_new_runs_are_hidden_too(window, qtbot):
    train(window, qtbot, 10)
    window.vault.lock()
    window.controller.fork()
    qtbot.waitUntil(lambda: window.controller.run.status is Status.READY, timeout=20_000)
    assert window.controller.run.history.sealed
    window.controller.new_seed()
    qtbot.waitUntil(lambda: window.controller.run.status is Status.READY, timeout=20_000)
    train(window, qtbot, 3)
    assert window.controller.run.history.sealed
    assert window.vault.vault.looks == 1


def test_cures_and_the_best_epoch_are_refused(window, qtbot):
    train(window, qtbot, 10)
    said = []
    window.controller.notice.connect(said.append)
    window.vault.lock()
    window.companions.try_cures()
    window.controller.go_to_best()
    assert ["locked" in each for each in said] == [True, True]
    assert window.vault.vault.selections == 0
    window.vault.open()
    window.controller.go_to_best()
    assert window.vault.vault.selections == 1


def test_the_log_knows_of_looks_before_the_project_was_opened(window, qtbot):
    train(window, qtbot, 2)
    assert window.vault.vault.events[-1].text == "The first training whose test error was shown"
    window.vault.restore(window.vault.vault.plain())
    window.controller.set("training.learning_rate", 0.5, "Rate")
    train(window, qtbot, 2)
    assert window.vault.vault.looks == 2
    assert window.vault.vault.events[-1].text == "Another training, the first since the project was opened"


def test_a_project_keeps_the_lock_and_what_is_behind_it(window, qtbot, tmp_path):
    train(window, qtbot, 10)
    window.vault.lock()
    before = window.vault.vault
    path = tmp_path / "locked.nnviz"
    assert window.documents._begin_saving(path)
    qtbot.waitUntil(lambda: window.documents.path == path, timeout=20_000)
    project = read(path)
    assert len(project.runs[0].history.stored("test_error")) == 11
    window.vault.open()
    window.documents.take(project, path)
    assert window.vault.vault == before
    assert window.controller.run.history.sealed
