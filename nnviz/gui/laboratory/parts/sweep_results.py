"""What came of a sweep, in four views, and the point that is chosen in all of them."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from nnviz.gui.laboratory.parts.note import Note
from nnviz.gui.laboratory.parts.sweep_best import BestTable
from nnviz.gui.laboratory.parts.sweep_heat_map import SweepMap
from nnviz.gui.laboratory.parts.sweep_importance import Explaining, ImportancePlot, bars_of, explained
from nnviz.gui.laboratory.parts.sweep_parallel import MOST_LINES, ParallelPlot
from nnviz.gui.laboratory.parts.sweep_points import Points, cells_of, points_of
from nnviz.gui.theme import Theme
from nnviz.gui.views import Table as Numbers
from nnviz.gui.views.parts.switches import BarButton, add_switch
from nnviz.gui.widgets.card import card
from nnviz.sweeps.plan import Plan
from nnviz.sweeps.table import Table

PARALLEL, IMPORTANCE, MAP, BEST = range(4)
_TITLES = ("Parallel coordinates", "Importance", "Heat map", "Best points")

_SHARE = 0.1
"""The share of the time that drawing may take while results come: beyond, it is drawn less often."""

_HINTS = (
    "Drag along an axis to keep a range, click the axis to let go of it. Click a line to choose its point.",
    "",
    "Each cell is a mean over the seeds, and over the settings that are not shown. Click one to choose its best point.",
    "Means over seeds, the best first. Click a row to choose it, twice to open it as a run.",
)


class SweepResults(QWidget):
    """Give it rows with `show_rows`; it draws what can be seen, no more often than there is time for."""

    opened = Signal(int)
    """A point is to be opened as a run: its number."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.points: Points | None = None
        self.chosen = -1  # the number of a point
        self._rows: tuple[Table, Plan] | None = None
        self._titles: Mapping[str, str] = {}
        self._drawn = (-1, -1)  # how many rows were drawn, and in which view
        self._next = 0.0  # not before this moment
        self._explaining = Explaining()
        self._waiting = False  # for what it computes
        self.tabs = QTabBar(self)
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setAccessibleName("Views of the results")
        for title in _TITLES:
            self.tabs.addTab(title)
        self.parallel, self.importance = ParallelPlot(theme, self), ImportancePlot(theme, self)
        self.map, self.best = SweepMap(theme, self), BestTable(theme, self)
        self.views = (self.parallel, self.importance, self.map, self.best)
        self.stack = QStackedWidget(self)
        for view in self.views:
            self.stack.addWidget(view)
        self.stack.setMinimumHeight(260)
        self._assemble()
        for shown in (self.parallel, self.map, self.best):
            shown.picked.connect(self.choose)
            shown.opened.connect(self.opened)
        self.parallel.brushed.connect(self._brushed)
        self.tabs.currentChanged.connect(self._turned)
        self._turned(PARALLEL)

    def _assemble(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(8)
        bar.addWidget(self.tabs)
        bar.addStretch(1)
        self.across, self.up = QComboBox(self), QComboBox(self)
        self._map_labels = [QLabel(words, self) for words in ("Across", "Up")]
        for label, box in zip(self._map_labels, (self.across, self.up), strict=True):
            label.setBuddy(box)
            box.setAccessibleName(f"Setting {label.text().lower()}")
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(9)
            box.currentIndexChanged.connect(self._redraw)
            bar.addWidget(label)
            bar.addWidget(box)
        self.let_go = BarButton("keep all", "Let go of all ranges")
        self.let_go.clicked.connect(self.parallel.clear_brushes)
        self.let_go.hide()
        bar.addWidget(self.let_go)
        self.log = add_switch(bar, "log objective", "Logarithmic objective, in colours too", False, self._set_log)
        self.copy = BarButton("copy rows", "Copy the selected rows as text, or all of them")
        self.copy.clicked.connect(self.best.copy_rows)
        bar.addWidget(self.copy)
        self.hint = Note("muted", self)
        self.detail = Note("", self)
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.detail.setAccessibleName("The chosen point")
        self.open_button = QPushButton("Open as a run", self)
        self.open_button.setToolTip("Begin a run of the chosen point, with its first seed: it gives the same numbers")
        self.open_button.setEnabled(False)
        self.open_button.clicked.connect(self._open)
        below = QHBoxLayout()
        below.setSpacing(12)
        below.addWidget(self.detail, 1)
        below.addWidget(self.open_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(bar)
        column.addWidget(card(self.stack), 1)
        column.addWidget(self.hint)
        column.addLayout(below)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.theme = theme
        for view in self.views:
            view.apply_theme(theme)

    # ------------------------------------------------------------ what is shown

    def say(self, sentence: str) -> None:
        """Show a sentence in place of results."""
        self.points, self._rows, self.chosen, self._drawn = None, None, -1, (-1, -1)
        self._explaining.clear()
        for view in self.views:
            view.say(sentence)
        self._name_chosen()

    def show_rows(self, table: Table, plan: Plan, titles: Mapping[str, str], target: str, last: bool) -> None:
        """Show the rows so far; with the `last` ones it is drawn at once."""
        self._rows, self._titles, self._target = (table, plan), titles, target
        view = self.tabs.currentIndex()
        if self._waiting and view == IMPORTANCE and not self._explaining.busy:
            self._drawn = (-1, -1)
        if (len(table), view) == self._drawn or (not last and time.monotonic() < self._next):
            return
        began = time.monotonic()
        self._condense()
        self._draw()
        self._next = time.monotonic() + (time.monotonic() - began) / _SHARE

    def _condense(self) -> None:
        """Make points of the rows, and offer their settings to the map."""
        assert self._rows is not None
        table, plan = self._rows
        self.points = points_of(table, plan, self._titles, self._target)
        names = [column.title for column in self.points.columns]
        wanted = [names, names if len(names) > 1 else []]
        for place, (box, items) in enumerate(zip((self.across, self.up), wanted, strict=True)):
            if [box.itemText(n) for n in range(box.count())] != items:
                with QSignalBlocker(box):
                    box.clear()
                    box.addItems(items)
                    box.setCurrentIndex(min(place, len(items) - 1))
        self._show_controls()

    @Slot()
    def _redraw(self) -> None:
        if self.points is not None:
            self._draw()

    def _draw(self) -> None:
        """Draw the view that can be seen."""
        points, view = self.points, self.tabs.currentIndex()
        if points is None or self._rows is None:
            return
        table, plan = self._rows
        self._drawn = (len(table), view)
        if view == PARALLEL:
            self.parallel.show_points(points, self.chosen)
        elif view == IMPORTANCE:
            self._draw_importance(table, plan)
            self._waiting = self._explaining.busy
        elif view == MAP:
            self._draw_map(points)
        else:
            self.best.show_points(points, self.chosen, self._kept())
        self._name_chosen()
        self._brushed_words()

    def _draw_importance(self, table: Table, plan: Plan) -> None:
        found = self._explaining.of(table, plan, self.log.isChecked())
        if found is None:
            self.importance.say("Computing how much each setting explains …")
            return
        bars = bars_of(found, self._titles)
        if bars:
            self.importance.show_bars(bars)
        else:
            self.importance.say(
                "There is nothing to explain yet: it takes two trainings whose results differ."
                if found.rows < 2
                else f"All {found.rows:,} trainings have the same result; no setting matters here."
            )
        assert self.points is not None
        measure = self.points.measure.title
        self.hint.setText(explained(found, f"the logarithm of {measure}" if self.log.isChecked() else measure, bars))

    def _draw_map(self, points: Points) -> None:
        across, up = self.across.currentIndex(), self.up.currentIndex()
        if across == up:
            self.map.say("Choose two different settings.")
        elif not np.isfinite(points.mean).any():
            self.map.say("No training has come to its end with a result yet.")
        else:
            self.map.show_points(points, max(across, 0), up if up >= 0 else None, self.chosen)

    def _kept(self) -> np.ndarray | None:
        """Return which points are kept by the ranges in the parallel coordinates."""
        if not self.parallel.brushes or self.points is None:
            return None
        if len(self.parallel.kept()) != len(self.points):
            self.parallel.show_points(self.points, self.chosen)
        return self.parallel.kept()

    # ------------------------------------------------------------ controls

    @Slot(int)
    def _turned(self, view: int) -> None:
        self.stack.setCurrentIndex(view)
        self.hint.setText(_HINTS[view])
        self._show_controls()
        self._redraw()
        self._brushed_words()

    def _show_controls(self) -> None:
        view, several = self.tabs.currentIndex(), self.points is not None and len(self.points.columns) > 1
        for part in (*self._map_labels, self.across, self.up):
            part.setVisible(view == MAP and several)
        self.log.setVisible(view != BEST)
        self.copy.setVisible(view == BEST)

    @Slot(bool)
    def _set_log(self, on: bool) -> None:
        self.parallel.set_log(on)
        self.map.set_log(on)
        self._redraw()

    @Slot()
    def _brushed(self) -> None:
        if self.tabs.currentIndex() == BEST:
            self._redraw()
        self._brushed_words()

    def _brushed_words(self) -> None:
        """Say how many points the ranges keep, where ranges are seen, and how many of them are drawn."""
        view, points = self.tabs.currentIndex(), self.points
        brushed = bool(self.parallel.brushes) and points is not None and view in (PARALLEL, BEST)
        self.let_go.setVisible(brushed)
        if view not in (PARALLEL, BEST):
            return
        words, drawn = "", len(points) if points is not None else 0
        if brushed and points is not None:
            drawn = int(self.parallel.kept().sum())
            words = f"{drawn:,} of {len(points):,} points are in the ranges. "
        if view == PARALLEL and drawn > MOST_LINES:
            words += f"{MOST_LINES:,} of {drawn:,} lines are drawn, those of the best points among them. "
        self.hint.setText(words + _HINTS[view])

    # ------------------------------------------------------------ the chosen point

    @Slot(int)
    def choose(self, point: int) -> None:
        """Choose a point, in all views."""
        self.chosen = point
        self.parallel.chosen = self.map.chosen = point
        if self.sender() is not self.best:
            self.best.choose(point)
        self.stack.currentWidget().update()
        self._name_chosen()

    def _name_chosen(self) -> None:
        points = self.points
        place = points.place_of(self.chosen) if points is not None else -1
        self.open_button.setEnabled(place >= 0)
        if points is None or not len(points):
            self.detail.setText("")
        elif place >= 0:
            self.detail.setText(
                f"Chosen, number {place + 1} of {len(points):,}: {points.text(place)}. "
                f"{_sentence(points.measure.title)} {points.value(place)}."
            )
        elif np.isfinite(points.mean[0]):
            self.detail.setText(f"Best: {points.text(0)}. {_sentence(points.measure.title)} {points.value(0)}.")
        else:
            self.detail.setText("")

    @Slot()
    def _open(self) -> None:
        if self.chosen >= 0:
            self.opened.emit(self.chosen)

    # ------------------------------------------------------------ numbers

    def table(self) -> Numbers:
        """Return the numbers of the view that is shown."""
        points, view = self.points, self.tabs.currentIndex()
        if points is None or self._rows is None or not len(points):
            return {}
        if view == IMPORTANCE:
            bars = self.importance.bars
            names = np.array([bar.name for bar in bars], object)
            return {"setting": names, "share of the variance [%]": np.array([100 * bar.share for bar in bars])}
        if view == MAP and self.map.cells is not None:
            return self._map_table(points)
        columns = {column.title: column.cells for column in points.columns}
        heading = points.measure.heading
        return {
            **columns,
            heading: points.mean,
            f"lower end of the 95 % interval {_unit(heading)}": points.low,
            f"upper end of the 95 % interval {_unit(heading)}": points.high,
            "seeds": points.ranked.seeds,
            "diverged or failed": points.ranked.broken,
            "parameters": points.parameters,
        }

    def _map_table(self, points: Points) -> Numbers:
        across, up = max(self.across.currentIndex(), 0), self.up.currentIndex()
        cells = cells_of(points, across, up if up >= 0 else None)
        rows, columns = np.indices(cells.mean.shape)
        named = {points.columns[across].title: np.array(cells.columns, object)[columns.ravel()]}
        if up >= 0:
            named[points.columns[up].title] = np.array(cells.rows, object)[rows.ravel()]
        return {**named, points.measure.heading: cells.mean.ravel(), "points": cells.count.ravel()}


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _unit(heading: str) -> str:
    return heading[heading.index("[") :]
