"""A schedule that has ended training before it was done."""

from __future__ import annotations

from nnviz.analysis.trend import fall
from nnviz.engines.schedules.constant import Constant
from nnviz.findings import Finding, Fork, Found, OpenView, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.state import FLAT, falls_short, highest_rate, long_enough, rate_in_force
from nnviz.findings.parts.words import error, error_name

_LEFT = 0.01
"""Share of the highest learning rate below which steps change next to nothing."""


@findings.register
class ScheduleOver(Finding):
    """A learning rate so far lowered that the loss rests, whether or not the network could do better.

    Nothing can then be said of the network: a loss at rest says something of a minimum only while steps are made.
    """

    name, title = "schedule-over", "Schedule over"
    order = 55
    explains = frozenset({"rate-too-low", "majority", "plateau", "underfitting", "small-test"})

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        facts, rate, highest = evidence.facts, rate_in_force(evidence), highest_rate(evidence)
        if facts is None or not long_enough(evidence) or not falls_short(evidence) or not rate < _LEFT * highest:
            return None
        if not abs(fall(evidence.recent["train_loss"])) < FLAT:
            return None
        sentence = (
            f"The schedule has lowered the learning rate from {highest:.3g} to {rate:.2g}, so that nothing changes any "
            f"more; training {error_name(evidence)} is {error(evidence, evidence.now('train_error'))}, where "
            f"neighbours get {error(evidence, facts.neighbour_error)}."
        )
        training = evidence.experiment.training.replace(schedule=Constant())
        constant = evidence.experiment.replace(name="constant learning rate", training=training)
        forks = Fork(constant), Fork(constant, epoch=0, anew=True)
        views = OpenView("update_ratio", "Update ratio"), OpenView("loss", "Loss")
        return Found("warning", "The schedule has ended training", sentence, (*forks, *views))
