"""One quantity of all chosen runs over the epochs, or how far each lies from one of them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from nnviz.gui.compare import traces
from nnviz.gui.compare.page import Page, run_keys, short
from nnviz.gui.compare.playheads import Playheads
from nnviz.gui.compare.quantities import PARTS, QUANTITIES
from nnviz.gui.compare.traces import Trace, heights, places
from nnviz.gui.controller import Controller
from nnviz.gui.plot import Band, Curve, Dot, Dots, Plot, Reading, Scale
from nnviz.gui.plot.chart import Range, nearest, steady
from nnviz.gui.plot.overlay import Level, Line
from nnviz.gui.plot.pens import SOLID, line
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, caption_of, finite_range
from nnviz.gui.views.parts.switches import add_choice, add_switch
from nnviz.gui.widgets.card import card
from nnviz.gui.widgets.row import Paragraph
from nnviz.run import Run

_ZERO_ROOM = 0.35
"""On a logarithmic axis, how far below the smallest positive value the line for 0 lies, in decades."""


class CurvesPage(Page):
    """Curves of all runs in one plot; with the switch for differences, of each minus a reference."""

    title = "Curves"
    help = "One quantity of all checked runs over the epochs, or how far each run lies from a reference."

    def __init__(
        self, controller: Controller, playheads: Playheads, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, parent)
        self._controller, self._playheads = controller, playheads
        self._quantity, self._parts = QUANTITIES[0], "train and test"
        self.log_x, self.log_y, self.difference = False, False, False
        self._reference: int | None = None  # number of a run
        self._runs: Sequence[Run] = ()
        self._traces: list[Trace] = []
        self._xs: list[np.ndarray] = []
        self._ys: list[np.ndarray] = []
        self._curves: list[Curve] = []
        self._bands: list[Band] = []
        self.plot = Plot(theme, Scale("epoch", whole=True), Scale(), self)
        self._heads = self.plot.add(Dots())
        self._heads.setZValue(5)
        self.plot.pointed.connect(self._point)
        self.words = Paragraph("muted", self)
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setVisible(False)
        self._assemble()

    def _assemble(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(card(self.plot), 1)
        column.addWidget(self.words)

    def controls(self, bar: QHBoxLayout) -> None:
        titles = [quantity.title for quantity in QUANTITIES]
        at = QUANTITIES.index(self._quantity)
        self._quantities = add_choice(bar, "The quantity that is drawn", titles, at, self._choose_quantity)
        self._quantities.setToolTip(self._quantity.help)
        at = list(PARTS).index(self._parts)
        self._part_choice = add_choice(bar, "Which parts of the data", list(PARTS), at, self._choose_parts)
        tip = "Each run minus the reference, on the epochs that both have"
        self.difference_switch = add_switch(bar, "difference", tip, self.difference, self._set_difference)
        self._reference_choice = add_choice(bar, "The run that is subtracted", ("",), 0, self._choose_reference)
        self._reference_choice.hide()
        add_switch(bar, "log x", "Logarithmic epochs", self.log_x, self._set_log_x)
        self._log_y_switch = add_switch(bar, "log y", "Logarithmic values", self.log_y, self._set_log_y)

    # ------------------------------------------------------------ drawing

    def show_runs(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        refused = self._quantity.why_not(runs)
        self._offer_references(runs)
        self._traces = [] if refused else self._find_traces(runs)
        self._say(runs)
        log_x = self.log_x and any(len(t.epochs) and t.epochs[-1] >= 2 for t in self._traces)
        log_y = self.log_y and not self.difference
        zero = self._zero() if log_y else None
        self._xs = [places(trace.epochs, log_x) for trace in self._traces]
        self._ys = [heights(trace.values, log_y, zero) for trace in self._traces]
        reach = self._reach()
        self.set_caption(caption_of(self._keys(runs)))
        if reach is None:
            self.plot.say(refused or self._why_nothing())
            return
        self.plot.say("")
        unit = self._quantity.unit(runs)
        label = f"{unit}, minus {short(self._base(runs).name)}" if self.difference else unit
        scales = Scale("epoch", log=log_x, whole=True), Scale(label, log=log_y, zero=zero)
        self.plot.set_scales(*scales, *self._ranges(reach, log_y))
        self._draw()
        zero_line = (Level(0.0, self.theme.color("text")),) if self.difference else ()
        self.plot.overlay.mark(levels=zero_line)
        at = self._playheads.epoch if self._playheads.linked else None
        self.plot.overlay.place_playhead(None if at is None else float(places(np.array([max(at, log_x)]), log_x)[0]))
        self._point(self.plot.pointer)

    def _find_traces(self, runs: Sequence[Run]) -> list[Trace]:
        parts = PARTS[self._parts]
        if self.difference:
            everyone = self._controller.session.runs
            return traces.minus_reference(runs, self._base(runs), self._quantity, parts, everyone)
        most = int(np.clip(2 * self.plot.area.width(), 600, 4000))
        return traces.of_runs(runs, self._quantity, parts, most, self.log_x)

    def _draw(self) -> None:
        self._make_room(len(self._traces))
        for number, trace in enumerate(self._traces):
            x, y, curve, band = self._xs[number], self._ys[number], self._curves[number], self._bands[number]
            known = np.isfinite(x)
            style = Qt.PenStyle.DashLine if trace.dashed else SOLID
            pen = line(self.theme, trace.color.name(), alpha=0.75 if trace.dashed else 1.0, style=style)
            if curve.opts["pen"] != pen:
                curve.setPen(pen)
            curve.draw(x[known], y[known])
            band.setVisible(trace.low is not None)
            if trace.low is not None and trace.high is not None:
                band.setBrush(self.theme.color(trace.color.name(), 0.2))
                band.draw(x[known], trace.low[known], trace.high[known], most=int(self.plot.area.width()) + 16)
        self._draw_heads()

    def _draw_heads(self) -> None:
        """Put a dot on the newest value of every curve: it is all there is to see of the first epoch."""
        points, looks = [], []
        for trace, x, y in zip(self._traces, self._xs, self._ys, strict=True):
            finite = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
            if len(finite):
                points.append((x[finite[-1]], y[finite[-1]]))
                looks.append(Dot(((5.0, self.theme.color(trace.color.name())),)))
        self._heads.draw(np.array(points).reshape(-1, 2), np.arange(len(points)), looks)

    def _make_room(self, count: int) -> None:
        while len(self._curves) < count:
            self._bands.append(self.plot.add(Band()))
            self._bands[-1].setZValue(-5)
            self._curves.append(self.plot.add(Curve()))
        for number, (curve, band) in enumerate(zip(self._curves, self._bands, strict=True)):
            curve.setVisible(number < count)
            band.setVisible(number < count)

    def _reach(self) -> tuple[Range, Range] | None:
        """Return what the curves reach in both directions; None when there is nothing finite."""
        bands = [each for trace in self._traces for each in (trace.low, trace.high) if each is not None]
        across, up = finite_range(*self._xs), finite_range(*self._ys)
        wide = finite_range(*bands)
        if across is None or up is None:
            return None
        return across, up if wide is None else (min(up[0], wide[0]), max(up[1], wide[1]))

    def _ranges(self, reach: tuple[Range, Range], log_y: bool) -> tuple[Range, Range]:
        (low, high), (bottom, top) = reach
        high = high if high > low else low + 1.0
        if log_y:
            span = steady(self.plot.y_range, bottom, top)
        elif self.difference:
            span = steady(self.plot.y_range, min(0.0, bottom), max(0.0, top))
        else:  # from 0, so that heights can be compared
            span = steady(self.plot.y_range, min(0.0, bottom), top, anchored=True)
        return (low, high + 0.012 * (high - low)), span

    def _zero(self) -> float | None:
        """Return where values of 0 lie on the logarithmic axis; None when there is none."""
        with np.errstate(invalid="ignore"):
            if not any((trace.values <= 0).any() for trace in self._traces):
                return None
            positive = [trace.values[trace.values > 0] for trace in self._traces]
        smallest = min((float(each.min()) for each in positive if len(each)), default=1.0)
        return float(np.log10(smallest)) - _ZERO_ROOM

    # ------------------------------------------------------------ words

    def _keys(self, runs: Sequence[Run]) -> list[Key]:
        shown = [run for run in runs if not self.difference or run is not self._base(runs)]
        two = self._quantity.parted and len(PARTS[self._parts]) > 1
        muted = self.theme.color("muted")
        signs = [Key("train", muted, "dashes"), Key("test", muted, "line")] if two else []
        if any(trace.low is not None for trace in self._traces):
            signs.append(Key("95 % interval of the mean", muted, "area"))
        return [*run_keys(shown, 22), *signs]

    def _say(self, runs: Sequence[Run]) -> None:
        """Say in words what the difference is worth."""
        self.words.setVisible(self.difference)
        if not self.difference:
            return
        found = traces.sentences(runs, self._base(runs), self._controller.session.runs)
        text = "<br>".join(f"<span style='color:{c.name()}'>━</span>&nbsp;{escape(words)}" for c, words in found)
        if text != self.words.text():
            self.words.setText(text)

    def _why_nothing(self) -> str:
        if self.difference:
            return "The runs have no epoch in common yet, or nothing finite was measured at those that they have."
        part = "" if self._parts != "validation" else " No run has a validation part: set one aside in the data."
        return f"Nothing finite has been measured yet.{part}"

    def _point(self, at: tuple[float, float] | None) -> None:
        self.plot.read(None if at is None else self._reading(at[0]))

    def _reading(self, x: float) -> Reading | None:
        """Return all values at the epoch that is nearest to a position."""
        known = [each[np.isfinite(each)] for each in self._xs]
        nearby = [float(each[nearest(each, x)]) for each in known if len(each)]
        if not nearby or not self._traces:
            return None
        at = min(nearby, key=lambda each: abs(each - x))
        epoch = round(10.0**at) if self.plot.x_scale.log else round(at)
        lines, dots = [Line(f"epoch {epoch:,}")], []
        for trace, y in zip(self._traces, self._ys, strict=True):
            row = int(np.searchsorted(trace.epochs, epoch, side="right")) - 1
            if row < 0 or (row == len(trace.epochs) - 1 and trace.epochs[row] < epoch) or not np.isfinite(y[row]):
                continue
            color = self.theme.color(trace.color.name())
            lines.append(Line(trace.label, self._value(trace, row), color))
            dots.append((float(y[row]), color))
        return Reading(at, tuple(lines), tuple(dots))

    def _value(self, trace: Trace, row: int) -> str:
        """Return a value in words, with half the width of its interval."""
        value = value_text(float(trace.values[row]))
        if trace.high is None or not np.isfinite(trace.high[row]):
            return value
        return f"{value} ± {value_text(float(trace.high[row] - trace.values[row]))}"

    # ------------------------------------------------------------ controls

    def _base(self, runs: Sequence[Run]) -> Run:
        """Return the run that is subtracted: the chosen one, or the oldest."""
        return next((run for run in runs if run.number == self._reference), runs[0])

    def _offer_references(self, runs: Sequence[Run]) -> None:
        self._reference_choice.set_items([f"− {short(run.name, 20)}" for run in runs], runs.index(self._base(runs)))

    def _choose_quantity(self, number: int) -> None:
        self._quantity = QUANTITIES[number]
        self._quantities.set_items([quantity.title for quantity in QUANTITIES], number)
        self._quantities.setToolTip(self._quantity.help)
        self._part_choice.setVisible(self._quantity.parted)
        self._log_y_switch.setChecked(self._quantity.logarithmic)
        self.redraw_wanted.emit()

    def _choose_parts(self, number: int) -> None:
        self._parts = list(PARTS)[number]
        self._part_choice.set_items(list(PARTS), number)
        self.redraw_wanted.emit()

    def _choose_reference(self, number: int) -> None:
        self._reference = self._runs[number].number
        self.redraw_wanted.emit()

    def _set_difference(self, on: bool) -> None:
        self.difference = on
        self._reference_choice.setVisible(on)
        self._log_y_switch.setEnabled(not on)
        self.redraw_wanted.emit()

    def _set_log_x(self, on: bool) -> None:
        self.log_x = on
        self.redraw_wanted.emit()

    def _set_log_y(self, on: bool) -> None:
        self.log_y = on
        self.redraw_wanted.emit()

    # ------------------------------------------------------------ the contract of a page

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.plot.apply_theme(theme)

    def painting(self) -> float:
        return self.plot.painting()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.redraw_wanted.emit()
