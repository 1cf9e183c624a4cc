"""Training that has ended because its numbers left all bounds."""

from __future__ import annotations

from nnviz.findings import Finding, Fork, Found, OpenView, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.snapshot import Status


@findings.register
class Diverged(Finding):
    """A loss or gradient that is no longer a finite number; training has gone back to the last epoch before it."""

    name, title = "diverged", "Diverged"
    order = 10
    explains = frozenset(
        {
            "diverging",
            "exploding",
            "rate-too-high",
            "rate-too-low",
            "vanishing",
            "majority",
            "plateau",
            "underfitting",
            "small-test",
            "overfitting",
            "memorising",
            "dead-units",
        }
    )

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        if evidence.status is not Status.DIVERGED or evidence.past:
            return None
        slower = remedies.with_rate(0.1)
        forks = () if slower is None else (Fork(slower, epoch=0, anew=True),)
        return Found("danger", "Diverged", evidence.text, (*forks, OpenView("gradient_norm", "Gradients")))
