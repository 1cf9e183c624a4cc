"""More training samples."""

from __future__ import annotations

from nnviz.cures import Cure, NoCure, cures
from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment

LARGE = 0.8
"""Train share from which on little would be left to test with."""

FEWEST = 10
"""Samples that must be left to test with."""


@cures.register
class MoreData(Cure):
    """Gives half of the test samples to the training part, which keeps those that it has."""

    name = "more-data"
    title = "More data"
    help = (
        "Half of the test samples join the training part; both networks are compared on the other half. An epoch then "
        "has more steps."
    )
    order = 50
    touches = ("data.train_share",)

    def applied(self, experiment: Experiment, data: SplitData) -> Experiment:
        settings = experiment.data
        if settings.train_share >= LARGE:
            raise NoCure(f"{100 * settings.train_share:.0f} % of the samples are in the training part already.")
        if len(data.test) < 2 * FEWEST:
            raise NoCure(f"There are {len(data.test)} test samples; half of them would be too few to test with.")
        left = 1.0 - settings.train_share - settings.validation_share
        share = round(settings.train_share + left / 2, 4)
        return experiment.replace(name=f"train share {100 * share:g} %", data=settings.replace(train_share=share))
