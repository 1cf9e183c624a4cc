"""A strip of small decision surfaces, one for every value of a path; a click chooses one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.data.dataset import SplitData
from nnviz.gui.theme import Theme, font
from nnviz.gui.views import finite_range
from nnviz.gui.views.parts import samples
from nnviz.gui.views.parts.colors import class_pixels

Surfaces = Sequence[NDArray[np.floating] | None]

_SIDE, _WORDS, _GAP = 72, 18, 6


class SurfaceStrip(QWidget):
    """Surfaces side by side, as large as there is room; the chosen one has a frame."""

    picked = Signal(int)
    """The user chose the value of this number."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._surfaces: Surfaces = ()
        self._labels: Sequence[str] = ()
        self._data: SplitData | None = None
        self._place = 0
        self._images: list[QImage | None] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Decision surfaces along the path")

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.theme, self._images = theme, []
        self.update()

    def show_surfaces(self, surfaces: Surfaces, labels: Sequence[str], data: SplitData | None, place: int) -> None:
        """Show surfaces, None where one is not known yet, with their values in words; one is chosen."""
        same = len(surfaces) == len(self._surfaces) and all(
            a is b for a, b in zip(surfaces, self._surfaces, strict=True)
        )
        if not same or data is not self._data:
            self._images = []
        self._surfaces, self._labels, self._data, self._place = surfaces, labels, data, place
        self.setAccessibleDescription(f"{labels[place]}, {place + 1} of {len(labels)}" if labels else "")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, _SIDE + _WORDS + 12)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(font("small", tabular=True))
        if not self._surfaces or self._data is None:
            painter.setPen(self.theme.color("muted"))
            painter.drawText(
                self.rect(), Qt.AlignmentFlag.AlignCenter, "The decision surface at every value appears here."
            )
            return
        if not self._images:
            self._images = [self._image(each) for each in self._surfaces]
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        every = self._every()
        for place, image in enumerate(self._images):
            box = self._box(place)
            if image is not None:
                painter.drawImage(box, image)
            elif (surface := self._surfaces[place]) is not None:
                self._paint_curve(painter, box, surface)
            chosen = place == self._place
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.theme.color("accent" if chosen else "border"), 2.0 if chosen else 1.0))
            painter.drawRect(box)
            if chosen and self.hasFocus():
                painter.setPen(QPen(self.theme.color("text"), 1.0))
                painter.drawRect(box.adjusted(-3, -3, 3, 3))
            if place % every == 0 or chosen:
                painter.setPen(self.theme.color("text" if chosen else "muted"))
                self._paint_words(painter, box, self._labels[place], chosen)

    def _paint_words(self, painter: QPainter, box: QRectF, words: str, chosen: bool) -> None:
        width = painter.fontMetrics().horizontalAdvance(words) + 6.0
        left = min(max(0.0, box.center().x() - width / 2), self.width() - width)
        room = QRectF(left, box.bottom() + 2, width, _WORDS)
        if chosen:
            painter.fillRect(room, self.theme.color("card"))
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_curve(self, painter: QPainter, box: QRectF, curve: NDArray[np.floating]) -> None:
        """Draw a fitted curve of one feature, over the range of the targets."""
        assert self._data is not None
        low, high = finite_range(self._data.scaling.unscaled_target(self._data.train.targets)) or (0.0, 1.0)
        x = np.linspace(box.left(), box.right(), len(curve))
        y = box.bottom() - np.clip((np.nan_to_num(curve) - low) / ((high - low) or 1.0), -0.2, 1.2) * box.height()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(box)
        painter.setPen(QPen(self.theme.color("text"), 1.5))
        painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]))
        painter.restore()

    def _image(self, surface: NDArray[np.floating] | None) -> QImage | None:
        """Return the picture of a surface; None for a curve, or none."""
        assert self._data is not None
        if surface is None or surface.ndim == 1:
            return None
        if surface.ndim == 3:
            pixels = class_pixels(surface, self.theme, hard=False)
        else:
            scale = samples.target_scale(self._data, self.theme)
            assert scale is not None
            pixels = scale.pixels(surface)
        pixels = np.ascontiguousarray(pixels[::-1])  # the first row of a surface is at the bottom
        height, width = pixels.shape[:2]
        return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()

    # ------------------------------------------------------------ places

    def _step(self) -> float:
        return min(float(_SIDE + _GAP), (self.width() - 8.0) / max(1, len(self._surfaces)))

    def _box(self, place: int) -> QRectF:
        step = self._step()
        side = min(float(_SIDE), max(8.0, step - (_GAP if step > 24 else 2)))
        left = 4.0 + place * step + (step - side) / 2
        return QRectF(left, 6.0 + (_SIDE - side) / 2, side, side)

    def _every(self) -> int:
        """Return that only every so many surfaces have room for words."""
        widest = max((self.fontMetrics().horizontalAdvance(words) for words in self._labels), default=1)
        return max(1, int(np.ceil((widest + 4) / max(1.0, self._step()))))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = int((event.position().x() - 4.0) // self._step())
        if 0 <= place < len(self._surfaces):
            self.picked.emit(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        elif 0 <= self._place + step < len(self._surfaces):
            self.picked.emit(self._place + step)
