"""Findings: what a run shows and why, from what was measured; one file each. Here: the contract of a finding.

A finding looks at the evidence of a run at an epoch and says nothing, or what it has found: a headline and a sentence
with the numbers that they stand on, and what can be done. A new finding is a module in this folder with one class::

    @findings.register
    class LargeWeights(Finding):
        \"\"\"Weights that have grown out of all proportion.\"\"\"

        name, title = "large-weights", "Large weights"
        order = 150

        def look(self, evidence, remedies):
            norms = evidence.recent.get("weight_norm_by_layer")
            if norms is None or not len(norms) or norms[-1].max() < 1e3:
                return None
            return Found("notice", "Large weights", f"The weights of a layer have a norm of {norms[-1].max():,.0f}.")
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from nnviz.experiment import Experiment
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.registry import Registry

Severity = Literal["danger", "warning", "good", "notice"]
"""How much it matters: the run, or what it says, is of no use; it falls short; all is well; worth knowing."""

SEVERITIES: tuple[Severity, ...] = ("danger", "warning", "good", "notice")
"""The order in which findings are shown. One that all is well is silent beside those before it."""


@dataclass(frozen=True)
class GoTo:
    """Look at an epoch."""

    epoch: int
    title: str


@dataclass(frozen=True)
class Fork:
    """Go on as another run with changed settings: from an epoch, or from where the user looks (None).

    `experiment` holds the changed settings under the name of the change, as "dropout 25 %". With `anew` it is a twin,
    which begins at epoch 0 from the same initial weights, as far as the change leaves them.
    """

    experiment: Experiment
    epoch: int | None = None
    anew: bool = False

    @property
    def title(self) -> str:
        """The words on its button."""
        return f"{'Twin' if self.anew else 'Fork'} with {self.experiment.name}"


@dataclass(frozen=True)
class OpenView:
    """Bring a view to the front, by its name in the registry of views."""

    view: str
    title: str


@dataclass(frozen=True)
class OpenPage:
    """Open a page of the laboratory, by its name."""

    page: str
    title: str


@dataclass(frozen=True)
class TryCures:
    """Train all cures as twins, and rank them."""

    title: str = "Try cures…"


Action: TypeAlias = GoTo | Fork | OpenView | OpenPage | TryCures


@dataclass(frozen=True)
class Found:
    """What a finding has found. `headline` ends without a full stop, `sentence` (one or two) with one.

    `actions` are what can be done, the best first; the views among them show what the sentence stands on.
    """

    severity: Severity
    headline: str
    sentence: str
    actions: tuple[Action, ...] = ()


class Finding:
    """One thing that a run can show."""

    name: ClassVar[str]
    title: ClassVar[str]
    """What is found, in a word or two."""
    order: ClassVar[int] = 100
    """Its place among those of the same severity: what explains others comes before them."""
    explains: ClassVar[frozenset[str]] = frozenset()
    """Names of findings that say nothing new once this one is made."""

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        """Return what is found, None when it is not there or cannot be told. Takes a fraction of a millisecond."""
        raise NotImplementedError


findings: Registry[Finding] = Registry("finding", "nnviz.findings", name_of=lambda finding: str(finding.name))
