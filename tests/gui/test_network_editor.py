"""Editing the network in its picture, on a real session."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidgetAction

from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.gui.network.chips import layer_menu
from nnviz.gui.network.editor import NetworkEditor
from nnviz.gui.theme import DARK
from nnviz.network.layers import Layer
from nnviz.network.settings import NetworkSettings
from nnviz.snapshot import Status

KINDS = Layer.registry


@pytest.fixture
def editor(qtbot):
    layers = (KINDS["linear"](units=4), KINDS["tanh"](), KINDS["linear"](units=3), KINDS["tanh"]())
    controller = Controller(Experiment(network=NetworkSettings(layers=layers)))
    made = NetworkEditor(controller, DARK)
    qtbot.addWidget(made)
    made.resize(800, 320)
    made.show()
    qtbot.waitUntil(lambda: arrived(made, controller), timeout=60_000)
    yield made
    controller.close()
    controller.deleteLater()


def arrived(editor: NetworkEditor, controller: Controller) -> bool:
    controller.tick()
    editor.refresh()
    return bool(editor._chips)


def kinds(editor: NetworkEditor) -> list[str]:
    return [layer.kind for layer in editor._network.layers]


def test_a_card_per_layer_names_kind_size_and_parameters(editor):
    texts = [chip.text() for chip in editor._chips]
    assert texts == ["Linear 4", "tanh", "Linear 3", "tanh", "out 1"]
    assert "12 parameters" in editor._chips[0].toolTip()
    assert "output 4" in editor._chips[0].accessibleDescription()


def test_cards_stand_above_their_columns_without_overlap(editor):
    chips = editor._chips
    for chip, other in itertools.pairwise(chips):
        assert not chip.geometry().intersects(other.geometry())
    for chip in chips:
        assert editor.rect().contains(chip.geometry())
    columns = editor.picture.arrangement.columns
    assert chips[-1].geometry().left() <= columns[-1].x <= chips[-1].geometry().right()


def test_narrow_columns_put_their_cards_into_lines(editor):
    editor.resize(340, 400)
    editor.grab()
    chips = editor._chips
    assert chips[0].y() != chips[1].y()
    for chip in chips:
        assert editor.rect().contains(chip.geometry())


def test_insert_duplicate_move_remove_and_undo(editor):
    editor.insert_layer(2, "dropout")
    assert kinds(editor) == ["linear", "tanh", "dropout", "linear", "tanh"]
    editor.duplicate_layer(0)
    assert kinds(editor)[:3] == ["linear", "linear", "tanh"]
    editor.move_layer(3, 5)
    assert kinds(editor) == ["linear", "linear", "tanh", "linear", "tanh", "dropout"]
    editor.remove_layer(5)
    editor.remove_layer(1)
    assert kinds(editor) == ["linear", "tanh", "linear", "tanh"]
    stack = editor._controller.undo_stack
    assert stack.count() == 5
    for _ in range(5):
        stack.undo()
    assert kinds(editor) == ["linear", "tanh", "linear", "tanh"]


def test_a_hidden_layer_comes_with_the_activation_of_its_neighbours(editor):
    editor.add_hidden_layer(4)
    assert kinds(editor) == ["linear", "tanh"] * 3
    assert editor._chips[-1].stage.role == "output"


def test_keys_on_a_card(editor, qtbot):
    qtbot.keyClick(editor._chips[1], Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert kinds(editor) == ["linear", "tanh", "tanh", "linear", "tanh"]
    qtbot.keyClick(editor._chips[1], Qt.Key.Key_Delete)
    assert kinds(editor) == ["linear", "tanh", "linear", "tanh"]
    qtbot.keyClick(editor._chips[2], Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert kinds(editor) == ["linear", "linear", "tanh", "tanh"]
    qtbot.keyClick(editor._chips[-1], Qt.Key.Key_Delete)
    assert len(kinds(editor)) == 4, "the output layer cannot be removed"


def test_what_cannot_work_is_marked_in_place_and_can_be_mended(editor, qtbot):
    editor.insert_layer(0, "conv2d")
    assert editor._chips[0].objectName() == "error-chip"
    assert "image" in editor._problem.text()
    assert editor._problem.isVisibleTo(editor)
    controller = editor._controller
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.FAILED, timeout=20_000)
    editor.remove_layer(0)
    assert not editor._problem.isVisibleTo(editor)
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.READY, timeout=20_000)


def test_the_popover_edits_units_and_kind(editor, qtbot):
    editor.edit_layer(0)
    popover = editor._popover
    popover._form.edited.emit("network.layers[0].units", 7, "Units", True)
    assert editor._network.layers[0].units == 7
    popover.close()
    editor.edit_layer(1)
    popover = editor._popover
    popover._kinds.setCurrentIndex(popover._kinds.findData("relu"))
    assert kinds(editor)[1] == "relu"
    popover.close()


def test_a_heading_of_a_menu_cannot_be_chosen(editor, qtbot):
    menu = layer_menu(editor)
    menu.popup(editor.mapToGlobal(editor.rect().topLeft()))
    headings = [action for action in menu.actions() if isinstance(action, QWidgetAction)]
    assert headings
    for heading in headings:
        with qtbot.assertNotEmitted(menu.triggered):
            QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(heading).center())
    menu.close()
    menu.deleteLater()


def test_the_menu_offers_every_layer_kind(editor):
    menu = layer_menu(editor)
    offered = {action.data() for action in menu.actions() if action.data()}
    assert offered == set(Layer.registry.names())
    menu.deleteLater()
