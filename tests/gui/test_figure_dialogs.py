"""The dialogs that make figures: what they show, write, ask and remember."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from figure_stage import difference, figure, pdf_page, pixels
from PySide6.QtCore import QModelIndex, QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage, QScreen
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot
from view_stage import NEEDS, Train

from nnviz.experiment import bundled
from nnviz.export.presets import presets
from nnviz.export.recipe import Panel, Recipe, read_recipe, single, to_toml
from nnviz.gui.figures.compose import ComposeDialog
from nnviz.gui.figures.dialog import FigureDialog
from nnviz.gui.figures.moment import Moment, moment_of, needs_of
from nnviz.gui.theme import DARK, LIGHT, Theme, style_sheet
from nnviz.gui.views import views
from nnviz.gui.widgets.text import TextRow
from nnviz.run import Run
from nnviz.session import Session
from nnviz.settings import changed
from nnviz.snapshot import Status

FOUR = Recipe(
    panels=tuple(Panel(view=v) for v in ("loss", "surface", "confusion", "weights")), columns=2, figure=figure()
)


@pytest.fixture
def run(qapp: object, trained_run: Train) -> Run:
    return trained_run(needs=NEEDS, epochs=5)


@pytest.fixture
def dialog(qtbot: QtBot, run: Run) -> FigureDialog:
    made = FigureDialog(single("loss", {}, presets["paper-column"].figure), lambda: moment_of(run), None, "Export Loss")
    qtbot.addWidget(made)
    made.draw()
    return made


@pytest.fixture
def composing(qtbot: QtBot, run: Run) -> ComposeDialog:
    made = ComposeDialog(FOUR, lambda: moment_of(run), lambda needs: None)
    qtbot.addWidget(made)
    made.draw()
    return made


def answer(monkeypatch: pytest.MonkeyPatch, path: Path | None, chosen: str = "PNG picture (*.png)") -> None:
    """Have the file dialogs answer with a path."""
    given = (str(path) if path else "", chosen)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: given)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: given)


def say(monkeypatch: pytest.MonkeyPatch, yes: bool) -> list[str]:
    """Have questions answered, and return what is asked."""
    asked: list[str] = []

    def question(*arguments: object) -> QMessageBox.StandardButton:
        asked.append(str(arguments[-1]))
        return QMessageBox.StandardButton.Yes if yes else QMessageBox.StandardButton.No

    monkeypatch.setattr(QMessageBox, "question", question)
    return asked


# ------------------------------------------------------------ one view


def test_the_preview_is_the_figure(dialog: FigureDialog) -> None:
    image = dialog.preview.image
    assert image is not None
    assert image.width() / image.height() == pytest.approx(85 / 58.24, rel=0.01)
    assert dialog.line.text() == "85.0 × 58.2 mm; as PNG 2,008 × 1,376 pixels."
    assert dialog.save_button.isEnabled()


def test_the_preview_is_what_is_written(dialog: FigureDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, tmp_path / "loss.png")
    dialog.save_button.click()
    written = QImage(str(tmp_path / "loss.png"))
    assert dialog.preview.image is not None
    small = written.scaled(dialog.preview.image.size(), mode=Qt.TransformationMode.SmoothTransformation)
    assert difference(pixels(small), pixels(dialog.preview.image))[1] < 30


def test_settings_and_presets_change_the_preview(dialog: FigureDialog, qtbot: QtBot) -> None:
    before = dialog.preview.image
    row = dialog.form.row("legend")
    assert row is not None
    row.committed.emit(False)
    assert not dialog.recipe.figure.legend
    assert dialog.preset.text == "Your own"
    qtbot.waitUntil(lambda: dialog.preview.image != before)
    dialog.preset.committed.emit("slide")
    assert dialog.recipe.figure == presets["slide"].figure
    assert dialog.preset.text == "Slide"
    qtbot.waitUntil(lambda: "254.0 × 142.9 mm" in dialog.line.text())
    dialog.form.edited.emit("palette", {"kind": "tol-bright"}, "", True)
    assert dialog.recipe.figure.palette.kind == "tol-bright"
    assert dialog.preset.text == "Slide", "colours are no part of a preset"


def test_what_cannot_be_is_said_and_cannot_be_exported(dialog: FigureDialog) -> None:
    dialog.form.edited.emit("width", 3.0, "", True)
    row = dialog.form.row("width")
    assert row is not None
    assert "Expected" in row.error
    assert dialog.recipe.figure.width == 85.0
    dialog.set_recipe(dialog.recipe.replace(figure=figure(epochs_from=400)))
    dialog.draw()
    sentence = dialog.preview.sentence
    assert sentence.text() == "No epoch from 400 on was measured; this run has epochs 0 to 5."
    assert sentence.objectName() == "error"
    assert dialog.line.text() == ""
    assert dialog.preview.image is None
    assert not dialog.save_button.isEnabled()
    assert not dialog.copy_button.isEnabled()


@pytest.mark.parametrize("format", ["png", "svg", "pdf", "csv"])
def test_export(format: str, dialog: FigureDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, tmp_path / f"LOSS.{format.upper()}")
    (tmp_path / f"LOSS.{format.upper()}").write_text("old")  # the file dialog has asked about this name
    dialog.save_button.click()
    assert dialog.said == f"Exported LOSS.{format.upper()}."
    assert dialog.result() == FigureDialog.DialogCode.Accepted
    (written,) = tmp_path.iterdir()
    assert written.read_bytes() != b"old"


def test_the_ending_follows_the_format_and_nothing_is_replaced_unasked(
    dialog: FigureDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loss.v2.pdf").write_text("old")
    answer(monkeypatch, tmp_path / "loss.v2", "PDF document (*.pdf)")
    asked = say(monkeypatch, yes=False)
    dialog.save_button.click()
    assert asked == ["loss.v2.pdf exists already. Replace it?"]
    assert (tmp_path / "loss.v2.pdf").read_text() == "old"
    say(monkeypatch, yes=True)
    dialog.save_button.click()
    assert pdf_page((tmp_path / "loss.v2.pdf").read_bytes())[0] == pytest.approx(85, abs=1e-3)


def test_the_chosen_format_counts_more_than_the_suggestion(
    dialog: FigureDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every system changes the ending of the name with the format."""
    (tmp_path / "untitled-loss.pdf").write_text("old")
    answer(monkeypatch, tmp_path / "untitled-loss.png", "PDF document (*.pdf)")
    asked = say(monkeypatch, yes=True)
    dialog.save_button.click()
    assert asked == ["untitled-loss.pdf exists already. Replace it?"]
    (written,) = tmp_path.iterdir()
    assert pdf_page(written.read_bytes())[0] == pytest.approx(85, abs=1e-3)
    answer(monkeypatch, tmp_path / "mine.png", "PDF document (*.pdf)")
    dialog.save_button.click()
    assert (tmp_path / "mine.png").read_bytes().startswith(b"\x89PNG"), "an ending that was typed counts"


def test_a_target_that_cannot_be_written(dialog: FigureDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, tmp_path / "missing" / "loss.png")
    dialog.save_button.click()
    assert dialog.line.text().endswith("cannot be written: No such file or directory; choose another folder.")
    assert dialog.said == ""
    answer(monkeypatch, None)
    dialog.save_button.click()
    assert list(tmp_path.iterdir()) == []


def test_copy(dialog: FigureDialog) -> None:
    dialog.copy_button.click()
    assert QGuiApplication.clipboard().mimeData().hasImage()
    assert "Copied" in dialog.line.text()


def test_a_suggestion_names_experiment_and_view(dialog: FigureDialog, composing: ComposeDialog) -> None:
    assert dialog.suggestion() == "untitled-loss.png"
    assert composing.suggestion() == "untitled-figure.png"


def test_it_waits_for_what_is_not_measured_yet(qtbot: QtBot, run: Run) -> None:
    assert run.snapshot is not None
    bare = replace(run.snapshot, arrays={}, wanted=frozenset())
    now = [Moment("test", run.history, bare)]
    dialog = FigureDialog(single("surface", {}, figure()), lambda: now[-1])
    qtbot.addWidget(dialog)
    dialog.draw()
    assert dialog.preview.sentence.text() == "Being measured …"
    assert not dialog.save_button.isEnabled()
    now.append(moment_of(run))
    qtbot.waitUntil(dialog.save_button.isEnabled)
    assert dialog.preview.image is not None
    assert dialog.preview.sentence.text() == ""
    dialog.reject()


def test_it_does_not_wait_for_a_run_that_failed(qtbot: QtBot, qapp: object) -> None:
    missing = changed(bundled("circles"), "data.source", {"kind": "table", "path": "gone.csv"})
    session = Session(missing)
    try:
        qtbot.waitUntil(lambda: session.poll() and session.run.status is Status.FAILED, timeout=30_000)
        dialog = FigureDialog(single("loss", {}, figure()), lambda: moment_of(session.run))
        qtbot.addWidget(dialog)
        dialog.draw()
        assert dialog.preview.sentence.text() == session.run.text != ""
        assert dialog.preview.sentence.objectName() == "error"
        assert not dialog._look.isActive()
        dialog.set_recipe(dialog.recipe.replace(figure=figure(width=30.0)))
        dialog.draw()
        assert "too narrow" in dialog.preview.sentence.text(), "what is wrong with the settings comes first"
        dialog.reject()
    finally:
        session.close()


def test_return_settles_what_was_typed_and_does_not_export(
    dialog: FigureDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(FigureDialog, "ask_path", lambda dialog: asked.append(dialog))
    dialog.show()
    dialog.activateWindow()
    row = dialog.form.row("heading")
    assert isinstance(row, TextRow)
    row.field.setFocus()
    qtbot.keyClicks(row.field, "Circles")
    qtbot.keyClick(row.field, Qt.Key.Key_Return)
    assert dialog.recipe.figure.heading == "Circles"
    assert asked == []
    dialog.copy_button.setFocus()
    qtbot.keyClick(dialog.preset.box, Qt.Key.Key_Return)
    assert asked == [dialog], "anywhere else Return is the button that stands out"


def test_tab_goes_from_row_to_row(dialog: FigureDialog, composing: ComposeDialog, qtbot: QtBot) -> None:
    """Nothing takes the focus that has no name and does not show it."""
    for shown, first in ((dialog, "Preset"), (composing, composing.panel_list.list.accessibleName())):
        shown.show()
        shown.activateWindow()
        qtbot.waitUntil(lambda shown=shown: shown.focusWidget() is not None)  # type: ignore[misc]
        seen: list[str] = []
        while len(seen) < 40:
            focused = shown.focusWidget()
            assert focused is not None
            seen.append(focused.accessibleName() or getattr(focused, "text", str)())
            qtbot.keyClick(focused, Qt.Key.Key_Tab)
        assert seen[0] == first
        assert all(seen)
        assert {"Width", "Heading", "To epoch", "Copy", "Export…"} <= set(seen)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_the_focus_shows_on_every_button(theme: Theme, dialog: FigureDialog, qtbot: QtBot) -> None:
    """Export…, too, which has the colour that others have around them when they have the focus."""
    dialog.setStyleSheet(style_sheet(theme))
    dialog.show()
    dialog.activateWindow()
    for button in (dialog.copy_button, dialog.save_button):
        button.setFocus()
        qtbot.waitUntil(button.hasFocus)
        focused = button.grab().toImage()
        dialog.preset.box.setFocus()
        qtbot.waitUntil(dialog.preset.box.hasFocus)
        before = button.grab().toImage()
        assert before != focused
        button.setEnabled(False)
        assert difference(pixels(button.grab().toImage()), pixels(before))[1] > 30, "and so does what cannot be pressed"


def test_dialogs_fit_the_screen(
    dialog: FigureDialog, composing: ComposeDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QScreen, "availableSize", lambda screen: QSize(1024, 600))
    for shown in (dialog, composing):
        shown.grow(1080, 760)
        assert (shown.width(), shown.height()) == (992, 536)


def test_training_goes_on_under_an_open_dialog_which_keeps_its_moment(run: Run) -> None:
    moment = moment_of(run)
    assert moment.history is not run.history
    assert len(moment.history) == len(run.history)
    assert moment.snapshot is run.snapshot


# ------------------------------------------------------------ several views


def test_views_are_added_moved_and_removed(composing: ComposeDialog) -> None:
    shown = composing.panel_list

    def names() -> list[str]:
        assert composing.recipe.panels == shown.panels
        return [panel.view for panel in composing.recipe.panels]

    shown.down_button.click()
    assert names() == ["surface", "loss", "confusion", "weights"]
    shown.remove_button.click()
    assert names() == ["surface", "confusion", "weights"]
    shown.up_button.click()
    assert names() == ["confusion", "surface", "weights"]
    actions = {action.text(): action for action in shown.add_button.menu().actions()}
    assert list(actions) == [view.title for view in views]
    actions["Gradients"].trigger()
    assert names()[-1] == "gradient_norm"
    assert shown.list.model().moveRow(QModelIndex(), 3, QModelIndex(), 0), "what dragging does"
    assert names() == ["gradient_norm", "confusion", "surface", "weights"]
    for _ in range(5):
        shown.remove_button.click()
    assert len(names()) == 1, "the last one stays"
    assert not shown.remove_button.isEnabled()


def test_grid_and_letters(composing: ComposeDialog, qtbot: QtBot) -> None:
    composing.grid_form.edited.emit("columns", 1, "", True)
    composing.grid_form.edited.emit("letters", False, "", True)
    assert (composing.recipe.columns, composing.recipe.rows, composing.recipe.letters) == (1, 4, False)
    qtbot.waitUntil(lambda: composing.preview.image is not None and _upright(composing.preview.image))


def _upright(image: QImage) -> bool:
    return image.height() > image.width()


def test_recipes_are_saved_and_opened(
    composing: ComposeDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, tmp_path / "mine")
    composing.keep_button.click()
    assert read_recipe(tmp_path / "mine.toml") == composing.recipe
    assert composing.line.text() == "Saved mine.toml."
    asked = say(monkeypatch, yes=False)
    composing.set_recipe(composing.recipe.replace(columns=1))
    composing.keep_button.click()
    assert asked == ["mine.toml exists already. Replace it?"]
    assert read_recipe(tmp_path / "mine.toml").columns == 2
    answer(monkeypatch, tmp_path / "mine.toml")
    composing.open_button.click()
    assert composing.recipe == FOUR
    (tmp_path / "mine.toml").write_text("panels = [")
    composing.open_button.click()
    assert "mine.toml is not valid TOML" in composing.line.text()
    assert composing.recipe == FOUR
    answer(monkeypatch, tmp_path / "missing" / "mine.toml")
    composing.keep_button.click()
    assert "cannot be written" in composing.line.text()


def test_without_a_view_there_is_nothing_to_save(composing: ComposeDialog, tmp_path: Path) -> None:
    composing.set_recipe(FOUR.replace(panels=()))
    composing.draw()
    assert composing.preview.sentence.text() == "This figure has no views yet; add one."
    assert not composing.keep_button.isEnabled()
    composing.panel_list.add_button.menu().actions()[0].trigger()
    composing.draw()
    assert composing.preview.image is not None
    assert composing.keep_button.isEnabled()
    (tmp_path / "one.toml").write_text(to_toml(composing.recipe), encoding="utf-8")
    assert read_recipe(tmp_path / "one.toml") == composing.recipe


def test_a_recipe_with_choices_that_are_none(composing: ComposeDialog) -> None:
    composing.set_recipe(FOUR.replace(panels=(Panel(view="weights", choices={"layer": "first"}),)))
    composing.draw()
    assert composing.preview.sentence.text() == "The view “Weights” cannot take 'first' for layer; at first it is 0."
    assert not composing.save_button.isEnabled()


def test_a_recipe_with_a_view_that_is_not_there(composing: ComposeDialog) -> None:
    composing.set_recipe(FOUR.replace(panels=(Panel(view="los"),)))
    composing.draw()
    assert composing.preview.sentence.text() == "There is no view called 'los'. Did you mean 'loss'?"


def test_views_ask_for_their_probes(qtbot: QtBot, run: Run) -> None:
    wanted: list[frozenset[str]] = []
    made = ComposeDialog(FOUR.replace(panels=(Panel(view="loss"),)), lambda: moment_of(run), wanted.append)
    qtbot.addWidget(made)
    made.set_recipe(FOUR)
    assert wanted == [frozenset({"surface", "confusion", "parameters"})]
    assert needs_of(FOUR.replace(panels=(Panel(view="nonsense"),))) == frozenset()
    made.reject()
