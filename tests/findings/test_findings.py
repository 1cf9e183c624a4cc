"""What every finding owes to whoever shows it, and how the survey keeps calm."""

from __future__ import annotations

import dataclasses
import re
import time
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from constructed_runs import case, dense, leaked, source, train, trained

from nnviz.cures import cures
from nnviz.data.dataset import Part, SplitData
from nnviz.data.split import prepare
from nnviz.engines.choose import choice_for
from nnviz.experiment import Experiment, bundled, bundled_names
from nnviz.findings import SEVERITIES, Finding, Fork, Found, GoTo, OpenPage, OpenView, TryCures, findings
from nnviz.findings.parts import facts as facts_module
from nnviz.findings.parts import survey as survey_module
from nnviz.findings.parts import words
from nnviz.findings.parts.evidence import CURVE_ROWS, Evidence, evidence_of
from nnviz.findings.parts.facts import FactKeeper, Facts, Twins, quick_facts, slow_facts
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.survey import APPEARS_AFTER, VANISHES_AFTER, Made, Watch, spoken, survey
from nnviz.registry import REGISTRIES
from nnviz.run import Run
from nnviz.settings import differences
from nnviz.snapshot import Status

OVERFITS = case(
    "overfits",
    "overfitting memorising",
    300,
    source("moons", samples=160, noise=0.4),
    "data.label_noise=0.2",
    dense("tanh", 48, 48),
    *train("adam", 0.01, 16),
)
BROKEN = (
    OVERFITS,
    case("low", "", 200, source("circles"), dense("tanh", 8), *train("adam", 1e-6)),
    case("high", "", 60, source("circles"), dense("tanh", 8, 8), *train("sgd", 5.0)),
    case("linear", "", 100, source("xor"), "network.layers=[]", *train("sgd", 0.03)),
    case("deep", "", 60, source("circles"), dense("sigmoid", *[6] * 8), *train("sgd", 0.1)),
    case("zeros", "", 60, source("circles"), dense("relu", 8), "network.initializer='zeros'", *train("sgd", 0.03)),
    case("diverges", "", 60, source("plane"), dense("relu", 8), *train("sgd", 9.0)),
    case("few", "", 40, source("moons", samples=40), "data.train_share=0.8", dense("tanh", 4), *train("adam", 0.01)),
    case("leaks", "", 40, source("moons"), dense("tanh", 4), *train("adam", 0.01), samples=leaked(0.5)),
    case("waves", "", 60, source("noisy-sine"), dense("tanh", 8), *train("adam", 0.01)),
)


@cache
def run_of(number: int) -> Run:
    return trained(BROKEN[number])


def facts_of(run: Run) -> Facts:
    assert run.snapshot is not None
    return FactKeeper().of(run.snapshot.data, run.snapshot.loss)


def made_of(run: Run) -> tuple[Made, ...]:
    assert run.snapshot is not None
    return survey(evidence_of(run, facts_of(run)), Remedies(run.experiment, run.snapshot.data))


@pytest.fixture(params=range(len(BROKEN)), ids=[each.name for each in BROKEN])
def run(request: pytest.FixtureRequest) -> Run:
    return run_of(request.param)


# ---------------------------------------------------------------- all of them


def test_they_are_a_registry() -> None:
    assert findings in REGISTRIES
    orders = [finding.order for finding in findings]
    assert len(set(orders)) == len(orders), "no two of a severity stand in an order of chance"
    for finding in findings:
        assert finding.explains <= set(findings.names()) - {finding.name}
        others = {name: findings[name].explains for name in finding.explains}
        assert not [name for name, explained in others.items() if finding.name in explained], (
            "no two explain each other"
        )


def test_what_is_said_is_plain_and_exact(run: Run) -> None:
    made = made_of(run)
    assert made
    for each in made:
        found = each.found
        assert found.severity in SEVERITIES
        assert not found.headline.endswith((".", "!"))
        assert len(found.headline) <= 34, "one line of a narrow dock"
        assert found.sentence.endswith((".", ")."))
        assert any(sign.isdigit() for sign in found.sentence), "the numbers that it stands on"
        assert not re.search(r"\b(?i:nan|inf)\b|Warning|may be overfit", found.sentence)
        assert len(found.sentence) < 260


def test_actions_can_be_carried_out(run: Run) -> None:
    from nnviz.gui.laboratory.page import pages
    from nnviz.gui.views import views

    assert run.snapshot is not None
    for each in made_of(run):
        for action in each.found.actions:
            assert action.title
            match action:
                case OpenView(view=name):
                    assert name in views
                case GoTo(epoch=epoch):
                    assert run.first_epoch <= epoch <= run.epoch
                case Fork(experiment=changed, epoch=epoch):
                    assert epoch is None or run.first_epoch <= epoch <= run.epoch
                    assert {change.path for change in differences(run.experiment, changed)} - {"name"}
                    assert changed.name in action.title
                    assert len(action.title) < 40
                    choice_for(changed.network, changed.training, prepare(changed.data))
                case OpenPage(page=name):
                    assert name in pages
                case TryCures():
                    pass


@pytest.mark.parametrize("name", findings.names())
def test_nothing_is_found_where_nothing_is_known(name: str) -> None:
    empty = Run(1, "empty", Experiment())
    assert findings[name]().look(evidence_of(empty), Remedies(empty.experiment, None)) is None


@pytest.mark.parametrize("name", findings.names())
@pytest.mark.parametrize("number", range(len(BROKEN)), ids=[each.name for each in BROKEN])
def test_gaps_in_the_measurements_are_survived(name: str, number: int) -> None:
    run = run_of(number)
    evidence = evidence_of(run, facts_of(run))
    remedies = Remedies(run.experiment, None)
    nan = {key: np.full_like(values, np.nan) for key, values in evidence.curves.items() if key != "epoch"}
    blank = {key: np.full_like(values, np.nan) for key, values in evidence.recent.items() if key != "epoch"}
    for changed in (
        replace(evidence, curves={**evidence.curves, **nan}),
        replace(evidence, here={**evidence.here, **nan}),
        replace(evidence, recent={**evidence.recent, **blank}),
        replace(evidence, recent={}),
        replace(evidence, facts=None),
        replace(evidence, plan=None, data=None),
        replace(evidence, facts=replace(facts_of(run), neighbour_error=np.nan, constant_loss=np.nan, twins=None)),
    ):
        findings[name]().look(changed, remedies)


@pytest.mark.parametrize("name", bundled_names())
def test_remedies_are_those_cures_that_can_help(name: str) -> None:
    experiment = bundled(name)
    data = prepare(experiment.data)
    remedies = Remedies(experiment, data)
    cured = remedies.cured(*cures.names())
    assert all(differences(experiment, changed) for changed in cured)
    assert remedies.cured(*cures.names()) == cured
    assert Remedies(experiment, None).cured(*cures.names()) == ()
    slower = remedies.with_rate(0.1)
    assert slower is not None
    assert slower.training.learning_rate == pytest.approx(experiment.training.learning_rate / 10, rel=1e-2)
    assert remedies.with_rate(1e9) is None


# ---------------------------------------------------------------- the numbers


def test_the_sentence_on_overfitting_has_the_numbers_of_the_history() -> None:
    run = run_of(0)
    found = {each.name: each.found for each in made_of(run)}["overfitting"]
    assert run.onset is not None
    column = run.history.column
    at = int(np.searchsorted(column("epoch"), run.onset))
    assert found.headline == f"Overfitting since epoch {run.onset}"
    for name in ("test_loss", "train_loss"):
        assert f"{column(name)[at]:.2f} → {words.loss_text(float(column(name)[-1]))}" in found.sentence
    assert f"{100 * column('test_error')[at]:.1f} % → {100 * column('test_error')[-1]:.1f} %" in found.sentence


def test_memorised_labels_are_never_more_than_there_are() -> None:
    """The bound against a count over all samples, with the network that the run has come to."""
    run = run_of(0)
    assert run.snapshot is not None
    frames = list(run.history.keyframes)
    from nnviz.training.trainer import Trainer

    trainer = Trainer(run.experiment, run.snapshot.data)
    trainer.resume(frames[-1])
    part = run.snapshot.data.train
    given = trainer.engine.loss.classes(trainer.engine.predict(part.x)) == part.targets
    learned = int((given & part.noisy).sum())
    sentence = {each.name: each.found for each in made_of(run)}["memorising"].sentence
    least = int(sentence.removeprefix("At least ").removeprefix("All ").split()[0])
    assert 0 < least <= learned <= int(part.noisy.sum())


def test_facts_are_counted_on_the_samples() -> None:
    settings = Experiment().with_settings([source("blobs", samples=300), "data.label_noise=0.2"]).data
    data = prepare(settings)
    loss = Experiment().training.resolved_loss("classification", 3)
    facts = quick_facts(data, loss)
    assert (facts.train, facts.test, facts.noisy) == (len(data.train), len(data.test), int(data.train.noisy.sum()))
    shares = np.unique(data.train.targets, return_counts=True)[1] / len(data.train)
    assert facts.constant_error == pytest.approx(1 - shares.max())
    assert facts.constant_loss == pytest.approx(-(shares * np.log(shares)).sum())
    error, twins = slow_facts(data)
    assert error == pytest.approx(_five_neighbours(data), abs=1e-9)
    assert (twins.count, twins.looked) == (0, len(data.test))


def test_facts_of_a_regression_are_in_the_units_of_the_target() -> None:
    data = prepare(Experiment().with_settings([source("diabetes"), "data.standardize=true"]).data)
    facts = quick_facts(data, Experiment().training.resolved_loss("regression", 0))
    plain = data.scaling.unscaled_target(data.train.targets)
    assert facts.constant_error == pytest.approx(plain.std(), rel=1e-5)
    assert facts.constant_loss == pytest.approx(1.0, rel=1e-3), "standardized"
    assert 40 < slow_facts(data)[0] < facts.constant_error


def _five_neighbours(data: SplitData) -> float:
    x, y = data.train.x.astype(float), data.train.targets
    wrong = 0
    for i in range(len(x)):
        gaps = np.linalg.norm(x - x[i], axis=1)
        gaps[i] = np.inf
        near = y[np.argsort(gaps, kind="stable")[:5]]
        votes = np.bincount(near, minlength=data.n_classes)
        wrong += int(next(label for label in near if votes[label] == votes.max()) != y[i])
    return wrong / len(x)


def test_twins_are_the_samples_that_are_in_both_parts() -> None:
    data = prepare(Experiment().with_settings([source("moons", samples=400)]).data)
    assert slow_facts(data)[1].count == 0
    for jitter in (0.0, 1e-6):
        assert slow_facts(leaked(0.25, jitter)(data))[1].count == round(0.25 * len(data.test))
    other = leaked(0.25)(data)
    flipped = replace(other, train=Part(other.train.x, 1 - other.train.targets, other.train.noisy))
    assert slow_facts(flipped)[1].count == 0, "with another target it tells nothing"


def test_coarse_features_are_no_leak() -> None:
    """Samples of two yes-or-no features are in both parts by chance."""
    rng = np.random.default_rng(0)
    data = prepare(Experiment().with_settings([source("xor", samples=400)]).data)

    def coarse(part: Part) -> Part:
        x = rng.integers(0, 2, part.x.shape).astype(np.float32)
        return Part(x, (x[:, 0] != x[:, 1]).astype(np.int64), part.noisy)

    twins = slow_facts(replace(data, train=coarse(data.train), test=coarse(data.test)))[1]
    assert twins.count == twins.looked
    assert twins.chance > 0.99
    evidence = replace(evidence_of(run_of(1)), facts=replace(facts_of(run_of(1)), twins=twins))
    assert findings["leak"]().look(evidence, Remedies(Experiment(), None)) is None


def test_a_test_error_too_good_to_be_true() -> None:
    run = run_of(3)
    evidence = evidence_of(run, facts_of(run))
    look, remedies = findings["leak"]().look, Remedies(run.experiment, None)
    assert look(evidence, remedies) is None
    better = {**evidence.curves, "test_error": np.full_like(evidence.curves["test_error"], 0.1)}
    found = look(replace(evidence, curves=better), remedies)
    assert found is not None
    assert found.headline == "Test error below training error"
    noisy = replace(facts_of(run), noisy=40)
    assert look(replace(evidence, curves=better, facts=noisy), remedies) is None, "wrong labels are a good reason"


# ---------------------------------------------------------------- evidence


def test_evidence_is_thinned_and_ends_where_the_user_looks() -> None:
    run = run_of(0)
    whole = evidence_of(run)
    assert whole.curves["epoch"][[0, -1]].tolist() == [0, 300]
    run.playhead = 120
    try:
        past = evidence_of(run)
        assert past.past
        assert past.epoch == past.curves["epoch"][-1] == past.recent["epoch"][-1] == 120
        assert past.onset == run.onset, "looked for in all that is known"
        run.playhead = run.onset
        assert evidence_of(run).onset is None, "not yet begun"
    finally:
        run.playhead = None
    long = trained(case("long", "", 3000, source("xor", samples=40), dense("tanh", 2), *train("sgd", 0.01)))
    curves = evidence_of(long).curves
    assert CURVE_ROWS // 2 < len(curves["epoch"]) <= CURVE_ROWS + 4
    assert long.history.best_epoch in curves["epoch"]
    assert np.diff(evidence_of(long).recent["epoch"]).tolist() == [1.0] * 63


# ---------------------------------------------------------------- the survey


class _Scripted(Finding):
    """Finds what the script says."""

    def __init__(self, name: str, order: int, severity: Any, explains: frozenset[str] = frozenset()) -> None:
        self.name, self.order, self.severity, self.explains = name, order, severity, explains  # type: ignore[misc]
        self.on = True

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        return Found(self.severity, self.name, f"{self.name}.") if self.on else None


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> list[_Scripted]:
    made = [
        _Scripted("well", 9, "good"),
        _Scripted("note", 1, "notice"),
        _Scripted("ill", 5, "warning", frozenset({"worse"})),
        _Scripted("worse", 3, "danger"),
    ]
    monkeypatch.setattr(survey_module, "_all", lambda: made)
    return made


def named(made: tuple[Made, ...]) -> list[str]:
    return [each.name for each in made]


def test_the_worst_comes_first_and_what_is_explained_is_silent(script: list[_Scripted]) -> None:
    run = run_of(0)
    made = survey(evidence_of(run), Remedies(run.experiment, None))
    assert named(made) == ["ill", "well", "note"], "the warning explains the danger"
    assert named(spoken(made)) == ["ill", "note"]
    script[2].on = False
    assert named(spoken(survey(evidence_of(run), Remedies(run.experiment, None)))) == ["worse", "note"]
    script[3].on = False
    assert named(spoken(survey(evidence_of(run), Remedies(run.experiment, None)))) == ["well", "note"]


def test_findings_neither_flicker_on_nor_off_while_training(script: list[_Scripted]) -> None:
    run = dataclasses.replace(run_of(0), status=Status.RUNNING)
    watch, well, _, ill, worse = Watch(), *script
    ill.on = worse.on = False
    assert named(watch.look(run, 0.0)) == ["well", "note"]
    worse.on = True
    assert named(watch.look(run, 1.0)) == ["well", "note"], "seen once"
    assert named(watch.look(run, 1.0 + APPEARS_AFTER)) == ["worse", "note"]
    worse.on = False
    assert named(watch.look(run, 3.0)) == ["worse", "note"]
    worse.on = True
    assert named(watch.look(run, 4.0)) == ["worse", "note"]
    worse.on = False
    assert named(watch.look(run, 5.0)) == ["worse", "note"], "counted anew"
    assert named(watch.look(run, 5.0 + VANISHES_AFTER)) == ["well", "note"]
    worse.on = True
    assert named(watch.look(run, 9.0)) == ["well", "note"]
    well.on = False
    assert named(watch.look(run, 9.1)) == ["note"], "what is well is never said late"


def test_a_run_at_rest_is_judged_at_once(script: list[_Scripted]) -> None:
    run = dataclasses.replace(run_of(0), status=Status.RUNNING)
    watch = Watch()
    script[2].on = script[3].on = False
    watch.look(run, 0.0)
    script[3].on = True
    run.status = Status.PAUSED
    assert named(watch.look(run, 0.01)) == ["worse", "note"]
    script[3].on = False
    assert named(watch.look(run, 0.02)) == ["well", "note"]
    other = dataclasses.replace(run, number=2, status=Status.RUNNING)
    script[3].on = True
    assert named(watch.look(other, 0.03)) == ["worse", "note"], "another run"


def test_facts_that_take_long_come_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_module, "_AT_ONCE", 0.0)
    data = leaked(0.5)(prepare(Experiment().with_settings([source("moons")]).data))
    loss = Experiment().training.resolved_loss("classification", 2)
    keeper = FactKeeper()
    assert keeper.of(data, loss).twins is None
    keeper.wait()
    assert keeper.of(data, loss).twins == slow_facts(data)[1]
    assert not keeper.busy
    known = keeper.of(data, loss)
    assert keeper.of(data, loss) is known
    other = prepare(Experiment().with_settings([source("moons")]).data)
    assert keeper.of(other, loss).twins is None, "of other samples nothing is known yet"
    keeper.wait()
    assert keeper.of(other, loss).twins == Twins(0, 250, facts_module.slow_facts(other)[1].chance)


def test_a_large_training_part_is_looked_at_in_part() -> None:
    rng = np.random.default_rng(0)
    data = prepare(Experiment().with_settings([source("blobs", samples=200)]).data)
    x = rng.normal(0, 1, (20_000, 400)).astype(np.float32)
    large = Part(x, rng.integers(0, 3, len(x)), np.zeros(len(x), bool))
    test = Part(x[:5_000].copy(), large.targets[:5_000], np.zeros(5_000, bool))
    twins = slow_facts(replace(data, train=large, test=test))[1]
    assert 20 <= twins.looked < len(test)
    assert twins.count == twins.looked


def test_looking_takes_little_of_a_frame() -> None:
    """Measured with a history of 100,000 rows: 0.7 ms on one core; the bound leaves room for a busy machine."""
    run = trained(case("long", "", 2_000, source("xor", samples=40), dense("tanh", 8, 8), *train("adam", 0.01)))
    columns = {name: run.history.column(name) for name in run.history.names}
    at = np.linspace(0, len(columns["epoch"]) - 1, 98_000).astype(int)
    repeated = {name: values[at] for name, values in columns.items()}
    start = run.epoch
    repeated["epoch"] = start + 1.0 + np.arange(len(at))
    run.history.append(repeated)
    run.status = Status.RUNNING
    watch = Watch()
    watch.look(run, 0.0)
    spent = []
    for turn in range(40):
        began = time.perf_counter()
        watch.look(run, float(turn))
        spent.append(time.perf_counter() - began)
    assert np.median(spent) < 0.004


# ---------------------------------------------------------------- words


def test_numbers_are_told_apart() -> None:
    assert words.change(0.6893, 0.6851) == "0.689 → 0.685"
    assert words.change(0.31, 0.58) == "0.31 → 0.58"
    assert words.times(1.6) == "1.6"
    assert words.times(43_210.0) == "40,000"
    assert words.count(1, "sample") == "1 sample"
    assert words.count(1_200, "sample") == "1,200 samples"
