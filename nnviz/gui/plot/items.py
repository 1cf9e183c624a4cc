"""What stands on a plot: curves, the area between two curves, pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsPathItem, QStyleOptionGraphicsItem, QWidget

from nnviz.gui.plot.pens import draw_path, thickened


class Curve(pg.PlotCurveItem):
    """A line through points, with gaps where they are not finite.

    Live pens are one device pixel wide, for speed; drawing them more than once makes lines as heavy as they should
    be on any screen.
    """

    weight = 1.5
    """Thickness on screen, in device-independent pixels; figures use the width of the pen."""

    def __init__(self) -> None:
        super().__init__(antialias=True, skipFiniteCheck=True)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def draw(self, x: NDArray[Any], y: NDArray[Any]) -> None:
        """Show the line through (x, y), both (n,)."""
        finite = bool(np.isfinite(y).all())
        self.setData(x, y, connect="all" if finite else "finite")

    def boundingRect(self) -> QRectF:
        """Return the visible part of the plot: it clips the curve, so nothing needs to be measured."""
        box = self.getViewBox()
        return QRectF(box.viewRect()) if box is not None else QRectF()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if widget is None:  # a figure
            draw_path(painter, self.getPath(), self.opts["pen"])
            return
        for _ in thickened(painter, self.weight, widget.devicePixelRatioF()):
            super().paint(painter, option, widget)


class Band(QGraphicsPathItem):
    """The filled area between two curves.

    On screen it is filled in pieces of a few points: the time for one polygon grows with the square of its edges.
    """

    _PIECE = 24

    def __init__(self) -> None:
        super().__init__()
        self.setPen(Qt.PenStyle.NoPen)
        self._pieces: list[QPainterPath] = []

    def draw(self, x: NDArray[Any], low: NDArray[Any], high: NDArray[Any], most: int = 10_000) -> None:
        """Fill between `low` and `high`, all (n,), where both are finite.

        More than `most` points are averaged in groups; the curves on the border hide the difference.
        """
        if len(x) > most:
            x, low, high = (_averaged(each, -(-len(x) // most)) for each in (x, low, high))
        finite = np.isfinite(low) & np.isfinite(high) & np.isfinite(x)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]])))
        whole, self._pieces = QPainterPath(), []
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if stop - start > 1:
                whole.addPath(_between(x[start:stop], low[start:stop], high[start:stop]))
            for at in range(start, stop - 1, self._PIECE):
                piece = slice(at, min(at + self._PIECE + 1, stop))
                self._pieces.append(_between(x[piece], low[piece], high[piece]))
        self.setPath(whole)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, widget is None)  # smooth edges would show as seams
        for path in self._pieces if widget is not None else [self.path()]:
            painter.fillPath(path, self.brush())


def _between(x: NDArray[Any], low: NDArray[Any], high: NDArray[Any]) -> QPainterPath:
    """Return the outline of the area between two lines over x, all (n,)."""
    across, up = np.concatenate([x, x[::-1]]), np.concatenate([low, high[::-1]])
    path: QPainterPath = pg.arrayToQPath(across, up, connect="all", finiteCheck=False)
    return path


def _averaged(values: NDArray[Any], group: int) -> NDArray[Any]:
    """Return means of groups of neighbours, with the first and the last value as they are."""
    inner = values[: len(values) // group * group].reshape(-1, group).mean(axis=1)
    return np.concatenate([values[:1], inner, values[-1:]])


class Ridge(QGraphicsPathItem):
    """A line with its area down to a base filled, so that it hides what lies behind it."""

    def __init__(self) -> None:
        super().__init__()
        self._filled = QPainterPath()

    def draw(self, x: NDArray[Any], y: NDArray[Any], base: float) -> None:
        """Show the line through (x, y), both (n,) and finite, over `base`."""
        self.setPath(pg.arrayToQPath(x, y, connect="all", finiteCheck=False))
        self._filled = pg.arrayToQPath(
            np.concatenate([x[:1], x, x[-1:]]), np.concatenate([[base], y, [base]]), connect="all", finiteCheck=False
        )

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(self._filled, self.brush())
        if widget is None:  # a figure
            draw_path(painter, self.path(), self.pen())
            return
        painter.setPen(self.pen())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for _ in thickened(painter, 1.0, widget.devicePixelRatioF()):
            painter.drawPath(self.path())


class Picture(pg.ImageItem):
    """An image (h, w, 4) uint8 RGBA, its first row at the bottom, spread over a rectangle of the plot."""

    def __init__(self, smooth: bool = True) -> None:
        super().__init__(axisOrder="row-major")
        self.smooth = smooth
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.setAcceptHoverEvents(False)
        self._bounds: tuple[float, float, float, float] | None = None

    def draw(self, pixels: NDArray[np.uint8], bounds: tuple[float, float, float, float]) -> None:
        """Show pixels over (left, right, bottom, top)."""
        shape = None if self.image is None else self.image.shape
        self.setImage(pixels, autoLevels=False)
        if bounds != self._bounds or shape != pixels.shape:
            self._bounds = bounds
            left, right, bottom, top = bounds
            self.setRect(QRectF(left, bottom, right - left, top - bottom))

    def paint(self, painter: QPainter, *args: Any) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.smooth)
        super().paint(painter, *args)
