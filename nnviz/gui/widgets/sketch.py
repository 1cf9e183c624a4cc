"""A drawing that is being edited: the stroke that is going on, the selection, and the picture of both."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QPolygonF

from nnviz.data.drawings.drawing import Drawing
from nnviz.data.drawings.editing import Mask, lasso
from nnviz.data.settings import DataSettings
from nnviz.gui.widgets.point_picture import PointPicture
from nnviz.gui.widgets.samples import Frame, drawn
from nnviz.gui.widgets.strokes import MoveStroke, Stroke

Place = tuple[float, float]
"""A position in the plane."""


class Sketch:
    """Holds a drawing, or none while other samples are shown, and keeps its picture up to date."""

    def __init__(self, picture: PointPicture) -> None:
        self.picture = picture
        self.drawing: Drawing | None = None
        self.settings = DataSettings()
        self.stroke: Stroke | None = None
        self.mask: Mask | None = None
        self.outline: list[Place] = []
        """The line of the lasso, while it is drawn and around what it has selected."""
        self.lassoing = False

    @property
    def busy(self) -> bool:
        """Whether a stroke or a lasso is under way."""
        return self.stroke is not None or self.lassoing

    @property
    def shift(self) -> Place:
        """How far the selection has been dragged."""
        return self.stroke.delta if isinstance(self.stroke, MoveStroke) else (0.0, 0.0)

    def close(self) -> None:
        """Have no drawing."""
        self._forget()
        self.drawing = None

    def open(self, drawing: Drawing, settings: DataSettings) -> None:
        """Go on with a drawing; whatever was going on is dropped, and nothing is selected."""
        self._forget()
        self.drawing, self.settings = drawing, settings
        self.picture.show(drawn(drawing, settings))

    def replace(self, drawing: Drawing, keep_selection: bool = False) -> None:
        """Go on with a changed drawing; a selection can be kept where points have kept their places in it."""
        mask, outline = self.mask, self.outline
        self.open(drawing, self.settings)
        if keep_selection:
            self.select(mask, outline)

    # ------------------------------------------------------------ strokes

    def start(self, stroke: Stroke) -> None:
        """Begin a stroke."""
        self.stroke = stroke
        if isinstance(stroke, MoveStroke):
            self.picture.choose(self.mask, lifted=True)

    def advance(self, path: list[Place]) -> bool:
        """Carry the stroke on by one frame; return whether it changed the drawing.

        Raises DataError when the drawing can hold no more points.
        """
        stroke = self.stroke
        if stroke is None:
            return False
        before = stroke.result
        if path:
            stroke.extend(np.array(path, np.float64))
        stroke.wait()
        if stroke.result is before:
            return False
        if stroke.effect == "adds":
            self.picture.grow(drawn(stroke.result, self.settings))
        elif stroke.effect == "removes":
            self.picture.repair(drawn(stroke.result, self.settings), stroke.touched)
        return True

    def finish(self) -> None:
        """End the stroke; what it has done stays."""
        stroke, shift = self.stroke, self.shift
        if stroke is None:
            return
        self.stroke, self.drawing = None, stroke.result
        if isinstance(stroke, MoveStroke):
            self.outline = [(x + shift[0], y + shift[1]) for x, y in self.outline]
            self.replace(stroke.result, keep_selection=True)

    def cancel(self) -> None:
        """Take back what is under way, or else drop the selection."""
        stroke, self.stroke = self.stroke, None
        if stroke is not None:
            self.replace(stroke.start, keep_selection=isinstance(stroke, MoveStroke))
        else:
            self.select(None)

    # ------------------------------------------------------------ selection

    def select(self, mask: Mask | None, outline: list[Place] | None = None) -> None:
        """Select points, or none."""
        self.mask = mask if mask is not None and mask.any() else None
        self.outline = list(outline or []) if self.mask is not None else []
        self.lassoing = False
        self.picture.choose(self.mask)

    def start_lasso(self, at: Place) -> None:
        """Begin to surround points."""
        self.select(None)
        self.outline, self.lassoing = [at], True

    def close_lasso(self) -> None:
        """Select what the lasso surrounds."""
        if self.drawing is not None and self.lassoing:
            self.select(lasso(self.drawing, self.outline), self.outline)

    def polygon(self, frame: Frame) -> QPolygonF:
        """Return the line of the lasso in the widget, where it has been dragged to."""
        dx, dy = self.shift
        return QPolygonF([frame.to_pixel(x + dx, y + dy) for x, y in self.outline])

    def _forget(self) -> None:
        self.stroke, self.mask, self.outline, self.lassoing = None, None, [], False
