"""Samples that can be drawn, sprayed, erased, selected and moved: what the tools of the canvas do, without input."""

from __future__ import annotations

import time
from itertools import count

import numpy as np
from PySide6.QtCore import QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from nnviz.data.dataset import DataError
from nnviz.data.drawings.drawing import Drawing
from nnviz.data.drawings.editing import delete, relabel
from nnviz.data.settings import DataSettings
from nnviz.gui.theme import Theme
from nnviz.gui.widgets import canvas_paint as paint
from nnviz.gui.widgets.point_text import read_points, with_points, write_points
from nnviz.gui.widgets.sample_view import SampleView
from nnviz.gui.widgets.samples import Samples, what_to_draw_next
from nnviz.gui.widgets.sketch import Place, Sketch
from nnviz.gui.widgets.strokes import Stroke, make_stroke

RADIUS = (0.1, 2.5)
"""Smallest and largest brush, in units of the plane."""

FRAME_MS = 16
_POINTS_PER_MS = 2_000  # a drawing of n points is handed on every n / this ms at most: whoever trains has to split it


class SketchView(SampleView):
    """Samples in the plane, and tools that change them.

    It changes no experiment, it hands on changed drawings. In a stroke, in order: the pointer's path is
    collected; once per frame the stroke makes the next drawing of it and the picture is repaired where it changed;
    `edited` hands that drawing on, always the last one of a stroke and never more than one per frame.
    """

    drawing_wanted = Signal()
    """A tool is to be used on samples that are no drawing yet: `show_drawing` is expected before this returns."""
    edited = Signal(object, str, str)
    """The changed Drawing, what was done to it, and a key that all steps of one stroke share."""
    cancelled = Signal(str)
    """The stroke with this key, handed on in part, is to be taken back."""
    tool_changed = Signal(str)
    label_changed = Signal(int)
    radius_changed = Signal(float)
    said = Signal(str)
    """A sentence about something that could not be done."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.tool, self.label, self.n_labels, self.radius = "brush", 0, 2, 0.5
        self.rng = np.random.default_rng()
        self.sketch = Sketch(self.picture)
        self._editable = False
        self._path: list[Place] = []
        self._key = ""
        self._keys = count()
        self._handed: Drawing | None = None
        self._handed_at = 0.0
        self._clock = QTimer(self)
        self._clock.setInterval(FRAME_MS)
        self._clock.setTimerType(Qt.TimerType.PreciseTimer)
        self._clock.timeout.connect(self.advance)

    @property
    def editable(self) -> bool:
        """Whether what is shown can be drawn on."""
        return self._editable

    @editable.setter
    def editable(self, editable: bool) -> None:
        self._editable = editable
        self.setCursor(Qt.CursorShape.CrossCursor if editable else Qt.CursorShape.ArrowCursor)

    def show_drawing(self, drawing: Drawing, settings: DataSettings) -> None:
        """Show a drawing to go on with; a stroke that is going on is dropped, and nothing is selected."""
        self._clock.stop()
        self.editable = True
        self.set_bounds(drawing.frame, drawing.mode == "classification")
        self.sketch.open(drawing, settings)
        self._settle()

    def put(self, samples: Samples | None) -> None:
        self.suspend()
        self.sketch.close()
        super().put(samples)

    def suspend(self) -> None:
        """Take no more strokes until something else is shown; one that is going on ends here."""
        self._clock.stop()
        self._path = []
        self.sketch.stroke = None
        self.editable = False

    def _settle(self) -> None:
        """A drawing is as it will be for a while: say what it lacks."""
        drawing = self.sketch.drawing
        assert drawing is not None
        lack = what_to_draw_next(drawing)
        words = paint.Words(hint=lack) if drawing.n_points else paint.Words(text=lack)
        self.say(words, lack or f"{drawing.n_points:,} points.")

    # ------------------------------------------------------------ tools

    def set_tool(self, tool: str) -> None:
        """Take another tool; a selection stays only with the lasso."""
        if tool != self.tool:
            self.tool = tool
            if tool != "lasso":
                self.sketch.select(None)
            self.tool_changed.emit(tool)
            self.update()

    def set_label(self, label: int) -> None:
        """Draw this class from now on, and give it to the selected points."""
        if label != self.label:
            self.label = label
            self.label_changed.emit(label)
            self.update()
        drawing, mask = self.sketch.drawing, self.sketch.mask
        if drawing is not None and mask is not None and drawing.mode == "classification" and not self.sketch.busy:
            self._replace(relabel(drawing, mask, label), "Relabel points", keep_selection=True)

    def set_radius(self, radius: float) -> None:
        """Use a brush of another size, in units of the plane."""
        radius = min(max(radius, RADIUS[0]), RADIUS[1])
        if radius != self.radius:
            self.radius = radius
            self.radius_changed.emit(radius)
            self.update()

    def delete_selection(self) -> None:
        """Remove the selected points."""
        drawing, mask = self.sketch.drawing, self.sketch.mask
        if drawing is not None and mask is not None:
            self._replace(delete(drawing, mask), "Delete points")

    def select_all(self) -> None:
        """Select every point."""
        drawing = self._begun()
        if drawing is not None and drawing.n_points:
            self.set_tool("lasso")
            left, right, bottom, top = drawing.frame
            around = [(left, bottom), (right, bottom), (right, top), (left, top)]
            self.sketch.select(np.ones(drawing.n_points, np.bool_), around)
            self.update()

    def copy(self) -> None:
        """Put the selected points on the clipboard as text."""
        if self.sketch.drawing is not None and self.sketch.mask is not None:
            QGuiApplication.clipboard().setText(write_points(self.sketch.drawing, self.sketch.mask))

    def paste(self) -> None:
        """Add the points that the clipboard lists; those without a class get the current one."""
        read = read_points(QGuiApplication.clipboard().text())
        if not len(read.positions):
            self.said.emit("There are no points to paste: copy two columns with x and y, and perhaps one with a class.")
            return
        drawing = self._begun()
        if drawing is None:
            self.said.emit("These samples cannot be drawn on; clear the canvas, then paste.")
            return
        try:
            result = with_points(drawing, read, self.label)
        except DataError as error:
            self.said.emit(str(error))
            return
        self._replace(result, "Paste points")
        lost = read.left_out + len(read.positions) - (result.n_points - drawing.n_points)
        if lost:
            self.said.emit(f"{lost:,} of the pasted lines lie outside the canvas or hold no point; they were left out.")

    def _replace(self, drawing: Drawing, text: str, keep_selection: bool = False) -> None:
        if drawing != self.sketch.drawing:
            self.sketch.replace(drawing, keep_selection)
            self._settle()
            self.edited.emit(drawing, text, "")

    def _begun(self) -> Drawing | None:
        """Return the drawing to change; samples that can be drawn on become one now."""
        if self.sketch.drawing is None and self._editable:
            self.drawing_wanted.emit()
        return self.sketch.drawing if self._editable else None

    # ------------------------------------------------------------ strokes

    def begin(self, place: QPointF) -> None:
        """Start to use the tool at a place of the widget."""
        drawing = self._begun()
        if drawing is None or self.sketch.busy:
            return
        at = self.frame.to_plane(place)
        mask = self.sketch.mask
        if self.tool == "lasso" and (
            mask is None or not self.sketch.polygon(self.frame).containsPoint(place, Qt.FillRule.OddEvenFill)
        ):
            self.sketch.start_lasso(at)
            return
        self._key = f"stroke {id(self)} {next(self._keys)}"
        self._handed, self._handed_at, self._path = drawing, 0.0, [at]
        radii = self.frame.radii(self.radius)
        self.sketch.start(make_stroke(self.tool, drawing, self.label, radii, mask, self.rng))
        self.words = paint.Words()
        self._clock.start()
        self.advance()

    def extend(self, place: QPointF) -> None:
        """The pointer went to a place of the widget."""
        if self.sketch.lassoing:
            self.sketch.outline.append(self.frame.to_plane(place))
        elif self.sketch.stroke is not None:
            self._path.append(self.frame.to_plane(place))

    @Slot()
    def advance(self) -> None:
        """Carry the stroke on by one frame."""
        stroke = self.sketch.stroke
        if stroke is None:
            self._clock.stop()
            return
        path, self._path = self._path, []
        try:
            changed = self.sketch.advance(path)
        except DataError as error:
            self.finish()
            self.said.emit(str(error))
            return
        if changed:
            self.update()
            interval = max(FRAME_MS, stroke.result.n_points / _POINTS_PER_MS) / 1000
            if time.monotonic() - self._handed_at >= interval:
                self._hand_on(stroke)

    def finish(self) -> None:
        """End the stroke, the lasso or the move; what it has done stays."""
        if self.sketch.lassoing:
            self.sketch.close_lasso()
            self.update()
        if self._path:
            self.advance()
        stroke = self.sketch.stroke
        if stroke is not None:
            self._clock.stop()
            self.sketch.finish()
            self._settle()
            self._hand_on(stroke)

    def cancel(self) -> None:
        """Take back the stroke that is going on, or else drop the selection."""
        stroke = self.sketch.stroke
        self._clock.stop()
        self.sketch.cancel()
        if stroke is not None:
            self._settle()
            if self._handed is not stroke.start:
                self.cancelled.emit(self._key)
        self.update()

    def _hand_on(self, stroke: Stroke) -> None:
        if stroke.result != self._handed:
            self._handed, self._handed_at = stroke.result, time.monotonic()
            self.edited.emit(stroke.result, stroke.text, self._key)
