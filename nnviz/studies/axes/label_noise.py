"""Test error over the share of wrong training labels."""

from __future__ import annotations

from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment
from nnviz.settings import SettingsError, changed
from nnviz.studies.axes import Axis, axes


@axes.register
class LabelNoise(Axis):
    """Share of the training labels that are replaced by wrong ones; test labels stay true."""

    name = "label-noise"
    title = "Label noise"
    help = "Share of the training labels that are wrong: the more there are, the more it costs to learn them by heart."
    unit = "%"
    logarithmic = False
    whole = False
    lowest = 0.0
    highest = 1.0
    grows = False
    order = 40

    def usual(self, experiment: Experiment, data: SplitData) -> tuple[float, float]:
        return 0.0, 0.5

    def applied(self, experiment: Experiment, value: float, data: SplitData) -> Experiment:
        if data.task == "regression":
            raise SettingsError("Label noise replaces classes, and a regression has none; choose another axis.")
        return changed(experiment, "data.label_noise", value)
