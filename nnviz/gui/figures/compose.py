"""Composing a figure of several views, and its recipe as a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget

from nnviz.export.files import replace_file
from nnviz.export.recipe import Recipe, read_recipe, to_toml
from nnviz.export.run_files import file_name
from nnviz.gui.figures.dialog import FigureDialog
from nnviz.gui.figures.moment import Moment, needs_of
from nnviz.gui.figures.panel_list import PanelList
from nnviz.gui.form import Form
from nnviz.gui.widgets.save_question import ask_where
from nnviz.gui.widgets.section import Caption
from nnviz.settings import SettingsError, changed

_RECIPES = "Recipes of figures (*.toml)"


class ComposeDialog(FigureDialog):
    """A figure dialog in which views can be chosen and ordered, and recipes saved and opened.

    `want` is told which probes the views need whenever these are others.
    """

    def __init__(
        self,
        recipe: Recipe,
        moment: Callable[[], Moment],
        want: Callable[[frozenset[str]], None],
        parent: QWidget | None = None,
    ) -> None:
        self._want = want
        self.panel_list = PanelList()
        self.grid_form = Form(Recipe, only=("columns", "letters"))
        super().__init__(recipe, moment, parent, "Compose figure")
        self.panel_list.changed.connect(self._set_panels)
        self.grid_form.edited.connect(self._edit_grid)
        self.grow(1080, 760)

    def set_recipe(self, recipe: Recipe) -> None:
        """Show another recipe, a moment later, and have measured what it needs."""
        if needs_of(recipe) != needs_of(self.recipe):
            self._want(needs_of(recipe))
        super().set_recipe(recipe)

    def first_rows(self) -> tuple[QWidget, ...]:
        return (Caption("Views"), self.panel_list, self.grid_form, Caption("Figure"))

    def more_buttons(self) -> tuple[QPushButton, ...]:
        self.open_button, self.keep_button = QPushButton("Open recipe…"), QPushButton("Save recipe…")
        self.open_button.clicked.connect(self._open_recipe)
        self.keep_button.clicked.connect(self._keep_recipe)
        for button in (self.open_button, self.keep_button):
            button.setAutoDefault(False)
        return self.open_button, self.keep_button

    # ------------------------------------------------------------ parts

    def _show_settings(self) -> None:
        super()._show_settings()
        self.keep_button.setEnabled(bool(self.recipe.panels))
        self.panel_list.show_panels(self.recipe.panels)
        self.grid_form.show_settings(self.recipe)

    @Slot(object)
    def _set_panels(self, panels: object) -> None:
        assert isinstance(panels, tuple)
        self.set_recipe(self.recipe.replace(panels=panels))

    @Slot(str, object, str, bool)
    def _edit_grid(self, path: str, value: object, words: str, final: bool) -> None:
        try:
            self.set_recipe(changed(self.recipe, path, value))
        except SettingsError as error:
            self.grid_form.show_problem(path, str(error))

    @Slot()
    def _open_recipe(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open recipe", str(self.folder), _RECIPES)
        if name:
            self.folder = Path(name).parent
            try:
                self.set_recipe(read_recipe(Path(name)))
            except SettingsError as error:
                self.line.say(str(error), wrong=True)

    @Slot()
    def _keep_recipe(self) -> None:
        suggestion = self.folder / f"{file_name(self.moment.name)}-figure.toml"
        path = ask_where(self, "Save recipe", suggestion, {"Recipe": ".toml"})
        if path is None:
            return
        self.folder = path.parent
        try:
            replace_file(path, to_toml(self.recipe).encode())
        except OSError as error:
            self.line.say(f"{path} cannot be written: {error.strerror or error}; choose another folder.", wrong=True)
            return
        self.line.say(f"Saved {path.name}.")
