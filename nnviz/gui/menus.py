"""The menu bar: every action of the window with its shortcut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMessageBox

from nnviz import experiment as experiments
from nnviz.gui import help
from nnviz.gui.view_dock import ViewDock
from nnviz.gui.views import QUESTIONS
from nnviz.gui.widgets.menu import add_heading

if TYPE_CHECKING:
    from nnviz.gui.main_window import MainWindow


class Menus(QObject):
    """Builds the menus of a window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        bar = window.menuBar()
        self._file(bar.addMenu("&File"))
        self._edit(bar.addMenu("&Edit"))
        self._run(bar.addMenu("&Run"))
        self._views(bar.addMenu("&View"))
        self._help(bar.addMenu("&Help"))

    # ------------------------------------------------------------ menus

    def _file(self, menu: QMenu) -> None:
        documents = self._window.documents
        self._add(menu, "New window", documents.new_window, "Ctrl+Shift+N")
        self._add(menu, "Open…", documents.choose, "Ctrl+O")
        self._recent = menu.addMenu("Open recent")
        self._recent.aboutToShow.connect(self._fill_recent)
        self._unsaved = menu.addMenu("Unsaved work")
        self._unsaved.setToolTip("What was not saved when a window was closed, or nnviz ended otherwise")
        self._unsaved.aboutToShow.connect(self._fill_unsaved)
        self._unsaved.triggered.connect(self._window.safety.recover_chosen)
        bundled = menu.addMenu("Bundled experiments")
        for name in experiments.bundled_names():
            action = bundled.addAction(name)
            action.setData(name)
        bundled.triggered.connect(self._open_bundled)
        menu.addSeparator()
        self._add(menu, "Save", documents.save, "Ctrl+S")
        self._add(menu, "Save as…", documents.save_as, "Ctrl+Shift+S")
        self._add(menu, "Save the settings alone…", documents.save_experiment)
        menu.addSeparator()
        self._add(menu, "Export view…", self._window.export_current, "Ctrl+E", "E")
        self._add(menu, "Compose figure…", self._window.compose_figure, "Ctrl+Shift+E")
        menu.addSeparator()
        self._add(menu, "Quit", self._window.close, "Ctrl+Q")

    def _edit(self, menu: QMenu) -> None:
        stack = self._window.controller.undo_stack
        undo, redo = stack.createUndoAction(self, "Undo"), stack.createRedoAction(self, "Redo")
        undo.setShortcuts(QKeySequence.keyBindings(QKeySequence.StandardKey.Undo))
        redo.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
        menu.addActions([undo, redo])

    def _run(self, menu: QMenu) -> None:
        menu.addActions(self._window.header.actions_of(self._window))
        controller, companions = self._window.controller, self._window.companions
        menu.addSeparator()
        self._add(menu, "Fork here", controller.fork, "F")
        self._add(menu, "Compare runs", companions.compare, "C")
        self._add(menu, "Try cures…", companions.try_cures, "Ctrl+K")
        self._add(menu, "Laboratory", self._open_laboratory, "L")
        add_heading(menu, "The past")
        self._add(menu, "Go to the best epoch", controller.go_to_best, "B")
        # These keys are the window's own, given to whatever has the focus first: sliders and fields know them too.
        for words, keys, slot in (
            ("One epoch back", "←", self._back),
            ("One epoch on", "→", self._on),
            ("Keyframe before", "Shift+←", self._keyframe_back),
            ("Next keyframe", "Shift+→", self._keyframe_on),
            ("Beginning", "Home", controller.go_to_beginning),
            ("Now", "End", controller.go_live),
        ):
            self._add(menu, f"{words}\t{keys}", slot)

    @Slot()
    def _open_laboratory(self) -> None:
        self._window.companions.open_laboratory()

    @Slot()
    def _back(self) -> None:
        self._window.controller.move(-1)

    @Slot()
    def _on(self) -> None:
        self._window.controller.move(1)

    @Slot()
    def _keyframe_back(self) -> None:
        self._window.controller.move_keyframe(False)

    @Slot()
    def _keyframe_on(self) -> None:
        self._window.controller.move_keyframe(True)

    def _views(self, menu: QMenu) -> None:
        docks = self._window.docks
        for question in QUESTIONS:
            members = [d for d in docks.values() if isinstance(d, ViewDock) and d.view.question == question]
            if members:
                add_heading(menu, question)
            for dock in sorted(members, key=_order):
                menu.addAction(dock.toggleViewAction())
        add_heading(menu, "Panels")
        for panel in docks.values():
            if not isinstance(panel, ViewDock):
                menu.addAction(panel.toggleViewAction())
        menu.addAction(self._window.timeline_bar.toggleViewAction())
        menu.addSeparator()
        gradients = self._add(menu, "Links show the gradient", self._window.show_gradients, "G")
        gradients.setCheckable(True)
        self._add(menu, "Put back the enlarged view", self._window.escape, "Esc")
        self._add(menu, "Dark or light", self._window.toggle_theme, "Ctrl+T")
        self._add(menu, "Reset the arrangement", self._window.reset_layout)
        self._add(menu, "Welcome strip", self._window.welcome.toggle)

    def _help(self, menu: QMenu) -> None:
        self._add(menu, "Keyboard shortcuts", self.show_shortcuts, "?")
        menu.addSeparator()
        self._add(menu, "Check this installation…", self.check_installation)
        self._add(menu, "Open logs folder", self.open_logs)
        menu.addSeparator()
        self._add(menu, "About nnviz", self.show_about)

    def _add(self, menu: QMenu, words: str, slot: Callable[..., object], *keys: str) -> QAction:
        action = QAction(words, self)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.triggered.connect(slot)
        menu.addAction(action)
        return action

    # ------------------------------------------------------------ files

    @Slot(QAction)
    def _open_bundled(self, action: QAction) -> None:
        self._window.controller.open(experiments.bundled(str(action.data())))

    @Slot()
    def _fill_recent(self) -> None:
        self._recent.clear()
        for name in self._window.documents.recent():
            action = self._recent.addAction(name)
            action.setData(name)
            action.triggered.connect(self._open_recent)
        self._recent.setEnabled(True)
        if self._recent.isEmpty():
            self._recent.addAction("Nothing opened yet").setEnabled(False)

    @Slot()
    def _fill_unsaved(self) -> None:
        self._window.safety.fill(self._unsaved)

    @Slot()
    def _open_recent(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._window.open_file(Path(str(action.data())))

    # ------------------------------------------------------------ help

    @Slot()
    def show_shortcuts(self) -> None:
        """Show all shortcuts."""
        rows = []
        for menu in self._window.menuBar().findChildren(QMenu):
            for action in menu.actions():
                words, _, keys = action.text().replace("&", "").partition("\t")
                keys = keys or " or ".join(each.toString() for each in action.shortcuts())
                rows += [(words, keys)] if keys else []
        table = "".join(f"<tr><td>{keys}&nbsp;&nbsp;&nbsp;</td><td>{words}</td></tr>" for words, keys in rows)
        QMessageBox.information(self._window, "Keyboard shortcuts", f"<table>{table}</table>")

    @Slot()
    def check_installation(self) -> None:
        """Show versions and paths, and run the self-tests beside the window."""
        from nnviz.gui.check_dialog import CheckDialog  # nobody needs it at the start

        CheckDialog(self._window.theme, self._window).show()

    @Slot()
    def open_logs(self) -> None:
        """Show the folder of logs and reports of crashes."""
        said = help.open_logs()
        if said:
            self._window.show_notice(said)

    @Slot()
    def show_about(self) -> None:
        """Say what this is."""
        box = help.about_box(self._window)
        box.exec()
        box.deleteLater()


def _order(dock: ViewDock) -> int:
    return dock.view.order
