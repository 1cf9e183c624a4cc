"""What the findings say of constructed runs whose truth is known: precision and recall, in the test's output."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from catalogue_held_out import HELD_OUT
from catalogue_tuned import TUNED
from constructed_runs import Case, reseeded, trained

from nnviz.findings import findings
from nnviz.findings.parts.evidence import evidence_of
from nnviz.findings.parts.facts import FactKeeper
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.survey import Made, spoken, survey

SEEDS = (2001, 2002, 2003)
"""Of the half that was held out. No threshold was tuned on it; after a first look, with other seeds, at precision 0.92
and recall 0.98, runs that do not learn were made to explain a small test part, and dead units were added to what is
true of ReLU layers whose weights are all 0. A network that too high a rate had killed within 40 epochs was taken out:
it rests at the loss of a constant answer, and nothing that is measured tells why."""

PRECISION = RECALL = 0.9


@dataclass
class Score:
    """How often each finding was made rightly, wrongly, and not although it is so; and what exactly went wrong."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    mistakes: list[str] = field(default_factory=list)
    healthy: int = 0
    quiet: int = 0

    def add(self, case: Case, made: tuple[Made, ...]) -> None:
        names = {each.name for each in made if each.found.severity != "good"}
        self.right.update(names & case.truth)
        self.wrong.update(names - case.truth - case.besides)
        self.missed.update(case.truth - names)
        self.healthy += not case.truth
        self.quiet += not case.truth and not names
        if names - case.truth - case.besides or case.truth - names:
            found = ", ".join(sorted(names)) or "nothing"
            self.mistakes.append(f"  {case.name}: {', '.join(sorted(case.truth)) or 'healthy'}; found {found}")

    def precision(self, name: str = "") -> float:
        right, wrong = self._count(self.right, name), self._count(self.wrong, name)
        return right / (right + wrong) if right + wrong else 1.0

    def recall(self, name: str = "") -> float:
        right, missed = self._count(self.right, name), self._count(self.missed, name)
        return right / (right + missed) if right + missed else 1.0

    def _count(self, counter: Counter[str], name: str) -> int:
        return counter[name] if name else counter.total()

    def table(self, title: str, runs: int) -> str:
        lines = [f"{title}: {runs} runs, {self.quiet} of {self.healthy} healthy ones are quiet"]
        lines.append(f"  {'finding':16}{'right':>7}{'wrong':>7}{'missed':>8}{'precision':>11}{'recall':>8}")
        for name in [finding.name for finding in findings if finding.name != "fitting"] + [""]:
            counts = (self._count(counter, name) for counter in (self.right, self.wrong, self.missed))
            right, wrong, missed = counts
            rates = f"{self.precision(name):>11.2f}{self.recall(name):>8.2f}"
            lines.append(f"  {name or 'all':16}{right:>7}{wrong:>7}{missed:>8}{rates}")
        return "\n".join([*lines, *(["mistakes:", *self.mistakes] if self.mistakes else [])])


def found_in(case: Case) -> tuple[Made, ...]:
    """Train a case, and return what is said of it at its end."""
    run = trained(case)
    snapshot = run.snapshot
    assert snapshot is not None
    keeper = FactKeeper()
    facts = keeper.of(snapshot.data, snapshot.loss)
    while keeper.busy:
        keeper.wait()
        facts = keeper.of(snapshot.data, snapshot.loss)
    return spoken(survey(evidence_of(run, facts), Remedies(run.experiment, snapshot.data)))


def scored(cases: Iterable[Case]) -> Score:
    score = Score()
    for case in cases:
        score.add(case, found_in(case))
    return score


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    """Train the whole catalogue, once."""
    held_out = [reseeded(case, seed) for seed in SEEDS for case in HELD_OUT]
    return {"tuned": scored(TUNED), "held out": scored(held_out)}


def test_there_are_enough_runs_of_every_kind() -> None:
    assert len(TUNED) + len(HELD_OUT) >= 40
    assert sum(not case.truth for case in (*TUNED, *HELD_OUT)) >= 12
    for half in (TUNED, HELD_OUT):
        truths = frozenset[str]().union(*(case.truth for case in half))
        assert truths == set(findings.names()) - {"fitting"}
    assert not {case.settings for case in TUNED} & {case.settings for case in HELD_OUT}


@pytest.mark.parametrize("half", ["tuned", "held out"])
def test_findings_are_right_and_complete(
    half: str, scores: dict[str, Score], capsys: pytest.CaptureFixture[str]
) -> None:
    score, runs = scores[half], len(TUNED) if half == "tuned" else len(SEEDS) * len(HELD_OUT)
    table = score.table(f"Findings on the runs that were {half}", runs)
    with capsys.disabled():
        sys.stderr.write(f"\n{table}\n")
    assert score.precision() >= PRECISION, table
    assert score.recall() >= RECALL, table
    assert score.quiet >= 0.95 * score.healthy, table
    for name in findings.names():
        assert score.precision(name) >= 0.5, f"{name}\n{table}"
        assert score.recall(name) >= 0.6, f"{name}\n{table}"


def test_healthy_runs_are_quiet_all_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    looks, spoke = 0, []
    for case in (*TUNED, *HELD_OUT):
        if case.truth:
            continue
        run = trained(case)
        assert run.snapshot is not None
        facts = FactKeeper().of(run.snapshot.data, run.snapshot.loss)
        remedies = Remedies(run.experiment, run.snapshot.data)
        for epoch in sorted({round(case.epochs * share / 16) for share in range(1, 17)} - {0}):
            run.playhead = epoch
            made = spoken(survey(evidence_of(run, facts), remedies))
            looks += 1
            spoke += [f"{case.name}, epoch {epoch}: {each.name}" for each in made if each.found.severity != "good"]
    with capsys.disabled():
        lines = [f"Healthy runs on their way: quiet at {looks - len(spoke)} of {looks} looks", *spoke]
        sys.stderr.write("\n" + "\n  ".join(lines) + "\n")
    assert len(spoke) <= 0.02 * looks, spoke
