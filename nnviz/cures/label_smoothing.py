"""Label smoothing."""

from __future__ import annotations

from nnviz.cures import Cure, NoCure, cures
from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment

SHARE = 0.1


@cures.register
class LabelSmoothing(Cure):
    """Spreads a tenth of every training target over all classes (Szegedy et al. 2016, section 7)."""

    name = "label-smoothing"
    title = "Label smoothing"
    help = "Targets a little short of certain, so that no sample, mislabelled ones included, pulls without end."
    order = 70
    touches = ("training.label_smoothing",)

    def applied(self, experiment: Experiment, data: SplitData) -> Experiment:
        training = experiment.training
        if data.task == "regression":
            raise NoCure("Label smoothing needs classes, and regression has none.")
        if training.label_smoothing >= SHARE:
            raise NoCure(f"Label smoothing is {100 * training.label_smoothing:g} % already.")
        smoothed = training.replace(label_smoothing=SHARE)
        return experiment.replace(name=f"label smoothing {100 * SHARE:g} %", training=smoothed)
