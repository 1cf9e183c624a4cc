"""Test samples that the network has been trained on."""

from __future__ import annotations

from nnviz.analysis.intervals import difference_interval, error_interval
from nnviz.findings import Finding, Found, OpenView, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.facts import Facts, Twins
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.words import percent

_FEWEST, _SHARE = 3, 0.02
"""Copies, and their share of the test part at the lower end of its interval, from which on it counts."""

_BY_CHANCE = 2.0
"""How often as many as chance would make there must be."""

_BETTER = 0.02
"""By how much the test error must be below the training error, at the least."""


@findings.register
class Leak(Finding):
    """The training part holds copies of test samples, or the test error is too low to be that of unseen samples."""

    name, title = "leak", "Data leak"
    order = 25

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        facts = evidence.facts
        if facts is None:
            return None
        views = (OpenView("surface", "Decision surface"),)
        if facts.twins is not None and _too_many(facts.twins):
            return Found("danger", "Test samples in the training part", _copies(facts, facts.twins), views)
        sentence = _too_good(evidence, facts)
        return Found("danger", "Test error below training error", sentence, views) if sentence else None


def _too_many(twins: Twins) -> bool:
    if twins.count < _FEWEST:
        return False
    least = error_interval(twins.count, twins.looked).low
    return least > max(_SHARE, _BY_CHANCE * twins.chance)


def _copies(facts: Facts, twins: Twins) -> str:
    of = f"{twins.looked:,} test samples" + (" looked at" if twins.looked < facts.test else "")
    return (
        f"{twins.count:,} of {of} ({percent(twins.count / twins.looked)}) have a copy with the same target in the "
        "training part, all but exact; the test error says too little about new samples."
    )


def _too_good(evidence: Evidence, facts: Facts) -> str:
    """Return what a test error says that is lower than chance allows; empty where there is none, or a good reason."""
    if facts.task != "classification" or facts.noisy or facts.copies or not evidence.trained:
        return ""
    train, test = evidence.now("train_error"), evidence.now("test_error")
    if not (0.0 <= test <= 1.0 and 0.0 <= train <= 1.0):
        return ""
    wrong, missed = round(test * facts.test), round(train * facts.train)
    gap = difference_interval(missed, facts.train, wrong, facts.test, confidence=0.999)
    if gap.low < _BETTER:
        return ""
    return (
        f"Test error {percent(test)} ({wrong:,} of {facts.test:,}) is lower than training error {percent(train)} by "
        f"more than chance: at least {100 * gap.low:.1f} pp with 99.9 % confidence. The two parts are not alike."
    )
