"""The ways to write a figure: PNG, SVG, PDF and the numbers behind it as CSV."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRect, QRectF, QSize, QSizeF
from PySide6.QtGui import QColorConstants, QImage, QImageWriter, QPageSize, QPdfWriter

from nnviz.export.figure import MM_PER_INCH, POINTS_PER_INCH
from nnviz.gui.figures.painter import FigurePainter, Lettering, Written
from nnviz.gui.figures.problem import ExportError
from nnviz.gui.figures.sheet import Sheet
from nnviz.gui.figures.svg import described, outlined
from nnviz.gui.views import Table

_MICROMETRES_PER_INCH = 25_400
"""Resolution at which Qt's whole numbers are fine enough for a page."""

_FINE = 1_000_000
"""Side of the square that the scale of a painter is set by, in whole numbers again."""


@dataclass(frozen=True)
class Format:
    """One way to write a figure: the ending of its files, its name for people, and what makes the contents."""

    name: str
    title: str
    contents: Callable[[Sheet], bytes]


def picture(sheet: Sheet, dpi: float) -> QImage:
    """Return the page as a picture without transparency, and how fine it is. Raises ExportError for want of memory."""
    image, _ = written_picture(sheet, dpi)
    return image


def written_picture(sheet: Sheet, dpi: float) -> tuple[QImage, list[Written]]:
    """Return the page as a picture, and what is written on it: boxes and sizes in units of the page."""
    across, down = sheet.pixels(dpi)
    image = QImage(across, down, QImage.Format.Format_RGB32)
    if image.isNull():
        raise ExportError(f"There is no memory for {across:,} × {down:,} pixels; lower the resolution or the size.")
    image.fill(QColorConstants.White)
    painter = FigurePainter(image, Lettering.OUTLINES)
    _scale(painter, sheet.unit * dpi / POINTS_PER_INCH)
    sheet.paint(painter)
    painter.end()
    dots_per_metre = round(dpi / (MM_PER_INCH / 1000))
    image.setDotsPerMeterX(dots_per_metre)
    image.setDotsPerMeterY(dots_per_metre)
    return image, painter.written


def _png(sheet: Sheet) -> bytes:
    buffer, contents = _buffer()
    writer = QImageWriter(buffer, QByteArray(b"PNG"))
    if not writer.write(picture(sheet, sheet.figure.dpi)):
        raise ExportError(
            f"The picture cannot be packed as PNG: {writer.errorString()}; lower the resolution or the size."
        )
    return bytes(contents.data())


def _svg(sheet: Sheet) -> bytes:
    """Return the page as SVG; a unit of its coordinates is one of the page, its size is in millimetres.

    Qt writes clipping in coordinates of the page, so that these must not be scaled besides.
    """
    from PySide6.QtSvg import QSvgGenerator

    buffer, contents = _buffer()
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setResolution(_MICROMETRES_PER_INCH)
    size = sheet.size
    fine = _MICROMETRES_PER_INCH / POINTS_PER_INCH
    generator.setSize(QSize(round(size.width() * fine), round(size.height() * fine)))
    generator.setViewBox(QRectF(0, 0, size.width() / sheet.unit, size.height() / sheet.unit))
    painter = FigurePainter(generator, Lettering.MARKS)
    sheet.paint(painter)
    painter.end()
    text = bytes(contents.data()).decode()
    return described(outlined(text, painter.written), sheet.title()).encode()


def _pdf(sheet: Sheet) -> bytes:
    buffer, contents = _buffer()
    writer = QPdfWriter(buffer)
    writer.setResolution(1200)
    writer.setPageSize(QPageSize(sheet.size, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    writer.setTitle(sheet.title())
    writer.setCreator("nnviz")
    page = QSizeF(writer.pageLayout().fullRectPoints().size())
    painter = FigurePainter(writer, Lettering.FONT)
    _scale(painter, sheet.unit * writer.resolution() / POINTS_PER_INCH)
    painter.translate(0, (page.height() - sheet.size.height()) / sheet.unit)
    sheet.paint(painter)
    painter.end()
    return _cut(bytes(contents.data()), page, sheet.size)


def _cut(contents: bytes, page: QSizeF, wanted: QSizeF) -> bytes:
    """Return a PDF whose page, which Qt rounds to whole points, has its exact size: its lower left corner stays.

    The numbers are replaced by others of the same length, so that nothing in the file moves.
    """
    before = b"/MediaBox [0 0 %.6f %.6f]" % (page.width(), page.height())
    room = len(before) - len(b"/MediaBox [0 0  ]")
    across = b"%.6f" % wanted.width()
    down = (b"%.6f" % wanted.height())[: room - len(across)]
    after = b"/MediaBox [0 0 %s %s]" % (across, down)
    return re.sub(re.escape(before), after.ljust(len(before)), contents, count=1)


def csv_of(table: Table, separator: str = ",") -> bytes:
    """Return columns as text in UTF-8 with a heading line: numbers in full precision, nothing where there is none."""
    import polars

    columns = {name: _series(values) for name, values in table.items()}
    floats = polars.selectors.float()
    frame = polars.DataFrame(columns)
    return frame.with_columns(floats.fill_nan(None)).write_csv(separator=separator).encode()


def _series(values: np.ndarray) -> object:
    return values.tolist() if values.dtype == object else np.ascontiguousarray(values)


def _csv(sheet: Sheet) -> bytes:
    return csv_of(sheet.table())


def _scale(painter: FigurePainter, factor: float) -> None:
    """Have a unit cover `factor` dots, apart from the transformations that items look at."""
    painter.setWindow(QRect(0, 0, _FINE, _FINE))
    painter.setViewport(QRect(0, 0, round(factor * _FINE), round(factor * _FINE)))


def _buffer() -> tuple[QBuffer, QByteArray]:
    contents = QByteArray()
    buffer = QBuffer(contents)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return buffer, contents


FORMATS = {
    format.name: format
    for format in (
        Format("png", "PNG picture", _png),
        Format("svg", "SVG vector graphics", _svg),
        Format("pdf", "PDF document", _pdf),
        Format("csv", "CSV table of its numbers", _csv),
    )
}
