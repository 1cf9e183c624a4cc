"""Test error over the number of training samples."""

from __future__ import annotations

from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment
from nnviz.settings import changed
from nnviz.studies.axes import Axis, axes

_FEWEST, _MOST = 0.05, 0.95
"""Shares of all samples that a training part may have."""


@axes.register
class Samples(Axis):
    """Training samples, by the train share; what does not train tests (Nakkiran et al. 2019, section 6).

    Where the network passes its interpolation threshold on the way, more samples make it worse for a while.
    """

    name = "samples"
    title = "Training samples"
    help = "How many samples the network learns from, by the train share; the rest tests it."
    unit = "samples"
    lowest = 2.0
    grows = False
    order = 30

    def usual(self, experiment: Experiment, data: SplitData) -> tuple[float, float]:
        return round(_FEWEST * _all(data)), round(0.8 * _all(data))

    def applied(self, experiment: Experiment, value: float, data: SplitData) -> Experiment:
        share = min(_MOST, max(_FEWEST, value / _all(data)))
        return changed(experiment, "data.train_share", round(share, 6))


def _all(data: SplitData) -> int:
    return sum(len(part) for part in data.real_parts().values())
