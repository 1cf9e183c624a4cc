"""Wrong labels that are learned by heart."""

from __future__ import annotations

import math

from nnviz.findings import Action, Finding, Fork, Found, OpenPage, OpenView, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.words import count, percent

_SHARE, _FEWEST = 0.3, 3
"""Share of the wrong labels, and number of them, that must be learned."""

_CURES = ("label-smoothing", "weight-decay", "dropout", "early-stopping")


@findings.register
class Memorising(Finding):
    """Known wrong labels that the network gives back: more than could be if it erred on nothing else.

    Of W wrong labels among n training samples, at least W − w are learned when w samples in all are answered otherwise
    than labelled; with other errors than on wrong labels it is more.
    """

    name, title = "memorising", "Memorising label noise"
    order = 110

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        facts, rate = evidence.facts, evidence.now("train_error")
        if facts is None or not facts.noisy or math.isnan(rate) or not evidence.trained:
            return None
        wrong = round(rate * facts.train)
        learned = facts.noisy - wrong
        if learned < max(_FEWEST, _SHARE * facts.noisy):
            return None
        least = "All" if learned == facts.noisy else f"At least {learned:,} of the"
        others = "no training sample" if wrong == 0 else f"only {count(wrong, 'training sample')}"
        sentence = (
            f"{least} {facts.noisy:,} wrong training labels are learned: {others} of {facts.train:,} "
            f"({percent(rate)}) {'is' if wrong < 2 else 'are'} answered otherwise than labelled."
        )
        forks = tuple(Fork(changed, epoch=evidence.onset) for changed in remedies.cured(*_CURES)[:1])
        actions: tuple[Action, ...] = (
            *forks,
            OpenPage("memorisation", "Which samples"),
            OpenView("surface", "Decision surface"),
        )
        return Found("warning", "Memorising label noise", sentence, actions)
