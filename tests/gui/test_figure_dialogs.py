"""The dialogs that make figures: what they show, write, ask and remember."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from figure_stage import difference, figure, pdf_page, pixels
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QAction, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot
from view_stage import NEEDS, Train

from nnviz.experiment import bundled
from nnviz.export.presets import presets
from nnviz.export.recipe import Panel, Recipe, read_recipe, single
from nnviz.gui.app import make_window
from nnviz.gui.controller import Controller
from nnviz.gui.figures.actions import FigureActions
from nnviz.gui.figures.compose import ComposeDialog
from nnviz.gui.figures.dialog import FigureDialog
from nnviz.gui.figures.moment import Moment, moment_of, needs_of
from nnviz.gui.theme import DARK
from nnviz.gui.views import views
from nnviz.session import Run

Open = Callable[..., FigureDialog]
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
    assert dialog.line.text() == "No epoch from 400 on was measured; this run has epochs 0 to 5."
    assert dialog.line.objectName() == "error"
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
    assert dialog.line.text() == "Being measured …"
    assert not dialog.save_button.isEnabled()
    now.append(moment_of(run))
    qtbot.waitUntil(dialog.save_button.isEnabled)
    assert dialog.preview.image is not None
    dialog.reject()


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


def test_a_recipe_with_a_view_that_is_not_there(composing: ComposeDialog) -> None:
    composing.set_recipe(FOUR.replace(panels=(Panel(view="los"),)))
    composing.draw()
    assert composing.line.text() == "There is no view called 'los'. Did you mean 'loss'?"


def test_views_ask_for_their_probes(qtbot: QtBot, run: Run) -> None:
    wanted: list[frozenset[str]] = []
    made = ComposeDialog(FOUR.replace(panels=(Panel(view="loss"),)), lambda: moment_of(run), wanted.append)
    qtbot.addWidget(made)
    made.set_recipe(FOUR)
    assert wanted == [frozenset({"surface", "confusion"})]
    assert needs_of(FOUR.replace(panels=(Panel(view="nonsense"),))) == frozenset()
    made.reject()


# ------------------------------------------------------------ what the window does


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[FigureDialog]:
    """Have dialogs return at once, and note which."""
    made: list[FigureDialog] = []

    def noted(dialog: FigureDialog) -> int:
        made.append(dialog)
        dialog.said = "Exported it."
        return 1

    monkeypatch.setattr(FigureDialog, "exec", noted)
    return made


def test_actions_of_the_window(controller: Controller, opened: list[FigureDialog], qtbot: QtBot) -> None:
    notices: list[str] = []
    wants: list[frozenset[str]] = []
    controller.notice.connect(notices.append)
    actions = FigureActions(None, controller, lambda: wants.append(actions.needs))  # type: ignore[arg-type]
    view = views["surface"](DARK)
    qtbot.addWidget(view)
    view.restore({"hard": True})
    actions.export(view)
    assert opened[-1].recipe.panels == (Panel(view="surface", choices=view.state()),)
    assert wants == [frozenset({"surface"}), frozenset()]
    loss = views["loss"](DARK)
    qtbot.addWidget(loss)
    actions.compose([view, loss])
    assert [panel.view for panel in opened[-1].recipe.panels] == ["surface", "loss"]
    assert notices == ["Exported it.", "Exported it."]
    actions.copy(loss)
    assert notices[-1].startswith(("Copied", "The view")), "depending on how far training is"


def test_the_menu_composes_what_is_shown(opened: list[FigureDialog], qtbot: QtBot) -> None:
    window = make_window(bundled("circles"), DARK, remember=False)
    try:
        window.show()
        action = next(a for a in window.menus.children() if isinstance(a, QAction) and a.text() == "Compose figure…")
        action.trigger()
        shown = [dock.view.name for dock in window._shown()]
        assert [panel.view for panel in opened[-1].recipe.panels] == shown[:4]
        assert window.statusBar().currentMessage() == "Exported it."
        window.export_current()
        assert len(opened[-1].recipe.panels) == 1
    finally:
        window.close()
        window.deleteLater()


def test_settings_are_used_again(
    controller: Controller, opened: list[FigureDialog], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Size and colours; heading and epochs belong to one figure."""
    actions = FigureActions(None, controller, lambda: None)  # type: ignore[arg-type]
    view = views["loss"](DARK)
    qtbot.addWidget(view)
    starts: list[Recipe] = []

    def set_and_close(dialog: FigureDialog) -> int:
        starts.append(dialog.recipe)
        dialog.recipe = dialog.recipe.replace(figure=figure("slide", theme="dark", heading="Once", epochs_to=9))
        return 1

    monkeypatch.setattr(FigureDialog, "exec", set_and_close)
    actions.export(view)
    actions.export(view)
    assert starts[0].figure == presets["paper-column"].figure
    assert starts[1].figure == figure("slide", theme="dark")


def test_the_preview_is_what_is_written(dialog: FigureDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, tmp_path / "loss.png")
    dialog.save_button.click()
    written = QImage(str(tmp_path / "loss.png"))
    assert dialog.preview.image is not None
    small = written.scaled(dialog.preview.image.size(), mode=Qt.TransformationMode.SmoothTransformation)
    assert difference(pixels(small), pixels(dialog.preview.image))[1] < 30
