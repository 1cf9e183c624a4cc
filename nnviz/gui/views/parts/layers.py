"""Names and colours of the layers of a network, the same in every view."""

from __future__ import annotations

from PySide6.QtGui import QColor

from nnviz.gui.theme import LAYER_COLORS, Theme
from nnviz.gui.views.parts.colors import rgb
from nnviz.network.shapes import NetworkPlan


def stage_labels(plan: NetworkPlan) -> dict[int, str]:
    """Return names such as `1 linear 8` for the stages with parameters, by index; the last one's is `5 output`."""
    stages = [stage for stage in plan.stages if stage.n_parameters]
    return {
        stage.index: f"{number} output"
        if stage.role == "output"
        else f"{number} {stage.layer.title.lower()} {stage.layer.summary()}".strip()
        for number, stage in enumerate(stages, 1)
    }


def layer_color(theme: Theme, number: int, count: int) -> QColor:
    """Return the colour of a layer; with more layers than colours, one between two of them, so that none repeats."""
    if count <= len(LAYER_COLORS):
        return theme.layer_color(number)
    at = number * (len(LAYER_COLORS) - 1) / (count - 1)
    here, beyond = theme.layer_color(int(at)), theme.layer_color(min(int(at) + 1, len(LAYER_COLORS) - 1))
    return mixed(here, beyond, at - int(at))


def mixed(here: QColor, beyond: QColor, share: float) -> QColor:
    """Return a colour between two: 0 is the first, 1 the second."""
    parts = rgb(here) * (1 - share) + rgb(beyond) * share
    return QColor(*(round(float(part)) for part in parts))
