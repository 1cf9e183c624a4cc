"""Training that has not got off the ground."""

from __future__ import annotations

from nnviz.findings import Finding, Fork, Found, OpenView, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.state import at_rest, falls_short, held_back, hidden_units, knows_nothing
from nnviz.findings.parts.words import count, error, loss_text
from nnviz.network.initializers.he import He

_UNITS = 3
"""Units of the narrowest hidden layer: with fewer a network may be unable to do better."""


@findings.register
class Plateau(Finding):
    """A network that could do better and has rested at the loss of a constant answer: a saddle, not a minimum."""

    name, title = "plateau", "Plateau"
    order = 80
    explains = frozenset({"underfitting", "small-test"})

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        facts = evidence.facts
        if facts is None or not at_rest(evidence) or not falls_short(evidence) or not knows_nothing(evidence):
            return None
        if hidden_units(evidence) < _UNITS or held_back(evidence):
            return None
        losses, epochs = evidence.here["train_loss"], evidence.here["epoch"]
        middle = len(losses) // 2
        sentence = (
            f"Training loss stays at {loss_text(float(losses[-1]))}, no better than a constant answer "
            f"({loss_text(facts.constant_loss)}), for {count(int(epochs[-1] - epochs[middle]), 'epoch')}; neighbours "
            f"get an error of {error(evidence, facts.neighbour_error)}."
        )
        experiment = evidence.experiment
        forks: tuple[Fork, ...] = ()
        if not isinstance(experiment.network.initializer, He):
            network = experiment.network.replace(initializer=He())
            forks = (Fork(experiment.replace(name="He initialization", network=network), epoch=0, anew=True),)
        views = OpenView("gradient_norm", "Gradients"), OpenView("weights", "Weights")
        return Found("warning", "Plateau: nothing learned yet", sentence, (*forks, *views))
