"""Early stopping on a validation part."""

from __future__ import annotations

from nnviz.cures import Cure, NoCure, cures
from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment

PATIENCE = 100
"""Epochs: long enough for plateaus, since it is the best epoch that counts and not the last."""

SHARE = 0.2
"""Largest share of all samples that becomes the validation part; never more than half of those that test."""

FEWEST = 10
"""Samples that validation and test must have at least to say anything."""


@cures.register
class EarlyStopping(Cure):
    """Stops where the loss on a validation part was smallest, before wrong labels and noise are learned by heart."""

    name = "early-stopping"
    title = "Early stopping"
    help = (
        "Training stops when samples set aside no longer gain by it. They are taken from the test part: the choice "
        "must not be made on the samples that judge it."
    )
    order = 30
    touches = ("training.patience", "data.validation_share")
    judged_at = "best"

    def applied(self, experiment: Experiment, data: SplitData) -> Experiment:
        if experiment.training.patience:
            raise NoCure("Early stopping is on already.")
        stopped = experiment.replace(name="early stopping", training=experiment.training.replace(patience=PATIENCE))
        if len(data.validation):
            return stopped
        settings = experiment.data
        share = round(min(SHARE, (1.0 - settings.train_share) / 2), 3)
        if share * (len(data.real_train) + len(data.test)) < FEWEST:
            raise NoCure(f"Of {len(data.test)} test samples, too few could be set aside to tell when to stop.")
        return stopped.replace(data=settings.replace(validation_share=share))
