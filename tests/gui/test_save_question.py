"""Where a file goes: endings that come of themselves, and files that are there already."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from nnviz.gui.widgets.save_question import ask_where

FORMATS = {"Picture": ".png", "Numbers": ".csv"}


@pytest.mark.parametrize(
    ("typed", "chosen", "meant"),
    [
        ("x", "Numbers (*.csv)", "x.csv"),
        ("x", "", "x.png"),
        ("run 0.5", "Picture (*.png)", "run 0.5.png"),
        ("x.CSV", "Picture (*.png)", "x.CSV"),
        ("drift.png", "Numbers (*.csv)", "drift.csv"),
        ("other.png", "Numbers (*.csv)", "other.png"),
    ],
)
@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("yes", [False, True])
def test_the_name_that_is_meant(
    typed: str,
    chosen: str,
    meant: str,
    exists: bool,
    yes: bool,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parent, asked = QWidget(), list[str]()
    qtbot.addWidget(parent)

    def question(parent: QWidget, title: str, text: str) -> QMessageBox.StandardButton:
        asked.append(text)
        return QMessageBox.StandardButton.Yes if yes else QMessageBox.StandardButton.No

    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / typed), chosen))
    monkeypatch.setattr(QMessageBox, "question", question)
    if exists:
        (tmp_path / meant).write_text("mine")
    path = ask_where(parent, "Save", tmp_path / "drift.png", FORMATS)
    in_doubt = exists and meant != typed  # else the system's dialog has asked already
    assert asked == ([f"{meant} exists already. Replace it?"] if in_doubt else [])
    assert path == (None if in_doubt and not yes else tmp_path / meant)


def test_nothing_is_meant_by_cancel(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    assert ask_where(None, "Save", Path("x.png"), FORMATS) is None
