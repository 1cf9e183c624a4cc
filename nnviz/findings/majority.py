"""A network that answers the most frequent class."""

from __future__ import annotations

from nnviz.findings import Finding, Found, OpenView, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.state import at_rest
from nnviz.findings.parts.words import percent

_IMBALANCED = 0.7
"""Share of the most frequent class from which on an error looks low that is none of the network's doing."""

_ALL_BUT = 0.95
"""The least error, in errors of answering that class always; neighbours must do better than this too."""


@findings.register
class Majority(Finding):
    """An error that looks low, and is that of answering the most frequent class whatever the sample."""

    name, title = "majority", "Majority class"
    order = 70
    explains = frozenset({"plateau", "underfitting"})

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        facts = evidence.facts
        if facts is None or not facts.majority >= _IMBALANCED or not at_rest(evidence):
            return None
        bar, error = _ALL_BUT * facts.constant_error, evidence.now("train_error")
        if not (error >= bar and facts.neighbour_error < bar):
            return None
        sentence = (
            f"Training error {percent(error)} is that of answering the most frequent class always "
            f"({percent(facts.constant_error)}): it has {percent(facts.majority)} of the samples. Neighbours get "
            f"{percent(facts.neighbour_error)}."
        )
        return Found("warning", "No better than the majority class", sentence, (OpenView("confusion", "Confusion"),))
