"""Opening files: experiments, tables through their dialog, and what cannot be opened."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from nnviz.data.dataset import DataError
from nnviz.data.readers.table import Table, inspect
from nnviz.experiment import Experiment
from nnviz.gui import theme as themes
from nnviz.gui.panels import table_import
from nnviz.gui.panels.table_import import TableImport, open_path
from nnviz.gui.panels.table_models import NAME, USE, ColumnsModel, RowsModel
from nnviz.snapshot import Status


@pytest.fixture
def window(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    made.setStyleSheet(themes.style_sheet(themes.DARK))
    made.show()
    return made


@pytest.fixture
def flowers(tmp_path) -> Path:
    path = tmp_path / "flowers.csv"
    kinds = ("setosa", "virginica", "versicolor")
    lines = [
        f"{i},{i % 13 + 0.5},{'' if i % 9 == 0 else i % 7},{('red', 'blue')[i % 2]},same,{kinds[i % 3]}"
        for i in range(90)
    ]
    path.write_text("\n".join(["id,length,width,colour,site,species", *lines]) + "\n", encoding="utf-8")
    return path


def opened(window: QWidget) -> TableImport:
    return window.findChildren(TableImport)[-1]


@pytest.fixture
def dialog(qtbot, controller, window, flowers):
    assert open_path(controller, flowers, window)
    made = opened(window)
    qtbot.waitUntil(lambda: made.preview is not None, timeout=30_000)
    return made


def is_open(window: QWidget) -> bool:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return bool(window.findChildren(TableImport))


# ---------------------------------------------------------------- files of other kinds


def test_an_experiment_opens_at_once(controller, window, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\n[training]\nbatch_size = 3\n', encoding="utf-8")
    assert open_path(controller, path, window)
    assert controller.experiment.training.batch_size == 3


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("broken.toml", "name = ", "broken.toml"),
        ("wrong.toml", "[training]\nbatch_sise = 3\n", "batch_size"),
        ("picture.png", "", "picture.png cannot be opened"),
        ("missing.csv", None, "There is no file"),
        ("missing.toml", None, "cannot be read"),
    ],
)
def test_what_cannot_be_opened_is_said_and_changes_nothing(controller, window, tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    before, heard = controller.experiment, []
    controller.notice.connect(heard.append)
    assert not open_path(controller, tmp_path / name, window)
    assert len(heard) == 1
    assert said in heard[0]
    assert controller.experiment is before
    assert not is_open(window)


@pytest.mark.parametrize("name", ["folder", "folder.csv", "folder.toml"])
def test_a_folder_is_called_a_folder(controller, window, tmp_path, name):
    (tmp_path / name).mkdir()
    heard = []
    controller.notice.connect(heard.append)
    assert not open_path(controller, tmp_path / name, window)
    assert len(heard) == 1
    assert f"{name} is a folder; open a file" in heard[0]
    assert not is_open(window)


# ---------------------------------------------------------------- the dialog


def test_it_shows_every_column_with_its_role(dialog):
    model = dialog.columns_model
    names = [model.index(row, NAME).data() for row in range(model.rowCount())]
    roles = [model.index(row, USE).data() for row in range(model.rowCount())]
    assert dict(zip(names, roles, strict=True)) == {
        "id": "ignored",
        "length": "feature",
        "width": "feature",
        "colour": "feature",
        "site": "ignored",
        "species": "target",
    }
    assert dialog.rows_model.rowCount() == 50
    assert dialog.rows_model.index(0, 5).data() == "setosa"
    assert dialog.facts.whole == "90 rows · 6 columns · comma · UTF-8"
    assert dialog.status.whole == "3 columns to predict species from"
    assert dialog.task.text == "Automatic: classes"


def test_what_is_not_usable_says_why_and_cannot_be_checked(dialog):
    model = dialog.columns_model
    index = model.index(4, USE)
    assert not model.flags(index) & Qt.ItemFlag.ItemIsUserCheckable
    assert "one value only" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_the_table_becomes_the_data_of_the_experiment(dialog, controller, window, qtbot, flowers):
    dialog.ok_button.click()
    qtbot.waitUntil(lambda: not is_open(window), timeout=30_000)
    experiment = controller.experiment
    assert experiment.name == "flowers"
    assert experiment.data.source == Table(path=str(flowers), target="species", task="auto")
    assert experiment.data.standardize

    def ready() -> bool:
        controller.tick()
        return controller.run.status is Status.READY and controller.run.snapshot is not None

    qtbot.waitUntil(ready, timeout=60_000)
    assert controller.run.snapshot.data.n_classes == 3
    controller.undo_stack.undo()
    assert controller.experiment == Experiment()


def test_features_can_be_left_out_with_the_mouse_and_with_the_keyboard(dialog):
    view, model = dialog.columns_view, dialog.columns_model
    place = view.visualRect(model.index(1, USE)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert model.features == ("width", "colour")
    view.setCurrentIndex(model.index(3, USE))
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert model.features == ("width",)
    assert dialog.source.features == ("width",)
    assert dialog.status.whole == "1 column to predict species from"


def test_all_and_none(dialog):
    dialog.none_button.click()
    assert not dialog.ok_button.isEnabled()
    assert dialog.status.whole == "Choose a feature."
    dialog.all_button.click()
    assert dialog.columns_model.features == ("id", "length", "width", "colour")
    assert dialog.ok_button.isEnabled()


def test_another_target_changes_roles_and_task(dialog):
    view, model = dialog.columns_view, dialog.columns_model
    place = view.visualRect(model.index(1, NAME)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert (model.target, dialog.target.value) == ("length", "length")
    assert dialog.task.text == "Automatic: values"
    assert dialog.source.features == ()
    assert model.features == ("width", "colour", "species")
    dialog.target.box.setFocus()
    QTest.keyClick(dialog.target.box, Qt.Key.Key_Down)
    assert model.target == "width"
    assert "length" in model.features


def test_task_and_gaps_can_be_chosen(dialog):
    dialog.task.set_value("regression")
    dialog.missing.set_value("drop")
    assert (dialog.source.task, dialog.source.missing) == ("regression", "drop")


def test_samples_that_cannot_be_made_are_refused_in_place(dialog, controller, window, qtbot):
    dialog.target.set_value("species")
    dialog.task.set_value("regression")
    dialog.ok_button.click()
    qtbot.waitUntil(lambda: bool(dialog.error.text()), timeout=30_000)
    assert dialog.error.isVisible()
    assert controller.experiment == Experiment()
    assert dialog.ok_button.isEnabled()
    assert is_open(window)


def test_a_bad_file_is_explained_and_another_delimiter_can_be_tried(controller, window, qtbot, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("a;b,c\n1;2,3\n4;5,6\n7;8,9\n1;9,9\n4,4;4,4\n", encoding="utf-8")
    assert open_path(controller, path, window)
    dialog = opened(window)
    dialog.delimiter.box.setCurrentIndex(1)
    dialog.delimiter.box.activated.emit(1)
    qtbot.waitUntil(lambda: bool(dialog.error.text()), timeout=30_000)
    assert "line 6" in dialog.error.text()
    assert not dialog.ok_button.isEnabled()
    assert dialog.delimiter.isEnabled()
    dialog.delimiter.box.setCurrentIndex(2)
    dialog.delimiter.box.activated.emit(2)
    qtbot.waitUntil(lambda: dialog.preview is not None, timeout=30_000)
    assert dialog.error.text() == ""
    assert dialog.ok_button.isEnabled()
    dialog.reject()


def test_a_loss_that_cannot_fit_gives_way(dialog, controller, window, qtbot):
    controller.set("training.loss", "cross-entropy", "x")
    dialog.target.set_value("length")
    dialog.columns_model.set_target("length")
    dialog.ok_button.click()
    qtbot.waitUntil(lambda: not is_open(window), timeout=30_000)
    assert controller.experiment.training.loss.kind == "automatic"


def test_it_is_busy_while_it_reads_and_can_be_cancelled(controller, window, qtbot, flowers, monkeypatch):
    go_on, began = threading.Event(), threading.Event()

    def slow(path, delimiter):
        began.set()
        go_on.wait(20)
        return inspect(path, delimiter)

    monkeypatch.setattr(table_import, "inspect", slow)
    assert open_path(controller, flowers, window)
    dialog = opened(window)
    try:
        assert began.wait(20)
        assert dialog.busy.isVisible()
        assert "Reading" in dialog.status.whole
        assert not dialog.ok_button.isEnabled()
        dialog.cancel_button.click()
        assert not is_open(window)
    finally:
        go_on.set()
    assert controller.experiment == Experiment()
    qtbot.waitUntil(lambda: not any(t.name == "nnviz-job" for t in threading.enumerate()), timeout=20_000)


def test_what_nobody_foresaw_becomes_a_sentence(controller, window, qtbot, flowers, monkeypatch):
    def broken(path, delimiter):
        raise MemoryError("too large")

    monkeypatch.setattr(table_import, "inspect", broken)
    open_path(controller, flowers, window)
    dialog = opened(window)
    qtbot.waitUntil(lambda: bool(dialog.error.text()), timeout=20_000)
    assert "too large" in dialog.error.text()
    dialog.reject()


def test_a_table_in_use_is_shown_as_it_was_left(controller, window, qtbot, flowers):
    current = Table(path=str(flowers), target="width", features=("length",), task="regression", missing="drop")
    dialog = TableImport(controller, flowers, window, current)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.preview is not None, timeout=20_000)
    assert dialog.source == current
    dialog.reject()


def test_of_very_many_columns_only_those_in_sight_are_measured(controller, window, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "wide.csv"
    lines = [",".join(f"c{i}" for i in range(3000))]
    lines += [",".join(f"{(i * row) % 97}.5" for i in range(3000)) for row in range(20)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    asked = {RowsModel: [], ColumnsModel: []}

    def watch(model):
        data = model.data

        def noted(self, index, role=Qt.ItemDataRole.DisplayRole):
            asked[model].append((index.row(), index.column()))
            return data(self, index, role)

        monkeypatch.setattr(model, "data", noted)

    for model in asked:
        watch(model)
    assert open_path(controller, path, window)
    dialog = opened(window)
    qtbot.waitUntil(lambda: dialog.preview is not None, timeout=30_000)
    dialog.grab()
    assert dialog.rows_model.columnCount() == 3000
    assert 1 < len({column for _, column in asked[RowsModel]}) < 250
    assert 1 < len({row for row, _ in asked[ColumnsModel]}) < 250
    assert sum(map(len, asked.values())) < 100_000
    assert dialog.rows_view.columnWidth(0) == dialog.rows_view.horizontalHeader().defaultSectionSize()
    dialog.reject()


def test_every_control_has_an_accessible_name(dialog):
    focusable = [w for w in dialog.findChildren(QWidget) if w.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert [type(w).__name__ for w in focusable if not (w.accessibleName() or getattr(w, "text", str)())] == []


def test_the_reader_still_raises_what_the_dialog_expects(tmp_path):
    with pytest.raises(DataError):
        inspect(tmp_path / "none.csv")
