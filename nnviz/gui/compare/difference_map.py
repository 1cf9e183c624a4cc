"""Where two networks answer differently: the answer of B minus that of A, over the plane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from nnviz.analysis.contour import zero_lines
from nnviz.gui.compare.color_key import ColorKey
from nnviz.gui.compare.page import Page, add_aside, short
from nnviz.gui.compare.pair import Pair
from nnviz.gui.compare.surfaces import Answers, NoDifference, answers
from nnviz.gui.plot import Curve, Picture, Plot, Reading, Scale
from nnviz.gui.plot.overlay import Level, Line
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import minus, value_text
from nnviz.gui.run_colors import run_color
from nnviz.gui.theme import Theme, font
from nnviz.gui.views import finite_range
from nnviz.gui.views.parts.colors import ramp_pixels
from nnviz.gui.views.parts.switches import add_choice, add_switch
from nnviz.gui.widgets.row import Paragraph
from nnviz.run import Run

_ASIDE = 236
"""Width of the words beside the map, in pixels."""


class DifferenceMapPage(Page):
    """A map in diverging colours, the boundaries of both networks over it, and what it comes to in words."""

    title = "Difference map"
    help = "Where two networks answer differently: the answer of B minus that of A, over the plane of the surface."

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._class = -1  # number of the class whose probability is compared, counted from the end where negative
        self._boundaries = True
        self._found: Answers | None = None
        self.pair = Pair(self)
        self.pair.changed.connect(self.redraw_wanted)
        self.plot = Plot(theme, Scale(grid=False), Scale(grid=False), self)
        self.plot.pointed.connect(self._point)
        self._picture = self.plot.add(Picture())
        self._lines = [self.plot.add(Curve()) for _ in range(2)]
        self.key = ColorKey(theme, self)
        self.number = QLabel(self)
        self.number.setFont(font("large", bold=True, tabular=True))
        self.words = Paragraph("muted", self)
        beside = add_aside(self, self.plot, _ASIDE)
        self._aside = beside.parentWidget()
        for widget in (self.key, self.number, self.words):
            beside.addWidget(widget)
        beside.addStretch(1)

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"surface"})

    def controls(self, bar: QHBoxLayout) -> None:
        self.pair.controls(bar)
        self.class_choice = add_choice(bar, "The class whose probability is compared", ("",), 0, self._choose_class)
        tip = "The boundaries of both networks, each in the colour of its run"
        self.boundaries_switch = add_switch(bar, "boundaries", tip, self._boundaries, self._set_boundaries)

    # ------------------------------------------------------------ drawing

    def show_runs(self, runs: Sequence[Run]) -> None:
        a, b = self.pair.of(runs)
        self._found = None
        try:
            found = answers(a.snapshot, b.snapshot) if a.snapshot is not None and b.snapshot is not None else None
        except NoDifference as reason:
            self._say(str(reason))
            return
        if found is None or a.snapshot is None:
            self._say("The map appears as soon as both networks have answered over the plane.")
            return
        self._offer_classes(a.snapshot.data.class_names if found.classes else ())
        change = found.change(self._class if found.classes else 0)
        reach = finite_range(change)
        if reach is None:
            self._say("The answers are no longer finite numbers.")
            return
        self._found = found
        self.plot.say("")
        self._aside.show()
        data = a.snapshot.data
        name = data.class_names[self._class] if found.classes else data.target_name
        largest = 1.0 if found.classes else _round_up(max(-reach[0], reach[1]))
        self._draw(found, change, largest, (a, b))
        self._tell(found, change, largest, name, (a, b))
        self._point(self.plot.pointer)

    def _draw(self, found: Answers, change: NDArray[np.float64], largest: float, runs: tuple[Run, Run]) -> None:
        left, right, bottom, top = found.bounds
        flat = change.ndim == 1
        self._picture.setVisible(not flat)
        self.plot.overlay.mark(levels=(Level(0.0, self.theme.color("text")),) if flat else ())
        if flat:
            self.plot.set_scales(Scale(found.labels[0]), Scale(f"{found.labels[1]}, B − A"))
            self.plot.set_range((left, right), (-largest, largest))
            self._lines[0].setVisible(True)
            self._lines[1].setVisible(False)
            self._lines[0].setPen(line(self.theme, "text"))
            self._lines[0].draw(np.linspace(left, right, len(change)), change)
            return
        self.plot.set_scales(Scale(found.labels[0], grid=False), Scale(found.labels[1], grid=False))
        self.plot.set_range((left, right), (bottom, top))
        pixels = ramp_pixels(change, -largest, largest, self.theme.diverging(), self.theme)
        self._picture.draw(pixels, found.bounds)
        for curve, surface, run in zip(self._lines, (found.a, found.b), runs, strict=True):
            shown = self._boundaries and found.classes
            curve.setVisible(shown)
            if shown:
                curve.setPen(line(self.theme, run_color(run).name()))
                curve.draw(*_boundary(surface, self._class, found.bounds))

    def _tell(
        self, found: Answers, change: NDArray[np.float64], largest: float, name: str, runs: tuple[Run, Run]
    ) -> None:
        """Say what the map comes to, in a number and in words; `name` is that of the class, or of the target."""
        a, b = (short(run.name) for run in runs)
        ramp = self.theme.diverging()
        what = f"P({name})" if found.classes else name
        self.key.show_ramp(ramp, minus(f"-{value_text(largest)}"), f"{what}, run B − run A", f"+{value_text(largest)}")
        mean, most = _size(change)
        epochs = " and ".join(f"epoch {run.shown_epoch:,}" for run in runs)
        if found.classes:
            share = found.disagreement()
            self.number.setText(f"{100 * share:.1f} %")
            first = "of the plane shown: there the two networks name different classes."
            second = f"Blue: run B finds class {name} more probable than run A does. Orange: less."
        else:
            self.number.setText(value_text(mean))
            first = f"root mean square of the difference over what is shown; {value_text(most)} at most."
            second = f"Blue: run B answers more than run A. Orange: less. In units of {name}."
        self.words.setText(f"{first}\n\n{second}\n\nRun A is {a}, run B is {b}, at {epochs}.")
        self.setAccessibleDescription(f"{self.number.text()} {first}")

    def _say(self, sentence: str) -> None:
        self.plot.say(sentence)
        self._aside.hide()

    def _point(self, at: tuple[float, float] | None) -> None:
        self.plot.read(None if at is None or self._found is None else self._reading(self._found, *at))

    def _reading(self, found: Answers, x: float, y: float) -> Reading:
        """Return both answers at a position, and their difference."""
        left, right, bottom, top = found.bounds
        rows, columns = (1, len(found.a)) if found.a.ndim == 1 else found.a.shape[:2]
        column = int(np.clip((x - left) / (right - left) * columns, 0, columns - 1))
        row = int(np.clip((y - bottom) / (top - bottom) * rows, 0, rows - 1))
        place = (column,) if found.a.ndim == 1 else (row, column)
        first, second = found.a[place], found.b[place]
        if found.classes:
            first, second = first[self._class], second[self._class]
        values = (("A", float(first)), ("B", float(second)), ("B − A", float(second - first)))
        lines = tuple(Line(word, value_text(value)) for word, value in values)
        return Reading(x, lines, y=None if found.a.ndim == 1 else y)

    # ------------------------------------------------------------ controls

    def _offer_classes(self, names: Sequence[str]) -> None:
        self.class_choice.setVisible(bool(names))
        self.boundaries_switch.setVisible(bool(names))
        if names:
            self._class %= len(names)
            self.class_choice.set_items([f"P({short(name, 16)})" for name in names], self._class)

    def _choose_class(self, number: int) -> None:
        self._class = number
        self.redraw_wanted.emit()

    def _set_boundaries(self, on: bool) -> None:
        self._boundaries = on
        self.redraw_wanted.emit()

    # ------------------------------------------------------------ the contract of a page

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.plot.apply_theme(theme)
        self.key.apply_theme(theme)

    def painting(self) -> float:
        return self.plot.painting()


def _boundary(
    surface: NDArray[np.float64], number: int, bounds: tuple[float, float, float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lines on which a class is as probable as the most probable other one: x and y, with gaps of NaN."""
    others = np.delete(surface, number, axis=2).max(axis=2)
    lines = zero_lines(surface[:, :, number] - others)
    left, right, bottom, top = bounds
    rows, columns = surface.shape[:2]
    x = left + (lines[:, :, 0] + 0.5) / columns * (right - left)
    y = bottom + (lines[:, :, 1] + 0.5) / rows * (top - bottom)
    gap = np.full((len(lines), 1), np.nan)
    return np.concatenate([x, gap], axis=1).ravel(), np.concatenate([y, gap], axis=1).ravel()


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5 times a power of ten, so that colours change seldom; 1 for 0."""
    if not value > 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= value))


def _size(change: NDArray[np.float64]) -> tuple[float, float]:
    """Return the root mean square and the largest absolute value of a difference."""
    finite = change[np.isfinite(change)].astype(np.float64)
    return float(np.sqrt(np.mean(finite**2))), float(np.abs(finite).max())
