"""Learning rates that schedules change: which one is told, how far it has moved the weights, and when it is over."""

from __future__ import annotations

import numpy as np
import pytest
from constructed_runs import Case, case, dense, source, train, trained

from nnviz.data.split import prepare
from nnviz.engines.choose import make_engine
from nnviz.engines.schedules.constant import Constant
from nnviz.experiment import Experiment
from nnviz.findings import Fork, Found
from nnviz.findings.parts.evidence import Evidence, evidence_of
from nnviz.findings.parts.facts import FactKeeper
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.state import highest_rate, path, rate_in_force
from nnviz.findings.parts.survey import survey
from nnviz.run import Run


def halving(epochs: int) -> str:
    return f"training.schedule={{kind='exponential', half_life={epochs}}}"


def seen(run: Run) -> Evidence:
    assert run.snapshot is not None
    keeper = FactKeeper()
    keeper.of(run.snapshot.data, run.snapshot.loss)
    keeper.wait()
    return evidence_of(run, keeper.of(run.snapshot.data, run.snapshot.loss))


def found_in(case: Case) -> dict[str, Found]:
    run = trained(case)
    assert run.snapshot is not None
    return {each.name: each.found for each in survey(seen(run), Remedies(run.experiment, run.snapshot.data))}


@pytest.mark.parametrize(
    ("data", "rate", "half_life"), [("circles", 0.01, 10), ("circles", 0.01, 2), ("spirals", 0.03, 5)]
)
def test_a_schedule_that_has_ended_training_says_nothing_of_the_network(data: str, rate: float, half_life: int) -> None:
    """The same network learns these samples at a constant rate of 0.3."""
    settings = case("over", "", 200, source(data), dense("tanh", 8), *train("sgd", rate), halving(half_life))
    found = found_in(settings)
    assert not {"underfitting", "plateau", "rate-too-low", "majority"} & set(found)
    over = found["schedule-over"]
    assert f"from {rate:g} to " in over.sentence
    told = float(over.sentence.split(" to ")[1].split(",")[0])
    assert told == pytest.approx(rate * 2.0 ** (-200 / half_life), rel=0.1)
    forks = [action for action in over.actions if isinstance(action, Fork)]
    assert [fork.experiment.training.schedule for fork in forks] == [Constant(), Constant()]


@pytest.mark.parametrize(
    "schedule", ["{kind='warmup', length=20000}", "{kind='constant'}"], ids=["begins to rise", "stays"]
)
def test_a_rate_that_was_never_higher_is_not_over(schedule: str) -> None:
    """A line between circles is at its minimum soon, even at three thousandths of this rate."""
    rate = 10.0 if "warmup" in schedule else 0.03
    settings = (source("circles"), "network.layers=[]", *train("sgd", rate), f"training.schedule={schedule}")
    found = found_in(case("rises", "", 60, *settings))
    assert "schedule-over" not in found
    assert "underfitting" in found


def test_a_network_that_has_learned_may_rest() -> None:
    found = found_in(
        case("learned", "", 200, source("blobs"), dense("relu", 8), *train("adam", 0.01), "training.schedule='cosine'")
    )
    assert set(found) == {"fitting"}


def test_the_rate_told_is_the_one_in_force() -> None:
    run = trained(case("high", "", 60, source("circles"), dense("tanh", 8, 8), *train("sgd", 8.0), halving(60)))
    evidence = seen(run)
    assert rate_in_force(evidence) == pytest.approx(4.0, rel=2e-3)
    assert highest_rate(evidence) == 8.0
    assert run.snapshot is not None
    found = {each.name: each.found for each in survey(evidence, Remedies(run.experiment, run.snapshot.data))}
    assert found["rate-too-high"].sentence.endswith(" The learning rate is 4, which the schedule makes of 8.")


@pytest.mark.parametrize(
    ("settings", "epochs"),
    [
        ((source("circles"), dense("tanh", 8), *train("sgd", 0.01), halving(10)), 120),
        ((source("moons", samples=60), dense("tanh", 4), *train("adam", 1e-5)), 900),
        ((source("noisy-sine", samples=60), dense("tanh", 4, 4), *train("sgd", 1e-3)), 60),
    ],
    ids=["falling", "thinned", "constant"],
)
def test_the_path_of_the_weights_is_that_of_step_after_step(settings: tuple[str, ...], epochs: int) -> None:
    """Against the steps one by one: no less than the distance, and the length of them all."""
    constructed = case("path", "", epochs, *settings)
    found = path(seen(trained(constructed)))
    experiment = Experiment().with_settings([*settings, f"training.epochs={epochs}"])
    data = prepare(experiment.data)
    engine = make_engine(experiment.network, experiment.training, data, experiment.seed)
    ends = np.cumsum([stage.n_parameters for stage in engine.plan.stages if stage.n_parameters])
    layers = [slice(end - size, end) for end, size in zip(ends, np.diff(ends, prepend=0), strict=True)]
    first = before = engine.parameters()
    length = np.zeros(len(layers))
    while engine.epoch < epochs:
        engine.train_steps(1)
        now = engine.parameters()
        length += [np.linalg.norm((now - before)[at]) / np.linalg.norm(now[at]) for at in layers]
        before = now
    distance = [np.linalg.norm((before - first)[at]) / np.linalg.norm(before[at]) for at in layers]
    assert found > 0.95 * max(distance)
    assert found == pytest.approx(length.max(), rel=0.15)
