"""The data panel, on a real controller."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QWidget

from nnviz.data.drawings.drawing import Drawing
from nnviz.data.generators.blobs import Blobs
from nnviz.data.generators.circles import Circles
from nnviz.data.generators.moons import Moons
from nnviz.data.source import Source
from nnviz.engines.losses.automatic import Automatic
from nnviz.experiment import Experiment
from nnviz.gui import theme as themes
from nnviz.gui.controller import Controller
from nnviz.gui.panels.data import DataPanel
from nnviz.gui.widgets.row import Row
from nnviz.settings import kind_of
from nnviz.snapshot import Status


@pytest.fixture
def panel(qtbot, controller):
    made = DataPanel(controller, themes.DARK)
    made.setStyleSheet(themes.style_sheet(themes.DARK))
    qtbot.addWidget(made)
    made.resize(280, 780)
    made.show()
    return made


def wait_for_data(qtbot, controller: Controller) -> None:
    def arrived() -> bool:
        controller.tick()
        snapshot = controller.run.snapshot
        return snapshot is not None and snapshot.experiment == controller.experiment

    qtbot.waitUntil(arrived, timeout=60_000)


def press(panel: DataPanel, kind: str) -> None:
    QTest.mouseClick(panel.gallery.tiles[kind], Qt.MouseButton.LeftButton)


def source_row(panel: DataPanel, name: str) -> Row:
    row = panel.source_form.current.row(f"data.source.{name}")
    assert row is not None
    return row


def type_number(row: Row, text: str) -> None:
    row.edit()
    QTest.keyClicks(QApplication.focusWidget(), text)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)


def test_the_gallery_shows_every_generator_and_bundled_set_with_its_samples(panel):
    wanted = {kind_of(s) for s in Source.registry if s.family in ("generator", "bundled")}
    assert set(panel.gallery.tiles) == wanted
    assert panel.gallery.tiles["circles"].isChecked()
    images = {name: tile.grab().toImage() for name, tile in panel.gallery.tiles.items()}
    assert images["moons"] != images["xor"]
    assert all(tile.accessibleName() and tile.toolTip() for tile in panel.gallery.tiles.values())


def test_a_press_on_a_picture_takes_those_samples(panel, controller):
    press(panel, "moons")
    assert controller.experiment.data.source == Moons()
    assert panel.gallery.tiles["moons"].isChecked()
    assert controller.undo_stack.undoText() == "Moons"
    controller.undo_stack.undo()
    assert panel.gallery.tiles["circles"].isChecked()
    assert not panel.gallery.tiles["moons"].isChecked()


def test_samples_and_noise_that_were_set_are_kept(panel, controller):
    type_number(source_row(panel, "samples"), "300")
    type_number(source_row(panel, "noise"), "0.9")
    press(panel, "blobs")
    assert controller.experiment.data.source == Blobs(samples=300, noise=0.9)
    press(panel, "digits")
    assert controller.experiment.data.source.samples == 300


def test_the_number_of_samples_is_brought_into_the_range_of_the_new_source(panel, controller):
    controller.set("data.source", Circles(samples=5_000), "x")
    press(panel, "digits")
    assert controller.experiment.data.source.samples == 1797


def test_standardize_suits_the_source_unless_the_user_knows_better(panel, controller):
    press(panel, "wine")
    assert controller.experiment.data.standardize
    press(panel, "diabetes")
    assert controller.experiment.data.standardize
    press(panel, "digits")
    assert not controller.experiment.data.standardize
    panel.form.row("data.standardize").switch.click()
    assert controller.experiment.data.standardize
    press(panel, "moons")
    assert controller.experiment.data.standardize
    press(panel, "iris")
    press(panel, "xor")
    assert not controller.experiment.data.standardize


def test_a_loss_that_cannot_fit_the_new_task_gives_way(panel, controller):
    controller.set("training.loss", "cross-entropy", "x")
    press(panel, "moons")
    assert controller.experiment.training.loss.kind == "cross-entropy"
    press(panel, "plane")
    assert controller.experiment.training.loss == Automatic()


def test_a_drag_on_a_generator_is_one_step_and_starts_few_runs(panel, controller, qtbot):
    wait_for_data(qtbot, controller)
    number = controller.run.number
    bar = source_row(panel, "noise").slider
    middle = bar.height() // 2
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(10, middle))
    for x in range(11, 60):
        QTest.mouseMove(bar, QPoint(x, middle), delay=2)
    begun = controller.run.number - number
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(59, middle))
    assert begun < 20
    assert controller.undo_stack.count() == 1
    assert controller.experiment.data.source.noise == source_row(panel, "noise").value
    controller.undo_stack.undo()
    assert controller.experiment == Experiment()


def test_what_a_slider_waits_with_is_applied_without_a_release(panel, controller, qtbot):
    bar = source_row(panel, "noise").slider
    middle = bar.height() // 2
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(20, middle))
    QTest.mouseMove(bar, QPoint(30, middle))
    QTest.mouseMove(bar, QPoint(40, middle))
    shown = source_row(panel, "noise").value
    qtbot.waitUntil(lambda: controller.experiment.data.source.noise == shown, timeout=5_000)
    assert source_row(panel, "noise").slider.isSliderDown()
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(40, middle))


def test_shares_are_percentages(panel, controller):
    row = panel.form.row("data.train_share")
    assert row.number.text() == "50 %"
    type_number(row, "80")
    assert controller.experiment.data.train_share == 0.8
    type_number(row, "99")
    assert row.error
    assert controller.experiment.data.train_share == 0.8


def test_counts_and_notes_are_those_of_the_samples(panel, controller, qtbot):
    wait_for_data(qtbot, controller)
    assert panel.counts.text() == "train 250 · test 250"
    assert not panel.notes.isVisible()
    controller.set("data.label_noise", 0.1, "x")
    controller.set("data.validation_share", 0.1, "x")
    wait_for_data(qtbot, controller)
    assert panel.counts.text() == "train 250 · validation 50 · test 200 · 25 mislabelled"
    press(panel, "wine")
    controller.set("data.standardize", False, "x")
    wait_for_data(qtbot, controller)
    assert "Standardize" in panel.notes.text()
    assert panel.notes.isVisible()


def test_label_noise_needs_labels(panel, controller, qtbot):
    press(panel, "plane")
    wait_for_data(qtbot, controller)
    assert not panel.form.row("data.label_noise").isEnabled()
    press(panel, "circles")
    wait_for_data(qtbot, controller)
    assert panel.form.row("data.label_noise").isEnabled()


def test_changed_copies_are_counted_and_only_pictures_move(panel, controller, qtbot):
    wait_for_data(qtbot, controller)
    runs = len(controller.session.runs)
    controller.set("data.copies", 3, "x")
    wait_for_data(qtbot, controller)
    assert panel.counts.text() == "train 250 · test 250 · 750 copies"
    assert len(controller.session.runs) == runs, "in the run that is going on"
    assert panel.form.row("data.jitter").isEnabled()
    assert not panel.form.row("data.shift").isEnabled()
    press(panel, "digits")
    wait_for_data(qtbot, controller)
    assert panel.form.row("data.shift").isEnabled()


def test_regenerate_takes_another_data_seed(panel, controller):
    QTest.mouseClick(panel.seed_row.button, Qt.MouseButton.LeftButton)
    assert controller.experiment.data.seed == 1
    assert panel.seed_row.number.text() == "1"


def test_a_plane_is_chosen_by_the_names_of_features(panel, controller, qtbot):
    wait_for_data(qtbot, controller)
    assert not panel.plane_rows.isVisible()
    press(panel, "iris")
    wait_for_data(qtbot, controller)
    rows = panel.plane_rows
    assert rows.isVisible()
    assert [entry.text for entry in rows.first.entries] == list(controller.run.snapshot.data.feature_names)
    rows.second.box.setFocus()
    QTest.keyClick(rows.second.box, Qt.Key.Key_Down)
    assert controller.experiment.data.plane.second == 2
    rows.mode.box.setFocus()
    QTest.keyClick(rows.mode.box, Qt.Key.Key_Down)
    assert controller.experiment.data.plane.mode == "principal"
    assert not rows.first.isVisible()
    press(panel, "circles")
    wait_for_data(qtbot, controller)
    assert not rows.isVisible()


def test_draw_begins_with_the_samples_at_hand_and_generate_goes_back(panel, controller):
    press(panel, "moons")
    panel.draw_button.click()
    source = controller.experiment.data.source
    assert isinstance(source, Drawing)
    assert source.n_points == 500
    assert panel.draw_button.isChecked()
    assert not panel.generate_button.isChecked()
    assert not any(tile.isChecked() for tile in panel.gallery.tiles.values())
    panel.draw_button.click()  # once more changes nothing
    assert panel.draw_button.isChecked()
    panel.generate_button.click()
    assert controller.experiment.data.source == Moons()
    assert panel.generate_button.isChecked()


def test_what_cannot_be_drawn_leaves_an_empty_frame(panel, controller, qtbot):
    press(panel, "iris")
    wait_for_data(qtbot, controller)
    panel.draw_button.click()
    assert controller.experiment.data.source == Drawing()
    assert not controller.experiment.data.standardize

    def failed() -> bool:
        controller.tick()
        return controller.run.status is Status.FAILED

    qtbot.waitUntil(failed, timeout=20_000)
    assert panel.counts.text() == "No samples to learn from."


def test_open_asks_for_a_file_and_opens_it(panel, controller, monkeypatch, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\n', encoding="utf-8")
    monkeypatch.setattr(DataPanel, "ask_path", classmethod(lambda cls, parent: str(path)))
    panel.open_button.click()
    assert controller.experiment.name == "mine"
    assert not panel.open_button.isChecked()
    monkeypatch.setattr(DataPanel, "ask_path", classmethod(lambda cls, parent: ""))
    panel.open_button.click()
    assert controller.experiment.name == "mine"


def test_a_table_shows_its_file_and_offers_its_columns_again(panel, controller, qtbot, tmp_path):
    path = tmp_path / "flowers.csv"
    rows = "\n".join(f"{i / 7:.2f},{(i * 3) % 11},{'ab'[i % 2]}" for i in range(60))
    path.write_text(f"length,width,kind\n{rows}\n", encoding="utf-8")
    assert not panel.file_row.isVisible()
    controller.set("data.source", {"kind": "table", "path": str(path), "target": "kind"}, "x")
    wait_for_data(qtbot, controller)
    assert panel.file_row.isVisible()
    assert panel.file_name.whole == "flowers.csv"
    assert panel.open_button.isChecked()
    assert source_row(panel, "missing").value == "impute"
    assert panel.source_form.current.row("data.source.path") is None


def test_the_canvas_has_a_place_over_the_gallery(panel):
    canvas = QLabel("canvas")
    panel.set_canvas(canvas)
    QApplication.processEvents()
    assert canvas.isVisible()
    assert canvas.mapTo(panel, QPoint()).y() < panel.gallery.mapTo(panel, QPoint()).y()
    assert panel.canvas_slot.count() == 1


def test_the_actions_move_into_a_title_bar(panel, qtbot):
    bar = QWidget()
    qtbot.addWidget(bar)
    row = QHBoxLayout(bar)
    panel.controls(row)
    bar.show()
    assert not panel.caption.isVisible()
    assert bar.isAncestorOf(panel.draw_button)
    assert panel.draw_button.isVisible()


def test_the_gallery_can_be_walked_with_the_keyboard(panel, controller):
    panel.gallery.tiles["circles"].setFocus()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert controller.experiment.data.source.kind == list(panel.gallery.tiles)[1]


@pytest.mark.parametrize("width", [240, 280, 360])
@pytest.mark.parametrize("kind", ["circles", "breast-cancer", "plane"])
def test_it_fits_every_width_and_never_scrolls_sideways(panel, controller, qtbot, width, kind):
    press(panel, kind)
    wait_for_data(qtbot, controller)
    panel.resize(width, 260)
    QApplication.processEvents()
    content = panel.area.widget()
    assert content.minimumSizeHint().width() <= content.width() == panel.area.viewport().width()
    assert panel.area.horizontalScrollBar().maximum() == 0
    for part in [*panel.findChildren(Row), *panel.gallery.tiles.values()]:
        if part.isVisible():
            assert part.mapTo(content, QPoint()).x() + part.width() <= content.width() - 4


def test_pictures_follow_the_theme(panel):
    before = panel.gallery.tiles["iris"].grab().toImage()
    panel.apply_theme(themes.LIGHT)
    assert panel.gallery.tiles["iris"].grab().toImage() != before


def test_every_control_has_an_accessible_name(panel):
    focusable = [w for w in panel.findChildren(QWidget) if w.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert [type(w).__name__ for w in focusable if not w.accessibleName()] == []


def test_the_task_of_a_drawing_can_be_changed_and_the_picture_keeps_its_shape(panel, controller):
    panel.draw_button.click()
    before = controller.experiment.data.source
    row = source_row(panel, "mode")
    row.box.setFocus()
    QTest.keyClick(row.box, Qt.Key.Key_Down)
    after = controller.experiment.data.source
    assert after.mode == "regression"
    assert after.positions[:, 1] == pytest.approx(before.positions[:, 1] / 4, abs=1e-6)


def test_samples_that_take_long_are_said_to_be_prepared(panel, controller, qtbot):
    wait_for_data(qtbot, controller)
    press(panel, "moons")  # nothing polls the session, so its samples never arrive
    assert panel.counts.text().startswith("train")
    qtbot.waitUntil(lambda: panel.counts.text() == "Preparing samples …", timeout=5_000)
    wait_for_data(qtbot, controller)
    assert panel.counts.text().startswith("train")
