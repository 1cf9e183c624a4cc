"""Test error over the length of training."""

from __future__ import annotations

from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment
from nnviz.studies.axes import Axis, axes

_USUAL = 3_000


@axes.register
class Epochs(Axis):
    """Epochs of training (Nakkiran et al. 2019, section 5): one training passes through all of them."""

    name = "epochs"
    title = "Epochs"
    help = "How long one and the same network is trained: its test error may fall, rise and fall again."
    unit = "epochs"
    highest = 1e7
    within = True
    order = 20

    def usual(self, experiment: Experiment, data: SplitData) -> tuple[float, float]:
        return 1.0, float(experiment.training.epochs or _USUAL)

    def applied(self, experiment: Experiment, value: float, data: SplitData) -> Experiment:
        return experiment
