"""Counting, naming and costing trainings before any of them starts."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from sessions import quick
from sweep_runs import VARY, small, swept

from nnviz.data.dataset import DataError
from nnviz.experiment import identity
from nnviz.settings import SettingsError, changed
from nnviz.sweeps.cost import Pace, duration, estimate
from nnviz.sweeps.plan import Point, make_plan
from nnviz.sweeps.strategies import strategies


def test_counting() -> None:
    plan = small(seeds=8)
    assert (plan.n_points, plan.n_trainings) == (6, 48)
    assert plan.count() == "48 trainings (3 network.layers[0].units × 2 training.weight_decay × 8 seeds)"
    assert small(VARY, search="random", trials=4, seeds=1).count() == "4 trainings (4 random trials)"


def test_the_epoch_limit_is_the_one_given_then_the_experiments_own_then_a_hundred() -> None:
    assert make_plan(quick("training.epochs=7"), VARY).experiment.training.epochs == 7
    assert make_plan(quick("training.epochs=7"), VARY, epochs=3).experiment.training.epochs == 3
    assert make_plan(quick(), VARY).experiment.training.epochs == 100


def test_seeds_repeat_weights_and_order_but_not_the_samples() -> None:
    plan = small(VARY, "seed=5", "data.seed=9", seeds=3)
    members = [plan.member(Point(0, (1, 0.0)), each) for each in range(3)]
    assert [member.seed for member in members] == [5, 6, 7]
    assert {member.experiment.data.seed for member in members} == {9}
    assert len({member.id for member in members}) == 3


def test_identity_is_that_of_the_numbers() -> None:
    plain = quick()
    same = plain.replace(name="other", description="words", data=changed(plain, "data.plane.first", 1).data)
    assert identity(plain) == identity(same)
    others = ["seed=1", "training.epochs=3", "data.seed=1", "data.source.samples=61", "network.layers=[]"]
    ids = {identity(plain.with_settings([each])) for each in others}
    assert len(ids | {identity(plain)}) == len(others) + 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seeds": 0}, "--seeds: Expected a whole number of at least 1, not 0"),
        ({"epochs": 0}, "--epochs: Expected at least 1, not 0"),
        ({"search": "gird"}, "Did you mean 'grid'"),
        ({"objective": "test_eror"}, "Did you mean 'test_error'"),
        ({"trials": 5}, "A grid has as many points as it has"),
        ({"search": "random"}, "--trials"),
        ({"search": "random", "trials": 7}, "only 6 different points"),
    ],
)
def test_what_will_not_do(options: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        small(VARY, **options)  # type: ignore[arg-type]


def test_an_empty_grid_is_refused() -> None:
    with pytest.raises(SettingsError, match="varies at least one setting"):
        small([])


def test_a_training_without_end_is_refused() -> None:
    with pytest.raises(SettingsError, match="never end"):
        small(["training.epochs=0,10"])


def test_a_value_for_the_whole_training_keeps_the_limit_of_epochs() -> None:
    groups = "training={learning_rate=0.1},{learning_rate=0.2,epochs=9},{learning_rate=0.3,epochs=0}"
    plan = small([groups], epochs=2, seeds=1)
    trained = [plan.member(Point(number, values), 0) for number, values in enumerate(plan.strategy().points())]
    assert [member.experiment.training.epochs for member in trained] == [2, 9, 2]
    assert sorted(swept(plan)["epochs"]) == [2, 2, 9]


# ---------------------------------------------------------------- strategies


def test_a_grid_is_the_product() -> None:
    plan = small()
    expected = list(itertools.product((1, 2, 3), (0.0, 0.001)))
    assert list(plan.strategy().points()) == expected


def test_random_points_are_distinct_repeatable_and_the_first_of_more() -> None:
    vary = ["network.layers[0].units=1:30:log5", "training.learning_rate=0.01:1:log3"]
    few, many = (list(small(vary, search="random", trials=n).strategy().points()) for n in (10, 40))
    assert many[:10] == few
    assert len(set(many)) == 40
    rates = np.log10([rate for _, rate in many])
    assert abs(rates.mean() + 1.0) < 4 * (2 / np.sqrt(12)) / np.sqrt(40), "evenly spread in the logarithm"
    other = list(small(vary, "seed=1", search="random", trials=10).strategy().points())
    assert other != few


def test_random_points_can_be_all_there_are() -> None:
    vary = ["network.layers[0].units=1:1000:log3", "training.optimizer=sgd,adam"]
    points = list(small(vary, search="random", trials=2000).strategy().points())
    assert len(set(points)) == 2000


def test_optuna_asks_for_points_near_good_ones() -> None:
    pytest.importorskip("optuna")
    vary = ["training.learning_rate=0.001:1:log4", "training.optimizer=sgd,adam"]
    plan = small(vary, search="optuna", trials=60)

    def asked() -> list[tuple[float, str]]:
        strategy = plan.strategy()
        points = []
        while (values := strategy.ask()) is not None:
            points.append(values)
            off = (np.log10(values[0]) + 2.0) ** 2 + (values[1] == "sgd")
            strategy.tell(values, float(off))
        return points  # type: ignore[return-value]

    points = asked()
    assert len(points) == 60
    late = points[30:]
    assert np.mean([abs(np.log10(rate) + 2.0) for rate, _ in late]) < 0.5, "0.75 where chance alone chooses"
    assert np.mean([kind == "adam" for _, kind in late]) > 0.7
    assert asked() == points, "the same seed, the same points"


def test_optuna_goes_on_from_what_is_known() -> None:
    pytest.importorskip("optuna")
    plan = small(["training.learning_rate=0.001:1:log4"], search="optuna", trials=3)
    strategy = plan.strategy()
    strategy.known((0.25,), 0.5)
    strategy.known((0.125,), None)
    assert strategy.ask() == (0.125,), "what was begun comes first"
    assert strategy.ask() is not None
    assert strategy.ask() is None, "one was there, two were asked for"


def test_without_optuna_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from nnviz.sweeps.strategies import optuna

    monkeypatch.setattr(optuna, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'nnviz\[search\]'"):
        small(VARY, search="optuna", trials=3)


def test_every_strategy_is_there() -> None:
    assert strategies.names() == ["grid", "random", "optuna"]


# ---------------------------------------------------------------- cost


def test_the_cost_is_about_what_training_takes() -> None:
    cost = estimate(small(["network.layers[0].units=2,8,32"], epochs=400, seeds=4), slots=2)
    assert cost.trainings == 12
    assert 0.0 < cost.smallest <= cost.median <= cost.largest
    assert cost.seconds == pytest.approx(cost.seconds_alone / 2)
    assert cost.absurd == ""
    assert "12 trainings" in cost.text


def test_of_one_network_the_epochs_are_what_counts() -> None:
    cost = estimate(small())
    short, long = (quick(f"training.epochs={n}") for n in (1_000, 3_000))
    assert cost.of(500.0, long) - cost.of(500.0, short) == pytest.approx(2_000 * cost.pace.of(500.0))


def test_absurd_numbers_are_asked_about_and_cost_nothing_to_count() -> None:
    vary = [f"training.{name}=0:1:lin10000" for name in ("l1", "weight_decay", "label_smoothing")]
    vary[2] = vary[2].replace("0:1", "0:0.9")
    cost = estimate(small(vary))
    assert cost.trainings == 2 * 10**12
    assert "2,000,000,000,000 trainings" in cost.absurd
    assert "years" in cost.absurd
    assert "--yes" in cost.absurd
    slow = estimate(small(VARY, epochs=10**8, seeds=1000))
    assert slow.trainings == 6000
    assert "would take about" in slow.absurd


def test_samples_that_cannot_be_had_are_said_before() -> None:
    with pytest.raises(DataError, match="missing"):
        estimate(small(VARY, "data.source={kind='table', path='missing.csv'}"))


def test_an_objective_needs_its_part() -> None:
    with pytest.raises(SettingsError, match="validation_share"):
        estimate(small(VARY, objective="validation_loss"))
    assert estimate(small(VARY, "data.validation_share=0.2", objective="validation_loss")).trainings == 12


def test_a_pace_between_and_beyond() -> None:
    pace = Pace(np.array([1.0, 10.0]), np.array([1.0, 2.0]), np.array([False, True]))
    assert [pace.of(work) for work in (0.5, 1.0, 5.5, 10.0, 100.0)] == [1.0, 1.0, 1.5, 2.0, 20.0]
    assert [pace.takes_all_cores(work) for work in (0.5, 4.0, 7.0, 100.0)] == [False, False, True, True]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0012, "1.2 ms"),
        (0.05, "50 ms"),
        (0.3, "0.3 s"),
        (42.0, "42 s"),
        (150.0, "2.5 min"),
        (1800.0, "30 min"),
        (9000.0, "2.5 hours"),
        (86400.0 * 3, "3 days"),
        (31_557_600.0 * 50, "50 years"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_plan_is_plain_data() -> None:
    plan = small()
    assert json.loads(json.dumps([axis.values for axis in plan.axes])) == [[1, 2, 3], [0.0, 0.001]]
