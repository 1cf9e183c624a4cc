"""Where the docks of the window stand: at first, and as the user left them."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt
from PySide6.QtWidgets import QMainWindow

from nnviz.gui.view_dock import Dock, ViewDock

SIZE = QSize(1440, 900)

RIGHT = ("error", "gradient_norm", "weights", "verdict")
"""Docks in the right column of a new window, from top to bottom."""

BELOW = ("surface", "representation")
"""Views under the network picture of a new window, from left to right."""

_VERSION = 3
"""Raised when docks change so much that an arrangement saved before no longer makes sense."""


class Arrangement:
    """Puts the docks of a window into their places."""

    def __init__(self, window: QMainWindow, docks: dict[str, Dock], settings: QSettings | None) -> None:
        self._window, self._docks, self._settings = window, docks, settings
        self._sized = False

    def restore(self) -> None:
        """Put everything where the user left it, or where a new window has it."""
        self.reset()
        self._sized = False
        if self._settings is not None:
            self._window.restoreGeometry(_bytes(self._settings.value("geometry")))
            self._sized = self._window.restoreState(_bytes(self._settings.value("state")), _VERSION)

    def save(self) -> None:
        """Remember where everything is."""
        if self._settings is not None:
            self._settings.setValue("geometry", self._window.saveGeometry())
            self._settings.setValue("state", self._window.saveState(_VERSION))

    def shown(self) -> None:
        """Give the docks of a new window their sizes: they take them only once the window has its own."""
        if not self._sized:
            self._sized = True
            self._default_sizes()

    def reset(self) -> None:
        """Put every dock where a new window has it."""
        window, area = self._window, Qt.DockWidgetArea
        window.setCorner(Qt.Corner.BottomLeftCorner, area.LeftDockWidgetArea)
        window.setCorner(Qt.Corner.BottomRightCorner, area.RightDockWidgetArea)
        for dock in self._docks.values():
            dock.hide()  # all of them together would make the window higher than many screens
            window.removeDockWidget(dock)
        window.addDockWidget(area.LeftDockWidgetArea, self._docks["data"])
        window.addDockWidget(area.LeftDockWidgetArea, self._docks["training"])
        for name in RIGHT:
            window.addDockWidget(area.RightDockWidgetArea, self._docks[name])
        self._stack_others()
        first, second = (self._docks[name] for name in BELOW)
        window.addDockWidget(area.BottomDockWidgetArea, first)
        window.splitDockWidget(first, second, Qt.Orientation.Horizontal)
        for name, dock in self._docks.items():
            dock.setVisible(name in (*RIGHT, *BELOW, "data", "training"))
        window.resize(SIZE)
        self._default_sizes()

    def _stack_others(self) -> None:
        """Put every other view behind one in the right column, on tabs: there it needs no room of its own.

        It is behind the first that answers the same question, or behind the last one.
        """
        shown = [dock for name in RIGHT if isinstance(dock := self._docks[name], ViewDock)]
        for name, dock in self._docks.items():
            if isinstance(dock, ViewDock) and name not in (*RIGHT, *BELOW):
                akin = [front for front in shown if front.view.question == dock.view.question]
                self._window.tabifyDockWidget([*akin, shown[-1]][0], dock)

    def _default_sizes(self) -> None:
        """Give the zones the proportions of a new window."""
        window = self._window
        height = window.height() - 230  # without menu, header, timeline and status bar
        left, right = [self._docks["data"], self._docks["training"]], [self._docks[name] for name in RIGHT]
        window.resizeDocks([left[0], right[0]], [292, 388], Qt.Orientation.Horizontal)
        window.resizeDocks(left, [height * 63 // 100, height * 37 // 100], Qt.Orientation.Vertical)
        window.resizeDocks(right, [height * 3 // 10, height // 4, height // 5, height // 4], Qt.Orientation.Vertical)
        window.resizeDocks([self._docks[BELOW[0]]], [height // 2], Qt.Orientation.Vertical)
        window.resizeDocks([self._docks[name] for name in BELOW], [400, 340], Qt.Orientation.Horizontal)


def _bytes(value: object) -> QByteArray:
    return value if isinstance(value, QByteArray) else QByteArray()
