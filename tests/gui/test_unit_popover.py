"""Weights set by hand, from the network picture, in the real window."""

from __future__ import annotations

import pytest
import window_stage as windows
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest

from nnviz.gui.network.unit_popover import UnitPopover
from nnviz.snapshot import Status


@pytest.fixture
def window(qtbot):
    made = windows.opened(qtbot, remember=False)
    qtbot.waitUntil(lambda: not made.missing(), timeout=20_000)
    windows.train(made, qtbot, 5)
    qtbot.waitUntil(lambda: made.controller.run.snapshot.epoch == 5, timeout=20_000)
    made.clock.draw_all()
    yield made
    windows.closed(made)


def opened(window, column: int, unit: int) -> UnitPopover:
    picture = window.editor.picture
    middle = picture.arrangement.columns[column].tiles[unit].center().toPoint()
    reason = QContextMenuEvent.Reason.Mouse
    picture.contextMenuEvent(QContextMenuEvent(reason, middle, picture.mapToGlobal(middle)))
    return next(each for each in window.editor.findChildren(UnitPopover))


def parameters(window):
    return window.controller.run.snapshot.arrays["parameters"]


def test_a_weight_is_set_undone_and_marked_on_the_timeline(window, qtbot):
    run = window.controller.run
    before = parameters(window).copy()
    popover = opened(window, 1, 1)
    field, each = next((f, p) for f, p in popover.fields.items() if p.name == "weight from 2")
    assert each.value == before[each.number]
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "1.5")
    QTest.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: parameters(window)[each.number] == 1.5, timeout=20_000)
    changed = [i for i in range(len(before)) if parameters(window)[i] != before[i]]
    assert changed == [each.number]
    (event,) = [event for event in run.history.events if event.kind == "edit"]
    assert event.epoch == 5
    assert event.text.startswith("Layer 1, unit 2: weight from 2")
    popover.close()
    window.controller.undo_stack.undo()
    qtbot.waitUntil(lambda: parameters(window)[each.number] == before[each.number], timeout=20_000)
    assert len(window.controller.session.runs) == 1


def test_a_unit_is_switched_off(window, qtbot):
    popover = opened(window, 1, 0)
    numbers = [each.number for each in popover.fields.values()]
    popover.off.click()
    qtbot.waitUntil(lambda: not parameters(window)[numbers].any(), timeout=20_000)


def test_in_the_past_it_is_a_fork(window, qtbot):
    controller = window.controller
    controller.go_to(2)
    qtbot.waitUntil(lambda: controller.run.snapshot.past and not window.missing(), timeout=20_000)
    window.clock.draw_all()
    origin = controller.run
    opened(window, 1, 2).off.click()
    assert controller.run is not origin
    assert controller.run.name == "Layer 1, unit 3 switched off"
    qtbot.waitUntil(lambda: controller.run.status is Status.READY, timeout=20_000)
    assert controller.run.first_epoch == 2


def test_inputs_have_no_weights(window):
    picture = window.editor.picture
    middle = picture.arrangement.columns[0].tiles[0].center().toPoint()
    picture.contextMenuEvent(QContextMenuEvent(QContextMenuEvent.Reason.Mouse, middle, QPoint(0, 0)))
    assert not window.editor.findChildren(UnitPopover)
