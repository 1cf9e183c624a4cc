"""The plane with what a network answers and the training samples on it: they can be pointed at, picked and marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import is_
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent
from PySide6.QtWidgets import QRubberBand, QWidget

from nnviz.analysis.contour import zero_lines
from nnviz.data.dataset import SplitData
from nnviz.data.plane import Plane
from nnviz.gui.plot import Curve, Dot, Dots, Picture, Plot, Reading, Scale
from nnviz.gui.plot.overlay import Line
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme, font
from nnviz.gui.views import finite_range
from nnviz.gui.views.parts import samples
from nnviz.gui.views.parts.colors import class_pixels, ramp_pixels

NEAR = 10.0
"""How near to a sample a click picks it, in pixels."""

MOST = 4_000
"""Samples that are drawn; those that are marked are drawn always."""

STEPS = 24
"""Colours of a score."""

_MOST_NAMED, _NAME = 12, 34.0
"""Classes that are named along an axis at most, and the pixels that a plot leaves for numbers beside it."""

_DRAG = 5
"""Pixels from which on a press that moves is a rectangle."""


class PlanePicture(Plot):
    """A surface, or how two of them differ, under the training samples, coloured by class or by a score."""

    picked = Signal(int, bool)
    """The sample of this number was clicked, -1 for none; and whether it is to be added to others (Ctrl or Shift)."""
    swept = Signal(object, bool)
    """A rectangle was drawn around samples, given by their numbers (k,); and whether they are to be added."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, Scale(grid=False), Scale(grid=False), parent)
        self._data: SplitData | None = None
        self._plane: Plane | None = None
        self._surfaces: tuple[NDArray[Any], ...] = ()
        self._scores: NDArray[np.float64] | None = None
        self._range = (0.0, 1.0)
        self._xy = np.empty((0, 2))
        self.marked: NDArray[np.intp] = np.empty(0, np.intp)
        self.describe: Callable[[int], Sequence[Line]] = lambda number: ()
        self._picture = self.add(Picture())
        self._curves = [self.add(Curve()) for _ in range(2)]
        self._dots, self._rings = self.add(Dots()), self.add(Dots())
        self._dots.setZValue(5)
        self._rings.setZValue(6)
        self._pressed: QPoint | None = None
        self._rubber = QRubberBand(QRubberBand.Shape.Rectangle, self.viewport())
        self.pointed.connect(self._read_at)
        self.setAccessibleName("Plane with the training samples")

    # ------------------------------------------------------------ what a page shows

    def show_answers(self, data: SplitData, plane: Plane, *surfaces: NDArray[Any]) -> None:
        """Show samples over a surface, over the change from one surface to another, or over nothing.

        Surfaces are what the probe of that name measures, on this plane. Colours of a change: for two classes how the
        probability of the second one changed; for more, half the sum of the changes of all; for values their change.
        """
        same = data is self._data and plane is self._plane
        shown = len(surfaces) == len(self._surfaces) and all(map(is_, surfaces, self._surfaces))
        if same and shown:
            return
        self._data, self._plane, self._surfaces = data, plane, surfaces
        if not same:
            self._xy = places(data, plane)
            self.marked = np.empty(0, np.intp)
        self._draw()

    def clear(self, sentence: str) -> None:
        """Show a sentence alone."""
        self._data = self._plane = self._scores = None
        self._surfaces, self._xy, self.marked = (), np.empty((0, 2)), np.empty(0, np.intp)
        self.read(None)
        self.say(sentence)

    def color_by(self, scores: NDArray[np.float64] | None, low: float = 0.0, high: float = 1.0) -> None:
        """Colour samples by a score (n,) between two values, not finite ones in the card's colour; None: by class."""
        self._scores, self._range = scores, (low, high if high > low else low + 1.0)
        self._draw_samples()

    def mark(self, numbers: Sequence[int] | NDArray[np.intp]) -> None:
        """Mark samples with a ring."""
        self.marked = np.asarray(numbers, np.intp)
        self._draw_samples()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        if hasattr(self, "_rubber"):
            self._draw()

    @property
    def largest_change(self) -> float:
        """The end of the colours of a change; its other end is minus that, or 0 for more than two classes."""
        if len(self._surfaces) < 2:
            return 0.0
        return 1.0 if self._surfaces[0].ndim == 3 else max(float(np.nanmax(np.abs(self._change()))), 1e-12)

    # ------------------------------------------------------------ drawing

    def _draw(self) -> None:
        data, plane = self._data, self._plane
        if data is None or plane is None:
            return
        self.say("")
        left, right, bottom, top = plane.display_bounds
        flat = bool(self._surfaces) and self._surfaces[0].ndim == 1
        self._picture.setVisible(bool(self._surfaces) and not flat)
        for curve in self._curves:
            curve.setVisible(False)
        if flat or (data.n_features == 1 and data.task == "regression"):
            targets = finite_range(data.scaling.unscaled_target(data.train.targets)) or (0.0, 1.0)
            room = 0.25 * (targets[1] - targets[0]) or 1.0
            bottom, top = targets[0] - room, targets[1] + room
        self.set_scales(Scale(plane.labels[0], grid=False), upward(data, plane), (left, right), (bottom, top))
        if flat:
            self._draw_fits(left, right)
        elif self._surfaces:
            self._picture.draw(self._pixels(), plane.display_bounds)
            if len(self._surfaces) == 2 and self._surfaces[0].ndim == 3:
                self._draw_boundaries(plane.display_bounds)
        self._draw_samples()

    def _pixels(self) -> NDArray[np.uint8]:
        assert self._data is not None
        surface = self._surfaces[0]
        if len(self._surfaces) == 2:
            change, end = self._change(), self.largest_change
            if surface.ndim == 3 and surface.shape[2] > 2:
                return ramp_pixels(change, 0.0, end, self.theme.sequential(), self.theme)
            return ramp_pixels(change, -end, end, self.theme.diverging(), self.theme)
        if surface.ndim == 3:
            return class_pixels(surface, self.theme, False)
        scale = samples.target_scale(self._data, self.theme)
        assert scale is not None
        return scale.pixels(surface)

    def _change(self) -> NDArray[np.float64]:
        before, after = (np.asarray(each, np.float64) for each in self._surfaces)
        if before.ndim < 3:
            return np.asarray(after - before)
        if before.shape[2] == 2:
            return np.asarray(after[:, :, 1] - before[:, :, 1])
        return np.asarray(0.5 * np.abs(after - before).sum(axis=2))

    def _draw_fits(self, left: float, right: float) -> None:
        """Draw the fitted curves of values over one feature: the first one dashed where there are two."""
        for number, fit in enumerate(self._surfaces):
            curve, first_of_two = self._curves[number], number == 0 and len(self._surfaces) == 2
            style = Qt.PenStyle.DashLine if first_of_two else Qt.PenStyle.SolidLine
            curve.setPen(line(self.theme, "muted" if first_of_two else "text", style=style))
            curve.draw(np.linspace(left, right, len(fit)), fit)
            curve.setVisible(True)

    def _draw_boundaries(self, bounds: tuple[float, float, float, float]) -> None:
        """Draw where the most probable class changes: before dashed, after solid."""
        for number, surface in enumerate(self._surfaces):
            style = Qt.PenStyle.DashLine if number == 0 else Qt.PenStyle.SolidLine
            self._curves[number].setPen(line(self.theme, "muted" if number == 0 else "text", style=style))
            self._curves[number].draw(*boundaries(surface, bounds))
            self._curves[number].setVisible(True)

    def _draw_samples(self) -> None:
        data, theme = self._data, self.theme
        if data is None:
            return
        part = data.real_train
        shown = np.concatenate([self.marked, samples.chosen(len(part), MOST)])  # the marked ones once more, on top
        if self._scores is not None and len(self._scores) == len(part):
            low, high = self._range
            ramp = theme.sequential()
            step = np.clip((self._scores[shown] - low) / (high - low) * STEPS, 0, STEPS - 1)
            numbers = np.where(np.isfinite(step), step, 0).astype(np.intp)
            stops = ((np.arange(STEPS) + 0.5) / STEPS * 255).astype(int)
            colors = [QColor(*map(int, ramp[stop])) for stop in stops]
            edge = theme.color("text", 0.75)
        else:
            scale = samples.target_scale(data, theme)
            colors = samples.sample_colors(data, scale, theme)
            numbers = samples.color_numbers(data, part, shown, scale)
            edge = theme.color("#ffffff", 0.9) if scale is None else theme.color("text", 0.6)
            if data.n_features == 1 and data.task == "regression":
                colors, numbers = [theme.color("train")], np.zeros(len(shown), np.intp)
        size = samples.dot_size(len(shown), self.area.width(), self.area.height())
        made = samples.looks(colors, size, edge, theme.color("card"), theme.color("danger"))
        looks = numbers * 3 + samples.kinds(part, False, shown)
        own, rest = looks[: len(self.marked)], slice(len(self.marked), None)
        order = np.arange(len(looks))[rest]
        if self._scores is not None:
            order = order[np.argsort(numbers[rest], kind="stable")]  # the highest on top
        self._dots.draw(self._xy[shown[order]], looks[order], made)
        rim = ((size + 14.0, theme.color("text")), (size + 9.5, theme.color("card")))
        self._rings.draw(self._xy[self.marked], own, [Dot((*rim, *look.discs)) for look in made])

    # ------------------------------------------------------------ the mouse

    def nearest(self, at: QPointF) -> int:
        """Return the number of the training sample at a point of the widget, -1 where there is none."""
        if not len(self._xy):
            return -1
        (x0, x1), (y0, y1), area = self.x_range, self.y_range, self.area
        across = area.left() + (self._xy[:, 0] - x0) / (x1 - x0) * area.width() - at.x()
        up = area.bottom() - (self._xy[:, 1] - y0) / (y1 - y0) * area.height() - at.y()
        distance = across**2 + up**2
        best = int(np.argmin(distance))
        return best if distance[best] <= NEAR**2 else -1

    def within(self, rectangle: QRect) -> NDArray[np.intp]:
        """Return the numbers of the training samples in a rectangle of the widget."""
        left, top = self.from_pixel(QPointF(rectangle.topLeft()))
        right, bottom = self.from_pixel(QPointF(rectangle.bottomRight()))
        x, y = self._xy[:, 0], self._xy[:, 1]
        return np.flatnonzero((x >= left) & (x <= right) & (y >= bottom) & (y <= top))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._data is not None:
            self._pressed = event.position().toPoint()
            event.accept()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        now = event.position().toPoint()
        if self._pressed is not None and (now - self._pressed).manhattanLength() > _DRAG:
            self._rubber.setGeometry(QRect(self._pressed, now).normalized())
            self._rubber.show()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None or event.button() != Qt.MouseButton.LeftButton:
            super().mouseReleaseEvent(event)
            return
        began, self._pressed = self._pressed, None
        adding = bool(event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier))
        if self._rubber.isVisible():
            self._rubber.hide()
            self._rubber.resize(QSize(0, 0))
            self.swept.emit(self.within(QRect(began, event.position().toPoint()).normalized()), adding)
        else:
            self.picked.emit(self.nearest(event.position()), adding)

    def _read_at(self, at: tuple[float, float] | None) -> None:
        if at is None or self._plane is None or self._data is None:
            self.read(None)
            return
        number = self.nearest(self.to_pixel(*at))
        if number >= 0:
            lines = [Line(f"sample {number:,}"), *self.describe(number)]
            self.read(Reading(float(self._xy[number, 0]), tuple(lines), y=float(self._xy[number, 1])))
            return
        words = [Line(name[:20], value_text(value)) for name, value in zip(self._plane.labels, at, strict=True)]
        self.read(Reading(at[0], tuple(words), y=at[1]))


def upward(data: SplitData, plane: Plane) -> Scale:
    """Return the upward axis of the plane; of a single feature the classes stand one above the other."""
    if data.n_features > 1 or data.task == "regression":
        return Scale(plane.labels[1], grid=False)
    metrics, right = QFontMetricsF(font("small", tabular=True)), Qt.TextElideMode.ElideRight
    named = data.class_names if data.n_classes <= _MOST_NAMED else ()
    names = [metrics.elidedText(name, right, _NAME) for name in named]
    rows = _rows_of(np.arange(data.n_classes), data.n_classes, plane)
    return Scale("", fixed=tuple(zip(rows.tolist(), names, strict=False)), numbers=bool(names), grid=False)


def places(data: SplitData, plane: Plane) -> NDArray[np.float64]:
    """Return where the real training samples lie in displayed units: (n, 2).

    With one feature, the target or the class says how high.
    """
    part = data.real_train
    xy = plane.project(part.x).astype(np.float64)
    if data.n_features == 1 and data.task == "regression":
        xy[:, 1] = data.scaling.unscaled_target(part.targets)
    elif data.n_features == 1:
        xy[:, 1] = _rows_of(part.targets, data.n_classes, plane)
    return xy


def _rows_of(classes: NDArray[Any], count: int, plane: Plane) -> NDArray[np.float64]:
    """Return the height of each class when they stand one above the other: (n,)."""
    _, _, bottom, top = plane.display_bounds
    return bottom + (top - bottom) * (np.asarray(classes) + 0.5) / max(1, count)


def boundaries(
    surface: NDArray[Any], bounds: tuple[float, float, float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lines between most probable classes on a surface (h, w, classes): x and y, with gaps of NaN."""
    rows, columns, count = surface.shape
    found = []
    for number in range(1, count) if count == 2 else range(count):
        others = np.delete(surface, number, axis=2).max(axis=2)
        found.append(zero_lines(surface[:, :, number] - others))
    lines = np.concatenate(found)
    left, right, bottom, top = bounds
    x = left + (lines[:, :, 0] + 0.5) / columns * (right - left)
    y = bottom + (lines[:, :, 1] + 0.5) / rows * (top - bottom)
    gap = np.full((len(lines), 1), np.nan)
    return np.concatenate([x, gap], axis=1).ravel(), np.concatenate([y, gap], axis=1).ravel()
