"""The numbers behind figures: as CSV, on the clipboard, and of some epochs only."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest
from figure_stage import (
    DPI,
    NAMES,
    SVG,
    labels,
    of,
    recipe,
    strokes,
)
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot
from view_stage import NEEDS

from nnviz.gui.figures.export import copy
from nnviz.gui.figures.formats import csv_of
from nnviz.gui.figures.problem import ExportError
from nnviz.gui.theme import DARK, EXPORT
from nnviz.gui.views import views
from nnviz.run import Run

Train = Callable[..., Run]


@pytest.fixture
def run(qapp: object, trained_run: Train) -> Run:
    return trained_run(needs=NEEDS, epochs=5)


@pytest.fixture
def long_run(qapp: object, trained_run: Train) -> Run:
    return trained_run(needs=NEEDS, epochs=60)


# ------------------------------------------------------------ numbers and the clipboard


@pytest.mark.parametrize("name", NAMES)
def test_csv_is_the_table(name: str, run: Run, qtbot: QtBot) -> None:
    view = views[name](DARK)
    qtbot.addWidget(view)
    view.refresh(run.history, run.snapshot)
    table = view.table(run.history, run.snapshot)
    headings, *rows = _csv(of(run, "csv", name).decode())
    assert headings == list(table)
    assert len(rows) == len(next(iter(table.values())))
    for number, column in enumerate(table.values()):
        cells = [row[number] for row in rows]
        if column.dtype.kind in "fiu":
            read = np.array([float(cell) if cell else np.nan for cell in cells]).astype(column.dtype)
            np.testing.assert_array_equal(read, column)
        else:
            assert cells == column.tolist()


def _csv(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_csv_of_awkward_values() -> None:
    table = {"a, b": np.array(["x", 'say "y"']), "wert µ": np.array([np.nan, 1e-30]), "n": np.array([1, 2])}
    assert _csv(csv_of(table).decode()) == [["a, b", "wert µ", "n"], ["x", "", "1"], ['say "y"', "1e-30", "2"]]
    assert csv_of({"a": np.array([1]), "b": np.array([2])}, "\t") == b"a\tb\n1\t2\n"


def test_csv_of_a_composition_holds_all_tables(run: Run) -> None:
    headings, *rows = _csv(of(run, "csv", "loss", "confusion", "loss").decode())
    columns = {heading: [row[number] for row in rows] for number, heading in enumerate(headings)}
    assert columns["a loss: epoch"][:6] == columns["c loss: epoch"][:6] == ["0", "1", "2", "3", "4", "5"]
    assert columns["confusion: true (test)"] == ["A", "B", "", "", "", ""]


def test_copy_puts_picture_vectors_and_numbers_on_the_clipboard(run: Run) -> None:
    copy(recipe("loss"), run.history, run.snapshot)
    data = QGuiApplication.clipboard().mimeData()
    assert data.hasImage()
    assert QGuiApplication.clipboard().image().width() == round(85 / 25.4 * DPI)
    assert b"<svg" in bytes(data.data("image/svg+xml").data())
    assert data.text().split("\n")[0].split("\t")[:2] == ["epoch", "train (binary cross-entropy)"]


def test_copy_of_a_large_picture(run: Run) -> None:
    """Reading a picture back, Qt takes no more than 256 MB and says nothing."""
    large = recipe("loss", width=400.0, height=400.0, dpi=600)
    copy(large, run.history, run.snapshot)
    assert QGuiApplication.clipboard().image().width() == round(400 / 25.4 * 600)


def test_names_that_xml_cannot_hold(run: Run) -> None:
    """A table may name its classes so, and a command line a heading."""
    contents = of(run, "svg", "loss", heading="bell \x07")
    assert ElementTree.fromstring(contents).findtext(f"{SVG}title") == "bell \ufffd"
    assert "bell \ufffd" in labels(contents)
    half = ElementTree.fromstring(of(run, "svg", "loss", heading="half \udcff a sign"))
    assert half.findtext(f"{SVG}title") == "half \ufffd a sign"


# ------------------------------------------------------------ epochs


def test_a_range_of_epochs(long_run: Run) -> None:
    headings, *rows = _csv(of(long_run, "csv", "loss", epochs_from=10, epochs_to=40).decode())
    assert [int(row[0]) for row in rows] == list(range(10, 41))
    read = np.array([float(row[headings.index("train (binary cross-entropy)")]) for row in rows], np.float32)
    np.testing.assert_array_equal(read, long_run.history.column("train_loss")[10:41])
    ((_, xy),) = strokes(
        ElementTree.fromstring(of(long_run, "svg", "loss", epochs_from=10, epochs_to=40)), EXPORT.train
    )
    assert len(xy) == 31
    assert {"10", "40"} <= set(labels(of(long_run, "svg", "loss", epochs_from=10, epochs_to=40)))
    epochs = [int(h.split()[-1]) for h in _csv(of(long_run, "csv", "weights", epochs_from=10).decode())[0][1:]]
    assert min(epochs) >= 10


def test_epochs_that_were_not_measured(run: Run) -> None:
    with pytest.raises(ExportError, match=r"No epoch from 7 on was measured; this run has epochs 0 to 5\."):
        of(run, "svg", "loss", epochs_from=7)
    with pytest.raises(ExportError, match="exchange the two"):
        of(run, "svg", "loss", epochs_from=4, epochs_to=2)
