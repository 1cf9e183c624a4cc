"""Figures as files and on the clipboard."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QMimeData
from PySide6.QtGui import QGuiApplication

from nnviz.export.files import replace_file
from nnviz.export.recipe import Recipe
from nnviz.gui.figures.formats import FORMATS, csv_of, picture
from nnviz.gui.figures.problem import ExportError
from nnviz.gui.figures.sheet import Sheet
from nnviz.history.history import History
from nnviz.snapshot import Snapshot


def render(recipe: Recipe, history: History, snapshot: Snapshot | None, format: str) -> bytes:
    """Return a figure as the contents of a file.

    Fresh copies of its views are drawn, whatever the screen shows. Raises ExportError when the format or a view is
    unknown, the size is absurd, or there is nothing to show.
    """
    if format not in FORMATS:
        raise ExportError(f"There is no export format called {format!r}; choose one of {', '.join(FORMATS)}.")
    with Sheet(recipe, history, snapshot) as sheet:
        return FORMATS[format].contents(sheet)


def format_of(path: Path) -> str:
    """Return the format that the ending of a file asks for. Raises ExportError when there is none of that name."""
    format = path.suffix.lower().lstrip(".")
    if format not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise ExportError(f"{path.name} does not end in a format that can be written; choose one of {known}.")
    return format


def export_path(recipe: Recipe, history: History, snapshot: Snapshot | None, path: Path) -> None:
    """Write a figure to a file, in the format of its ending; the file is complete or as it was.

    Raises ExportError when `render` does, the ending is unknown, or the file cannot be written.
    """
    contents = render(recipe, history, snapshot, format_of(path))
    try:
        replace_file(path, contents)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}; choose another folder.") from None


def copy(recipe: Recipe, history: History, snapshot: Snapshot | None) -> None:
    """Put a figure on the clipboard: as a picture, as SVG, and its numbers as text, tab-separated.

    Raises ExportError when `render` does.
    """
    with Sheet(recipe, history, snapshot) as sheet:
        data = QMimeData()
        data.setImageData(picture(sheet, sheet.figure.dpi))
        data.setData("image/svg+xml", QByteArray(FORMATS["svg"].contents(sheet)))
        data.setText(csv_of(sheet.table(), "\t").decode())
    QGuiApplication.clipboard().setMimeData(data)
