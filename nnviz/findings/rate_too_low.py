"""Steps that are too short."""

from __future__ import annotations

from nnviz.analysis.trend import fall, rises
from nnviz.findings import Finding, Fork, Found, OpenView, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.state import falls_short, long_enough, path, steps_since
from nnviz.findings.parts.words import change, learning_rate

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
        moved, lost = path(evidence), fall(losses)
        begun = losses[-1] > (1.0 - _WHOLE) * losses[0]
        slow = moved < _PATH and 0.0 < lost < _FALL and begun and rises(losses)[0] <= _SELDOM
        if not slow:
            return None
        sentence = (
            f"{steps_since(evidence):,.0f} steps have moved no layer's weights by more than {100 * moved:.2g} % of "
            f"their norm; training loss fell {change(float(losses[0]), float(losses[-1]))}. {learning_rate(evidence)}"
        )
        faster = remedies.with_rate(10.0 if moved > _PATH / 10 else 100.0)
        forks = () if faster is None else (Fork(faster),)
        actions = (*forks, OpenView("update_ratio", "Update ratio"))
        return Found("warning", "Learning rate too low", sentence, actions)
