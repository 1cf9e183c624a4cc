"""Cures for overfitting: one file each. Here: the contract of a cure.

A cure changes one thing of an experiment, in a dose that suits it. What comes out is a twin: trained from the same
seed it has the same initial weights and visits the samples in the same order, as far as the change leaves them, so that
what differs between the two is what the cure does. A new cure is a module in this folder with one class::

    @cures.register
    class MaxNorm(Cure):
        \"\"\"Limits the incoming weights of every hidden unit.\"\"\"

        name, title, help = "max-norm", "Max norm", "Keeps the weights of every hidden unit short."
        touches = ("training.max_norm",)

        def applied(self, experiment, data):
            if experiment.training.max_norm:
                raise NoCure("There is a limit on the weights already.")
            return experiment.replace(name="max norm 3", training=experiment.training.replace(max_norm=3.0))
"""

from __future__ import annotations

from typing import ClassVar, Literal

from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment
from nnviz.registry import Registry

JudgedAt = Literal["last", "best"]
"""The epoch that counts: the last one, or that with the smallest validation loss (test loss without such a part)."""


class NoCure(Exception):
    """A cure that cannot help an experiment: one sentence that says why."""


class Cure:
    """One change against overfitting."""

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    """What it does and why that helps, in a sentence or two."""
    order: ClassVar[int] = 100
    touches: ClassVar[tuple[str, ...]]
    """Paths of the settings that it may change."""
    judged_at: ClassVar[JudgedAt] = "last"
    """Where the cured training is measured; the one without the cure always at its last epoch."""

    def applied(self, experiment: Experiment, data: SplitData) -> Experiment:
        """Return the experiment with the cure, named by the change in a few words, such as "dropout 25 %".

        `data` are the samples of the experiment as they are split now. Raises NoCure where it cannot help.
        """
        raise NotImplementedError


cures: Registry[Cure] = Registry("cure", "nnviz.cures", name_of=lambda cure: str(cure.name))
