"""The page of sweeps: what can be varied, counted and costed, cancelled and taken up again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot
from sweep_stage import DECAY, QUICK, UNITS, VARY, open_page, over, planned, settled, swept

from nnviz.gui.laboratory.pages.sweep import SweepPage
from nnviz.gui.laboratory.parts.sweep_folder_button import recent
from nnviz.gui.vault_keeper import keeper_of


@pytest.fixture
def page(qapp: QApplication, qtbot: QtBot) -> Iterator[SweepPage]:
    """Return the page, asked for twelve trainings of five epochs."""
    yield from open_page(qtbot)


# ---------------------------------------------------------------- what can be varied


def test_settings_are_added_from_the_menu_and_removed_again(page: SweepPage, qtbot: QtBot) -> None:
    rows = page.form.rows
    menu = rows.menu()
    groups = menu.findChildren(QMenu)
    assert [group.title() for group in groups] == ["Network", "Training", "Data"]
    actions = {action.data(): action for group in groups for action in group.actions()}
    assert not actions[DECAY].isEnabled(), "it is varied already"
    actions["training.learning_rate"].trigger()
    menu.close()
    assert [row.path for row in rows.rows] == [UNITS, DECAY, "training.learning_rate"]
    settled(page, qtbot)
    assert page.count.text().startswith("84 trainings (3 × 2 × 7 × 2 seeds), about ")
    assert rows.rows[2].count.text() == "7 values"
    QTest.mouseClick(rows.rows[2].remove, Qt.MouseButton.LeftButton)
    assert len(rows.rows) == 2
    for row in list(rows.rows):
        rows.remove(row)
    planned(page, qtbot)
    assert page.count.text() == "Add a setting to vary."
    assert not page.button.isEnabled()


def test_any_setting_can_be_varied_by_its_path(page: SweepPage, qtbot: QtBot) -> None:
    page.form.rows.set_varied([])
    page.form.rows.add_offer("")
    row = page.form.rows.rows[0]
    assert row.typed is not None
    QTest.keyClicks(row.typed, "network.layers")
    QTest.keyClicks(row.values, "[{kind = 'linear', units = 2}], [{kind = 'linear', units = 3}, 'relu']")
    settled(page, qtbot)
    assert row.count.text() == "2 values"
    swept(page, qtbot)
    assert page.results.points is not None
    assert len(page.results.points) == 2


@pytest.mark.parametrize(
    ("path", "values", "sentence"),
    [
        (DECAY, "0:1:log3", "0:1:log3 has a logarithm for positive ends only; list 0 by itself, as in 0,0:1:log3."),
        (DECAY, "0,,1", "There is an empty value between the commas of '0,,1'."),
        (DECAY, "", "Type values, such as 1:300:log16 or 0, 1e-4, 1e-3."),
        (UNITS, "1,2", "This setting is there twice; put all its values into one row."),
        ("", "1,2", "Name the setting, such as training.learning_rate."),
    ],
)
def test_mistakes_are_told_beside_their_row(
    page: SweepPage, qtbot: QtBot, path: str, values: str, sentence: str
) -> None:
    page.form.rows.set_varied(((UNITS, "1,2,4"), (path, values)))
    planned(page, qtbot)
    first, second = page.form.rows.rows
    assert second.error.text() == sentence
    assert first.error.text() == ""
    assert not page.button.isEnabled()


# ---------------------------------------------------------------- counted and costed


def test_it_is_counted_and_costed_before_it_starts(page: SweepPage) -> None:
    assert page.count.text().startswith("12 trainings (3 × 2 × 2 seeds), about ")
    assert page.count.text().endswith(("cores", "one core"))
    assert [row.count.text() for row in page.form.rows.rows] == ["3 values", "2 values"]
    assert page.sweep is None
    assert page.table() == {}


def test_what_is_absurd_is_asked_for_first(page: SweepPage, qtbot: QtBot) -> None:
    page.form.rows.set_varied(((UNITS, "1:32:1"), ("training.learning_rate", "1e-3:1:log1000")))
    settled(page, qtbot)
    page.button.click()
    qtbot.waitUntil(page.question.isVisible, timeout=60_000)
    assert "64,000 trainings" in page._question.text()
    assert page.sweep is None
    page.no.click()
    assert not page.question.isVisible()
    page.button.click()
    page.yes.click()
    assert page.sweep is not None
    page.button.click()
    over(page, qtbot)
    assert page.status.text().startswith("Cancelled: ")


def test_what_cannot_be_measured_is_said_before_it_starts(page: SweepPage, qtbot: QtBot) -> None:
    page.form.objective.setCurrentIndex(page.form.objective.findData("validation_loss"))
    settled(page, qtbot)
    assert page.count.text().startswith("Objective: validation_loss needs a validation part")
    assert not page.button.isEnabled()


def test_a_locked_test_part_is_not_swept_over(page: SweepPage, qtbot: QtBot) -> None:
    keeper = keeper_of(page.controller)
    keeper.lock()
    page.refresh()
    page._show_answer()
    assert "vault is locked" in page.count.text()
    assert not page.button.isEnabled()
    page.form.objective.setCurrentIndex(page.form.objective.findData("train_loss"))
    settled(page, qtbot)
    assert page.button.isEnabled()
    keeper.open()
    page.form.objective.setCurrentIndex(page.form.objective.findData("test_error"))
    settled(page, qtbot)
    looks, selections = keeper.vault.looks, keeper.vault.selections
    swept(page, qtbot)
    assert (keeper.vault.looks, keeper.vault.selections) == (looks + 1, selections + 1)


# ---------------------------------------------------------------- cancelled, resumed, failed


def test_a_cancelled_sweep_goes_on_where_it_was(page: SweepPage, qtbot: QtBot) -> None:
    page.form.epochs.setValue(3_000)
    page.form.seeds.setValue(20)
    settled(page, qtbot)
    page.button.click()
    sweep = page.sweep
    assert sweep is not None
    assert page.button.text() == "Cancel"
    qtbot.waitUntil(lambda: sweep.progress().done > 2, timeout=60_000)
    page.refresh()
    assert " of 120 trainings" in page.status.text()
    page.button.click()
    over(page, qtbot)
    done = sweep.progress().done
    assert page.status.text() == f"Cancelled: {done} of 120 trainings are done. Resume goes on from there."
    planned(page, qtbot)
    assert page.button.text() == "Resume"
    page.button.click()
    qtbot.waitUntil(lambda: page.sweep is not sweep, timeout=60_000)
    again = page.sweep
    assert again is not None
    qtbot.waitUntil(lambda: again.progress().done > done, timeout=60_000)
    assert again.progress().resumed == done
    page.button.click()
    over(page, qtbot)
    page.form.rows.rows[0].values.setText("1,2")
    page.form.rows.edited.emit()
    planned(page, qtbot)
    assert page.button.text() == "Start", "another sweep begins anew"


def test_it_starts_while_an_earlier_epoch_is_looked_at(page: SweepPage, qtbot: QtBot) -> None:
    controller = page.controller
    controller.session.step_epoch(4)
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.epoch == 4, timeout=20_000)
    controller.go_to(2)
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.playhead == 2, timeout=20_000)
    for _ in range(3):  # as the window does, a few times a second
        page.refresh()
        asked = page._asked
    page.refresh()
    assert page._asked is asked, "nothing is asked anew as long as nothing has changed"
    settled(page, qtbot)
    page.button.click()
    over(page, qtbot)
    assert page.status.text() == "Done: 12 trainings."


def test_results_in_a_folder_are_kept_and_taken_up_later(page: SweepPage, qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    page.form.rows.set_varied(((UNITS, "1:4:log3"), ("training.optimizer", "sgd,{kind = 'adam', beta1 = 0.8}")))
    page.form.folder.set_folder(folder)
    assert recent() == [folder]
    settled(page, qtbot)
    swept(page, qtbot)
    described = json.loads((folder / "sweep.json").read_text())
    planned(page, qtbot)
    assert page.count.text().endswith("; those that the folder has are not repeated")
    assert page.button.text() == "Resume"
    page.form.rows.set_varied(VARY)
    page.form.epochs.setValue(7)
    page.controller.change(QUICK.with_settings(["training.learning_rate=0.5"]), "Learning rate")
    page.refresh()
    planned(page, qtbot)
    assert page.before.isVisible()
    assert "holds the results of another sweep" in page._before.text()
    assert not page.button.isEnabled()
    page.take_over.click()
    planned(page, qtbot)
    assert page.form.rows.varied[0] == (UNITS, "1:4:log3")
    assert page.controller.experiment.training.learning_rate == QUICK.training.learning_rate
    assert page.button.text() == "Resume"
    page.form.seeds.setValue(3)
    qtbot.waitUntil(
        lambda: page.controller.tick() is not None and page.controller.run.snapshot is not None, timeout=60_000
    )
    settled(page, qtbot)
    sweep = swept(page, qtbot)
    progress = sweep.progress()
    assert (progress.state, progress.resumed, progress.done) == ("finished", 12, 18)
    assert described["vary"] == json.loads((folder / "sweep.json").read_text())["vary"]


def test_a_sweep_without_a_folder_begins_anew_after_the_same_one_in_a_folder(
    page: SweepPage, qtbot: QtBot, tmp_path: Path
) -> None:
    swept(page, qtbot)
    page.form.rows.set_varied(((UNITS, "1,2"),))
    page.form.folder.set_folder(tmp_path / "results")
    settled(page, qtbot)
    swept(page, qtbot)
    page.form.folder.set_folder(None)
    settled(page, qtbot)
    assert page.button.text() == "Start"
    progress = swept(page, qtbot).progress()
    assert (progress.state, progress.text, progress.resumed) == ("finished", "", 0)


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_is_a_sentence(page: SweepPage, qtbot: QtBot) -> None:
    form = page.form
    assert not form.address.isVisible()
    form.backend.setCurrentIndex(form.backend.findData("dask"))
    assert form.address.isVisible()
    QTest.keyClicks(form.address, "tcp://127.0.0.1:9")
    settled(page, qtbot)
    assert page.count.text().endswith("of work for the workers to share")
    page.button.click()
    over(page, qtbot)
    assert page.problem.text().startswith("No Dask scheduler answers at tcp://127.0.0.1:9")
    assert "--" not in page.problem.text()
    assert page.status.text() == "The sweep could not be finished."
    assert page.table() == {}


def test_closing_the_window_ends_the_sweep(page: SweepPage, qtbot: QtBot) -> None:
    page.form.epochs.setValue(1_000_000)
    planned(page, qtbot)
    page.button.click()
    assert page.sweep is None, "first it has to be known how long it takes"
    assert page.status.text() == "Estimating the time first …"
    qtbot.waitUntil(lambda: page.question.isVisible() or page.sweep is not None, timeout=60_000)
    if page.sweep is None:
        page.yes.click()
    sweep = page.sweep
    assert sweep is not None
    assert sweep.folder is not None
    qtbot.waitUntil(lambda: sweep.progress().state == "training", timeout=60_000)
    assert (sweep.folder / "sweep.json").is_file()
    page.window().close()
    assert sweep.progress().state == "cancelled"
    page.window().show()
    over(page, qtbot)
    settled(page, qtbot)
    assert page.button.isEnabled(), "once it is open again it can go on"
