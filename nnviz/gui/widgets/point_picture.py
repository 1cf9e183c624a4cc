"""The samples of a canvas as images: drawn once, then added to and repaired in place."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QColor, QPainter

from nnviz.data.drawings.editing import Mask
from nnviz.gui.theme import Theme
from nnviz.gui.widgets.samples import EVERY, Frame, Positions, Samples, Which, dot_radius
from nnviz.gui.widgets.stamp import MARGIN, Patch, PointImage, mask, packed

_RING = 1.4  # width of the line of a test sample
_HALO = 1.3  # width of the edge around chosen points
_FINE_UP_TO = 20_000  # more points than this are placed on whole pixels, and have no edge when they are chosen


class PointPicture:
    """Two images of points: all samples, and on top the chosen ones, which can be shifted as a whole."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.samples: Samples | None = None
        self._frame: Frame | None = None
        self._size, self._ratio = QSize(1, 1), 1.0
        self._all = PointImage(1, 1)
        self._chosen: PointImage | None = None
        self._chosen_mask: Mask | None = None
        self._lifted = False
        self._radius = 3.0

    def set_frame(self, frame: Frame, size: QSize, ratio: float) -> None:
        """Draw for a widget of another size, another map to it or another screen."""
        if frame == self._frame and size == self._size and ratio == self._ratio:
            return
        self._frame, self._size, self._ratio = frame, QSize(size), ratio
        self._all = self._image()
        self.redraw()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        self.redraw()

    def show(self, samples: Samples | None) -> None:
        """Show other samples; none of them is chosen."""
        self.samples, self._chosen, self._chosen_mask, self._lifted = samples, None, None, False
        self.redraw()

    def redraw(self) -> None:
        """Draw everything anew."""
        self._all.clear()
        if self.samples is None or self._frame is None:
            return
        self._radius = self._wanted_radius(self.samples)
        rest = EVERY if not self._lifted or self._chosen_mask is None else np.flatnonzero(~self._chosen_mask)
        self._stamp(self._all, self.samples, rest)
        if self._chosen_mask is not None:
            self._draw_chosen()

    def grow(self, samples: Samples) -> None:
        """Show samples of which all but the last are shown already."""
        before = len(self.samples) if self.samples is not None else 0
        self.samples = samples
        if self._wanted_radius(samples) != self._radius:
            self.redraw()
        else:
            self._stamp(self._all, samples, slice(before, None))

    def repair(self, samples: Samples, box: tuple[float, float, float, float]) -> None:
        """Show samples that differ from those before only inside a box of the plane: left, right, bottom, top."""
        self.samples = samples
        if self._frame is None or self._wanted_radius(samples) != self._radius:
            self.redraw()
            return
        corners = np.array([(box[0], box[3]), (box[1], box[2])])
        (left, right), (top, bottom) = (c.tolist() for c in self._frame.to_pixels(corners, self._ratio))
        reach = int((self._radius + 2) * self._ratio) + 2
        edges = int(left) - reach, int(top) - reach, int(right) + reach, int(bottom) + reach
        x, y = self._frame.to_pixels(samples.positions, self._ratio)
        near = (x >= edges[0] - reach) & (x <= edges[2] + reach) & (y >= edges[1] - reach) & (y <= edges[3] + reach)
        patch = self._all.patch(*edges)
        self._stamp(patch, samples, np.flatnonzero(near))
        patch.put()

    def choose(self, chosen: Mask | None, lifted: bool = False) -> None:
        """Mark some samples; `lifted` ones leave the image below, to be painted elsewhere."""
        redraw = self._lifted or lifted
        self._chosen_mask, self._lifted = chosen, lifted and chosen is not None
        self._chosen = None
        if redraw:
            self.redraw()
        elif chosen is not None:
            self._draw_chosen()

    def paint(self, painter: QPainter, shift: QPointF) -> None:
        """Paint everything; the chosen samples are shifted."""
        corner = QPointF(-MARGIN / self._ratio, -MARGIN / self._ratio)
        painter.drawImage(corner, self._all.image)
        if self._chosen is not None:
            painter.drawImage(corner + shift, self._chosen.image)

    # ------------------------------------------------------------ parts

    def _image(self) -> PointImage:
        width, height = self._size.width() * self._ratio, self._size.height() * self._ratio
        return PointImage(max(1, round(width)), max(1, round(height)), self._ratio)

    def _wanted_radius(self, samples: Samples) -> float:
        assert self._frame is not None
        return dot_radius(len(samples), min(self._frame.area.width(), self._frame.area.height()))

    def _draw_chosen(self) -> None:
        if self.samples is None or self._frame is None or self._chosen_mask is None:
            return
        self._chosen = self._image()
        which = np.flatnonzero(self._chosen_mask)
        x, y = self._frame.to_pixels(_places(self.samples, which), self._ratio)
        edges = ((_HALO, self.theme.text), (0.0, self.theme.field))  # the field fills rings
        for width, color in edges if len(which) <= _FINE_UP_TO else ():
            disc = mask((self._radius + width) * self._ratio, 0.0, self._fine)
            self._chosen.stamp(x, y, np.repeat(packed([QColor(color)]), len(which)), disc)
        self._stamp(self._chosen, self.samples, which)

    @property
    def _fine(self) -> int:
        return 4 if self.samples is not None and len(self.samples) <= _FINE_UP_TO else 1

    def _stamp(self, target: PointImage | Patch, samples: Samples, which: Which) -> None:
        assert self._frame is not None
        x, y = self._frame.to_pixels(_places(samples, which), self._ratio)
        colors, held = samples.look(self.theme, which)
        radius = self._radius * self._ratio
        for rows, ring in ((np.flatnonzero(~held), 0.0), (np.flatnonzero(held), _RING * self._ratio)):
            target.stamp(x[rows], y[rows], colors[rows], mask(radius, ring, self._fine))


def _places(samples: Samples, which: Which) -> Positions:
    # On pairs `take` is many times faster than an index.
    return samples.positions[which] if isinstance(which, slice) else samples.positions.take(which, axis=0)
