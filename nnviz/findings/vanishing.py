"""Gradients that do not reach the first layers."""

from __future__ import annotations

from nnviz.findings import Finding, Fork, Found, OpenView, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.state import falls_short, gradient_ratio, layers, long_enough
from nnviz.findings.parts.words import error, error_name, times
from nnviz.network.initializers.he import He
from nnviz.network.layers import Layer
from nnviz.network.layers.relu import ReLU
from nnviz.network.layers.sigmoid import Sigmoid

_RATIO = 1e-3
"""Gradient of the first layer by that of the last, per parameter."""

_LAYERS = 4
"""Layers with weights, at the least: with fewer, small gradients have another reason."""


@findings.register
class Vanishing(Finding):
    """A deep network whose first layers get next to no gradient (Hochreiter 1991, Glorot & Bengio 2010)."""

    name, title = "vanishing", "Vanishing gradients"
    order = 50
    explains = frozenset({"rate-too-low", "majority", "plateau", "underfitting", "small-test"})

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        if layers(evidence) < _LAYERS or not long_enough(evidence) or not falls_short(evidence):
            return None
        ratio = gradient_ratio(evidence)
        if not ratio < _RATIO:
            return None
        facts = evidence.facts
        assert facts is not None
        less = f"{times(1.0 / ratio)} times smaller than" if ratio > 1e-12 else "next to nothing beside"
        sentence = (
            f"Per parameter, the gradient of the first of {layers(evidence)} layers is {less} that of the last; "
            f"training {error_name(evidence)} is {error(evidence, evidence.now('train_error'))}, where neighbours get "
            f"{error(evidence, facts.neighbour_error)}."
        )
        return Found(
            "warning", "Vanishing gradients", sentence, (_fork(evidence), OpenView("gradient_norm", "Gradients"))
        )


def _fork(evidence: Evidence) -> Fork:
    """Return the change that lets gradients pass: ReLU for sigmoids, or initial weights of the right size."""
    experiment = evidence.experiment
    network = experiment.network
    if any(isinstance(layer, Sigmoid) for layer in network.layers):
        layers: tuple[Layer, ...] = tuple(ReLU() if isinstance(each, Sigmoid) else each for each in network.layers)
        network, name = network.replace(layers=layers, initializer=He()), "ReLU for sigmoid"
    else:
        network, name = network.replace(initializer=He()), "He initialization"
    return Fork(experiment.replace(name=name, network=network), epoch=0, anew=True)
