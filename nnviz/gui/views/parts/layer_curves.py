"""Curves over epochs with one curve for each layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnviz.gui.views import Key, caption_of
from nnviz.gui.views.parts.curves import CurvesView

_MOST_KEYS = 12


class LayerCurvesView(CurvesView):
    """Thin curves, many of them perhaps, whose labels begin with the number of the layer."""

    question = "Do the gradients flow?"
    weight = 1.0

    def legend(self) -> tuple[Key, ...]:
        keys = super().legend()
        if len(keys) <= _MOST_KEYS:
            return keys
        shown = np.linspace(0, len(keys) - 1, _MOST_KEYS // 2).round().astype(int)  # the others lie between them
        return tuple(keys[i] for i in shown)

    def short_captions(self) -> list[str]:
        numbers = [replace(key, label=key.label.split(" ")[0]) for key in self.legend()]
        return [caption_of(numbers), f"{len(self._series)} layers"]
