"""The training panel, on a real controller."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from nnviz.engines.optimizers import Optimizer
from nnviz.engines.optimizers.adam import Adam
from nnviz.engines.optimizers.momentum import Momentum
from nnviz.experiment import Experiment
from nnviz.gui import theme as themes
from nnviz.gui.controller import Controller
from nnviz.gui.panels.training import TrainingPanel
from nnviz.gui.widgets.choice import ChoiceRow
from nnviz.gui.widgets.row import Row
from nnviz.network.initializers.zeros import Zeros
from nnviz.settings import kind_of
from nnviz.snapshot import Status


@pytest.fixture
def panel(qtbot, controller):
    made = TrainingPanel(controller, themes.DARK)
    made.setStyleSheet(themes.style_sheet(themes.DARK))
    qtbot.addWidget(made)
    made.resize(280, 780)
    made.show()
    return made


def row_of(panel: TrainingPanel, path: str) -> Row:
    forms = (panel.form, panel.network_form, panel.limits_form, panel.more_form)
    return next(row for row in (form.row(path) for form in forms) if row is not None)


def choose(row: ChoiceRow, kind: str) -> None:
    row.box.setCurrentIndex([entry.value for entry in row.entries].index(kind))
    row.box.activated.emit(row.box.currentIndex())


def type_number(row: Row, text: str) -> None:
    row.edit()
    QTest.keyClicks(QApplication.focusWidget(), text)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)


def drag(row: Row, steps: int) -> None:
    bar = row.slider
    middle = bar.height() // 2
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(10, middle))
    for step in range(1, steps + 1):
        QTest.mouseMove(bar, QPoint(10 + 6 * step, middle))
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(10 + 6 * steps, middle))


def ready(controller: Controller) -> bool:
    controller.tick()
    return controller.run.status is Status.READY


def test_rows_stand_in_the_order_of_importance(panel):
    rows = sorted(
        (row for row in panel.findChildren(Row) if row.isVisible()), key=lambda row: row.mapTo(panel, QPoint()).y()
    )
    assert [row.title for row in rows] == [
        "Loss",
        "Optimizer",
        "Learning rate",
        "Schedule",
        "Gradient clipping",
        "Batch size",
        "Weight decay (L2)",
        "L1",
        "Max norm",
        "Label smoothing",
        "Initializer",
        "Epoch limit",
        "Early stopping",
        "Seed",
    ]
    for name in ("precision", "engine", "device"):
        assert not row_of(panel, f"training.{name}").isVisible(), "folded away at first"


def test_typing_changes_the_experiment_and_can_be_undone(panel, controller):
    type_number(row_of(panel, "training.batch_size"), "32")
    assert controller.experiment.training.batch_size == 32
    assert controller.undo_stack.undoText() == "Batch size"
    controller.undo_stack.undo()
    assert row_of(panel, "training.batch_size").number.text() == "10"


def test_one_drag_is_one_step_and_the_next_drag_another(panel, controller):
    row = row_of(panel, "training.learning_rate")
    drag(row, 8)
    first = controller.experiment.training.learning_rate
    assert controller.undo_stack.count() == 1
    drag(row, 3)
    assert controller.undo_stack.count() == 2
    controller.undo_stack.undo()
    assert controller.experiment.training.learning_rate == first
    controller.undo_stack.undo()
    assert controller.experiment == Experiment()
    assert row.number.text() == "0.03"


def test_a_live_setting_follows_the_drag_within_the_run(panel, controller, qtbot):
    qtbot.waitUntil(lambda: ready(controller), timeout=60_000)
    number = controller.run.number
    bar = row_of(panel, "training.weight_decay").slider
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(20, bar.height() // 2))
    QTest.mouseMove(bar, QPoint(50, bar.height() // 2))
    assert controller.experiment.training.weight_decay > 0
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(50, bar.height() // 2))
    assert controller.run.number == number


def test_a_typical_learning_rate_follows_the_optimizer_in_the_same_step(panel, controller):
    choose(row_of(panel, "training.optimizer"), "adam")
    training = controller.experiment.training
    assert (training.optimizer, training.learning_rate) == (Adam(), Adam.typical_rate)
    assert row_of(panel, "training.learning_rate").number.text() == "0.003"
    assert controller.undo_stack.count() == 1
    controller.undo_stack.undo()
    assert controller.experiment == Experiment()
    assert row_of(panel, "training.optimizer").value == "sgd"


def test_a_learning_rate_of_the_users_own_stays(panel, controller):
    type_number(row_of(panel, "training.learning_rate"), "0.2")
    choose(row_of(panel, "training.optimizer"), "adam")
    assert controller.experiment.training.learning_rate == 0.2


def test_settings_that_two_optimizers_share_are_kept(panel, controller):
    controller.set("training.optimizer", Momentum(momentum=0.7), "x")
    choose(row_of(panel, "training.optimizer"), "nesterov")
    assert controller.experiment.training.optimizer.momentum == 0.7


@pytest.mark.parametrize("kind", [kind_of(kind) for kind in Optimizer.registry])
def test_every_optimizer_can_be_chosen_and_set(panel, controller, kind):
    choose(row_of(panel, "training.optimizer"), kind)
    assert controller.experiment.training.optimizer.kind == kind
    assert panel.area.widget().minimumSizeHint().width() <= 240


def test_the_initializer_belongs_to_the_network(panel, controller):
    choose(row_of(panel, "network.initializer"), "zeros")
    assert controller.experiment.network.initializer == Zeros()


def test_words_stand_for_0_and_can_be_typed(panel, controller):
    row = row_of(panel, "training.patience")
    assert row.number.text() == "off"
    type_number(row, "20")
    assert controller.experiment.training.patience == 20
    type_number(row, "off")
    assert controller.experiment.training.patience == 0


@pytest.mark.parametrize("name", ["gradient_clip", "weight_decay", "l1", "max_norm", "label_smoothing"])
def test_what_is_0_is_off(panel, controller, name):
    row = row_of(panel, f"training.{name}")
    assert row.number.text() == "off"
    type_number(row, "25 %" if name == "label_smoothing" else "0.25")
    assert getattr(controller.experiment.training, name) == 0.25
    assert row.number.text() == ("25 %" if name == "label_smoothing" else "0.25")


def test_engines_and_devices_have_names_of_their_own(panel):
    for name in ("engine", "device"):
        words = [entry.text for entry in row_of(panel, f"training.{name}").entries]
        assert len(set(words)) == 3
        assert not {"Torch", "Cpu", "Cuda", "Mps"} & set(words)


def test_a_refused_number_stays_with_its_reason_while_other_things_change(panel, controller):
    row = row_of(panel, "training.learning_rate")
    type_number(row, "-1")
    assert "above 0" in row.error
    assert row.editing
    assert controller.experiment == Experiment()
    controller.set("training.batch_size", 64, "Batch size")
    assert "above 0" in row.error
    controller.set("training.learning_rate", 0.5, "Learning rate")
    assert (row.error, row.number.text()) == ("", "0.5")


def test_a_new_seed_is_one_press_away_and_can_be_typed(panel, controller):
    QTest.mouseClick(panel.seed_row.button, Qt.MouseButton.LeftButton)
    assert controller.experiment.seed == 1
    assert panel.seed_row.number.text() == "1"
    type_number(panel.seed_row, "77")
    assert controller.experiment.seed == 77
    type_number(panel.seed_row, "-4")
    assert panel.seed_row.error
    assert controller.experiment.seed == 77


def test_tab_goes_through_every_control_in_order(panel):
    panel.form.row("training.loss").box.setFocus()
    seen: list[QWidget] = []
    while QApplication.focusWidget() not in seen:
        seen.append(QApplication.focusWidget())
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    heights = [w.mapTo(panel, QPoint()).y() for w in seen if panel.isAncestorOf(w)]
    assert len(heights) >= 13
    assert heights == sorted(heights)


@pytest.mark.parametrize("width", [240, 280, 360])
def test_nothing_is_cut_off_and_it_scrolls_only_downwards(panel, width):
    row_of(panel, "training.learning_rate").set_error("A long sentence that says what is wrong. " * 3)
    panel.resize(width, 300)
    QApplication.processEvents()
    content = panel.area.widget()
    assert content.width() == panel.area.viewport().width()
    assert content.minimumSizeHint().width() <= content.width()
    assert panel.area.horizontalScrollBar().maximum() == 0
    assert panel.area.verticalScrollBar().maximum() > 0
    for row in panel.findChildren(Row):
        if row.isVisible():
            assert row.mapTo(content, QPoint()).x() + row.width() <= content.width() - 4


def test_the_theme_can_change(panel):
    panel.apply_theme(themes.LIGHT)
    panel.apply_theme(themes.DARK)


def test_the_heading_gives_way_to_a_title_bar(panel, qtbot):
    bar = QWidget()
    qtbot.addWidget(bar)
    panel.controls(QHBoxLayout(bar))
    assert not panel.caption.isVisible()
