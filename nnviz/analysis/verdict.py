"""What a run shows, in words: plain and exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["waiting", "learning", "overfitting", "diverged", "failed"]


@dataclass(frozen=True)
class Losses:
    """Training loss and monitored loss at an epoch; `part` names what is monitored: validation or test."""

    epoch: int
    train: float
    monitored: float
    part: str = "test"


@dataclass(frozen=True)
class Verdict:
    """A headline, and a sentence with the numbers that it stands on."""

    state: State
    headline: str
    sentence: str


def verdict(onset: Losses | None, now: Losses | None, errors: str = "") -> Verdict:
    """Return what losses say: at the onset of overfitting, None where there is none, and at what is looked at.

    `errors` is a sentence about the errors there, which is added where the run does not overfit.
    """
    if now is None:
        return Verdict("waiting", "Not trained yet", "Press Play, and what happens is put into words here.")
    if onset is None or now.epoch <= onset.epoch:
        return Verdict("learning", f"Learning, epoch {now.epoch:,}", errors or "The gap stays small so far.")
    part = onset.part
    falls = "fell" if now.train < onset.train else "went"
    rise = "has risen" if now.monitored > onset.monitored else "went"
    sentence = (
        f"{part.capitalize()} loss {rise} {loss_text(onset.monitored)} → {loss_text(now.monitored)} "
        f"while training loss {falls} {loss_text(onset.train)} → {loss_text(now.train)}."
    )
    return Verdict("overfitting", f"Overfitting since epoch {onset.epoch:,}", sentence)


def loss_text(value: float) -> str:
    """Return a loss as it is read: to two decimals, or two significant digits where it is small."""
    return f"{value:.2g}" if abs(value) < 0.1 else f"{value:.2f}" if abs(value) < 100 else f"{value:.4g}"
