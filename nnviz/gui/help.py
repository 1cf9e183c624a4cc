"""The Help menu's smaller dialogs: what this is, and where it writes its logs."""

from __future__ import annotations

import platform
from pathlib import Path

from PySide6.QtCore import QUrl, qVersion
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget

from nnviz import __version__, logs
from nnviz.gui.icons import app_icon

LICENSE = "MIT"
"""The SPDX identifier of nnviz's license, as in pyproject.toml."""


def open_folder(folder: Path) -> bool:
    """Show a folder in the system's file browser, made if need be; return whether that could be begun."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def open_logs() -> str:
    """Show the folder of logs; return a sentence for the user where that cannot be done, else nothing."""
    folder = logs.folder()
    return "" if open_folder(folder) else f"The logs are in {folder}, which cannot be opened from here."


def about_box(parent: QWidget) -> QMessageBox:
    """Return the box that says what this is: versions and license."""
    box = QMessageBox(parent)
    box.setWindowTitle("About nnviz")
    box.setIconPixmap(app_icon().pixmap(64, 64))
    box.setText(f"<b>nnviz {__version__}</b>")
    box.setInformativeText(
        "<p>See a neural network learn and overfit.</p>"
        f"<p>Python {platform.python_version()}, Qt {qVersion()}, {platform.system()} {platform.machine()}</p>"
        f"<p>Licensed under the {LICENSE} License, copyright nnviz contributors. "
        "The typeface Inter is under the SIL Open Font License.</p>"
    )
    return box
