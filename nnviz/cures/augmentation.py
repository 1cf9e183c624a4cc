"""Changed copies of the training samples."""

from __future__ import annotations

from nnviz.cures import Cure, NoCure, cures
from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment

COPIES = 4
JITTER, SHIFT = 0.2, 1


@cures.register
class Augmentation(Cure):
    """Joins every training sample by copies with noise, pictures also shifted (Simard, Steinkraus & Platt 2003)."""

    name = "augmentation"
    title = "Augmentation"
    help = (
        "Copies of every training sample, each with some noise and pictures a little shifted, say that what is near a "
        "sample is like it. An epoch then has more steps."
    )
    order = 60
    touches = ("data.copies", "data.jitter", "data.shift")

    def applied(self, experiment: Experiment, data: SplitData) -> Experiment:
        if experiment.data.copies:
            raise NoCure(f"Every training sample has {experiment.data.copies} changed copies already.")
        settings = experiment.data.replace(copies=COPIES, jitter=JITTER, shift=SHIFT)
        return experiment.replace(name=f"augmentation ×{COPIES}", data=settings)
