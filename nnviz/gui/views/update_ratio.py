"""How far the weights move in a step, compared with their size, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.gui.plot.chart import Range
from nnviz.gui.plot.overlay import Level
from nnviz.gui.views import Key, views
from nnviz.gui.views.parts.curves import Series
from nnviz.gui.views.parts.layer_curves import LayerCurvesView
from nnviz.gui.views.parts.layers import layer_color, layer_labels
from nnviz.history.history import History
from nnviz.snapshot import Snapshot

USUAL = 1e-3
"""Rule of thumb for the ratio: about 1e-3 (A. Karpathy, Stanford CS231n, notes "Neural Networks Part 3")."""

_USUAL_WORDS = "usual\u00a010⁻³"  # a space that does not break: short captions end at the first other one


@dataclass(frozen=True, kw_only=True)
class _Ratio(Series):
    """The norm of the update over that of the parameters; NaN before the first step, and for parameters of 0."""

    sizes: NDArray[Any]
    steps: NDArray[Any]

    def at(self, rows: Any) -> NDArray[Any]:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.column[rows] / self.sizes[rows]
        return np.where((self.steps[rows] > 0) & np.isfinite(ratio), ratio, np.float32(np.nan))


@views.register
class UpdateRatio(LayerCurvesView):
    """‖Δw‖ ÷ ‖w‖ for each layer with parameters: Δw is the change in the epoch's last step, w what it led to."""

    name = "update_ratio"
    title = "Update ratio"
    help = (
        "Change of each layer's parameters in one step, divided by their size. Far above 10⁻³ they jump about, "
        "far below they hardly move; layers should not lie far apart."
    )
    order = 72
    starts_logarithmic = True
    log_y_tip = "Logarithmic ratio"
    empty = "Press Play: how far each layer moves in a step appears as the network learns."

    def series(self, history: History, snapshot: Snapshot | None) -> list[Series]:
        updates, sizes = history.column("update_norm_by_layer"), history.column("weight_norm_by_layer")
        labels = layer_labels(snapshot, updates.shape[1] if updates.ndim == sizes.ndim == 2 else 0)
        steps = history.column("step")
        return [
            _Ratio(label, layer_color(self.theme, i, len(labels)), updates[:, i], sizes=sizes[:, i], steps=steps)
            for i, label in enumerate(labels)
        ]

    def value_label(self, snapshot: Snapshot | None) -> str:
        return "update ÷ weights"

    def draw_below(self, history: History, x: NDArray[Any], ys: list[NDArray[Any]]) -> None:
        self.plot.overlay.mark(levels=(Level(self._usual(), self.theme.color("muted")),))

    def legend(self) -> tuple[Key, ...]:
        keys = super().legend()
        return (*keys, Key(_USUAL_WORDS, self.theme.color("muted"), "dashes")) if keys else keys

    def _ranges(self, reach: Range) -> tuple[Range, Range]:
        return super()._ranges((min(reach[0], self._usual()), max(reach[1], self._usual())))

    def _usual(self) -> float:
        return float(np.log10(USUAL)) if self.log_y else USUAL
