"""What many networks answer over the plane: their mean, and how far they are apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from nnviz.analysis.contour import zero_lines
from nnviz.gui.laboratory.parts.plane_picture import places, upward
from nnviz.gui.plot import Band, Curve, Dots, Picture, Plot, Reading, Scale
from nnviz.gui.plot.overlay import Line
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, finite_range
from nnviz.gui.views.parts import samples
from nnviz.gui.views.parts.colors import class_pixels, ramp_pixels
from nnviz.studies.bias_variance import EpochsReport, Surfaces

_MOST_CLASSES = 4
"""Classes up to which boundaries of single networks are drawn: there is one for each."""


class EnsembleMap(Plot):
    """A map over the plane with the training samples on it; for data with one feature, curves.

    `spread` says which of the two it shows: the standard deviation of the networks, or their mean.
    """

    def __init__(self, theme: Theme, spread: bool, parent: QWidget | None = None) -> None:
        super().__init__(theme, Scale(grid=False), Scale(grid=False), parent)
        self.spread, self.boundaries = spread, not spread
        self._report: EpochsReport | None = None
        self._samples_of: tuple[Any, ...] = ()
        self._picture, self._band = self.add(Picture()), self.add(Band())
        self._lines, self._curve, self._dots = self.add(Curve()), self.add(Curve()), self.add(Dots())
        self._lines.weight = 1.0
        self._dots.setZValue(5)
        self._largest = 0.0
        self.pointed.connect(self._read_at)
        self.setAccessibleName("Spread of the networks over the plane" if spread else "Mean of the networks")

    def show_report(self, report: EpochsReport) -> None:
        """Show other surfaces."""
        self._report = report
        self._redraw()

    def clear(self, sentence: str) -> None:
        """Show a sentence alone."""
        self._report = None
        self.read(None)
        self.say(sentence)

    def set_boundaries(self, on: bool) -> None:
        """Show what single networks answer, or not."""
        self.boundaries = on
        self._redraw()

    @property
    def largest(self) -> float:
        """The spread that the strongest colour stands for."""
        return self._largest

    def legend(self) -> list[Key]:
        """Return what the curves mean where there is no map."""
        report = self._report
        flat = report is not None and report.surfaces is not None and report.surfaces.spread.ndim == 1
        return [Key("± 2 deviations", self.theme.color("accent"), "area")] if flat and not self.spread else []

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self._redraw()

    # ------------------------------------------------------------ drawing

    def _redraw(self) -> None:
        report = getattr(self, "_report", None)
        if report is None or report.surfaces is None:
            return
        self.say("")
        surfaces = report.surfaces
        flat = surfaces.spread.ndim == 1
        self._picture.setVisible(not flat)
        self._band.setVisible(flat and not self.spread)
        self._curve.setVisible(flat)
        self._lines.setVisible(self.boundaries)
        if flat:
            self._draw_curves(report, surfaces)
        else:
            self._draw_map(report, surfaces)
        self._draw_samples(report, flat)
        self._read_at(self.pointer)

    def _draw_map(self, report: EpochsReport, surfaces: Surfaces) -> None:
        plane, data = report.plane, report.data
        left, right, bottom, top = plane.display_bounds
        self.set_scales(Scale(plane.labels[0], grid=False), upward(data, plane), (left, right), (bottom, top))
        if self.spread:
            self._largest = 0.5 if data.task == "classification" else self._kept(float(np.nanmax(surfaces.spread)))
            pixels = ramp_pixels(surfaces.spread, 0.0, self._largest, self.theme.sequential(), self.theme)
        elif data.task == "classification":
            pixels = class_pixels(surfaces.mean, self.theme, hard=False)
        else:
            scale = samples.target_scale(data, self.theme)
            assert scale is not None
            pixels = scale.pixels(surfaces.mean)
        self._picture.draw(pixels, plane.display_bounds)
        if self.boundaries:
            self._lines.setPen(line(self.theme, "text", alpha=0.45))
            x, y = _boundaries(surfaces.members, data.n_classes, plane.display_bounds)
            self._lines.setData(x, y, connect="pairs")  # many times as fast as gaps between a thousand pieces

    def _kept(self, largest: float) -> float:
        """Return a reach of the colours that holds the largest value and changes seldom."""
        if self._largest / 3 < largest <= self._largest:
            return self._largest
        return 1.3 * largest if largest > 0.0 else 1.0

    def _draw_curves(self, report: EpochsReport, surfaces: Surfaces) -> None:
        left, right, _, _ = report.plane.display_bounds
        across, up = report.plane.labels
        x = np.linspace(left, right, len(surfaces.mean))
        self._curve.setPen(line(self.theme, "text"))
        if self.spread:
            self._largest = self._kept(float(np.nanmax(surfaces.spread)))
            self.set_scales(Scale(across), Scale(f"deviation of {up}"), (left, right), (0.0, 1.1 * self._largest))
            self._curve.draw(x, surfaces.spread)
            return
        targets = [report.data.scaling.unscaled_target(part.targets) for part in report.data.parts().values()]
        low, high = finite_range(*targets) or (0.0, 1.0)
        room = 0.25 * (high - low) or 1.0
        self.set_scales(Scale(across), Scale(up), (left, right), (low - room, high + room))
        self._band.setBrush(self.theme.color("accent", 0.25))
        self._band.draw(x, surfaces.mean - 2 * surfaces.spread, surfaces.mean + 2 * surfaces.spread)
        self._curve.draw(x, surfaces.mean)
        if self.boundaries:
            gap = np.full((len(surfaces.members), 1), np.nan)
            own = np.concatenate([surfaces.members, gap], axis=1)
            self._lines.setPen(line(self.theme, "muted", alpha=0.6))
            self._lines.draw(np.tile(np.append(x, np.nan), len(own)), own.ravel())

    def _draw_samples(self, report: EpochsReport, flat: bool) -> None:
        """Draw the training samples of the run, unless they stand there already."""
        data, plane, area = report.data, report.plane, self.area
        wanted = (data, plane, self.theme, round(area.width()), round(area.height()))
        if wanted == self._samples_of:
            return
        self._samples_of = wanted
        self._dots.setVisible(not (flat and self.spread))
        part = data.real_train
        which = samples.chosen(len(part), samples.room_for(area.width(), area.height()) // 4)
        scale = None if flat else samples.target_scale(data, self.theme)
        xy = places(data, plane)[which]
        size = (0.6 if self.spread else 0.8) * samples.dot_size(len(which), area.width(), area.height())
        if flat:
            colors, numbers = [self.theme.color("train")], np.zeros(len(which), np.intp)
        else:
            colors = samples.sample_colors(data, scale, self.theme)
            numbers = samples.color_numbers(data, part, which, scale)
        edge = self.theme.color("card" if flat else "#ffffff", 0.9) if scale is None else self.theme.color("text", 0.6)
        made = samples.looks(colors, size, edge, self.theme.color("card"), self.theme.color("danger"))
        self._dots.draw(xy, numbers * 3 + samples.kinds(part, False, which), made)

    # ------------------------------------------------------------ reading

    def _read_at(self, at: tuple[float, float] | None) -> None:
        report = getattr(self, "_report", None)
        if at is None or report is None or report.surfaces is None:
            self.read(None)
            return
        self.read(_reading(report, report.surfaces, at, self.theme))


def _reading(report: EpochsReport, surfaces: Surfaces, at: tuple[float, float], theme: Theme) -> Reading:
    """Return mean and spread at a position."""
    left, right, bottom, top = report.plane.display_bounds
    flat, data = surfaces.spread.ndim == 1, report.data
    shape = surfaces.spread.shape
    column = int(np.clip((at[0] - left) / (right - left) * shape[-1], 0, shape[-1] - 1))
    lines = [Line(report.plane.labels[0], value_text(at[0]))]
    if flat:
        place: tuple[int, ...] = (column,)
    else:
        place = (int(np.clip((at[1] - bottom) / (top - bottom) * shape[0], 0, shape[0] - 1)), column)
        if data.n_features > 1:
            lines.append(Line(report.plane.labels[1], value_text(at[1])))
    mean = surfaces.mean[place]
    if data.task == "classification":
        likely = int(np.argmax(mean))
        lines.append(
            Line(f"mean P({data.class_names[likely]})", value_text(float(mean[likely])), theme.class_color(likely))
        )
    else:
        lines.append(Line(f"mean {data.target_name}", value_text(float(mean))))
    lines.append(Line("standard deviation", value_text(float(surfaces.spread[place]))))
    return Reading(at[0], tuple(lines), y=None if flat else at[1])


def _boundaries(
    members: NDArray[np.float32], classes: int, bounds: tuple[float, float, float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lines on which each network (networks, rows, columns, classes) changes its mind: x and y, two by two.

    All are found at once: the networks stand one above the other, with a row between them that is not finite.
    """
    if members.ndim != 4 or classes > _MOST_CLASSES:
        return np.empty(0), np.empty(0)
    members = members[: 2 * len(members) // classes]  # as many lines, whatever the number of classes
    count, rows, columns, _ = members.shape
    found = []
    for number in range(1 if classes == 2 else classes):
        margin = members[..., number] - np.delete(members, number, axis=3).max(axis=3)
        gap = np.full((count, 1, columns), np.nan, margin.dtype)
        found.append(zero_lines(np.concatenate([margin, gap], axis=1).reshape(-1, columns)))
    lines = np.concatenate(found)
    left, right, bottom, top = bounds
    x = left + (lines[:, :, 0] + 0.5) / columns * (right - left)
    y = bottom + (lines[:, :, 1] % (rows + 1) + 0.5) / rows * (top - bottom)
    return x.ravel(), y.ravel()
