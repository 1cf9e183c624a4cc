"""Weight decay."""

from __future__ import annotations

from nnviz.cures import Cure, NoCure, cures
from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment

DOSE, DOSE_BY_RATE = 0.01, 0.5
"""Of the gradient, and where decay shrinks the weights directly: by the dose times the learning rate in each step."""


@cures.register
class WeightDecay(Cure):
    """Pulls all weights towards 0, so that only those stay large that many samples ask for (Krogh & Hertz 1991)."""

    name = "weight-decay"
    title = "Weight decay"
    help = "Weights are pulled towards 0, so that only those stay large which many samples ask for."
    order = 20
    touches = ("training.weight_decay",)

    def applied(self, experiment: Experiment, data: SplitData) -> Experiment:
        training = experiment.training
        dose = DOSE_BY_RATE if training.optimizer.decoupled else DOSE
        if training.weight_decay >= dose:
            raise NoCure(f"Weight decay is {training.weight_decay:g} already.")
        return experiment.replace(name=f"weight decay {dose:g}", training=training.replace(weight_decay=dose))
