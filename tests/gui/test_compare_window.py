"""The window that compares runs: what it asks of the session, playheads, keys, and how it closes."""

from __future__ import annotations

from pathlib import Path

import pytest
from compare_stage import (
    CURVES,
    MAP,
    SIDE,
    SIMILARITY,
    WORDS,
    drawn,
    forked,
    opened,
    until,
)
from PySide6.QtCore import QSettings, Qt

from nnviz.gui.compare.curves import CurvesPage
from nnviz.gui.compare.difference_map import DifferenceMapPage
from nnviz.gui.compare.side_by_side import SideBySidePage
from nnviz.gui.compare.similarity import SimilarityPage
from nnviz.gui.compare.words import WordsPage
from nnviz.gui.views.parts.switches import BarButton
from nnviz.snapshot import Status

PAGES = (CurvesPage, SideBySidePage, DifferenceMapPage, SimilarityPage, WordsPage)


# ---------------------------------------------------------------- what it asks for


def test_a_single_run_has_nothing_to_be_compared_with(controller, open_compare, qtbot) -> None:
    window = open_compare()
    until(controller, lambda: controller.run.status is Status.READY)
    window.draw()
    assert window._empty.isVisible()
    assert window._empty.text() == "Fork or twin a run to compare it."
    assert not window.foot.isVisible()
    opened(controller, "seed=1", epochs=1)
    opened(controller, "seed=2", epochs=1)
    qtbot.waitUntil(lambda: window.page.isVisible())
    for run in controller.session.runs:
        window.chosen.choose(run, False)
    assert "Check two runs" in window._empty.text()


def test_the_session_looks_at_the_chosen_runs_while_it_is_open(controller, two_runs, open_compare) -> None:
    look = controller.session.look
    window = open_compare()
    numbers = tuple(run.number for run in two_runs)
    assert look.compared == numbers
    window.chosen.choose(two_runs[0], False)
    assert look.compared == numbers[1:]
    window.close()
    assert look.compared == ()
    assert window.needs == frozenset()
    window.show()
    assert look.compared == numbers[1:]


@pytest.mark.parametrize(
    ("page", "needs"),
    [(CURVES, set()), (SIDE, {"surface"}), (MAP, {"surface"}), (SIMILARITY, {"activations", "parameters"})],
)
def test_it_needs_the_probes_of_the_page_in_front(
    controller, two_runs, open_compare, page: int, needs: set[str]
) -> None:
    window = open_compare(page)
    assert window.needs == needs
    drawn(window, controller)
    window.tabs.setCurrentIndex(CURVES)
    assert window.needs == frozenset()


def test_nothing_is_drawn_while_it_is_closed(controller, two_runs, open_compare, clock, monkeypatch) -> None:
    window = open_compare()
    drawers = len(clock._drawers)
    assert drawers == 2
    window.close()
    assert clock._drawers == []
    calls: list[object] = []
    monkeypatch.setattr(window.page, "show_runs", calls.append)
    controller.describe(two_runs[0], "note", "news")
    controller.tick()
    clock.draw_all()
    window.draw()
    assert calls == []
    window.show()
    assert len(clock._drawers) == drawers


def test_the_past_of_others_is_let_go_of_and_asked_for_again(controller, two_runs, open_compare) -> None:
    base, worker = two_runs[0], controller.session.worker
    window = open_compare(SIDE)
    window.playheads.go_to(2, window.chosen.runs)
    until(controller, lambda: all(run.snapshot.past and run.snapshot.epoch == 2 for run in two_runs))
    assert base.number in worker._shown
    window.close()
    until(controller, lambda: base.number not in worker._shown)
    assert controller.run.number in worker._shown, "the one in front is still looked at"
    assert base.playhead == 2
    before = base.snapshot
    window.show()
    until(controller, lambda: base.snapshot is not before and base.snapshot.past)
    assert base.snapshot.epoch == 2


def test_runs_that_come_and_go_are_noticed(controller, two_runs, open_compare, qtbot) -> None:
    window = open_compare()
    fork = forked(controller, two_runs[0], 2, "training.learning_rate=0.5", name="fast", epochs=1)
    qtbot.waitUntil(lambda: fork in window.chosen.runs)
    controller.remove(fork)
    qtbot.waitUntil(lambda: controller.session.look.compared == tuple(run.number for run in two_runs))
    controller.undo_stack.undo()
    qtbot.waitUntil(lambda: fork in window.chosen.runs)


# ---------------------------------------------------------------- playheads


def test_one_slider_moves_all_runs(controller, two_runs, open_compare, qtbot) -> None:
    window = open_compare(SIDE)
    drawn(window, controller)
    window.slider.slider.setFocus()
    qtbot.keyClick(window.slider.slider, Qt.Key.Key_Home)
    until(controller, lambda: [run.playhead for run in two_runs] == [0, 0])
    until(controller, lambda: all(run.snapshot.past and run.snapshot.epoch == 0 for run in two_runs))
    qtbot.waitUntil(lambda: "epoch 0" in window.page.panels[0].name.whole)
    qtbot.waitUntil(lambda: not window.slider._touched)
    window.slider.settled.emit(3)
    assert [run.playhead for run in two_runs] == [3, 3]
    qtbot.waitUntil(lambda: window.slider.words.text() == "epoch 3 of 6")
    window.slider.now.click()
    assert [run.playhead for run in two_runs] == [None, None]


def test_linked_runs_follow_the_timeline(controller, two_runs, open_compare, qtbot) -> None:
    open_compare(CURVES)
    controller.go_to(2)
    qtbot.waitUntil(lambda: two_runs[0].playhead == 2)
    controller.go_live()
    qtbot.waitUntil(lambda: two_runs[0].playhead is None)


def test_a_shorter_run_and_a_later_fork_stay_within_themselves(controller, two_runs, open_compare, qtbot) -> None:
    fork = forked(controller, two_runs[0], 4, "training.learning_rate=0.5", epochs=6)
    window = open_compare(CURVES)
    window.playheads.go_to(8, window.chosen.runs)
    assert [run.shown_epoch for run in (*two_runs, fork)] == [6, 6, 8]
    window.playheads.go_to(2, window.chosen.runs)
    assert [run.shown_epoch for run in (*two_runs, fork)] == [2, 2, 4]
    window.draw()
    assert window.playheads.epoch == 2
    assert [run.shown_epoch for run in (*two_runs, fork)] == [2, 2, 4], "nobody follows one that stayed behind"


def test_unlinked_each_run_has_its_own_slider(controller, two_runs, open_compare, qtbot) -> None:
    window = open_compare(SIDE)
    drawn(window, controller)
    window.link_switch.setChecked(False)
    assert not window.slider.isVisible()
    first, second = window.page.panels
    assert first.slider.isVisible()
    second.slider.settled.emit(1)
    assert [run.playhead for run in two_runs] == [None, 1]
    window.draw()
    assert [run.playhead for run in two_runs] == [None, 1]
    second.slider.live_wanted.emit()
    first.slider.settled.emit(2)
    assert [run.playhead for run in two_runs] == [2, None]
    window.link_switch.setChecked(True)
    assert [run.playhead for run in two_runs] == [None, None], "all go to where the run in front is"


def test_a_run_that_joins_comes_to_the_common_epoch(controller, two_runs, open_compare) -> None:
    window = open_compare(CURVES)
    window.chosen.choose(two_runs[0], False)
    third = forked(controller, two_runs[0], 1, "training.learning_rate=0.5", epochs=5)
    window.draw()
    window.playheads.go_to(3, window.chosen.runs)
    assert third in window.chosen.runs
    window.chosen.choose(two_runs[0], True)
    assert two_runs[0].playhead == 3


# ---------------------------------------------------------------- keys, and what is remembered


def test_keys_turn_pages_and_close(controller, two_runs, open_compare, qtbot) -> None:
    window = open_compare()
    with qtbot.waitActive(window):
        window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert isinstance(window.page, SimilarityPage)
    qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert not window.isVisible()


def test_space_plays_unless_something_else_has_use_for_it(controller, two_runs, open_compare, qtbot) -> None:
    window = open_compare()
    with qtbot.waitActive(window):
        window.activateWindow()
    window.page.difference_switch.setFocus()
    qtbot.keyClick(window.page.difference_switch, Qt.Key.Key_Space)
    assert window.page.difference
    assert not controller.session.playing
    window.table.view.setFocus()
    qtbot.keyClick(window.table.view, Qt.Key.Key_Space)
    assert len(window.chosen.runs) == 1
    assert not controller.session.playing
    window.tabs.setFocus()
    qtbot.keyClick(window.tabs, Qt.Key.Key_Space)
    assert controller.session.playing
    qtbot.keyClick(window.tabs, Qt.Key.Key_Space)
    assert not controller.session.playing


def test_page_and_size_are_remembered(controller, two_runs, open_compare, isolated_home: Path) -> None:
    first = open_compare(WORDS, remember=True)
    first.resize(950, 640)
    first.close()
    second = open_compare(first.tabs.currentIndex(), remember=True)
    assert isinstance(second.page, WordsPage)
    assert second.height() == 640
    QSettings("nnviz", "nnviz").setValue("compare/page", "no such page")
    assert open_compare(remember=True).page.title == "Curves"


def test_what_cannot_be_done_is_said_in_the_window(controller, two_runs, open_compare) -> None:
    window = open_compare()
    controller.notice.emit("This cannot be done.")
    assert window.statusBar().currentMessage() == "This cannot be done."


def test_it_does_not_keep_the_application_alive(controller, two_runs, open_compare) -> None:
    assert not open_compare().testAttribute(Qt.WidgetAttribute.WA_QuitOnClose)


def test_every_control_has_a_name_and_a_tip(controller, two_runs, open_compare) -> None:
    window = open_compare()
    for number in range(5):
        window.tabs.setCurrentIndex(number)
        drawn(window, controller)
    buttons = window.findChildren(BarButton)
    assert len(buttons) > 12
    for button in buttons:
        assert button.accessibleName(), button.text()
        assert button.toolTip(), button.text()
    assert all(window.tabs.tabToolTip(number).endswith(f"(Ctrl+{number + 1})</p>") for number in range(5))
