"""The timeline in the real window: rewinding, forking, undoing, and what the rest of the window shows then."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog
from window_stage import closed, opened, train

from nnviz.experiment import bundled
from nnviz.gui.header import shown_numbers
from nnviz.gui.main_window import MainWindow
from nnviz.gui.panels.lanes import LANE, TOP
from nnviz.gui.panels.timeline import where_words
from nnviz.gui.run_colors import RUN_COLORS, run_color
from nnviz.gui.theme import DARK, LIGHT
from nnviz.roster import COLORS
from nnviz.snapshot import Status

EPOCHS = 300


@pytest.fixture
def window(qtbot):
    """A window with a run of 300 epochs that overfits, paused."""
    made = opened(qtbot, bundled("noisy-labels"), remember=False)
    train(made, qtbot, EPOCHS)
    yield made
    closed(made)


def at(window: MainWindow, qtbot, epoch: int) -> None:
    def there() -> bool:
        snapshot = window.controller.run.snapshot
        return snapshot is not None and snapshot.past and snapshot.epoch == epoch and not window.missing()

    qtbot.waitUntil(there, timeout=20_000)


def place(window: MainWindow, epoch: int, number: int = 0) -> QPoint:
    lanes = window.timeline.lanes
    return QPoint(round(lanes._x(epoch)), round(TOP + number * (LANE + 8) + LANE / 2))


def test_a_drag_rewinds_and_everything_shows_that_epoch(window, qtbot):
    lanes = window.timeline.lanes
    QTest.mousePress(lanes, Qt.MouseButton.LeftButton, pos=place(window, 250))
    for epoch in (200, 150, 90):
        QTest.mouseMove(lanes, place(window, epoch))
    QTest.mouseRelease(lanes, Qt.MouseButton.LeftButton, pos=place(window, 90))
    epoch = window.controller.run.playhead
    assert epoch is not None
    assert abs(epoch - 90) <= 2
    at(window, qtbot, epoch)
    window.clock.draw_all()
    window.header.refresh()
    window.timeline.refresh()
    run = window.controller.run
    row = int(np.searchsorted(run.history.column("epoch"), epoch))
    assert window.header._outs["epoch"]._value.text() == str(epoch)
    shown, train_error, test_error = shown_numbers(run)
    assert shown == epoch
    assert np.float32(test_error) == run.history.column("test_error")[row]
    assert window.header._outs["train"]._value.text() == f"{100 * train_error:.1f} %"
    assert where_words(run) == f"epoch {epoch} of {EPOCHS}"
    assert window.timeline.now.isVisible()
    assert window.docks["error"].view._playhead == epoch
    assert window.docks["weights"].view._epochs[-1] == epoch
    assert window.editor.picture._snapshot.epoch == epoch
    assert window.docks["surface"].view.shown[1].epoch == epoch
    window.timeline.now.click()
    assert run.playhead is None
    qtbot.waitUntil(lambda: run.snapshot is not None and not run.snapshot.past, timeout=20_000)


def test_keys_move_the_playhead(window, qtbot):
    run = window.controller.run
    window.network_bar.setFocus()
    for key, modifier, expected in (
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, EPOCHS - 1),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, EPOCHS - 2),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, EPOCHS - 1),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, 0),
    ):
        QTest.keyClick(window, key, modifier)
        assert run.playhead == expected
    kept = [frame.epoch for frame in run.history.keyframes]
    QTest.keyClick(window, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert run.playhead == kept[1]
    QTest.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert run.playhead == 0
    QTest.keyClick(window, Qt.Key.Key_B)
    assert run.playhead == run.history.best_epoch
    QTest.keyClick(window, Qt.Key.Key_End)
    assert run.playhead is None


@pytest.mark.parametrize("where", ["timeline", "training"])
def test_arrows_move_the_playhead_from_within_what_scrolls(window, where):
    run = window.controller.run
    if where == "timeline":
        QTest.mouseClick(window.timeline.lanes, Qt.MouseButton.LeftButton, pos=place(window, 150))
        focused = QApplication.focusWidget() or window.timeline.lanes
    else:
        window.controller.go_to(150)
        focused = window.training_panel.area.content
    shown = run.playhead
    assert shown is not None
    QTest.keyClick(focused, Qt.Key.Key_Left)
    assert run.playhead == shown - 1
    QTest.keyClick(focused, Qt.Key.Key_Right)
    assert run.playhead == shown
    QTest.keyClick(focused, Qt.Key.Key_Home)
    assert run.playhead == 0


def test_arrows_move_the_playhead_after_clicks_on_buttons(window, qtbot):
    header, run = window.header, window.controller.run
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Left)
    assert run.playhead == EPOCHS - 1, "as soon as the window is there"
    window.controller.go_live()
    QTest.mouseClick(header.play, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: run.epoch > EPOCHS, timeout=20_000)
    QTest.mouseClick(header.play, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: run.status is Status.PAUSED, timeout=20_000)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Left)
    assert run.playhead == run.epoch - 1
    window.verdict_panel.refresh()
    QTest.mouseClick(window.verdict_panel.go, Qt.MouseButton.LeftButton)
    best = run.history.best_epoch
    assert run.playhead == best
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
    assert run.playhead == best + 1


def test_arrows_still_move_a_slider_that_has_the_focus(window):
    field = window.header.speed
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_Down)
    assert window.controller.run.playhead is None


def test_a_change_in_the_past_is_a_fork_and_undo_takes_it_back(window, qtbot):
    controller = window.controller
    origin = controller.run
    controller.go_to(100)
    assert controller.set("training.weight_decay", 0.01, "Weight decay") == ""
    fork = controller.run
    assert fork is not origin
    assert fork.name == "Weight decay (L2) 0 → 0.01 from 100"
    assert origin.experiment.training.weight_decay == 0.0
    qtbot.waitUntil(lambda: fork.status is Status.READY, timeout=20_000)
    assert fork.first_epoch == 100
    np.testing.assert_array_equal(fork.history.column("test_loss"), origin.history.column("test_loss")[:101])
    controller.undo_stack.undo()
    assert controller.run is origin
    assert origin.playhead == 100
    assert controller.session.runs == [origin], "nothing was trained in it"
    controller.undo_stack.redo()
    assert controller.run.experiment.training.weight_decay == 0.01
    train(window, qtbot, 20)
    controller.undo_stack.undo()
    assert controller.run is origin
    assert len(controller.session.runs) == 2, "what was trained is not thrown away"


def test_dragging_a_slider_in_the_past_makes_one_fork(window, qtbot):
    controller = window.controller
    controller.go_to(50)
    merge = controller.gesture("rate")
    for value in (0.02, 0.03, 0.04):
        controller.set("training.learning_rate", value, "Learning rate", merge)
    assert len(controller.session.runs) == 2
    assert controller.run.name.endswith("→ 0.04 from 50")
    merge = controller.gesture("units")
    layer = next(i for i, each in enumerate(controller.experiment.network.layers) if each.kind == "linear")
    for units in (5, 6, 7):
        controller.set(f"network.layers[{layer}].units", units, "Units", merge)
    assert len(controller.session.runs) == 2, "a fork that has not gone on yet is made again"
    fork = controller.run
    qtbot.waitUntil(lambda: fork.status is Status.READY, timeout=20_000)
    assert fork.first_epoch == 50
    train(window, qtbot, 10)
    assert fork.epoch == 60


def test_a_fork_that_a_slider_makes_during_training_has_the_name_of_where_the_slider_stops(window, qtbot):
    controller = window.controller
    controller.toggle()
    controller.go_to(50)
    merge = controller.gesture("decay")
    for value in (0.001, 0.002, 0.003):
        controller.set("training.weight_decay", value, "Weight decay", merge)
        fork = controller.run
        qtbot.waitUntil(lambda fork=fork: controller.tick() is not None and fork.epoch > 51, timeout=20_000)
    assert len(controller.session.runs) == 2
    assert controller.run.name == "Weight decay (L2) 0 → 0.003 from 50"
    controller.set("training.weight_decay", 0.004, "Weight decay", controller.gesture("decay"))
    assert controller.run.name == "Weight decay (L2) 0 → 0.003 from 50", "a later change is an event of the run"
    controller.toggle()


def test_taking_back_a_removal_leaves_alone_what_trains(window, qtbot):
    controller = window.controller
    first = controller.run
    controller.fork()
    fork = controller.run
    controller.toggle()
    qtbot.waitUntil(lambda: controller.tick() is not None and fork.epoch > EPOCHS, timeout=20_000)
    controller.remove(first)
    controller.undo_stack.undo()
    assert controller.session.runs == [first, fork]
    assert controller.run is fork
    epoch = fork.epoch
    qtbot.waitUntil(lambda: controller.tick() is not None and fork.epoch > epoch, timeout=20_000)
    controller.remove(fork)
    assert controller.run is first
    assert not controller.session.playing
    controller.toggle()
    controller.undo_stack.undo()
    assert controller.run is fork, "what was looked at returns"
    assert not controller.session.playing, "the header never says that something trains which is not in front"


def test_f_forks_and_a_structural_fork_carries_over_what_fits(window, qtbot):
    controller = window.controller
    controller.go_to(120)
    at(window, qtbot, 120)
    before = controller.run.snapshot
    QTest.keyClick(window, Qt.Key.Key_F)
    assert controller.run.name == "from 120"
    qtbot.waitUntil(lambda: controller.run.status is Status.READY, timeout=20_000)
    qtbot.waitUntil(lambda: not controller.run.snapshot.past and not window.missing(), timeout=20_000)
    now = controller.run.snapshot
    assert now.arrays["parameters"].tobytes() == before.arrays["parameters"].tobytes()
    train(window, qtbot, 5)
    assert controller.run.epoch == 125


def test_there_are_as_many_colours_as_runs_are_given():
    assert len(set(RUN_COLORS)) == COLORS


def test_runs_are_renamed_coloured_starred_archived_and_removed(window, qtbot):
    controller = window.controller
    first = controller.run
    controller.fork()
    second = controller.run
    train(window, qtbot, 3)
    controller.describe(second, "name", "mine")
    controller.describe(second, "color", 5)
    controller.describe(second, "starred", True)
    assert run_color(second).name() == RUN_COLORS[5]
    controller.select(first)
    controller.describe(second, "archived", True)
    window.timeline.refresh()
    assert window.timeline.lanes.runs == [first]
    assert "1 archived" in window.timeline._note.text()
    for _ in range(4):
        controller.undo_stack.undo()
    assert (second.name, second.starred, second.archived) == (f"from {EPOCHS}", False, False)
    controller.remove(second)
    assert controller.session.runs == [first]
    controller.undo_stack.undo()
    assert controller.session.runs == [first, second]
    assert controller.run is first, "what is looked at stays"
    controller.select(second)
    assert second.epoch == EPOCHS + 3
    train(window, qtbot, 2)
    assert second.epoch == EPOCHS + 5, "it goes on where it was"


def test_a_run_of_old_goes_on_exactly(window, qtbot):
    """Away and back again: the same as if one had stayed."""
    controller = window.controller
    first = controller.run
    controller.set("seed", 5, "Seed")
    second = controller.run
    qtbot.waitUntil(lambda: second.status is Status.READY, timeout=20_000)
    train(window, qtbot, 40)
    controller.select(first)
    train(window, qtbot, 40)
    controller.select(second)
    train(window, qtbot, 40)
    controller.set("seed", 6, "Seed")
    controller.set("seed", 5, "Seed")
    straight = controller.run
    assert straight not in (first, second)
    qtbot.waitUntil(lambda: straight.status is Status.READY, timeout=20_000)
    train(window, qtbot, 80)
    np.testing.assert_array_equal(straight.history.column("train_loss"), second.history.column("train_loss"))


def test_twins_train_side_by_side(window, qtbot):
    controller = window.controller
    original = controller.run
    changed = original.experiment.replace(training=original.experiment.training.replace(weight_decay=0.02))
    controller.twin(changed, "decay")
    twin = controller.run
    assert twin.name == "decay"
    assert twin.along
    assert original.along
    controller.toggle()
    qtbot.waitUntil(lambda: min(twin.epoch, original.epoch) > EPOCHS + 20, timeout=60_000)
    controller.toggle()
    qtbot.waitUntil(lambda: {twin.status, original.status} == {Status.PAUSED}, timeout=20_000)
    assert abs(twin.epoch - original.epoch) < max(twin.epoch, 2_000)
    first = [run.history.column("train_loss")[0] for run in (original, twin)]
    assert first[0] == first[1], "the same initial weights"
    controller.undo_stack.undo()
    assert controller.run is original
    assert not original.along
    controller.undo_stack.redo()
    assert controller.run is twin
    assert original.along


def test_a_film_plays_in_the_window(window, qtbot):
    controller = window.controller
    controller.session.limit_speed(500.0)
    controller.go_to_beginning()
    at(window, qtbot, 0)
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert controller.session.playing
    assert window.header.play.text() == "Pause"
    qtbot.waitUntil(lambda: controller.run.playhead is None, timeout=30_000)
    assert not controller.session.playing
    assert controller.run.epoch == EPOCHS


def test_the_timeline_is_painted_in_both_themes_with_every_sign(window, qtbot):
    controller = window.controller
    for path, value in (("training.learning_rate", 0.02), ("data.label_noise", 0.1)):
        controller.set(path, value, path)
        train(window, qtbot, 3)
    controller.go_to(40)
    controller.fork()
    train(window, qtbot, 3)
    images = []
    for theme in (DARK, LIGHT):
        window.apply_theme(theme)
        window.timeline.refresh()
        images.append(window.timeline.grab().toImage())
    assert images[0] != images[1]
    for number, run in enumerate(window.timeline.lanes.runs):
        lane = window.timeline.lanes.lane(number)
        assert lane.left() == pytest.approx(window.timeline.lanes._x(run.first_epoch))
        assert run.name in window.timeline.lanes._card(lane.center())


def test_a_run_has_its_verdict(window):
    window.verdict_panel.refresh()
    run = window.controller.run
    if run.onset is None:
        pytest.fail("this experiment overfits within 300 epochs")
    assert window.verdict_panel._headline.text() == f"Overfitting since epoch {run.onset:,}"
    assert "loss has risen" in window.verdict_panel._sentence.text()
    window.verdict_panel.go.click()
    assert window.controller.run.playhead == run.history.best_epoch


def test_a_fork_that_has_not_gone_on_says_what_it_is(window):
    window.controller.fork()
    window.verdict_panel.refresh()
    assert window.verdict_panel._headline.text() == f"A fork at epoch {EPOCHS}"
    assert "Press Play to go on" in window.verdict_panel._sentence.text()


def test_the_lane_of_the_run_in_front_is_in_sight(window, qtbot):
    controller = window.controller
    first = controller.run
    for _ in range(9):
        controller.select(first)
        controller.fork()
    timeline = window.timeline

    def in_sight() -> bool:
        timeline.refresh()
        lane = timeline.lanes.lane(timeline.lanes.runs.index(controller.run))
        return timeline.lanes.visibleRegion().boundingRect().contains(lane.center().toPoint())

    qtbot.waitUntil(in_sight)
    controller.select(first)
    qtbot.waitUntil(in_sight)
    timeline._scroll.verticalScrollBar().setValue(10_000)
    assert not in_sight(), "whoever scrolls elsewhere stays there"


@pytest.mark.parametrize("playhead", [None, 40])
def test_a_double_click_renames_and_leaves_the_playhead_alone(window, monkeypatch, playhead):
    lanes, run = window.timeline.lanes, window.controller.run
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("mine", True))
    if playhead is not None:
        window.controller.go_to(playhead)
    QTest.mouseClick(lanes, Qt.MouseButton.LeftButton, pos=place(window, 150))
    QTest.mouseDClick(lanes, Qt.MouseButton.LeftButton, pos=place(window, 150))
    assert run.name == "mine"
    assert run.playhead == playhead


def test_the_title_names_the_experiment_from_the_start(window):
    assert window.windowTitle() == "noisy-labels[*] – nnviz"
