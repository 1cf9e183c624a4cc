"""What the window does about figures: opens dialogs, copies, remembers."""

from __future__ import annotations

from pathlib import Path

import pytest
from figure_stage import figure
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from nnviz.experiment import bundled
from nnviz.export.presets import presets
from nnviz.export.recipe import Panel, Recipe
from nnviz.gui.app import make_window
from nnviz.gui.controller import Controller
from nnviz.gui.figures.actions import FigureActions
from nnviz.gui.figures.dialog import FigureDialog
from nnviz.gui.theme import DARK
from nnviz.gui.views import views


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


def test_a_composition_begins_without_a_view_where_none_is_shown(
    controller: Controller, opened: list[FigureDialog]
) -> None:
    FigureActions(None, controller, lambda: None).compose([])  # type: ignore[arg-type]
    assert opened[-1].recipe.panels == ()
    assert opened[-1].recipe.columns == 1, "0 would be no recipe that could be read again"


def test_the_folder_is_remembered(
    controller: Controller, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    actions = FigureActions(None, controller, lambda: None)  # type: ignore[arg-type]
    view = views["loss"](DARK)
    qtbot.addWidget(view)
    suggested: list[str] = []

    def asks(parent: object, title: str, suggestion: str, filters: str) -> tuple[str, str]:
        suggested.append(suggestion)
        return str(tmp_path / "figure.png"), "PNG picture (*.png)"

    def ask_and_close(dialog: FigureDialog) -> int:
        dialog.ask_path()
        return 0

    monkeypatch.setattr(QFileDialog, "getSaveFileName", asks)
    monkeypatch.setattr(FigureDialog, "exec", ask_and_close)
    actions.export(view)
    actions.export(view)
    assert [Path(path).parent for path in suggested] == [Path(), tmp_path]


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
