"""How alike the layers of two networks are: a table of similarities, and the cosines of their weights."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from nnviz.gui.compare.color_key import ColorKey
from nnviz.gui.compare.heat_map import HeatMap
from nnviz.gui.compare.likeness import Likeness, NoLikeness, likeness
from nnviz.gui.compare.page import Page, add_aside, short
from nnviz.gui.compare.pair import Pair
from nnviz.gui.theme import Theme
from nnviz.gui.views.parts.layers import stage_labels
from nnviz.gui.views.parts.switches import add_switch
from nnviz.gui.widgets.card import card
from nnviz.gui.widgets.job import Job
from nnviz.gui.widgets.row import Paragraph
from nnviz.network.shapes import NetworkPlan
from nnviz.run import Run
from nnviz.snapshot import Snapshot

_NEEDS = frozenset({"activations", "parameters"})
_ASIDE = 300
"""Width of what stands beside the table of similarities, in pixels."""

_REST = 3.0
"""How long to wait after comparing, as a multiple of the time that it took: training needs the cores too."""


@dataclass(frozen=True, eq=False)
class _Shown:
    """What a job found, and of which networks."""

    found: Likeness
    a: Snapshot
    b: Snapshot
    names: tuple[str, str]


class SimilarityPage(Page):
    """Linear CKA of every layer of A with every layer of B, computed beside the window's own thread."""

    title = "Similarity"
    help = "How alike the layers of two networks are: in their answers to the same samples, and in their weights."

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._debiased = True
        self._job: Job[tuple[Likeness, float]] | None = None
        self._asked: tuple[Snapshot, Snapshot, bool] | None = None  # what the job at hand, or the last one, is about
        self._rest_until = 0.0
        self._shown: _Shown | None = None
        self.pair = Pair(self)
        self.pair.changed.connect(self.redraw_wanted)
        self.map = HeatMap(theme, self)
        self.map.setAccessibleName("Similarity of layers")
        self.map.pointed.connect(self._point)
        self.cosines = HeatMap(theme, self)
        self.cosines.setAccessibleName("Cosines of weights")
        self.key = ColorKey(theme, self)
        self.reading = QLabel(self)
        self.reading.setTextFormat(Qt.TextFormat.PlainText)
        self.words = Paragraph("muted", self)
        beside = add_aside(self, self.map, _ASIDE)
        self._aside = beside.parentWidget()
        for widget in (self.key, self.reading, self.words):
            beside.addWidget(widget)
        beside.addWidget(card(self.cosines), 1)

    @property
    def needs(self) -> frozenset[str]:
        return _NEEDS

    def controls(self, bar: QHBoxLayout) -> None:
        self.pair.controls(bar)
        tip = "The form of CKA that is not large for any two layers with more units than samples"
        self.debiased_switch = add_switch(bar, "debiased", tip, self._debiased, self._set_debiased)

    # ------------------------------------------------------------ drawing

    def show_runs(self, runs: Sequence[Run]) -> None:
        a, b = self.pair.of(runs)
        self._take_result(a, b)
        if a.snapshot is None or b.snapshot is None or not _measured(a.snapshot) or not _measured(b.snapshot):
            self.unfinished = False
            self._say("The table appears as soon as both networks have answered the test samples.")
            return
        wanted = (a.snapshot, b.snapshot, self._debiased)
        new = self._asked != wanted
        if self._job is None and new and time.monotonic() >= self._rest_until:
            self._asked = wanted
            self._job = Job(partial(_timed, *wanted), NoLikeness)
        self.unfinished = self._job is not None or new
        if self.unfinished and not self._shows(a, b):
            self._say("Comparing the layers …")
            self._asked = self._asked if self._job is not None else None  # what it was about is no longer there

    def _shows(self, a: Run, b: Run) -> bool:
        """Whether it shows these two runs, be it as they were a moment ago."""
        return self._shown is not None and (self._shown.a.run, self._shown.b.run) == (a.number, b.number)

    def _take_result(self, a: Run, b: Run) -> None:
        """Show what a job has found, unless other runs were chosen while it was at work."""
        if self._job is None or not self._job.done or self._asked is None:
            return
        job, self._job = self._job, None
        first, second, _ = self._asked
        if job.result is not None:
            self._rest_until = time.monotonic() + _REST * job.result[1]
        if (first.run, second.run) != (a.number, b.number):
            self._asked = None
        elif job.result is None:
            self._say(job.error)
        else:
            self._shown = _Shown(job.result[0], first, second, (a.name, b.name))
            self._draw(self._shown)

    def _draw(self, shown: _Shown) -> None:
        found, a, b = shown.found, shown.a, shown.b
        pairs = zip("AB", shown.names, (a, b), strict=True)
        titles = [f"{letter}  {short(name)} · epoch {snapshot.epoch:,}" for letter, name, snapshot in pairs]
        rows, columns = layer_names(a.plan), layer_names(b.plan)
        ramp = self.theme.sequential()
        self.map.show_values(found.similarity, rows, columns, (titles[0], titles[1]), (0.0, 1.0), ramp)
        column = found.cosines[:, None]
        self.cosines.show_values(column, rows, ("cosine",), ("", ""), (-1.0, 1.0), self.theme.diverging())
        self.key.show_ramp(ramp, "0 unrelated", "", "1 alike")
        self._aside.show()
        self._tell(found)
        self._point(*self.map.cell)

    def _tell(self, found: Likeness) -> None:
        """Say how much the numbers can be trusted."""
        form = "Debiased linear CKA" if found.debiased else "Linear CKA"
        widest = max((*found.units[0], *found.units[1]))
        units = [", ".join(f"{p:,}" for p in each) for each in found.units]
        same = f"p = {units[0]}" if units[0] == units[1] else f"p = {units[0]} in A and {units[1]} in B"
        words = f"{form} of n = {found.samples:,} test samples that both runs have, of layers with {same} units."
        if found.biased:
            words += (
                f" With fewer samples than units (p = {widest:,}) it is large for any two layers, related or not: "
                "switch to the debiased form."
            )
        elif not found.debiased:
            words += f" Few samples for the units (p, at most {widest:,} here) bias it upwards."
        words += "\n\nCosine of the weights of each layer: 1 is the same direction. It needs layers of the same shape."
        self.words.setText(words)

    @Slot(int, int)
    def _point(self, row: int, column: int) -> None:
        """Say what stands in the cell under the mouse, and how wide the two layers are."""
        if self._shown is None:
            return
        found, a, b = self._shown.found, self._shown.a, self._shown.b
        if row < 0 or row >= found.similarity.shape[0] or column >= found.similarity.shape[1]:
            self.reading.setText("Point at a cell to read it.")
            return
        value = found.similarity[row, column]
        number = "not defined: a layer does not vary" if np.isnan(value) else f"{value:.3f}"
        mine, its = layer_names(a.plan)[row], layer_names(b.plan)[column]
        p, q = found.units[0][row], found.units[1][column]
        self.reading.setText(f"A {mine} (p = {p:,}) and B {its} (p = {q:,}): {number}")
        self.reading.setToolTip(self.reading.text())

    def _say(self, sentence: str) -> None:
        self._shown = None
        self.map.say(sentence)
        self._aside.hide()

    def _set_debiased(self, on: bool) -> None:
        self._debiased = on
        self.redraw_wanted.emit()

    # ------------------------------------------------------------ the contract of a page

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for part in (self.map, self.cosines, self.key):
            part.apply_theme(theme)
        if self._shown is not None:
            self._draw(self._shown)


def layer_names(plan: NetworkPlan) -> list[str]:
    """Return the names of the layers with units, the output's last, as in the other views: `1 linear 8`."""
    labels = stage_labels(plan)
    return [labels[column[0].index] for column in plan.picture()[1:]]


def _timed(a: Snapshot, b: Snapshot, debiased: bool) -> tuple[Likeness, float]:
    """Return how alike two networks are, and the seconds that it took to find out."""
    began = time.monotonic()
    return likeness(a, b, debiased), time.monotonic() - began


def _measured(snapshot: Snapshot) -> bool:
    return snapshot.arrays.keys() >= _NEEDS
