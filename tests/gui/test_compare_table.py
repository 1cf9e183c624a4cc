"""The table of runs in use: by mouse, by keys, undone, remembered."""

from __future__ import annotations

from pathlib import Path

import pytest
from compare_stage import forked, opened
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from nnviz.gui.compare.chosen import MOST, Chosen
from nnviz.gui.compare.rows import CHECK, COLOR, NAME, NOTE, STAR
from nnviz.gui.compare.runs_table import RunsTable
from nnviz.gui.controller import Controller
from nnviz.gui.run_colors import RUN_COLORS
from nnviz.gui.theme import DARK
from nnviz.run import Run


@pytest.fixture
def base(controller: Controller) -> Run:
    """Return a trained run, with a trained fork of it in front."""
    run = opened(controller, name="base")
    forked(controller, run, 2, "training.learning_rate=0.5", name="fast")
    return run


@pytest.fixture
def make(controller: Controller, qtbot: QtBot):
    """Return a function that makes a table, shown."""

    def made(settings: QSettings | None = None) -> RunsTable:
        chosen = Chosen(controller, controller)
        chosen.keep_up()
        table = RunsTable(controller, chosen, DARK, settings)
        qtbot.addWidget(table)
        table.resize(1000, 260)
        with qtbot.waitActive(table):
            table.show()
            table.activateWindow()
        table.view.setFocus()
        return table

    return made


def place(table: RunsTable, row: int, key: str) -> QPoint:
    """Return the middle of a cell, in the viewport."""
    return table.view.visualRect(table.order.index(row, table.model.place_of(key))).center()


def click(table: RunsTable, row: int, key: str, qtbot: QtBot) -> None:
    table.view.scrollTo(table.order.index(row, table.model.place_of(key)))
    qtbot.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, pos=place(table, row, key))


def text(table: RunsTable, row: int, key: str) -> str:
    return str(table.order.index(row, table.model.place_of(key)).data())


def press(table: RunsTable, key: Qt.Key, qtbot: QtBot, *modifiers: Qt.KeyboardModifier) -> None:
    qtbot.keyClick(table.view, key, *modifiers)


def typed(table: RunsTable, words: str, qtbot: QtBot) -> None:
    editor = table.view.findChild(QLineEdit)
    assert editor is not None
    editor.setText(words)
    qtbot.keyClick(editor, Qt.Key.Key_Return)


def test_f2_renames_and_undo_brings_the_name_back(controller, base, make, qtbot) -> None:
    table = make()
    click(table, 0, "epochs", qtbot)
    press(table, Qt.Key.Key_F2, qtbot)
    typed(table, "  my run ", qtbot)
    qtbot.waitUntil(lambda: text(table, 0, NAME) == "my run")
    assert base.name == "my run"
    controller.undo_stack.undo()
    assert base.name == "base"


def test_a_run_keeps_its_name_when_none_is_typed(controller, base, make, qtbot) -> None:
    table = make()
    click(table, 0, NAME, qtbot)
    press(table, Qt.Key.Key_F2, qtbot)
    typed(table, "   ", qtbot)
    qtbot.waitUntil(lambda: table.view.state() != QAbstractItemView.State.EditingState)
    assert base.name == "base"


def test_a_note_is_typed_in_its_own_column(controller, base, make, qtbot) -> None:
    table = make()
    click(table, 0, NOTE, qtbot)
    press(table, Qt.Key.Key_F2, qtbot)
    typed(table, "look at 2", qtbot)
    qtbot.waitUntil(lambda: base.note == "look at 2")
    assert base.name == "base"


def test_nothing_is_refreshed_under_an_open_editor(controller, base, make, qtbot) -> None:
    table = make()
    click(table, 0, NAME, qtbot)
    press(table, Qt.Key.Key_F2, qtbot)
    editor = table.view.findChild(QLineEdit)
    editor.setText("half a na")
    controller.session.runs[1].history.forget_best()
    controller.describe(controller.session.runs[1], "note", "news")
    table.refresh()
    assert table.view.findChild(QLineEdit) is editor
    assert editor.text() == "half a na"
    qtbot.keyClick(editor, Qt.Key.Key_Escape)


def test_space_and_a_click_check_a_run(controller, base, make, qtbot) -> None:
    table = make()
    assert [run.name for run in table._chosen.runs] == ["base", "fast"]
    click(table, 0, CHECK, qtbot)
    assert [run.name for run in table._chosen.runs] == ["fast"]
    click(table, 0, NAME, qtbot)
    press(table, Qt.Key.Key_Space, qtbot)
    assert [run.name for run in table._chosen.runs] == ["base", "fast"]


def test_no_more_than_four_runs_are_checked(controller, base, make, qtbot) -> None:
    for seed in range(1, 5):
        opened(controller, f"seed={seed}", epochs=1)
    table = make()
    assert len(table._chosen.runs) == MOST
    assert controller.run in table._chosen, "the one in front always is"
    out = next(i for i, run in enumerate(controller.session.runs) if run not in table._chosen)
    with qtbot.waitSignal(table._chosen.refused) as said:
        click(table, out, CHECK, qtbot)
    assert "uncheck one first" in said.args[0]
    assert len(table._chosen.runs) == MOST


def test_enter_brings_a_run_to_the_front(controller, base, make, qtbot) -> None:
    table = make()
    click(table, 0, NAME, qtbot)
    press(table, Qt.Key.Key_Return, qtbot)
    assert controller.run is base


def test_delete_removes_and_undo_returns_it(controller, base, make, qtbot) -> None:
    table = make()
    fork = controller.run
    click(table, 1, NAME, qtbot)
    press(table, Qt.Key.Key_Delete, qtbot)
    assert controller.session.runs == [base]
    assert table.order.rowCount() == 1
    controller.undo_stack.undo()
    assert controller.session.runs == [base, fork]
    table.view.selectAll()
    with qtbot.waitSignal(controller.notice) as said:
        press(table, Qt.Key.Key_Delete, qtbot)
    assert "has to stay" in said.args[0]
    assert len(controller.session.runs) == 2


def test_several_runs_are_removed_in_one_step(controller, base, make, qtbot) -> None:
    opened(controller, "seed=1", epochs=1)
    table = make()
    click(table, 0, NAME, qtbot)
    qtbot.mouseClick(
        table.view.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ControlModifier,
        pos=place(table, 1, NAME),
    )
    press(table, Qt.Key.Key_Delete, qtbot)
    assert len(controller.session.runs) == 1
    controller.undo_stack.undo()
    assert len(controller.session.runs) == 3


def test_a_star_is_clicked_and_a_key(controller, base, make, qtbot) -> None:
    table = make()
    click(table, 0, STAR, qtbot)
    assert base.starred
    press(table, Qt.Key.Key_S, qtbot)
    assert not base.starred
    controller.undo_stack.undo()
    assert base.starred


def test_a_color_is_chosen_from_the_palette(controller, base, make, qtbot) -> None:
    table = make()
    click(table, 0, COLOR, qtbot)
    menu = table.view.findChild(QMenu)
    assert menu is not None
    menu.actions()[4].trigger()
    menu.close()
    assert base.color == 4
    table.refresh()
    assert table.order.at(0).color == RUN_COLORS[4]


def test_archived_runs_are_out_of_sight_until_asked_for(controller, base, make, qtbot) -> None:
    table = make()
    click(table, 0, NAME, qtbot)
    press(table, Qt.Key.Key_A, qtbot)
    assert base.archived
    table.refresh()
    assert table.order.rowCount() == 1
    assert "1 archived" in table.bar.note.text()
    table.archived.setChecked(True)
    assert table.order.rowCount() == 2


def test_train_along_is_a_key(controller, base, make, qtbot) -> None:
    table = make()
    click(table, 0, NAME, qtbot)
    press(table, Qt.Key.Key_L, qtbot)
    assert base.along
    table.refresh()
    assert text(table, 0, "status").endswith("along")


def test_the_menu_knows_what_is_so(controller, base, make, qtbot) -> None:
    table = make()
    base.starred = True
    click(table, 0, NAME, qtbot)
    menu = table.actions_of_runs.menu()
    checked = {action.text() for action in menu.actions() if action.isChecked()}
    assert checked == {"Compare", "Star"}
    assert all(action.text() for action in menu.actions() if not action.isSeparator())
    menu.deleteLater()


def test_copy_puts_the_selected_rows_on_the_clipboard(controller, base, make, qtbot) -> None:
    table = make()
    table.view.selectAll()
    press(table, Qt.Key.Key_C, qtbot, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    heading = lines[0].split("\t")
    assert len(lines) == 3
    rows = [dict(zip(heading, line.split("\t"), strict=True)) for line in lines[1:]]
    assert [row["Run"] for row in rows] == ["base", "fast"]
    assert [row["Learning rate"] for row in rows] == ["0.03", "0.5"]
    assert float(rows[0]["Test loss"]) == pytest.approx(base.history.latest("test_loss"))
    assert rows[0]["Epochs"] == "6"


def test_the_table_is_written_to_a_file(controller, base, make, qtbot, tmp_path: Path) -> None:
    table = make()
    table.actions_of_runs.export_to(tmp_path / "runs.csv")
    assert (tmp_path / "runs.csv").read_text().startswith("Run,Star,Origin,Epochs")
    with qtbot.waitSignal(controller.notice) as said:
        table.actions_of_runs.export_to(tmp_path / "nowhere" / "runs.csv")
    assert "cannot be written" in said.args[0]


def test_a_heading_sorts_up_down_and_not_at_all(controller, base, make, qtbot) -> None:
    table = make()

    def epochs() -> list[str]:
        return [text(table, row, "epochs") for row in range(table.order.rowCount())]

    header, place = table.view.horizontalHeader(), table.model.place_of("epochs")
    assert base.epoch == controller.run.epoch == 6
    opened(controller, "seed=2", epochs=2)
    table.refresh()
    for wanted in (["2", "6", "6"], ["6", "6", "2"], ["6", "6", "2"]):
        place = table.model.place_of("epochs")
        at = QPoint(header.sectionViewportPosition(place) + 10, 10)
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
        assert epochs() == wanted
    assert table._sorted is None


def test_widths_hidden_columns_and_order_are_remembered(controller, base, make, qtbot, tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    first = make(settings)
    first.view.setColumnWidth(first.model.place_of("origin"), 200)
    menu = first.columns_menu()
    entries = {str(action.data()): action for action in menu.actions()}
    assert not entries[NAME].isEnabled()
    assert not entries[CHECK].isEnabled()
    entries["gap"].trigger()
    menu.deleteLater()
    first._sort_by_section(first.model.place_of("epochs"))
    second = make(settings)
    assert second.view.columnWidth(second.model.place_of("origin")) == 200
    assert second.view.isColumnHidden(second.model.place_of("gap"))
    assert second._sorted == ("epochs", False)
    settings.setValue("compare/columns", "{damaged")
    assert not make(settings).view.isColumnHidden(second.model.place_of("gap"))


def test_columns_that_come_do_not_change_the_widths_of_others(controller, base, make, qtbot) -> None:
    table = make()
    widths = {c.key: table.view.columnWidth(i) for i, c in enumerate(table.model.table.columns) if c.key != NOTE}
    opened(controller, "seed=9", "data.train_share=0.6", epochs=1)
    table.refresh()
    after = {c.key: table.view.columnWidth(i) for i, c in enumerate(table.model.table.columns)}
    assert {"seed", "data.train_share"} <= set(after)
    assert {key: after[key] for key in widths} == widths


def test_the_moment_of_the_metrics_is_chosen(controller, base, make, qtbot) -> None:
    table = make()
    assert table.model.place_of("at") < 0
    table._choose_moment(0)
    assert text(table, 0, "at") == str(base.history.best_epoch)


def test_cells_are_spoken(controller, base, make) -> None:
    table = make()
    role = Qt.ItemDataRole.AccessibleTextRole

    def spoken(key: str) -> str:
        return str(table.order.index(0, table.model.place_of(key)).data(role))

    assert [spoken(key) for key in (CHECK, STAR, "epochs")] == ["compared", "not starred", "Epochs: 6"]
    assert spoken(COLOR).startswith("colour")
    assert table.view.accessibleName()


def test_a_hundred_million_epochs_can_be_read(controller, base, make) -> None:
    table = make()
    width = table.view.columnWidth(table.model.place_of("epochs"))
    assert table.view.fontMetrics().horizontalAdvance("100,000,000") + 16 <= width
