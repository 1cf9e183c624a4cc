"""A file that the system asks for is opened, and nothing else is swallowed."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnviz.experiment import bundled, to_toml
from nnviz.gui.app import make_window
from nnviz.gui.opened_files import OpenedFiles


def test_a_file_of_the_system_is_opened(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "waves.nnviz"
    file.write_text(to_toml(bundled("sine")), encoding="utf-8")
    window = make_window(remember=False)
    qtbot.addWidget(window)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    opened = OpenedFiles(app, window)
    try:
        QCoreApplication.sendEvent(app, QFileOpenEvent(str(file)))
        assert window.controller.experiment.data.source == bundled("sine").data.source
        assert not opened.eventFilter(app, QEvent(QEvent.Type.ApplicationActivate))
    finally:
        app.removeEventFilter(opened)
        window.close()
