"""The way out of the window: a figure with live preview, its settings, and files, clipboard and presets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtGui import QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
)
from PySide6.QtWidgets import QWidget as Widget

from nnviz.export.figure import FigureSettings, millimetres
from nnviz.export.presets import applied, matching, presets
from nnviz.export.recipe import Recipe
from nnviz.export.run_files import file_name
from nnviz.gui.figures.export import copy, export_path
from nnviz.gui.figures.formats import FORMATS
from nnviz.gui.figures.moment import Moment, needs_of
from nnviz.gui.figures.preview import Preview
from nnviz.gui.figures.problem import ExportError, NothingToShow
from nnviz.gui.figures.sentence import Sentence
from nnviz.gui.figures.sheet import Sheet
from nnviz.gui.form import Form
from nnviz.gui.widgets.choice import ChoiceRow, Entry
from nnviz.gui.widgets.save_question import ask_where
from nnviz.gui.widgets.scale import NumberFormat
from nnviz.settings import SettingsError, changed

_OWN = ""
"""The entry for settings that no preset has."""

_REST_MS = 30
"""How long the settings must rest before they are drawn: a slider moves more often than a figure can be made."""

_LOOK_MS = 100
"""How often to look whether what a view needs has been measured."""

_PANE = 340

FORMATS_OF_NUMBERS = {
    "width": NumberFormat(unit="mm"),
    "height": NumberFormat(unit="mm", words={0: "fits"}),
    "font": NumberFormat(unit="pt"),
    "line_width": NumberFormat(unit="pt"),
    "dpi": NumberFormat(integer=True, unit="dpi"),
    "epochs_to": NumberFormat(integer=True, words={0: "newest"}),
}


class FigureDialog(QDialog):
    """Shows what a recipe comes to and writes it. `moment` tells what there is to draw, asked again for missing probes.

    `recipe` is what it shows now, `said` a sentence about what was done, `folder` where files were written last; all
    are for whoever opened it.
    """

    def __init__(
        self, recipe: Recipe, moment: Callable[[], Moment], parent: Widget | None = None, title: str = "Export"
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.recipe, self.said, self.folder = recipe, "", Path()
        self._ask, self.moment = moment, moment()
        self._rest = self._timer(_REST_MS, self.draw)
        self._look = self._timer(_LOOK_MS, self._look_again)
        self.preview = Preview(self)
        self.preset = ChoiceRow("Preset", [Entry(p.name, p.title, p.help) for p in presets], "Settings for common uses")
        self.form = Form(FigureSettings, "", self, formats=FORMATS_OF_NUMBERS)
        self.line = Sentence(self)
        self.copy_button, self.save_button = QPushButton("Copy"), QPushButton("Export…")
        self._lay_out()
        self.preset.committed.connect(self._choose_preset)
        self.form.edited.connect(self._edited)
        self.copy_button.clicked.connect(self._copy)
        self.save_button.clicked.connect(self._save)
        self.grow(980, 640)
        self._show_settings()

    def grow(self, width: int, height: int) -> None:
        """Make the dialog so large, or as large as the screen has room for, with a frame around it."""
        self.resize(QSize(width, height).boundedTo(self.screen().availableSize() - QSize(32, 64)))

    # ------------------------------------------------------------ what is shown

    def set_recipe(self, recipe: Recipe) -> None:
        """Show another recipe, a moment later."""
        if recipe != self.recipe:
            self.recipe = recipe
            self._show_settings()
            self._rest.start()

    @Slot()
    def draw(self) -> None:
        """Draw the preview and say how large the figure is, or why there is none."""
        self._await_probes()
        try:
            with Sheet(self.recipe, self.moment.history, self.moment.snapshot) as sheet:
                self.preview.show_sheet(sheet)
                self.line.say(_size_words(sheet))
            possible = True
        except NothingToShow as error:
            waiting = self._look.isActive()
            self._show_why("Being measured …" if waiting else self.moment.failure or str(error), wrong=not waiting)
            possible = False
        except ExportError as error:
            self._show_why(str(error), wrong=True)
            possible = False
        self.copy_button.setEnabled(possible)
        self.save_button.setEnabled(possible)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return in a field settles what was typed there; it does not export already."""
        typing = isinstance(self.focusWidget(), QLineEdit)
        if not (typing and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)):
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._rest.start()

    def done(self, result: int) -> None:
        self._rest.stop()
        self._look.stop()
        super().done(result)

    # ------------------------------------------------------------ files and clipboard

    def ask_path(self) -> Path | None:
        """Ask for a file; None when the user changes their mind."""
        formats = {format.title: f".{format.name}" for format in FORMATS.values()}
        path = ask_where(self, self.windowTitle(), self.folder / self.suggestion(), formats)
        if path is not None:
            self.folder = path.parent
        return path

    def suggestion(self) -> str:
        """Return a name for the file."""
        what = self.recipe.panels[0].view.replace("_", "-") if len(self.recipe.panels) == 1 else "figure"
        return f"{file_name(self.moment.name)}-{what}.png"

    @Slot()
    def _save(self) -> None:
        path = self.ask_path()
        if path is not None and self._do(export_path, path):
            self.said = f"Exported {path.name}."
            self.accept()

    @Slot()
    def _copy(self) -> None:
        if self._do(copy):
            self.said = "Copied: picture, SVG and numbers."
            self.line.say(self.said)

    def _do(self, action: Callable[..., None], *arguments: object) -> bool:
        """Write the figure, which may take seconds, or say why that cannot be."""
        self.line.say("Drawing …")
        self.line.repaint()
        QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            action(self.recipe, self.moment.history, self.moment.snapshot, *arguments)
        except ExportError as error:
            self.line.say(str(error), wrong=True)
            return False
        finally:
            QGuiApplication.restoreOverrideCursor()
        return True

    # ------------------------------------------------------------ parts

    def _lay_out(self) -> None:
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFixedWidth(_PANE)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its rows take the focus
        scroll.setWidget(self._pane())
        buttons = QHBoxLayout()
        buttons.addWidget(self.line, 1)
        for button in (*self.more_buttons(), self.copy_button, self.save_button):
            buttons.addWidget(button)
        self.save_button.setObjectName("primary")
        self.save_button.setDefault(True)
        above = QHBoxLayout()
        above.setSpacing(12)
        above.addWidget(self.preview, 1)
        above.addWidget(scroll)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(12)
        column.addLayout(above, 1)
        column.addLayout(buttons)

    def _pane(self) -> Widget:
        pane = Widget()
        column = QVBoxLayout(pane)
        column.setContentsMargins(0, 0, 12, 0)
        column.setSpacing(4)
        for widget in (*self.first_rows(), self.preset, self.form):
            column.addWidget(widget)
        column.addStretch(1)
        return pane

    def first_rows(self) -> tuple[Widget, ...]:
        """Make what stands above the settings of the figure."""
        return ()

    def more_buttons(self) -> tuple[QPushButton, ...]:
        """Make what stands before the usual buttons."""
        return ()

    def _timer(self, interval: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval)
        timer.timeout.connect(slot)
        return timer

    def _show_settings(self) -> None:
        name = matching(self.recipe.figure)
        entries = [Entry(p.name, p.title, p.help) for p in presets]
        self.preset.box.set_entries(entries if name else [*entries, Entry(_OWN, "Your own")])
        self.preset.set_value(name)
        self.form.show_settings(self.recipe.figure)

    @Slot(object)
    def _choose_preset(self, name: object) -> None:
        if name:
            self.set_recipe(self.recipe.replace(figure=applied(str(name), self.recipe.figure)))

    @Slot(str, object, str, bool)
    def _edited(self, path: str, value: object, words: str, final: bool) -> None:
        try:
            figure = changed(self.recipe.figure, path, value)
        except SettingsError as error:
            self.form.show_problem(path, str(error))
            return
        self.set_recipe(self.recipe.replace(figure=figure))

    def _show_why(self, sentence: str, wrong: bool) -> None:
        """Say why there is no figure, where it would be."""
        self.preview.show_sentence(sentence, wrong)
        self.line.say("")

    def _await_probes(self) -> None:
        """Look again later where the views need what was not measured yet, and still may be."""
        snapshot = self.moment.snapshot
        if not self.moment.failure and (snapshot is None or not needs_of(self.recipe) <= snapshot.wanted):
            self._look.start()

    @Slot()
    def _look_again(self) -> None:
        self.moment = self._ask()
        self.draw()


def _size_words(sheet: Sheet) -> str:
    size, (across, down) = sheet.size, sheet.pixels(sheet.figure.dpi)
    width, height = millimetres(size.width()), millimetres(size.height())
    return f"{width:.1f} × {height:.1f} mm; as PNG {across:,} × {down:,} pixels."
