"""A training loss that grows without end."""

from __future__ import annotations

import numpy as np

from nnviz.analysis.trend import rises
from nnviz.findings import Finding, Fork, Found, GoTo, OpenView, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.words import loss_text, times

_LATEST = 10
"""Epochs over which it must have grown."""

_MOSTLY, _GROWN = 0.8, 2.0
"""Share of those in which it rose, and by which factor in all."""


@findings.register
class Diverging(Finding):
    """A training loss above that of a constant answer which goes on growing, epoch after epoch."""

    name, title = "diverging", "Diverging"
    order = 20
    explains = frozenset(
        {
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
        }
    )

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        losses = evidence.recent.get("train_loss", np.empty(0))[-_LATEST:]
        if len(losses) < _LATEST // 2 or evidence.facts is None:
            return None
        before, now = float(losses[0]), float(losses[-1])
        level = evidence.facts.constant_loss
        grown = rises(losses)[0] >= _MOSTLY and now > _GROWN * before and now > _GROWN * level
        if not grown:
            return None
        epochs = evidence.recent["epoch"][-_LATEST:]
        lowest = int(np.nanargmin(evidence.curves["train_loss"]))
        epoch = int(evidence.curves["epoch"][lowest])
        sentence = (
            f"Training loss grew {loss_text(before)} → {loss_text(now)} from epoch {int(epochs[0]):,} to "
            f"{int(epochs[-1]):,}, {times(now / before)} times as large; a constant answer has {loss_text(level)}."
        )
        slower = remedies.with_rate(0.1)
        forks = () if slower is None else (Fork(slower, epoch=epoch),)
        actions = (*forks, GoTo(epoch, f"Go to {epoch:,}"), OpenView("update_ratio", "Update ratio"))
        return Found("danger", f"Diverging, epoch {evidence.epoch:,}", sentence, actions)
