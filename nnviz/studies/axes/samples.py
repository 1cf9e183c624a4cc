"""Test error over the number of training samples."""

from __future__ import annotations

from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment
from nnviz.settings import changed
from nnviz.studies.axes import Axis, axes

_FEWEST, _MOST = 0.05, 0.95
"""Shares of all samples that a training part may have, the validation part counted with the most."""


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
        return round(_FEWEST * _all(data)), round(min(0.8, _most(experiment)) * _all(data))

    def applied(self, experiment: Experiment, value: float, data: SplitData) -> Experiment:
        share = min(_most(experiment), max(_FEWEST, value / _all(data)))
        return changed(experiment, "data.train_share", round(share, 6))

    def reached(self, value: float, data: SplitData) -> float:
        return float(len(data.real_train))  # the split takes whole samples, class by class


def _most(experiment: Experiment) -> float:
    """Return the largest train share that leaves something to test beside the validation part."""
    return max(_FEWEST, _MOST - experiment.data.validation_share)


def _all(data: SplitData) -> int:
    return sum(len(part) for part in data.real_parts().values())
