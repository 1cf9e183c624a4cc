"""Steps that are too long."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.trend import rises
from nnviz.findings import Finding, Fork, Found, OpenView, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.words import loss_text

_FEWEST = 10
"""Epochs that must have been measured."""

_RISE = 0.05
"""Mean rise of the training loss per epoch, as a share of the loss of a constant answer."""

_OFTEN = 0.25
"""Share of epochs in which it rises."""


@findings.register
class RateTooHigh(Finding):
    """A training loss, measured after whole epochs with dropout off, that keeps jumping up as much as it comes down."""

    name, title = "rate-too-high", "Learning rate too high"
    order = 40
    explains = frozenset({"vanishing", "majority", "plateau", "underfitting", "small-test", "overfitting"})

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        losses, facts = _settled(evidence), evidence.facts
        if len(losses) < _FEWEST or facts is None:
            return None
        often, rise = rises(losses)
        if not (often >= _OFTEN and rise > _RISE * facts.constant_loss):
            return None
        rate = evidence.experiment.training.learning_rate
        sentence = (
            f"Training loss jumps between {loss_text(float(np.nanmin(losses)))} and "
            f"{loss_text(float(np.nanmax(losses)))} and rose in {round(100 * often)} % of the last {len(losses)} "
            f"epochs; a constant answer has {loss_text(facts.constant_loss)}. The learning rate is {rate:g}."
        )
        slower = remedies.with_rate(0.1)
        forks = () if slower is None else (Fork(slower), Fork(slower, epoch=0, anew=True))
        actions = (*forks, OpenView("update_ratio", "Update ratio"), OpenView("loss", "Loss"))
        return Found("warning", "Learning rate too high", sentence, actions)


def _settled(evidence: Evidence) -> NDArray[Any]:
    """Return the newest training losses of the last half of the epochs under the settings in force.

    At the start a loss may jump once or twice before steps and weights have found to each other.
    """
    epochs = evidence.recent.get("epoch", np.empty(0))
    first = int(np.searchsorted(epochs, (evidence.since + evidence.epoch) / 2))
    return np.asarray(evidence.recent.get("train_loss", np.empty(0))[first:])
