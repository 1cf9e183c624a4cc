"""Steps that are too short."""

from __future__ import annotations

import math

from nnviz.analysis.trend import fall, rises
from nnviz.findings import Finding, Fork, Found, OpenView, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.state import falls_short, long_enough, step_size, steps_since
from nnviz.findings.parts.words import change

_PATH = 0.1
"""How far all steps together could have moved the weights, as a share of their norm."""

_SELDOM, _FALL, _WHOLE = 0.1, 0.2, 0.3
"""Share of epochs in which the loss may rise, and the most that it may have lost over its last half, and in all."""


@findings.register
class RateTooLow(Finding):
    """A training loss that falls in every epoch and is still all but where it began, for the weights hardly move."""

    name, title = "rate-too-low", "Learning rate too low"
    order = 60
    explains = frozenset({"majority", "plateau", "underfitting", "small-test"})

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        losses = evidence.here["train_loss"]
        if not long_enough(evidence) or not falls_short(evidence):
            return None
        steps, step, lost = steps_since(evidence), step_size(evidence), fall(losses)
        path = steps * step
        begun = losses[-1] > (1.0 - _WHOLE) * losses[0]
        slow = path < _PATH and 0.0 < lost < _FALL and begun and rises(losses)[0] <= _SELDOM
        if math.isnan(path) or not slow:
            return None
        rate = evidence.experiment.training.learning_rate
        sentence = (
            f"{steps:,.0f} steps have moved no layer's weights by more than {100 * path:.2g} % of their norm; training "
            f"loss fell {change(float(losses[0]), float(losses[-1]))}. "
            f"The learning rate is {rate:g}."
        )
        faster = remedies.with_rate(10.0 if path > _PATH / 10 else 100.0)
        forks = () if faster is None else (Fork(faster),)
        actions = (*forks, OpenView("update_ratio", "Update ratio"))
        return Found("warning", "Learning rate too low", sentence, actions)
