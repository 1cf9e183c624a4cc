"""Where the results of a sweep go: nowhere for long, or a folder that it can be taken up from again."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, QSettings, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

_MOST = 6
_KEY = "laboratory/sweep-folders"
_TEMPORARY, _CHOOSE = "temporary", "choose"


class FolderButton(QPushButton):
    """Shows the folder, and opens a menu with those that were used last."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.folder: Path | None = None
        self.setAccessibleName("Results")
        self.setToolTip("Where the results are written. A folder keeps them, and a sweep goes on from what is in it")
        self.clicked.connect(self._open_menu)
        self._show()

    def set_folder(self, folder: Path | None) -> None:
        """Write into this folder, None for one that is removed with the window."""
        if folder != self.folder:
            self.folder = folder
            if folder is not None:
                _remember(folder)
            self._show()
            self.changed.emit()

    def _show(self) -> None:
        name = "temporary" if self.folder is None else self.folder.name or str(self.folder)
        self.setText(f"{name if len(name) <= 24 else name[:23] + '…'} ▾")
        self.setAccessibleDescription("Results are not kept" if self.folder is None else str(self.folder))

    def menu_of_folders(self) -> QMenu:
        """Return the menu."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Temporary: forget them with the window").setData(_TEMPORARY)
        menu.addAction("Choose a folder…").setData(_CHOOSE)
        folders = [folder for folder in recent() if folder != self.folder]
        if folders:
            menu.addSeparator()
        for folder in folders:
            menu.addAction(str(folder)).setData(folder)
        menu.triggered.connect(self._picked)
        return menu

    @Slot()
    def _open_menu(self) -> None:
        self.menu_of_folders().popup(self.mapToGlobal(QPoint(0, self.height() + 2)))

    @Slot(QAction)
    def _picked(self, action: QAction) -> None:
        data = action.data()
        if data == _TEMPORARY:
            self.set_folder(None)
        elif data == _CHOOSE:
            first = str(self.folder or next(iter(recent()), Path.home()))
            name = QFileDialog.getExistingDirectory(self.window(), "Folder for the results", first)
            if name:
                self.set_folder(Path(name))
        elif isinstance(data, Path):
            self.set_folder(data)


def recent() -> list[Path]:
    """Return the folders that results were written to, the last one first."""
    kept = QSettings("nnviz", "nnviz").value(_KEY, [])
    names = [kept] if isinstance(kept, str) else kept if isinstance(kept, list) else []  # Qt makes a text of one
    return [Path(str(name)) for name in names if name]


def _remember(folder: Path) -> None:
    folders = [folder, *(other for other in recent() if other != folder)][:_MOST]
    QSettings("nnviz", "nnviz").setValue(_KEY, [str(each) for each in folders])
