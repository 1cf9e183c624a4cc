"""The real main window: it opens, trains, rearranges, and closes without leaving anything behind."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu

from nnviz.experiment import Experiment, bundled
from nnviz.gui.app import make_window
from nnviz.gui.arrangement import BELOW, RIGHT
from nnviz.gui.main_window import MainWindow
from nnviz.gui.theme import DARK, LIGHT
from nnviz.gui.view_dock import ViewDock
from nnviz.gui.views import views
from nnviz.gui.views.parts.plot_view import PlotView
from nnviz.snapshot import Status

SHOWN = [name for name in (*RIGHT, *BELOW) if name in views]
"""The views of a new window."""


@pytest.fixture
def window(qtbot):
    made = make_window(bundled("circles"), DARK, remember=False)
    made.show()
    qtbot.waitUntil(lambda: made.controller.run.status is Status.READY, timeout=60_000)
    yield made
    made.close()
    made.deleteLater()
    QApplication.processEvents()


def trained(window: MainWindow, epochs: int) -> bool:
    return window.controller.run.epoch >= epochs


def test_it_opens_with_an_experiment_and_play_trains_it(window, qtbot):
    assert window.controller.run.snapshot is not None
    window.header.play.click()
    qtbot.waitUntil(lambda: trained(window, 5), timeout=30_000)
    window.header.play.click()
    qtbot.waitUntil(lambda: window.controller.run.status is Status.PAUSED, timeout=10_000)
    window.header.refresh()
    assert window.header.play.text() == "Play"


def test_the_views_that_can_be_seen_decide_what_is_measured(window, qtbot):
    assert "surface" in window._wanted
    window.docks["surface"].close()
    qtbot.waitUntil(lambda: "surface" not in window._wanted, timeout=5_000)
    window.docks["surface"].show()
    qtbot.waitUntil(lambda: "surface" in window._wanted, timeout=5_000)


def test_every_view_has_a_dock_and_a_place_in_the_menu(window):
    for name in views.names():
        assert isinstance(window.docks[name], ViewDock)
    assert all(window.docks[name].isVisible() for name in (*RIGHT, *BELOW))


@pytest.mark.parametrize("name", [name for name in views.names() if name not in (*RIGHT, *BELOW)])
def test_a_view_of_the_menu_comes_forward_and_needs_no_room(window, name, qtbot):
    """From the menu, as a user would."""
    dock, size = window.docks[name], window.size()
    assert not dock.isVisible()
    actions = [action for menu in window.menuBar().findChildren(QMenu) for action in menu.actions()]
    (action,) = [each for each in actions if each is dock.toggleViewAction()]
    action.trigger()
    qtbot.waitUntil(dock.view.isVisible, timeout=5_000)
    assert window.size() == size
    front = [other for other in window.tabifiedDockWidgets(dock) if isinstance(other, ViewDock)]
    assert front
    qtbot.waitUntil(lambda: not any(window.shows(other) for other in front), timeout=5_000)
    drawn = [drawer for drawer in window.clock._drawers if drawer.visible()]
    assert not {other.view.title for other in front} & {drawer.name for drawer in drawn}, "nobody would see it"
    qtbot.waitUntil(lambda: dock.view.needs <= window._wanted, timeout=5_000)
    action.trigger()
    qtbot.waitUntil(lambda: not window.shows(dock), timeout=5_000)
    qtbot.waitUntil(lambda: all(window.shows(window.docks[name]) for name in SHOWN if name in RIGHT), timeout=5_000)


def test_a_slow_view_is_named_while_training_and_the_others_keep_their_rate(window, qtbot, monkeypatch):
    drawn = {"slow": 0, "other": 0}
    cost = [0.03]
    slow, other = window.docks["weights"].view, window.docks["error"].view
    draw_slow, draw_other = slow.refresh, other.refresh

    def burn(history, snapshot):
        drawn["slow"] += 1
        end = time.thread_time() + cost[0]
        while time.thread_time() < end:
            pass
        draw_slow(history, snapshot)

    def count(history, snapshot):
        drawn["other"] += 1
        draw_other(history, snapshot)

    monkeypatch.setattr(slow, "refresh", burn)
    monkeypatch.setattr(other, "refresh", count)
    window.controller.toggle()
    qtbot.waitUntil(lambda: "Weights" in window.status_line.slow.text(), timeout=20_000)
    assert window.status_line.slow.text().startswith("Drawn less often: ")
    drawn.update(slow=0, other=0)
    qtbot.wait(1_500)
    assert drawn["other"] > 1.4 * drawn["slow"] > 0
    cost[0] = 0.0
    qtbot.waitUntil(lambda: "Weights" not in window.status_line.slow.text(), timeout=20_000)
    cost[0] = 0.03
    qtbot.waitUntil(lambda: "Weights" in window.status_line.slow.text(), timeout=20_000)
    window.controller.toggle()
    assert window.status_line.slow.text() == "", "paused, nothing is drawn too seldom"


def test_the_engine_is_said_and_follows_a_change(window):
    run = window.controller.run
    window._refresh_status_line()
    assert run.snapshot is not None
    for engine, reason, word in (
        ("torch", "Conv 3×3 is not covered by the compiled engine.", "PyTorch"),
        ("compiled", "", "compiled engine"),
        ("", "", ""),
    ):
        run.snapshot = replace(run.snapshot, engine=engine, engine_reason=reason)
        window._refresh_status_line()
        window.header.refresh()
        label = window.status_line.engine
        assert label.text() == word
        assert reason in label.toolTip()
        assert label.accessibleDescription() == label.toolTip()
        assert label.toolTip() in window.header._outs["speed"].toolTip()


def test_views_of_a_failed_run_say_why(window, qtbot):
    window.controller.open(Experiment().with_settings(["data.source=digits", "network.layers=[]"]))
    qtbot.waitUntil(lambda: window.controller.run.status is Status.FAILED, timeout=60_000)
    assert "Flatten" in window.controller.run.text
    window.clock.draw_all()
    for name in SHOWN:
        view = window.docks[name].view
        said = view.plot.overlay._sentence if isinstance(view, PlotView) else view._matrix._sentence
        assert "Press Play" not in said
        assert "The output layer" in said, name


def test_a_view_is_enlarged_and_put_back(window):
    dock = window.docks["surface"]
    dock.bar.double_clicked.emit()
    assert window.centre.currentWidget() is dock.holder
    assert dock.view.isVisible()
    window.put_back()
    assert dock.widget() is dock.holder
    assert window.centre.currentIndex() == 0


def test_both_themes_reach_the_whole_window(window):
    window.apply_theme(LIGHT)
    light = window.grab().toImage().pixelColor(4, window.height() // 2)
    window.apply_theme(DARK)
    dark = window.grab().toImage().pixelColor(4, window.height() // 2)
    assert light.lightness() > 200 > 80 > dark.lightness()


@pytest.mark.parametrize("size", [(1100, 700), (1440, 900), (2560, 1440)])
def test_it_fits_every_size(window, size, qtbot):
    window.resize(*size)
    QApplication.processEvents()
    assert (window.width(), window.height()) == size, f"the window cannot be as small as {size}"
    for widget in (window.header, window.timeline, window.editor):
        corner = widget.mapTo(window, widget.rect().bottomRight())
        assert window.rect().contains(corner), f"{widget} is cut off"


def test_space_plays_and_a_change_of_shape_keeps_the_run_before(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: trained(window, 2), timeout=30_000)
    window.controller.set("network.layers[0].units", 5, "Units")
    qtbot.waitUntil(lambda: window.controller.run.status is Status.RUNNING, timeout=30_000)
    assert len(window.controller.session.runs) == 2


def test_a_diverged_run_says_what_to_do(window, qtbot):
    window.controller.set("training.loss", "squared", "Loss")
    window.controller.set("training.optimizer", "sgd", "Optimizer")
    window.controller.set("training.learning_rate", 90.0, "Learning rate")
    window.controller.toggle()
    qtbot.waitUntil(lambda: window.controller.run.status is Status.DIVERGED, timeout=30_000)
    assert "Lower the learning rate" in window.statusBar().currentMessage()


def test_what_cannot_be_opened_leaves_the_work_as_it_is(window, tmp_path: Path):
    before = window.controller.experiment
    broken = tmp_path / "broken.toml"
    broken.write_text("[training]\nlearning_rat = 3\n")
    window.open_file(broken)
    assert window.controller.experiment == before
    assert "learning_rate" in window.statusBar().currentMessage(), "the message says what was probably meant"


def test_closing_stops_the_training_thread(qtbot):
    window = make_window(Experiment(), LIGHT, remember=False)
    window.show()
    qtbot.waitUntil(lambda: window.controller.run.status is Status.READY, timeout=60_000)
    window.controller.toggle()
    window.close()
    window.deleteLater()
    assert not [t for t in threading.enumerate() if t.name == "nnviz-training"]


def test_the_compare_window_takes_part_in_what_is_measured(window, qtbot):
    window.controller.fork()
    window.header.compare.click()
    beside = window.companions.compare_window
    assert beside.isVisible()
    qtbot.waitUntil(lambda: beside.needs <= window._wanted, timeout=5_000)
    window.header.compare.click()
    assert window.companions.compare_window is beside, "there is one"
    beside.close()
    qtbot.waitUntil(lambda: window.controller.session.look.compared == (), timeout=5_000)
