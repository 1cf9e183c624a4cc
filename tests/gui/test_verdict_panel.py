"""The verdict as a user meets it: what it says in every state, its rows and buttons, and that it keeps still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot
from window_stage import QUICK, closed, opened, train

from nnviz.experiment import Experiment
from nnviz.findings import Found, OpenPage, OpenView
from nnviz.findings.parts.survey import Made
from nnviz.gui.controller import Controller
from nnviz.gui.main_window import MainWindow
from nnviz.gui.panels.verdict import VerdictPanel
from nnviz.gui.panels.verdict_parts import ActionBar, FindingRow
from nnviz.gui.theme import DARK, LIGHT
from nnviz.gui.vault_keeper import keeper_of
from nnviz.run import Run
from nnviz.snapshot import Status

Open = Callable[[Experiment], MainWindow]

OVERFITS = QUICK.with_settings(
    [
        "data.source={kind='moons', samples=160, noise=0.4}",
        "data.label_noise=0.2",
        "network.layers=[{kind='linear', units=48}, 'tanh', {kind='linear', units=48}, 'tanh']",
        "training.optimizer='adam'",
        "training.learning_rate=0.01",
        "training.batch_size=16",
    ]
)


@pytest.fixture
def open_window(qtbot: QtBot) -> Iterator[Open]:
    made: list[MainWindow] = []

    def make(experiment: Experiment) -> MainWindow:
        made.append(opened(qtbot, experiment, remember=False))
        return made[-1]

    yield make
    for window in made:
        closed(window)


@pytest.fixture
def overfitted(open_window: Open, qtbot: QtBot) -> MainWindow:
    window = open_window(OVERFITS)
    train(window, qtbot, 250)
    window.verdict_panel.refresh()
    return window


@pytest.fixture
def panel(qtbot: QtBot, controller: Controller) -> VerdictPanel:
    made = VerdictPanel(controller, DARK)
    qtbot.addWidget(made)
    made.resize(330, 300)
    made.show()
    return made


def said(panel: VerdictPanel) -> str:
    return panel.accessibleDescription()


def rows(panel: VerdictPanel) -> list[str]:
    return [row.button.text() for row in panel.rows]


class Scripted:
    """A watch that has seen what a test says."""

    evidence = None

    def __init__(self, *made: Made) -> None:
        self.made = made
        self.facts = type("Facts", (), {"busy": False})()

    def look(self, run: Run, now: float) -> tuple[Made, ...]:
        return self.made


def scripted(panel: VerdictPanel, *found: Found) -> None:
    panel._watch = Scripted(*(Made(each.headline.lower(), each) for each in found))  # type: ignore[assignment]
    panel.refresh()


# ---------------------------------------------------------------- states


def test_before_training_it_says_what_to_do(panel: VerdictPanel) -> None:
    assert said(panel) == "Not trained yet. Press Play, and what happens is put into words here."
    assert not panel.rows
    assert panel.go is None


def test_a_healthy_run_is_one_calm_line(open_window: Open, qtbot: QtBot) -> None:
    window = open_window(QUICK.with_settings(["data.source={kind='blobs', samples=400}"]))
    train(window, qtbot, 15)
    panel = window.verdict_panel
    panel.refresh()
    assert said(panel).startswith("Learning, epoch 15. Train error ")
    assert not panel.rows
    assert panel.criteria.isHidden()
    assert not [button for button in panel._bar.buttons if button.isVisible()]


def test_what_cannot_be_trained_is_said_with_its_reason(qtbot: QtBot) -> None:
    controller = Controller(QUICK.with_settings(["data.source={kind='drawing'}"]))
    try:
        qtbot.waitUntil(lambda: controller.tick() and controller.run.status is Status.FAILED, timeout=20_000)
        panel = VerdictPanel(controller, DARK)
        qtbot.addWidget(panel)
        assert said(panel).startswith("It cannot be trained. The drawing is empty")
        assert not panel.rows
    finally:
        controller.close()
        controller.deleteLater()


def test_what_diverged_offers_a_twin_that_does_not(open_window: Open, qtbot: QtBot) -> None:
    window = open_window(
        QUICK.with_settings(
            ["data.source={kind='plane', samples=60}", "training.learning_rate=60", "training.optimizer='sgd'"]
        )
    )
    window.controller.session.step_epoch(50)
    qtbot.waitUntil(lambda: window.controller.run.status is Status.DIVERGED, timeout=20_000)
    panel = window.verdict_panel
    panel.refresh()
    assert said(panel).startswith("Diverged. Diverged in epoch ")
    button = panel._bar.buttons[0]
    assert button.text() == "Twin with learning rate 6"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    run = window.controller.run
    assert run.name == "learning rate 6"
    assert run.experiment.training.learning_rate == 6.0
    assert run.experiment.name == "quick"
    assert run.origin is not None
    assert run.origin.epoch == 0


# ---------------------------------------------------------------- overfitting, with all that belongs to it


def test_overfitting_comes_first_and_the_rest_in_rows(overfitted: MainWindow) -> None:
    panel, run = overfitted.verdict_panel, overfitted.controller.run
    assert said(panel).startswith(f"Overfitting since epoch {run.onset}. Test loss has risen ")
    assert "Memorising label noise" in rows(panel)
    row = next(row for row in panel.rows if row.button.text() == "Memorising label noise")
    assert not row.words.isVisible()
    row.button.setFocus()
    QTest.keyClick(row.button, Qt.Key.Key_Space)
    assert row.words.isVisible()
    assert "wrong training labels are learned" in row.words.text()
    assert row.bar.buttons[0].isVisible()
    QTest.mouseClick(row.button, Qt.MouseButton.LeftButton)
    assert not row.words.isVisible()


def test_it_goes_to_the_onset_and_is_calm_there(overfitted: MainWindow) -> None:
    panel, run = overfitted.verdict_panel, overfitted.controller.run
    onset = run.onset
    assert panel.go is not None
    assert panel.go.text() == f"Go to {onset}"
    selections = overfitted.vault.vault.selections
    QTest.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    assert run.playhead == onset
    assert overfitted.vault.vault.selections == selections + 1, "an epoch was chosen by the test part"
    panel.refresh()
    assert "Overfitting" not in said(panel)


def test_it_forks_with_a_cure_from_the_onset(overfitted: MainWindow, qtbot: QtBot) -> None:
    panel, run = overfitted.verdict_panel, overfitted.controller.run
    onset = run.onset
    menu = panel._bar.menu()
    fork = next(entry for entry in menu.actions() if entry.text() == "Fork with dropout 25 %").data()
    menu.deleteLater()
    keeper = keeper_of(overfitted.controller)
    chosen = keeper.vault.selections
    panel.do(fork)
    assert keeper.vault.selections == chosen + 1, "the test loss has said from where"
    made = overfitted.controller.run
    assert made is not run
    assert made.name == f"dropout 25 % from {onset}"
    assert made.origin is not None
    assert (made.origin.run, made.origin.epoch) == (run.number, onset)
    assert "dropout" in str(made.experiment.network.layers).lower()
    qtbot.waitUntil(lambda: made.status in (Status.READY, Status.PAUSED), timeout=20_000)
    overfitted.controller.undo_stack.undo()
    assert overfitted.controller.run is run


def test_cures_views_and_pages_are_asked_for(overfitted: MainWindow, qtbot: QtBot) -> None:
    panel = overfitted.verdict_panel
    panel.cures_wanted.disconnect(overfitted.companions.try_cures)
    assert panel.cures is not None
    with qtbot.waitSignal(panel.cures_wanted):
        panel.cures.click()
    with qtbot.waitSignal(panel.view_wanted) as view:
        panel.do(OpenView("loss", "Loss"))
    with qtbot.waitSignal(panel.page_wanted) as page:
        panel.do(OpenPage("memorisation", "Which samples"))
    assert (view.args, page.args) == (["loss"], ["memorisation"])


def test_criteria_stand_side_by_side(overfitted: MainWindow) -> None:
    panel, run = overfitted.verdict_panel, overfitted.controller.run
    assert not panel.criteria.isHidden()
    panel.criteria.button.setChecked(True)
    cells = [label.text() for label in panel.criteria.findChildren(QLabel)]
    assert {"Criterion", "Onset", "Called at"} <= set(cells)
    assert cells[cells.index("Clear rise") + 1] == str(run.onset)
    assert {"GL above 5", "PQ above 3", "UP, 4 strips", "No better for 100 epochs"} <= set(cells)
    assert any("criteria put the onset" in text for text in cells)


# ---------------------------------------------------------------- keeping still


def test_nothing_under_the_sentence_jumps_while_its_numbers_change(panel: VerdictPanel) -> None:
    long = "Training loss jumps between 0.85 and 5.50 and rose in 48 % of the last 64 epochs, which is a lot of them."
    scripted(panel, Found("warning", "Bounces", long))
    QApplication.processEvents()
    high = panel._card.height(), panel.minimumHeight()
    scripted(panel, Found("warning", "Bounces", "Training loss jumps between 1 and 5."))
    QApplication.processEvents()
    assert (panel._card.height(), panel.minimumHeight()) == high
    scripted(panel, Found("warning", "Other", "Short."))
    QApplication.processEvents()
    assert panel._card.height() < high[0]


def test_rows_stay_open_while_their_numbers_change(panel: VerdictPanel) -> None:
    first = Found("warning", "First", "1.")
    scripted(panel, first, Found("notice", "Second", "2.", (OpenView("loss", "Loss"),)), Found("notice", "Third", "3."))
    second = panel.rows[0]
    second.button.setChecked(True)
    scripted(panel, first, Found("notice", "Third", "3."), Found("notice", "Second", "2.5."))
    assert rows(panel) == ["Second", "Third"] or [row.words.text() for row in panel.rows] == ["2.5.", "3."]
    assert second.words.text() == "2.5."
    assert second.words.isVisible()
    scripted(panel, first)
    assert not panel.rows


def test_rows_stand_in_their_order(panel: VerdictPanel) -> None:
    made = [Found("notice", name, f"{name}.") for name in ("A", "B", "C")]
    scripted(panel, Found("warning", "First", "1."), *made)
    scripted(panel, Found("warning", "First", "1."), *made[::-1])
    QApplication.processEvents()
    places = sorted((row.y(), row.button.text()) for row in panel.rows)
    assert [name for _, name in places] == ["C", "B", "A"]


@pytest.mark.parametrize("width", [240, 330, 388])
def test_nothing_is_cut_in_a_narrow_dock(panel: VerdictPanel, width: int) -> None:
    actions: tuple[Any, ...] = tuple(OpenView("loss", f"A view with a name {number}") for number in range(4))
    sentence = "Test loss has risen 0.31 → 0.58 while training loss fell 0.22 → 0.04. Test error went 6.2 % → 27.1 %."
    panel.resize(width, 200)
    scripted(panel, Found("danger", "Overfitting since epoch 12,345", sentence, actions))
    QApplication.processEvents()
    label = panel._sentence
    assert label.height() >= label.heightForWidth(label.width())
    for button in (*panel._bar.buttons, panel._bar.more):
        if button.isVisible():
            assert panel._bar.rect().contains(button.geometry()), (width, button.geometry(), panel._bar.rect())
    assert panel._bar.more.isVisible()
    menu = panel._bar.menu()
    hidden = [entry.text() for entry in menu.actions()]
    menu.deleteLater()
    shown = [button.text() for button in panel._bar.buttons if not button.isHidden()]
    assert shown + hidden == [action.title for action in actions]


# ---------------------------------------------------------------- reach


def test_everything_can_be_reached_with_keys_and_has_a_name(panel: VerdictPanel) -> None:
    view = OpenView("loss", "Loss")
    scripted(panel, Found("warning", "First", "1.", (view,)), Found("notice", "Second", "2.", (view,)))
    row = panel.rows[0]
    row.button.setChecked(True)
    for widget in (panel._bar.buttons[0], row.button, row.bar.buttons[0]):
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert widget.accessibleName()
        assert widget.toolTip() or isinstance(widget, type(row.button))
    assert panel.accessibleName() == "Verdict"
    assert said(panel) == "First. 1."


def test_themes_change_the_edge(panel: VerdictPanel) -> None:
    scripted(panel, Found("danger", "First", "1."))
    images = []
    for theme in (DARK, LIGHT):
        panel.apply_theme(theme)
        images.append(panel.grab().toImage())
        assert theme.danger.lower() in panel._card.styleSheet().lower()
    assert images[0] != images[1]
    scripted(panel, Found("good", "Second", "2."))
    assert LIGHT.good.lower() in panel._card.styleSheet().lower()


def test_parts_work_alone(qtbot: QtBot) -> None:
    bar, row = ActionBar(DARK), FindingRow(LIGHT)
    for widget in (bar, row):
        qtbot.addWidget(widget)
        widget.show()
    wanted: list[object] = []
    bar.wanted.connect(wanted.append)
    view = OpenView("loss", "Loss")
    bar.set_actions((view,))
    bar.buttons[0].click()
    assert wanted == [view]
    bar.set_actions(())
    assert bar.isHidden()
    assert bar.button_of(OpenView) is None
