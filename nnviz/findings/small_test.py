"""A test part that is too small to tell."""

from __future__ import annotations

import math

from nnviz.analysis.intervals import CONFIDENCE, difference_interval, error_interval, rmse_interval
from nnviz.findings import Finding, Found, OpenPage, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.facts import Facts
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.words import count, error, percent

_WIDE, _UNSURE = 0.2, 0.5
"""Width of an interval that says little: of an error rate, and of an RMSE as a share of it at its half."""

_GAP, _FEW = 0.05, 100
"""A gap between the errors that would mean something, were it not for chance; and how few samples are few."""


@findings.register
class SmallTest(Finding):
    """A test error whose interval is so wide, or wider than the gap, that it settles nothing."""

    name, title = "small-test", "Too few test samples"
    order = 130

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        facts, test = evidence.facts, evidence.now("test_error")
        if facts is None or math.isnan(test) or not evidence.trained:
            return None
        sentence = _rmse(evidence, facts, test) if evidence.regression else _rate(evidence, facts, test)
        pages = (OpenPage("cross-validation", "Cross-validate"), OpenPage("test-vault", "Test vault"))
        return Found("notice", "Test part too small to tell", sentence, pages) if sentence else None


def _rate(evidence: Evidence, facts: Facts, test: float) -> str:
    wrong, train = round(test * facts.test), evidence.now("train_error")
    interval = error_interval(wrong, facts.test)
    sure = f"{100 * CONFIDENCE:g} % confidence"
    if interval.width >= _WIDE:
        return (
            f"Test error is {percent(test)}, {wrong:,} of {count(facts.test, 'sample')}: of all samples it may be "
            f"anything from {percent(interval.low)} to {percent(interval.high)} ({sure})."
        )
    gap = difference_interval(wrong, facts.test, round(train * facts.train), facts.train)
    if facts.test >= _FEW or test - train < _GAP or gap.low > 0.0:
        return ""
    return (
        f"The gap of {100 * (test - train):.1f} pp may be chance: with {count(facts.test, 'test sample')} it lies "
        f"between {100 * gap.low:.1f} and {100 * gap.high:.1f} pp ({sure})."
    ).replace("-", "−")


def _rmse(evidence: Evidence, facts: Facts, test: float) -> str:
    if facts.test < 2:
        return "With one test sample, nothing can be said about new ones."
    interval = rmse_interval(test, facts.test)
    if interval.width < 2.0 * _UNSURE * test:
        return ""
    return (
        f"Test RMSE is {error(evidence, test)} over {count(facts.test, 'sample')}: of all samples it may be anything "
        f"from {error(evidence, interval.low)} to {error(evidence, interval.high)} ({100 * CONFIDENCE:g} % confidence, "
        "normal errors)."
    )
