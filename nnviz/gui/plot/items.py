"""What stands on a plot: curves, the area between two curves, pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QTransform
from PySide6.QtWidgets import QGraphicsPathItem, QStyleOptionGraphicsItem, QWidget
from nnviz.gui.plot.pens import draw_path

_PASSES = ((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0))


class Curve(pg.PlotCurveItem):
    """A line through points, with gaps where they are not finite.

    Live pens are one device pixel wide: Qt draws those, smoothed, some forty times faster than wider ones. Drawing
    the line again, moved by a fraction of a pixel, makes it as heavy as it should be on any screen.
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
        ratio = widget.devicePixelRatioF()
        heavy = self.weight * ratio
        transform = painter.worldTransform()
        step = min(1.0, heavy - 1.0) / ratio
        for dx, dy in _PASSES[: 2 if heavy < 2.5 else 4]:
            painter.setWorldTransform(transform * QTransform.fromTranslate((dx - 0.5) * step, (dy - 0.5) * step))
            super().paint(painter, option, widget)
        painter.setWorldTransform(transform)


class Band(QGraphicsPathItem):
    """The filled area between two curves."""

    def __init__(self) -> None:
        super().__init__()
        self.setPen(Qt.PenStyle.NoPen)

    def draw(self, x: NDArray[Any], low: NDArray[Any], high: NDArray[Any]) -> None:
        """Fill between `low` and `high`, all (n,), in pieces where one of them is not finite."""
        finite = np.isfinite(low) & np.isfinite(high) & np.isfinite(x)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]])))
        xs, ys = [np.empty(0)], [np.empty(0)]
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            if stop - start > 1:
                piece = slice(start, stop)
                xs += [x[piece], x[piece][::-1], [np.nan]]
                ys += [low[piece], high[piece][::-1], [np.nan]]
        across, up = np.concatenate(xs), np.concatenate(ys)
        self.setPath(pg.arrayToQPath(across, up, connect="finite") if len(across) else QPainterPath())


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
