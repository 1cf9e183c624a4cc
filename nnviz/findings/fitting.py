"""Training that goes well."""

from __future__ import annotations

import math

from nnviz.findings import Finding, Found, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.state import at_rest
from nnviz.findings.parts.words import error, error_name


@findings.register
class Fitting(Finding):
    """Nothing is wrong: where the run is, and how well it does."""

    name, title = "fitting", "Fitting"
    order = 200

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        if not evidence.trained:
            return None
        train, test = evidence.now("train_error"), evidence.now("test_error")
        if math.isnan(train):
            return None
        word = error_name(evidence)
        doing = "At rest" if at_rest(evidence) else "Learning"
        sentence = f"Train {word} {error(evidence, train)}, test {word} {error(evidence, test)}."
        if math.isnan(test):
            sentence = f"Train {word} {error(evidence, train)}; what the test part says is locked away."
        return Found("good", f"{doing}, epoch {evidence.epoch:,}", sentence)
