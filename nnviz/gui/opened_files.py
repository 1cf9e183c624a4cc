"""Files that the system asks a running app to open: macOS sends them as events instead of arguments."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from nnviz.gui.main_window import MainWindow


class OpenedFiles(QObject):
    """Opens in a window what is double-clicked in the system's file manager."""

    def __init__(self, app: QApplication, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent):
            self._window.open_file(Path(event.file()))
            return True
        return False
