"""Gradients that are too large to learn from."""

from __future__ import annotations

import numpy as np

from nnviz.findings import Finding, Fork, Found, OpenView, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.state import layers, thrown_away
from nnviz.findings.parts.words import loss_text
from nnviz.network.initializers.he import He

_NORM = 100.0
"""Norm of the gradient from which on a step of any usual length throws the weights away."""

_LOSS = 10.0
"""The loss with it, in losses of a constant answer: outputs are as much too large as gradients are.

So it is from the start: where only steps have made it so large, it is not for the depth of the network."""

_LAYERS = 3


@findings.register
class Exploding(Finding):
    """A deep network whose signals and gradients grow from layer to layer (Bengio et al. 1994, Pascanu et al. 2013)."""

    name, title = "exploding", "Exploding gradients"
    order = 30
    explains = frozenset(
        {
            "rate-too-high",
            "rate-too-low",
            "vanishing",
            "majority",
            "plateau",
            "underfitting",
            "small-test",
            "overfitting",
        }
    )

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        norms = evidence.recent.get("gradient_norm", np.empty(0))
        norms = norms[np.isfinite(norms)]
        if not len(norms) or not evidence.trained or layers(evidence) < _LAYERS or evidence.facts is None:
            return None
        norm, loss, level = float(np.median(norms)), evidence.now("train_loss"), evidence.facts.constant_loss
        first, begun = int(evidence.curves["epoch"][0]), float(evidence.curves["train_loss"][0])
        if not (norm > _NORM and min(loss, begun) > _LOSS * level) or thrown_away(evidence):
            return None
        sentence = (
            f"The gradient has a norm of {norm:,.0f}. Training loss was {loss_text(begun)} at epoch {first:,} and is "
            f"{loss_text(loss)}, where a constant answer has {loss_text(level)}: signals grow through the "
            f"{layers(evidence)} layers."
        )
        experiment = evidence.experiment
        forks: tuple[Fork, ...] = ()
        if not isinstance(experiment.network.initializer, He):
            network = experiment.network.replace(initializer=He())
            forks = (Fork(experiment.replace(name="He initialization", network=network), epoch=0, anew=True),)
        return Found("danger", "Exploding gradients", sentence, (*forks, OpenView("gradient_norm", "Gradients")))
