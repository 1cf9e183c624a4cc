"""Steps that are too long."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.trend import rises
from nnviz.findings import Action, Finding, Fork, Found, OpenView, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.facts import Facts
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.state import thrown_away
from nnviz.findings.parts.words import learning_rate, loss_text

_FEWEST = 10
"""Epochs that must have been measured."""

_RISE = 0.05
"""Mean rise of the training loss per epoch, as a share of the loss of a constant answer."""

_OFTEN = 0.25
"""Share of epochs in which it rises."""


@findings.register
class RateTooHigh(Finding):
    """A training loss that steps keep throwing up, or have thrown far above where it began.

    It is measured after whole epochs, with dropout off.
    """

    name, title = "rate-too-high", "Learning rate too high"
    order = 40
    explains = frozenset({"vanishing", "majority", "plateau", "underfitting", "small-test", "overfitting"})

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        if evidence.facts is None:
            return None
        thrown = thrown_away(evidence)
        sentence = _thrown(evidence, evidence.facts) if thrown else _jumping(evidence, evidence.facts)
        if not sentence:
            return None
        slower = remedies.with_rate(0.1)
        forks: tuple[Fork, ...] = ()
        if slower is not None:  # weights that were thrown away are nothing to go on from
            forks = (*(() if thrown else (Fork(slower),)), Fork(slower, epoch=0, anew=True))
        actions: tuple[Action, ...] = (*forks, OpenView("update_ratio", "Update ratio"), OpenView("loss", "Loss"))
        return Found("warning", "Learning rate too high", f"{sentence} {learning_rate(evidence)}", actions)


def _thrown(evidence: Evidence, facts: Facts) -> str:
    before, now = (float(evidence.here["train_loss"][row]) for row in (0, -1))
    return (
        f"Training loss was {loss_text(before)} at epoch {int(evidence.here['epoch'][0]):,} and is {loss_text(now)}, "
        f"where a constant answer has {loss_text(facts.constant_loss)}: steps have thrown the weights far away."
    )


def _jumping(evidence: Evidence, facts: Facts) -> str:
    """Return how the training loss jumps; empty where it does not."""
    losses = _settled(evidence)
    often, rise = rises(losses)
    if len(losses) < _FEWEST or not (often >= _OFTEN and rise > _RISE * facts.constant_loss):
        return ""
    return (
        f"Training loss jumps between {loss_text(float(np.nanmin(losses)))} and "
        f"{loss_text(float(np.nanmax(losses)))} and rose in {round(100 * often)} % of the last {len(losses)} "
        f"epochs; a constant answer has {loss_text(facts.constant_loss)}."
    )


def _settled(evidence: Evidence) -> NDArray[Any]:
    """Return the newest training losses of the last half of the epochs under the settings in force.

    At the start a loss may jump once or twice before steps and weights have found to each other.
    """
    epochs = evidence.recent.get("epoch", np.empty(0))
    first = int(np.searchsorted(epochs, (evidence.since + evidence.epoch) / 2))
    return np.asarray(evidence.recent.get("train_loss", np.empty(0))[first:])
