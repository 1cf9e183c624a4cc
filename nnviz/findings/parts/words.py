"""Numbers in the sentences of findings."""

from __future__ import annotations

import math

from nnviz.analysis.verdict import loss_text
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.state import rate_in_force

__all__ = ["change", "count", "error", "error_name", "learning_rate", "loss_text", "percent", "times"]


def error(evidence: Evidence, value: float) -> str:
    """Return an error: in percent, or in the target's units."""
    if math.isnan(value):
        return "–"
    return f"{value:.4g}" if evidence.regression else percent(value)


def error_name(evidence: Evidence) -> str:
    """Return the word for an error."""
    return "RMSE" if evidence.regression else "error"


def learning_rate(evidence: Evidence) -> str:
    """Return in a sentence what the learning rate is, and which one is set where the schedule makes another of it."""
    rate, setting = rate_in_force(evidence), evidence.experiment.training.learning_rate
    of = "" if math.isclose(rate, setting, rel_tol=1e-3) else f", which the schedule makes of {setting:g}"
    return f"The learning rate is {rate:.3g}{of}."


def percent(share: float) -> str:
    """Return a share in percent, with a decimal."""
    return f"{100 * share:.1f} %"


def count(number: int, noun: str) -> str:
    """Return a number of things, as "1 sample" or "1,200 samples"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def times(factor: float) -> str:
    """Return a factor of any size in one or two digits, as "8" or "40,000" or "2e+09"."""
    if factor < 10:
        return f"{factor:.2g}"
    return f"{float(f'{factor:.1g}'):,.0f}" if factor < 1e7 else f"{factor:.0e}"


def change(before: float, after: float) -> str:
    """Return two losses as "0.689 → 0.685", with as many digits as it takes to tell them apart, at most 6."""
    first = last = ""
    for digits in range(2, 7):
        first, last = f"{before:.{digits}g}", f"{after:.{digits}g}"
        if first != last:
            break
    return f"{first} → {last}"
