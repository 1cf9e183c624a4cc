"""Figures and tables of a view: PNG, SVG, PDF, CSV and the clipboard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QMimeData, QRect, QSizeF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter, QPageSize, QPainter, QPdfWriter

from nnviz.export.files import replace_file
from nnviz.gui.figure import Figure
from nnviz.gui.views import Table, View
from nnviz.history.history import History
from nnviz.snapshot import Snapshot

DPI = 96
"""Pixels per inch of a figure at scale 1: the unit of all sizes here."""


class ExportError(RuntimeError):
    """A figure that cannot be made: one sentence that says why and what to do."""


@dataclass(frozen=True)
class Format:
    """One way to write a view."""

    name: str
    title: str
    scales: tuple[int, ...] = (1,)


FORMATS = {
    "png": Format("png", "PNG picture", (1, 2, 4)),
    "svg": Format("svg", "SVG vector graphics"),
    "pdf": Format("pdf", "PDF document"),
    "csv": Format("csv", "CSV table of its numbers"),
}


def render(
    view_class: type[View],
    history: History,
    snapshot: Snapshot | None,
    state: Mapping[str, Any] | None = None,
    *,
    format: str = "png",
    size: tuple[int, int] | None = None,
    scale: int = 2,
    title: str = "",
) -> bytes:
    """Return a view as the contents of a file.

    A fresh copy of the view with the choices in `state` is drawn for paper, whatever the screen shows. `size` is in
    pixels at 96 per inch and defaults to a column of a paper; a PNG has `scale` times as many. Raises ExportError
    when the format is unknown or there is nothing to show.
    """
    if format not in FORMATS:
        raise ExportError(f"There is no export format called {format!r}; choose one of {', '.join(FORMATS)}.")
    with Figure(view_class, history, snapshot, state or {}, size, title) as figure:
        if not any(len(column) for column in figure.table().values()):
            raise ExportError(f"{view_class.title} has nothing to show yet; train for an epoch and export again.")
        if format == "csv":
            return csv_of(figure.table())
        return _WRITERS[format](figure, scale)


def export_path(view: View, history: History, snapshot: Snapshot | None, path: Path, scale: int = 2) -> None:
    """Write a view to a file, in the format of its suffix; the file is complete or as it was.

    Raises ExportError when the suffix is unknown, the file cannot be written or there is nothing to show.
    """
    format = path.suffix.lower().lstrip(".")
    if format not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise ExportError(f"{path.name} does not end in a format that can be written; choose one of {known}.")
    write(path, render(type(view), history, snapshot, view.state(), format=format, scale=scale))


def copy(view: View, history: History, snapshot: Snapshot | None, scale: int = 2) -> None:
    """Put a view on the clipboard as a picture and as its numbers, tab-separated. Raises ExportError if it is empty."""
    png = render(type(view), history, snapshot, view.state(), format="png", scale=scale)
    data = QMimeData()
    data.setImageData(QImage.fromData(png))
    data.setText(csv_of(view.table(history, snapshot), "\t").decode())
    QGuiApplication.clipboard().setMimeData(data)


def csv_of(table: Table, separator: str = ",") -> bytes:
    """Return columns as text in UTF-8 with a heading line: numbers in full precision, nothing where there is none."""
    import polars

    frame = polars.DataFrame({name: np.ascontiguousarray(values) for name, values in table.items()})
    floats = polars.selectors.float()
    return frame.with_columns(floats.fill_nan(None)).write_csv(separator=separator).encode()


def write(path: Path, contents: bytes) -> None:
    """Write a file in one step, so that nobody ever sees half of it. Raises ExportError when that fails."""
    try:
        replace_file(path, contents)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}; choose another folder.") from None


# ------------------------------------------------------------ formats


def _png(figure: Figure, scale: int) -> bytes:
    image = QImage(figure.size * scale, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    figure.paint(painter)
    painter.end()
    image.setDevicePixelRatio(1.0)
    image.setDotsPerMeterX(round(DPI * scale / 0.0254))
    image.setDotsPerMeterY(round(DPI * scale / 0.0254))
    buffer, contents = _buffer()
    QImageWriter(buffer, QByteArray(b"PNG")).write(image)
    return bytes(contents.data())


def _svg(figure: Figure, scale: int) -> bytes:
    from PySide6.QtSvg import QSvgGenerator

    buffer, contents = _buffer()
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(DPI)
    generator.setSize(figure.size)
    generator.setViewBox(QRect(0, 0, figure.size.width(), figure.size.height()))
    generator.setTitle(figure.title)
    generator.setDescription("Drawn by nnviz")
    painter = QPainter(generator)
    figure.paint(painter)
    painter.end()
    return bytes(contents.data())


def _pdf(figure: Figure, scale: int) -> bytes:
    buffer, contents = _buffer()
    writer = QPdfWriter(buffer)
    writer.setResolution(DPI)
    size = QSizeF(figure.size.width() * 72 / DPI, figure.size.height() * 72 / DPI)
    writer.setPageSize(QPageSize(size, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    writer.setTitle(figure.title)
    writer.setCreator("nnviz")
    painter = QPainter(writer)
    figure.paint(painter)
    painter.end()
    return bytes(contents.data())


def _buffer() -> tuple[QBuffer, QByteArray]:
    contents = QByteArray()
    buffer = QBuffer(contents)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return buffer, contents


_WRITERS: dict[str, Callable[[Figure, int], bytes]] = {"png": _png, "svg": _svg, "pdf": _pdf}
