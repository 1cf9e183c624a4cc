"""Units that answer nothing, layer by layer."""

from __future__ import annotations

import numpy as np

from nnviz.gui.plot.chart import Range
from nnviz.gui.views import views
from nnviz.gui.views.parts.curves import Series
from nnviz.gui.views.parts.layer_curves import LayerCurvesView
from nnviz.gui.views.parts.layers import activation_labels, layer_color
from nnviz.history.history import History
from nnviz.snapshot import Snapshot

_LEAST_SPAN = 10.0
"""Percent that the linear axis shows at least: a single unit among hundreds should look like one."""


@views.register
class DeadUnits(LayerCurvesView):
    """The share of units, or of channels of images, whose output is exactly 0 for every training sample, in percent.

    Counted for each activation, in evaluation mode after the epoch.
    """

    name = "dead_units"
    title = "Dead units"
    help = "Units that are 0 for every training sample: no gradient flows through them, so they no longer learn."
    order = 74
    log_y_tip = "Logarithmic share"
    empty = "Press Play: units that no longer answer anything are counted as the network learns."

    def series(self, history: History, snapshot: Snapshot | None) -> list[Series]:
        dead = history.column("dead_units_by_layer")
        stages = snapshot.plan.activation_stages if snapshot is not None else ()
        if snapshot is None or dead.ndim != 2 or dead.shape[1] != len(stages):
            return []
        labels = activation_labels(snapshot.plan)
        count = sum(stage.n_parameters > 0 for stage in snapshot.plan.stages)
        found = []
        for column, (stage, (number, label)) in enumerate(zip(stages, labels, strict=True)):
            units = stage.output_shape[0] if stage.output_shape else 1
            color = layer_color(self.theme, max(0, number - 1), count)
            found.append(Series(label, color, dead[:, column], 100.0 / max(1, units)))
        return found

    def value_label(self, snapshot: Snapshot | None) -> str:
        return "% dead"

    def why_empty(self, history: History, snapshot: Snapshot | None) -> str:
        if snapshot is not None and not snapshot.plan.activation_stages:
            return "This network has no activations, so no unit can die; add one with ＋, such as ReLU."
        return super().why_empty(history, snapshot)

    def _ranges(self, reach: Range) -> tuple[Range, Range]:
        least = float(np.log10(_LEAST_SPAN)) if self.log_y else _LEAST_SPAN
        return super()._ranges((reach[0], max(reach[1], least)))
