"""A test loss that rises while the training loss falls."""

from __future__ import annotations

import math

import numpy as np

from nnviz.analysis.verdict import Losses, verdict
from nnviz.findings import Action, Finding, Fork, Found, GoTo, OpenPage, TryCures, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.words import error, error_name

_CURES = ("dropout", "weight-decay", "early-stopping", "augmentation", "fewer-units")
_OFFERED = 3
"""In the order in which they are offered, and how many."""


@findings.register
class Overfitting(Finding):
    """The onset that the timeline shows, once the monitored loss has risen by an amount that matters."""

    name, title = "overfitting", "Overfitting"
    order = 100

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        onset, epochs = evidence.onset, evidence.curves["epoch"]
        if onset is None or not evidence.overfits:
            return None
        at = min(int(np.searchsorted(epochs, onset)), len(epochs) - 1)
        said = verdict(_losses(evidence, at, onset), _losses(evidence, -1, evidence.epoch))
        before, now = (float(evidence.curves["test_error"][row]) for row in (at, -1))
        if math.isnan(before) or math.isnan(now):  # the test part is locked away
            return Found("danger", said.headline, said.sentence, (GoTo(onset, f"Go to {onset:,}"),))
        no_worse = not evidence.regression and now <= before
        better = ": no more answers are wrong." if no_worse else "."
        errors = f" Test {error_name(evidence)} went {error(evidence, before)} → {error(evidence, now)}{better}"
        forks = tuple(Fork(changed, epoch=onset) for changed in remedies.cured(*_CURES)[:_OFFERED])
        pages = (OpenPage("gap-parts", "Parts of the test error"), OpenPage("onset", "When it began"))
        actions: tuple[Action, ...] = (GoTo(onset, f"Go to {onset:,}"), TryCures(), *forks, *pages)
        return Found("warning" if no_worse else "danger", said.headline, said.sentence + errors, actions)


def _losses(evidence: Evidence, row: int, epoch: int) -> Losses:
    train, monitored = (float(evidence.curves[name][row]) for name in ("train_loss", "monitored"))
    return Losses(epoch, train, monitored, evidence.part)
