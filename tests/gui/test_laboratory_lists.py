"""The list of training samples: no number is cut, every column can be reached."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics

from nnviz.data.settings import DataSettings
from nnviz.data.split import prepare
from nnviz.gui.laboratory.parts.sample_list import SampleList
from nnviz.gui.theme import DARK

TITLES = ("", "sample", "label", "suspect", "learned", "forgot", "by heart")


@pytest.fixture
def shown(qtbot):
    made = SampleList(DARK, "Training samples")
    qtbot.addWidget(made)
    made.resize(700, 300)
    made.show()
    return made


def rows_of(count):
    return [
        (str(k + 1), f"{k:,}", "mmmm" if k else "iiiiiii", f"{k / 7:.4f}", f"{k:,}", "3×", "0.25") for k in range(count)
    ]


def test_columns_are_as_wide_as_their_widest_words(shown):
    data = prepare(DataSettings())
    rows = rows_of(30)
    shown.show_samples(data, TITLES, range(30), rows)
    metrics = QFontMetrics(shown.font())
    for column, title in enumerate(TITLES):
        widest = max(metrics.horizontalAdvance(words) for words in (title, *(row[column] for row in rows)))
        assert shown.columnWidth(column) >= widest + 8, "and the padding of a cell"


@pytest.mark.parametrize("width", [150, 260, 700])
def test_the_last_column_can_be_reached(shown, width):
    shown.show_samples(prepare(DataSettings()), TITLES, range(30), rows_of(30))
    shown.resize(width, 300)
    last = len(TITLES) - 1
    needed = QFontMetrics(shown.font()).horizontalAdvance("by heart") + 8
    assert shown.columnWidth(last) >= needed
    shown.horizontalScrollBar().setValue(shown.horizontalScrollBar().maximum())
    right = shown.columnViewportPosition(last) + shown.columnWidth(last)
    assert right == shown.viewport().width(), "all of it is seen, and nothing is left empty beside it"
    assert shown.horizontalScrollBar().isVisible() == (width < 300)


def test_a_list_that_is_cleared_has_no_rows(shown):
    shown.show_samples(prepare(DataSettings()), TITLES, range(30), rows_of(30))
    shown.choose(3)
    shown.clear()
    assert (shown.numbers, shown.current, shown.samples.columnCount()) == ([], -1, 0)
    shown.resize(500, 300)
    assert np.size(shown.samples.rows) == 0
    assert shown.samples.headerData(0, Qt.Orientation.Vertical) is None
