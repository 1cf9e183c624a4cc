"""What the window does about figures: export and copy one view, compose several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import QWidget

from nnviz.export.presets import FIRST, presets
from nnviz.export.recipe import Panel, Recipe, single
from nnviz.gui.controller import Controller
from nnviz.gui.figures.compose import ComposeDialog
from nnviz.gui.figures.dialog import FigureDialog
from nnviz.gui.figures.export import copy
from nnviz.gui.figures.moment import Moment, moment_of, needs_of
from nnviz.gui.figures.problem import ExportError
from nnviz.gui.views import View

_COPIED_DPI = 192
"""Resolution of what a view's menu copies: fine enough for a document, small enough for a chat."""


class FigureActions:
    """Opens the dialogs on the run at hand. Settings, composition and folder are remembered until the window closes.

    What was done is a notice of the controller.

    `needs` are the probes that an open dialog asks for; `wants_changed` is called when they are others.
    """

    def __init__(self, window: QWidget, controller: Controller, wants_changed: Callable[[], None]) -> None:
        self._window, self._controller, self._wants_changed = window, controller, wants_changed
        self._figure = presets[FIRST].figure
        self._composed: Recipe | None = None
        self._folder = Path()
        self.needs: frozenset[str] = frozenset()

    def export(self, view: View) -> None:
        """Let the user export a view."""
        recipe = single(view.name, view.state(), self._figure)
        dialog = FigureDialog(recipe, self._moment, self._window, f"Export {view.title}")
        self._carry_out(dialog)
        self._figure = dialog.recipe.figure.replace(heading="", epochs_from=0, epochs_to=0)

    def compose(self, shown: Sequence[View]) -> None:
        """Let the user compose a figure, at first of the views that are shown."""
        panels = tuple(Panel(view=view.name, choices=view.state()) for view in shown[:4])
        first = Recipe(panels=panels, columns=max(1, min(2, len(panels))), figure=presets["paper-page"].figure)
        dialog = ComposeDialog(self._composed or first, self._moment, self._want, self._window)
        self._carry_out(dialog)
        self._composed = dialog.recipe

    def copy(self, view: View) -> None:
        """Put a view on the clipboard with the settings used last."""
        try:
            figure = self._figure.replace(dpi=_COPIED_DPI)
            run = self._controller.run
            copy(single(view.name, view.state(), figure), run.history, run.snapshot)
        except ExportError as error:
            self._controller.notice.emit(str(error))
            return
        self._controller.notice.emit(f"Copied {view.title}: picture and numbers.")

    # ------------------------------------------------------------ parts

    def _carry_out(self, dialog: FigureDialog) -> None:
        self._want(needs_of(dialog.recipe))
        dialog.folder = self._folder
        dialog.exec()
        self._folder = dialog.folder
        self._want(frozenset())
        dialog.deleteLater()
        if dialog.said:
            self._controller.notice.emit(dialog.said)

    def _moment(self) -> Moment:
        return moment_of(self._controller.run)

    def _want(self, needs: frozenset[str]) -> None:
        self.needs = needs
        self._wants_changed()
