"""The window of cures: real twins, ranked, and what comes of them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.gui.cures.window import LOCKED, CuresWindow
from nnviz.gui.theme import DARK, LIGHT
from nnviz.gui.vault_keeper import keeper_of
from nnviz.snapshot import Status

QUICK = ["data.source.samples=60", "data.label_noise=0.2", "training.batch_size=10"]


@pytest.fixture
def controller(qapp, qtbot):
    made = Controller(Experiment(name="quick").with_settings(QUICK))
    qtbot.waitUntil(lambda: made.tick() is not None and made.run.status is Status.READY, timeout=60_000)
    made.session.step_epoch(30)
    qtbot.waitUntil(lambda: made.tick() is not None and made.run.epoch == 30, timeout=20_000)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def window(controller, qtbot):
    made = CuresWindow(controller, DARK)
    made.show()
    yield made
    made.close()
    QApplication.processEvents()


def finished(window: CuresWindow) -> bool:
    return window.stop.text() == "Close"


def test_cures_are_trained_ranked_and_put_into_words(window, qtbot):
    assert window.epochs.value() == 30
    qtbot.waitUntil(lambda: finished(window), timeout=120_000)
    assert window._status.text() == "Done."
    outcomes = window.ranking.outcomes
    assert {"dropout 25 %"} <= {outcome.name for outcome in outcomes}
    means = [float(outcome.difference.mean) for outcome in outcomes]
    assert means == sorted(means)
    assert "5 seeds" in window._sentence.text()
    before = window._sentence.text()
    QTest.mouseClick(window.ranking, Qt.MouseButton.LeftButton, pos=QPoint(40, 26 + 34 + 10))
    assert window.ranking.place == 1
    assert window._sentence.text() != before
    QTest.keyClick(window.ranking, Qt.Key.Key_Up)
    assert window._sentence.text() == before
    dark = window.grab().toImage()
    window.apply_theme(LIGHT)
    assert window.grab().toImage() != dark


def test_cancelling_keeps_what_there_is(window, qtbot):
    window.epochs.setValue(200_000)
    window.again.click()
    qtbot.waitUntil(lambda: window.study.progress().share > 0, timeout=60_000)
    assert window.ranking.missing == "in training"
    window.stop.click()
    qtbot.waitUntil(lambda: finished(window), timeout=10_000)
    assert "Cancelled" in window._status.text()
    assert window.ranking.missing == "not compared"


def test_a_cure_becomes_a_twin_or_a_fork(window, controller, qtbot):
    qtbot.waitUntil(lambda: finished(window), timeout=120_000)
    original = controller.run
    names = [outcome.name for outcome in window.ranking.outcomes]
    window.ranking._choose(names.index("dropout 25 %"))
    window.twin.click()
    assert controller.run.name == "dropout 25 %"
    assert controller.run.origin.epoch == 0
    assert any(layer.kind == "dropout" for layer in controller.run.experiment.network.layers)
    controller.select(original)
    controller.go_to(12)
    window.fork.click()
    assert controller.run.name == "dropout 25 % from 12"
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.READY, timeout=20_000)
    assert controller.run.first_epoch == 12


def test_a_locked_test_part_hides_the_ranking_and_trains_nothing(window, controller, qtbot):
    keeper = keeper_of(controller)
    qtbot.waitUntil(lambda: finished(window), timeout=120_000)
    assert window.ranking.isVisible()
    assert keeper.vault.selections == 1
    keeper.lock()
    assert not window.ranking.isVisible()
    assert not window._sentence.isVisible()
    assert window._status.text() == LOCKED
    assert not window.twin.isEnabled()
    before = window.study
    window.again.click()
    assert window.study is before
    keeper.open()
    assert window.ranking.isVisible()
    assert window.twin.isEnabled()
    window.again.click()
    assert keeper.vault.selections == 2


def test_closing_ends_the_threads(controller, qtbot):
    made = CuresWindow(controller, DARK)
    made.show()
    made.epochs.setValue(200_000)
    made.again.click()
    made.close()
    QApplication.processEvents()
