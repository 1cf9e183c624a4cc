"""The same view of two to four runs, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from nnviz.gui.compare.epoch_slider import EpochSlider
from nnviz.gui.compare.page import Page
from nnviz.gui.compare.playheads import Playheads
from nnviz.gui.compare.run_actions import swatch
from nnviz.gui.plot import Plot
from nnviz.gui.plot.ticks import Scale
from nnviz.gui.run_colors import run_color
from nnviz.gui.theme import Theme
from nnviz.gui.view_dock import Note
from nnviz.gui.views import View, views
from nnviz.gui.views.parts.plot_view import PlotView
from nnviz.gui.views.parts.samples import target_range
from nnviz.gui.views.parts.switches import add_choice, add_switch
from nnviz.gui.widgets.row import Label
from nnviz.run import Run

_FIRST = "surface"
"""The view that is shown at first."""

_SHAPE = 1.4
"""Width divided by height that a panel should have."""


class RunPanel(QFrame):
    """One run: its name and colour, a view of it, and a slider of its own."""

    moved = Signal(object, int, bool)
    """The panel, the epoch that its slider was moved to, and whether it has been settled on."""
    live_wanted = Signal(object)

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.view = view
        self.run: Run | None = None
        self._swatch = QLabel(self)
        self.name = Label("", self)
        self.note = Note(self)
        top = QHBoxLayout()
        top.setContentsMargins(10, 4, 10, 2)
        top.setSpacing(8)
        top.addWidget(self._swatch)
        top.addWidget(self.name, 1)
        top.addWidget(self.note, 1)
        self.slider = EpochSlider("Epoch of this run", self)
        self.slider.moved.connect(self._move)
        self.slider.settled.connect(self._settle)
        self.slider.live_wanted.connect(self._go_live)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(view, 1)
        column.addWidget(self.slider)
        view.caption_changed.connect(self.note.set_text)

    def show_run(self, run: Run, linked: bool) -> None:
        """Draw a run."""
        self.run = run
        self.name.set_text(f"{run.name} · {_where(run)}")
        self._swatch.setPixmap(swatch(run_color(run)).pixmap(12, 12))
        self.slider.setVisible(not linked)
        self.slider.show_epoch(run.first_epoch, run.epoch, run.playhead)
        self.slider.slider.setAccessibleName(f"Epoch of {run.name}")
        self.view.refresh(run.history, run.snapshot)

    @Slot(int)
    def _move(self, epoch: int) -> None:
        self.moved.emit(self, epoch, False)

    @Slot(int)
    def _settle(self, epoch: int) -> None:
        self.moved.emit(self, epoch, True)

    @Slot()
    def _go_live(self) -> None:
        self.live_wanted.emit(self)


class SideBySidePage(Page):
    """A grid of panels, each with the same view, its axes and colours on the same scales."""

    title = "Side by side"
    help = "The same view of all checked runs, on the same scales, at one epoch or each at its own."

    def __init__(self, playheads: Playheads, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._kinds = list(views)
        self._kind = views[_FIRST]
        self._playheads = playheads
        self._same_axes = True
        self._bar: QHBoxLayout | None = None
        self._own_controls: QWidget | None = None
        self.panels: list[RunPanel] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)

    @property
    def needs(self) -> frozenset[str]:
        return self._kind.needs

    def controls(self, bar: QHBoxLayout) -> None:
        titles = [kind.title for kind in self._kinds]
        self._choice = add_choice(
            bar, "The view that is shown", titles, self._kinds.index(self._kind), self._choose_kind
        )
        add_switch(bar, "same axes", "The same ranges of axes and colours in all panels", True, self._set_same_axes)
        self._bar = bar

    # ------------------------------------------------------------ drawing

    def show_runs(self, runs: Sequence[Run]) -> None:
        if len(self.panels) != len(runs):
            self._make_panels(len(runs))
        linked = self._playheads.linked
        shared = _shared_values(runs) if self._same_axes else None
        for panel, run in zip(self.panels, runs, strict=True):
            panel.view.shared_values = shared
            panel.show_run(run, linked)
        if self._same_axes:
            share_axes([panel.view.plot for panel in self.panels if isinstance(panel.view, PlotView)])

    def _make_panels(self, count: int) -> None:
        """Make new views: of another kind, or for another number of runs."""
        state = self.panels[0].view.state() if self.panels else {}
        same = bool(self.panels) and type(self.panels[0].view) is self._kind
        for panel in self.panels:
            panel.hide()
            self._grid.removeWidget(panel)
            panel.deleteLater()
        self.panels = [RunPanel(self._kind(self.theme), self) for _ in range(count)]
        for panel in self.panels:
            if same:
                panel.view.restore(state)
            panel.moved.connect(self._panel_moved)
            panel.live_wanted.connect(self._panel_live)
        self._take_controls()
        self._place()

    def _take_controls(self) -> None:
        """Put the controls of the first view into the bar; what is chosen there holds for all."""
        if self._own_controls is not None:
            self._own_controls.hide()
            self._own_controls.deleteLater()
            self._own_controls = None
        if not self.panels or self._bar is None:
            return
        self._own_controls = QWidget()
        row = QHBoxLayout(self._own_controls)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.panels[0].view.controls(row)
        self._bar.addWidget(self._own_controls)
        self.panels[0].view.redraw_wanted.connect(self._leader_changed)

    def _place(self) -> None:
        """Arrange the panels so that they come near to a good shape."""
        count = len(self.panels)
        if not count:
            return
        columns = columns_for(count, self.width() / max(1, self.height()))
        for number, panel in enumerate(self.panels):
            self._grid.addWidget(panel, number // columns, number % columns)
            panel.show()
        for place in range(max(self._grid.columnCount(), self._grid.rowCount())):
            self._grid.setColumnStretch(place, int(place < columns))
            self._grid.setRowStretch(place, int(place < math.ceil(count / columns)))

    # ------------------------------------------------------------ what the user does

    @Slot(int)
    def _choose_kind(self, number: int) -> None:
        if self._kinds[number] is self._kind:
            return
        self._kind = self._kinds[number]
        self._choice.set_items([kind.title for kind in self._kinds], number)
        self._make_panels(len(self.panels))
        self.needs_changed.emit()
        self.redraw_wanted.emit()

    @Slot()
    def _leader_changed(self) -> None:
        """Give all views the choices of the first one."""
        state = self.panels[0].view.state()
        for panel in self.panels[1:]:
            panel.view.restore(state)
        self.redraw_wanted.emit()

    def _set_same_axes(self, on: bool) -> None:
        self._same_axes = on
        self.redraw_wanted.emit()

    @Slot(object, int, bool)
    def _panel_moved(self, panel: RunPanel, epoch: int, settled: bool) -> None:
        if panel.run is not None:
            self._playheads.go_to(epoch, [panel.run], exact=settled)

    @Slot(object)
    def _panel_live(self, panel: RunPanel) -> None:
        if panel.run is not None:
            self._playheads.go_live([panel.run])
            self.redraw_wanted.emit()

    # ------------------------------------------------------------ the contract of a page

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for panel in self.panels:
            panel.view.apply_theme(theme)

    def painting(self) -> float:
        return sum(panel.view.painting() for panel in self.panels)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()
        self.redraw_wanted.emit()  # views choose their ranges anew when their size changes


def columns_for(count: int, shape: float) -> int:
    """Return in how many columns so many panels come nearest to a good shape, on a page of a width ÷ height."""

    def badness(columns: int) -> float:
        rows = math.ceil(count / columns)
        empty = rows * columns - count
        return abs(math.log(shape * rows / columns / _SHAPE)) + 0.5 * empty

    return min(range(1, max(2, count + 1)), key=badness)


def share_axes(plots: Sequence[Plot]) -> None:
    """Show in every plot what all of them together reach, along each axis that has the same scale in all."""
    plots = [plot for plot in plots if plot.box.isVisible()]  # the others show a sentence
    if len(plots) < 2:
        return
    across = _common([(plot.x_scale, plot.x_range) for plot in plots])
    up = _common([(plot.y_scale, plot.y_range) for plot in plots])
    for plot in plots:
        plot.set_range(across, up)


def _common(axes: Sequence[tuple[Scale, tuple[float, float]]]) -> tuple[float, float] | None:
    """Return the range that holds all ranges; None where positions mean different things."""
    kinds = {(scale.log, scale.zero, scale.fixed, scale.label) for scale, _ in axes}
    if len(kinds) > 1:
        return None
    return min(low for _, (low, _) in axes), max(high for _, (_, high) in axes)


def _shared_values(runs: Sequence[Run]) -> tuple[float, float] | None:
    """Return what the targets of all runs reach from and to; None where there are classes, or targets of two names."""
    data = [run.snapshot.data for run in runs if run.snapshot is not None]
    ranges = [reach for reach in map(target_range, data) if reach is not None]
    if not ranges or len({each.target_name for each in data}) > 1:
        return None
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _where(run: Run) -> str:
    """Return which epoch of a run is looked at."""
    return f"epoch {run.epoch:,}" if run.playhead is None else f"epoch {run.playhead:,}"
