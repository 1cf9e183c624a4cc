"""All findings together: what is shown first, what another one explains, and what only flickers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nnviz.findings import SEVERITIES, Finding, Found, findings
from nnviz.findings.parts.evidence import Evidence, evidence_of
from nnviz.findings.parts.facts import FactKeeper
from nnviz.findings.parts.remedies import Remedies
from nnviz.run import Run
from nnviz.snapshot import Status

APPEARS_AFTER, VANISHES_AFTER = 0.6, 2.0
"""Seconds for which a finding must hold before it is shown, and must not hold before it goes, while a run trains."""


@dataclass(frozen=True)
class Made:
    """A finding that was made: its name in the registry, and what it found."""

    name: str
    found: Found


def survey(evidence: Evidence, remedies: Remedies) -> tuple[Made, ...]:
    """Return what all findings find, the most important first, without what others explain.

    That all is well is among them where it would be if nothing else were found; `spoken` leaves it out.
    """
    made: list[tuple[Finding, Found]] = []
    for finding in _all():
        found = finding.look(evidence, remedies)
        if found is not None:
            made.append((finding, found))
    explained = frozenset[str]().union(*(finding.explains for finding, _ in made))
    return in_order(Made(finding.name, found) for finding, found in made if finding.name not in explained)


def in_order(made: Iterable[Made]) -> tuple[Made, ...]:
    """Return findings by severity, and in their order among those of the same."""
    order = {finding.name: finding.order for finding in _all()}
    return tuple(sorted(made, key=lambda each: (SEVERITIES.index(each.found.severity), order[each.name])))


def spoken(made: tuple[Made, ...]) -> tuple[Made, ...]:
    """Return what is shown: that all is well only where nothing worse is found."""
    well = all(each.found.severity in ("good", "notice") for each in made)
    return made if well else tuple(each for each in made if each.found.severity != "good")


def _all() -> list[Finding]:
    if not _MADE:
        _MADE.extend(finding() for finding in findings)
    return _MADE


_MADE: list[Finding] = []


class Watch:
    """Looks at one run after the other, a few times a second; what is found stays while it trains, and does not blink.

    A run at rest, or one that the user looks back at, shows at once what there is.
    """

    def __init__(self) -> None:
        self.facts = FactKeeper()
        self.evidence: Evidence | None = None
        self._remedies: Remedies | None = None
        self._of: tuple[int, int | None] = (-1, None)
        self._stands: dict[str, Made] = {}  # what is shown
        self._since: dict[str, float] = {}  # when what is not shown was first found
        self._missing: dict[str, float] = {}  # when what is shown was first not found

    def look(self, run: Run, now: float) -> tuple[Made, ...]:
        """Return the findings of a run at the epoch that is looked at; `now` is any clock, in seconds."""
        snapshot = run.snapshot
        facts = self.facts.of(snapshot.data, snapshot.loss) if snapshot is not None else None
        evidence = self.evidence = evidence_of(run, facts)
        fresh = survey(evidence, self._remedies_for(evidence))
        of = (run.number, run.playhead)
        if of != self._of or run.status is not Status.RUNNING:
            self._of, self._since, self._missing = of, {}, {}
            self._stands = {made.name: made for made in fresh}
            return spoken(fresh)
        return spoken(self._steady(fresh, now))

    def _remedies_for(self, evidence: Evidence) -> Remedies:
        before = self._remedies
        same = before is not None and before.data is evidence.data and before.experiment == evidence.experiment
        if before is None or not same:
            before = self._remedies = Remedies(evidence.experiment, evidence.data)
        return before

    def _steady(self, fresh: tuple[Made, ...], now: float) -> tuple[Made, ...]:
        """Return what has been found for long enough, and what has not been missing for long."""
        names = {made.name for made in fresh}
        self._since = {name: self._since.get(name, now) for name in names if name not in self._stands}
        self._missing = {name: self._missing.get(name, now) for name in self._stands if name not in names}
        stands = {made.name: made for made in fresh if self._shown(made, now)}
        stays = [name for name, since in self._missing.items() if now - since < VANISHES_AFTER]
        stands.update((name, self._stands[name]) for name in stays if self._stands[name].found.severity != "good")
        self._stands = stands
        return in_order(stands.values())

    def _shown(self, made: Made, now: float) -> bool:
        at_once = made.found.severity == "good" or made.name in self._stands
        return at_once or now - self._since[made.name] >= APPEARS_AFTER
