"""Names and colours of the layers of a network, the same in every view."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from nnviz.gui.theme import Theme
from nnviz.gui.views.parts.colors import rgb
from nnviz.network.shapes import NetworkPlan
from nnviz.snapshot import Snapshot


def stage_labels(plan: NetworkPlan) -> dict[int, str]:
    """Return names such as `1 linear 8` for the stages with parameters, by index; the last one's is `5 output`."""
    stages = [stage for stage in plan.stages if stage.n_parameters]
    return {
        stage.index: f"{number} output"
        if stage.role == "output"
        else f"{number} {stage.layer.title.lower()} {stage.layer.summary()}".strip()
        for number, stage in enumerate(stages, 1)
    }


def layer_labels(snapshot: Snapshot | None, count: int) -> list[str]:
    """Return the names of `count` layers with parameters; mere numbers where the snapshot is of another network."""
    labels = list(stage_labels(snapshot.plan).values()) if snapshot is not None else []
    return labels if len(labels) == count else [f"layer {i + 1}" for i in range(count)]


def activation_labels(plan: NetworkPlan) -> list[tuple[int, str]]:
    """Return the number of the layer that each activation follows, 0 for none, and a name such as `1 tanh`.

    Layers are numbered as in `stage_labels`.
    """
    numbers = np.cumsum([stage.n_parameters > 0 for stage in plan.stages]).tolist()
    return [(numbers[s.index], f"{numbers[s.index]} {s.layer.title}") for s in plan.activation_stages]


def layer_color(theme: Theme, number: int, count: int) -> QColor:
    """Return the colour of a layer; with more layers than colours, one between two of them, so that none repeats."""
    known = len(theme.layers)
    if count <= known:
        return theme.layer_color(number)
    at = number * (known - 1) / (count - 1)
    here, beyond = theme.layer_color(int(at)), theme.layer_color(min(int(at) + 1, known - 1))
    return mixed(here, beyond, at - int(at))


def mixed(here: QColor, beyond: QColor, share: float) -> QColor:
    """Return a colour between two: 0 is the first, 1 the second."""
    parts = rgb(here) * (1 - share) + rgb(beyond) * share
    return QColor(*(round(float(part)) for part in parts))
