"""What a page of the laboratory gives away, by its keys and its buttons."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from laboratory_stage import laboratory_on, ready
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_stage import QUICK

from nnviz.gui.laboratory.pages.sharpness import SharpnessPage
from nnviz.gui.laboratory.window import SMALLEST, LaboratoryWindow


@pytest.fixture
def laboratory(qtbot: QtBot) -> Iterator[LaboratoryWindow]:
    controller = ready(qtbot, QUICK)
    with laboratory_on(controller) as window:
        yield window
    controller.close()
    controller.deleteLater()


def test_words_that_are_selected_are_copied_and_not_the_page(laboratory: LaboratoryWindow) -> None:
    laboratory.show_page(SharpnessPage.name)
    page = laboratory.page
    assert isinstance(page, SharpnessPage)
    page.sentence.setText("Training is at the edge of stability.")
    page.sentence.setFocus()
    page.sentence.setSelection(12, 11)
    laboratory.activateWindow()
    QTest.keyClick(page.sentence, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "at the edge"
    assert not QApplication.clipboard().mimeData().hasImage()
    laboratory.copy.click()
    assert QApplication.clipboard().mimeData().hasImage()


def test_a_long_message_leaves_the_title_whole_and_can_be_read(laboratory: LaboratoryWindow) -> None:
    laboratory.resize(SMALLEST)
    laboratory.show_page("onset")
    laboratory._say(
        "A folder of this name cannot be written to, since it is on a disk that is full; choose another one."
    )
    QApplication.processEvents()
    title = laboratory._title
    assert title.width() >= title.sizeHint().width()
    assert laboratory._said.text().endswith("…")
    assert laboratory._said.toolTip() == laboratory._said.whole
