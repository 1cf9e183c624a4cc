"""What the tests of figures look at them with: renderers and readers that share no code with Qt."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pypdfium2
import resvg_py
from PySide6.QtGui import QImage

from nnviz.export.figure import FigureSettings
from nnviz.export.presets import presets
from nnviz.export.recipe import Panel, Recipe, single
from nnviz.gui.figures.export import render
from nnviz.gui.views import views
from nnviz.run import Run

NAMES = views.names()
PICTURES = ("png", "svg", "pdf")
SVG = "{http://www.w3.org/2000/svg}"
DPI = 144
"""Fine enough to see every letter, coarse enough to be quick."""

_BLOCK = 6
"""Side of the squares that pictures are averaged over before they are compared, in pixels."""


def figure(preset: str = "paper-column", **changes: Any) -> FigureSettings:
    return presets[preset].figure.replace(**{"dpi": DPI, **changes})


def recipe(*names: str, columns: int = 1, choices: dict[str, Any] | None = None, **changes: Any) -> Recipe:
    if len(names) == 1:
        return single(names[0], choices or {}, figure(**changes))
    return Recipe(panels=tuple(Panel(view=name) for name in names), columns=columns, figure=figure(**changes))


def of(run: Run, format: str, *names: str, **options: Any) -> bytes:
    return render(recipe(*names, **options), run.history, run.snapshot, format)


def pixels(image: QImage) -> np.ndarray:
    """Return (h, w, 3) uint8."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def png_pixels(contents: bytes) -> np.ndarray:
    return pixels(QImage.fromData(contents))


def svg_pixels(contents: bytes, dpi: float = DPI) -> np.ndarray:
    """Return what resvg makes of an SVG, without any font of this machine: (h, w, 3) uint8."""
    made = resvg_py.svg_to_bytes(svg_string=contents.decode(), dpi=dpi, skip_system_fonts=True)
    return png_pixels(bytes(made))


def pdf_pixels(contents: bytes, dpi: float = DPI) -> np.ndarray:
    """Return what PDFium makes of the first page: (h, w, 3) uint8."""
    document = pypdfium2.PdfDocument(contents)
    try:
        return np.ascontiguousarray(document[0].render(scale=dpi / 72, rev_byteorder=True).to_numpy()[:, :, :3])
    finally:
        document.close()


def pdf_page(contents: bytes) -> tuple[float, float, str]:
    """Return width and height of the only page in mm, and its words."""
    document = pypdfium2.PdfDocument(contents)
    try:
        assert len(document) == 1
        width, height = document[0].get_size()
        return width * 25.4 / 72, height * 25.4 / 72, document[0].get_textpage().get_text_range()
    finally:
        document.close()


def difference(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Return how far two pictures are apart when seen from afar: the mean and the largest of blurred differences.

    They may differ by a pixel in size. A missing label, dot or line of text shows in the largest.
    """
    assert np.abs(np.subtract(one.shape, other.shape)).max() <= 1, (one.shape, other.shape)
    rows, columns = (min(a, b) // _BLOCK for a, b in zip(one.shape[:2], other.shape[:2], strict=True))
    a, b = (
        each[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK, 3).mean(axis=(1, 3))
        for each in (one, other)
    )
    apart = np.abs(a - b)
    return float(apart.mean()), float(apart.max())


def labels(contents: bytes) -> list[str]:
    """Return the words of an SVG in the order in which they were written."""
    return [e.get("aria-label", "") for e in ElementTree.fromstring(contents).iter(f"{SVG}path") if e.get("aria-label")]


def points_per_unit(root: ElementTree.Element) -> float:
    """Return how many points of 1/72 inch a unit of an SVG's coordinates covers on paper."""
    _, _, width, _ = map(float, root.get("viewBox", "").split())
    return millimetres(root.get("width", "")) * 72 / 25.4 / width


def millimetres(length: str) -> float:
    match = re.fullmatch(r"([\d.]+)mm", length)
    assert match is not None, length
    return float(match[1])


def strokes(root: ElementTree.Element, color: str) -> list[tuple[float, np.ndarray]]:
    """Return the paths stroked in a colour: width in units and points (n, 2) in units of the page."""
    found = []
    for group in root.iter(f"{SVG}g"):
        if group.get("stroke", "").lower() != color.lower():
            continue
        for path in group.findall(f"{SVG}path"):
            if path.get("stroke") == "none":
                continue
            matrix = re.match(r"matrix\(([^)]*)\)", group.get("transform", ""))
            a, b, c, d, e, f = map(float, matrix[1].split(",")) if matrix else (1, 0, 0, 1, 0, 0)
            numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", path.get("d", ""))]
            xy = np.array(numbers).reshape(-1, 2)
            width = float(group.get("stroke-width", "0")) * abs(a * d - b * c) ** 0.5
            found.append((width, xy @ np.array([[a, b], [c, d]]) + [e, f]))
    return found


def shown_by(run: Run) -> list[str]:
    """Return the names of the views that have something to show of a run: not all fit every task and network."""
    assert run.snapshot is not None
    left_out = set()
    if run.snapshot.data.task == "regression":
        left_out.add("confusion")
    if not run.snapshot.plan.activation_stages:
        left_out.add("dead_units")
    return [name for name in NAMES if name not in left_out]
