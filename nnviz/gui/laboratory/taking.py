"""Taking away what a page shows: as a picture and as numbers."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMimeData, QPoint
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QWidget

from nnviz.export.files import replace_file
from nnviz.gui.figures.formats import csv_of
from nnviz.gui.figures.problem import ExportError
from nnviz.gui.laboratory.page import Page

_SCALE = 2
"""Pixels per unit of size: fine enough for a document."""

FORMATS = {"Picture": ".png", "Numbers": ".csv"}


def copy(page: Page) -> str:
    """Put a page on the clipboard, as a picture and its numbers as text; return a sentence about it."""
    data = QMimeData()
    data.setImageData(picture(page))
    table = page.table()
    if table:
        data.setText(csv_of(table, "\t").decode())
    QGuiApplication.clipboard().setMimeData(data)
    return "Copied: picture and numbers." if table else "Copied: picture."


def save(page: Page, path: Path) -> None:
    """Write a page to a file, as its ending says. Raises ExportError with a sentence."""
    ending = path.suffix.lower()
    if ending not in (".png", ".csv"):
        raise ExportError(f"{path.name} does not end in a format that can be written; choose .png or .csv.")
    table = page.table()
    if ending == ".csv" and not table:
        raise ExportError("There are no numbers yet on this page.")
    contents = csv_of(table) if ending == ".csv" else _png(picture(page))
    try:
        replace_file(path, contents)
    except OSError as error:
        raise ExportError(
            f"{path.name} cannot be written: {error.strerror or error}; choose another folder than {path.parent}."
        ) from None


def picture(widget: QWidget) -> QImage:
    """Return a widget as it is drawn now, on the colour of its window."""
    image = QImage(widget.size() * _SCALE, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(_SCALE)
    image.fill(widget.palette().window().color())
    painter = QPainter(image)
    widget.render(painter, QPoint())
    painter.end()
    return image


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())
