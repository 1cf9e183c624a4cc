"""Learning curves: one quantity on the parts of the data, with the gap between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.gap import gap
from nnviz.gui.plot import Band
from nnviz.gui.plot.overlay import Line, Mark
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, Table
from nnviz.gui.views.parts.curves import CurvesView, Series
from nnviz.gui.views.parts.layers import mixed
from nnviz.history.history import Event, History
from nnviz.snapshot import Snapshot

_PARTS = ("train", "validation", "test")

_NEAR_END = 0.02
"""The best epoch is marked once the run has gone on for this share of it: before that the mark would only run along."""


class LearningCurvesView(CurvesView):
    """Train, test and, with one, validation; the area where test is above train shaded as the gap."""

    question = "Is it overfitting?"
    quantity: ClassVar[str]
    """The second half of the columns' names: `loss` or `error`."""

    def build_below(self) -> None:
        self._gap = Band()
        self._gap.setZValue(-5)
        self.plot.add(self._gap)

    def factor(self, snapshot: Snapshot | None) -> float:
        """Return what the columns are multiplied with to be shown."""
        return 1.0

    def series(self, history: History, snapshot: Snapshot | None) -> list[Series]:
        factor = self.factor(snapshot)
        found = []
        for part in _PARTS:
            values = history.column(f"{part}_{self.quantity}")
            if len(values):
                found.append(Series(part.capitalize(), self.theme.color(part), values, factor))
        return found

    def draw_below(self, history: History, x: NDArray[Any], ys: list[NDArray[Any]]) -> None:
        by_name = {series.label: y for series, y in zip(self._series, ys, strict=True)}
        if "Train" in by_name and "Test" in by_name:
            train, test = by_name["Train"], by_name["Test"]
            with np.errstate(invalid="ignore"):
                self._gap.draw(x, train, np.maximum(train, test), most=int(self.plot.area.width() / 2) + 16)
        best = history.best_epoch
        last = float(history.column("epoch")[-1])
        settled = best is not None and 0 < best < last * (1 - _NEAR_END)
        marks = (Mark(self._place(best), f"best · {best:,}", self.theme.color("danger")),) if best and settled else ()
        notches = tuple(self._place(event.epoch) for event in history.events if event.kind != "end" and event.epoch > 0)
        self.plot.overlay.mark(marks, notches)

    def apply_theme(self, theme: Theme) -> None:
        self._gap.setBrush(theme.color("gap", 0.16 if theme.dark else 0.13))
        super().apply_theme(theme)

    def legend(self) -> tuple[Key, ...]:
        keys = super().legend()
        if not {"Train", "Test"} <= {key.label for key in keys}:
            return keys
        return (*keys, Key("Gap", mixed(self.theme.color("card"), self.theme.color("gap"), 0.3), "area"))

    def more_lines(self, events: Sequence[Event], epoch: float, row: int) -> list[Line]:
        by_name = {series.label: series for series in self._series}
        lines = []
        if "Train" in by_name and "Test" in by_name:
            lines.append(Line("Gap", value_text(float(gap(by_name["Train"].at(row), by_name["Test"].at(row))))))
        return lines + [Line(event.text) for event in events[-20:] if event.epoch == epoch]

    def table(self, history: History, snapshot: Snapshot | None) -> Table:
        table = dict(super().table(history, snapshot))
        unit = self.value_label(snapshot)
        train, test = table.get(f"train ({unit})"), table.get(f"test ({unit})")
        return table if train is None or test is None else {**table, f"gap ({unit})": gap(train, test)}

    def _place(self, epoch: float) -> float:
        """Return where an epoch lies on the axis."""
        return float(np.log10(max(epoch, 1))) if self.plot.x_scale.log else float(epoch)
