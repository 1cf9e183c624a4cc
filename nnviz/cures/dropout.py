"""Dropout after the hidden activations."""

from __future__ import annotations

from nnviz.cures import Cure, NoCure, cures
from nnviz.data.dataset import SplitData
from nnviz.engines.choose import plan_for
from nnviz.experiment import Experiment
from nnviz.network import edit
from nnviz.network.layers.dropout import Dropout
from nnviz.network.shapes import NetworkPlan, Stage

RATE = 0.25
NARROWEST = 4
"""Units of a layer from which on some can be missed: of fewer, whole steps would lose the signal."""


@cures.register
class DropoutCure(Cure):
    """Switches off a quarter of the hidden units in every training step (Srivastava et al. 2014)."""

    name = "dropout"
    title = "Dropout"
    help = (
        "Random units are off in every training step, so that none can rely on a single other one to learn a sample by "
        "heart."
    )
    order = 10
    touches = ("network.layers",)

    def applied(self, experiment: Experiment, data: SplitData) -> Experiment:
        network = experiment.network
        if any(isinstance(layer, Dropout) for layer in network.layers):
            raise NoCure("The network has dropout already; change its rate instead.")
        if not any(layer.starts_column for layer in network.layers):
            raise NoCure("There is no hidden layer whose units dropout could switch off.")
        places = _places(plan_for(network, experiment.training, data))
        if not places:
            raise NoCure(f"No hidden layer has the {NARROWEST} units that dropout needs to leave enough of them on.")
        for index in reversed(places):
            network = edit.insert(network, index, Dropout(rate=RATE))
        return experiment.replace(name=f"dropout {100 * RATE:g} %", network=network)


def _places(plan: NetworkPlan) -> list[int]:
    """Return where dropout goes: after every activation of a list of features, else at the end of the hidden layers.

    Units of a picture are not switched off one by one: their neighbours would tell the same.
    """
    hidden = [stage for stage in plan.stages if stage.role == "hidden"]
    activations = [stage for stage in hidden if stage.layer.group == "activation"]
    return [stage.index + 1 for stage in activations if _wide(stage)] or [s.index + 1 for s in hidden[-1:] if _wide(s)]


def _wide(stage: Stage) -> bool:
    shape = stage.output_shape
    return shape is not None and len(shape) == 1 and shape[0] >= NARROWEST
