"""Test error over weight decay."""

from __future__ import annotations

from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment
from nnviz.settings import changed
from nnviz.studies.axes import Axis, axes


@axes.register
class WeightDecay(Axis):
    """Weight decay λ: enough of it levels the peak of double descent out (Nakkiran et al. 2020, section 3)."""

    name = "weight-decay"
    title = "Weight decay"
    help = "The pull of weights towards 0: enough of it levels the peak at the interpolation threshold out."
    whole = False
    lowest = 0.0
    highest = 100.0
    grows = False
    order = 50

    def usual(self, experiment: Experiment, data: SplitData) -> tuple[float, float]:
        return 0.0, 0.1

    def applied(self, experiment: Experiment, value: float, data: SplitData) -> Experiment:
        return changed(experiment, "training.weight_decay", value)
