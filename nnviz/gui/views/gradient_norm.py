"""Gradient norms over epochs, layer by layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnviz.gui.views import Key, caption_of, views
from nnviz.gui.views.parts.curves import CurvesView, Series
from nnviz.gui.views.parts.layers import layer_color, stage_labels
from nnviz.history.history import History
from nnviz.snapshot import Snapshot

_MOST_KEYS = 12


@views.register
class GradientNorm(CurvesView):
    """The Euclidean norm of the loss gradient of the epoch's last batch, for each layer with parameters."""

    name = "gradient_norm"
    title = "Gradients"
    question = "Do the gradients flow?"
    help = "Length of the gradient in each layer. Curves that lie far apart mean that some layers hardly learn."
    order = 70
    starts_logarithmic = True
    weight = 1.0
    log_y_tip = "Logarithmic gradient norm"
    empty = "Press Play: the gradient of each layer appears as the network learns."

    def series(self, history: History, snapshot: Snapshot | None) -> list[Series]:
        norms = history.column("gradient_norm_by_layer")
        if norms.ndim != 2:
            return []
        count = norms.shape[1]
        labels = list(stage_labels(snapshot.plan).values()) if snapshot is not None else []
        if len(labels) != count:
            labels = [f"layer {i + 1}" for i in range(count)]
        return [Series(labels[i], layer_color(self.theme, i, count), norms[:, i]) for i in range(count)]

    def value_label(self, snapshot: Snapshot | None) -> str:
        return "gradient norm"

    def legend(self) -> tuple[Key, ...]:
        keys = super().legend()
        if len(keys) <= _MOST_KEYS:
            return keys
        shown = np.linspace(0, len(keys) - 1, _MOST_KEYS // 2).round().astype(int)  # the others lie between them
        return tuple(keys[i] for i in shown)

    def short_captions(self) -> list[str]:
        numbers = [replace(key, label=key.label.split(" ")[0]) for key in self.legend()]
        return [caption_of(numbers), f"{len(self._series)} layers"]
