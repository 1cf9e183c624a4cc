"""What can be done with the runs that are selected in the table: one action each, for its keys and its menu."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction, QColor, QGuiApplication, QIcon, QKeySequence, QPainter, QPixmap
from PySide6.QtWidgets import QMenu, QWidget

from nnviz.export.files import replace_file
from nnviz.gui.compare.chosen import Chosen
from nnviz.gui.controller import Controller
from nnviz.gui.run_colors import COLOR_NAMES, RUN_COLORS
from nnviz.gui.widgets.save_question import ask_where
from nnviz.run import Run

Text = Callable[[str], str]
"""Returns the table with a separator between its cells."""


class RunActions(QObject):
    """Actions on a widget. `selected` returns the runs they act on, `text` the table as it is copied."""

    def __init__(
        self,
        controller: Controller,
        chosen: Chosen,
        widget: QWidget,
        selected: Callable[[], Sequence[Run]],
        rename: Callable[[], None],
        text: Text,
    ) -> None:
        super().__init__(widget)
        self._controller, self._chosen, self._widget = controller, chosen, widget
        self._selected, self._text = selected, text
        self.front = self._add("Bring to front", self._bring_to_front, "Return", "Enter")
        self.compare = self._add("Compare", self._compare, "Space", checkable=True)
        self.along = self._add("Train along", self._train_along, "L", checkable=True)
        self.star = self._add("Star", self._star, "S", checkable=True)
        self.archive = self._add("Archive", self._archive, "A", checkable=True)
        self.rename = self._add("Rename…", rename, "F2")
        self.remove = self._add("Remove", self._remove, "Del")
        self.copy = self._add("Copy as table", self._copy, "Ctrl+C")
        self.export = self._add("Export table as CSV…", self._export)
        self.along.setToolTip("Train together with the run that is played, whenever that is.")
        self.archive.setToolTip("Keep the run out of sight.")

    def menu(self) -> QMenu:
        """Return a new menu of all actions, for the runs that are selected now."""
        runs = self._selected()
        self.compare.setChecked(all(run in self._chosen for run in runs))
        self.along.setChecked(all(run.along for run in runs))
        self.star.setChecked(all(run.starred for run in runs))
        self.archive.setChecked(all(run.archived for run in runs))
        self.remove.setEnabled(len(self._controller.session.runs) > len(runs))
        menu = QMenu(self._widget)
        menu.setToolTipsVisible(True)
        menu.addActions([self.front, self.compare, self.along])
        menu.addSeparator()
        menu.addActions([self.rename, self.star])
        menu.addMenu(self.color_menu(menu))
        menu.addActions([self.archive, self.remove])
        menu.addSeparator()
        menu.addActions([self.copy, self.export])
        return menu

    def color_menu(self, parent: QWidget) -> QMenu:
        """Return a new menu of the colours that a run can have."""
        menu = QMenu("Colour", parent)
        for number, (color, name) in enumerate(zip(RUN_COLORS, COLOR_NAMES, strict=True)):
            action = menu.addAction(swatch(QColor(color)), name.capitalize())
            action.setData(number)
        menu.triggered.connect(self._color)
        return menu

    # ------------------------------------------------------------ what they do

    @Slot()
    def _bring_to_front(self) -> None:
        for run in self._selected()[:1]:
            self._controller.select(run)

    @Slot()
    def _compare(self) -> None:
        runs = self._selected()
        on = not all(run in self._chosen for run in runs)
        for run in runs:
            if not self._chosen.choose(run, on):
                break

    @Slot()
    def _train_along(self) -> None:
        runs = self._selected()
        on = not all(run.along for run in runs)
        for run in runs:
            self._controller.train_along(run, on)

    @Slot()
    def _star(self) -> None:
        self._describe("starred", not all(run.starred for run in self._selected()), "Star")

    @Slot()
    def _archive(self) -> None:
        on = not all(run.archived for run in self._selected())
        self._describe("archived", on, "Archive" if on else "Take out of the archive")

    @Slot(QAction)
    def _color(self, action: QAction) -> None:
        self._describe("color", action.data(), "Choose colour")

    @Slot()
    def _remove(self) -> None:
        count = len(self._selected())
        if 1 < count >= len(self._controller.session.runs):
            self._controller.notice.emit("One run has to stay: select fewer of them.")
        else:
            self._each(f"Remove {count} runs", self._controller.remove)

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text("\t"))
        self._controller.notice.emit("Copied the table of runs.")

    @Slot()
    def _export(self) -> None:
        path = ask_where(self._widget, "Export table", Path("runs.csv"), {"CSV table": ".csv"})
        if path is not None:
            self.export_to(path)

    def export_to(self, path: Path) -> None:
        """Write the table to a file; what went wrong is said in a sentence."""
        try:
            replace_file(path, self._text(",").encode())
        except OSError as error:
            self._controller.notice.emit(f"{path} cannot be written: {error.strerror or error}; choose another folder.")
            return
        self._controller.notice.emit(f"Saved {path.name}.")

    # ------------------------------------------------------------ parts

    def _add(self, words: str, slot: Callable[[], None], *keys: str, checkable: bool = False) -> QAction:
        action = QAction(words, self)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.setCheckable(checkable)
        action.triggered.connect(slot)
        self._widget.addAction(action)
        return action

    def _describe(self, field: str, value: object, words: str) -> None:
        self._each(words, lambda run: self._controller.describe(run, field, value))

    def _each(self, words: str, act: Callable[[Run], None]) -> None:
        """Do the same with all that are selected, as one step to undo."""
        runs = self._selected()
        if len(runs) == 1:
            act(runs[0])
            return
        self._controller.undo_stack.beginMacro(words)
        for run in runs:
            act(run)
        self._controller.undo_stack.endMacro()


def swatch(color: QColor, side: int = 12) -> QIcon:
    """Return a rounded square of a colour, sharp up to three times its size."""
    made = QIcon()
    for ratio in (1, 2, 3):
        pixmap = QPixmap(side * ratio, side * ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRoundedRect(0, 0, side * ratio, side * ratio, 3 * ratio, 3 * ratio)
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        made.addPixmap(pixmap)
    return made
