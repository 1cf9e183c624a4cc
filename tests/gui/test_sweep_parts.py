"""What the page of sweeps computes: what is offered, where values stand, means, and what a folder was asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from sweep_stage import DECAY, QUICK, UNITS, by_hand

from nnviz.analysis.importance import Importance
from nnviz.experiment import bundled, bundled_names
from nnviz.gui.laboratory.parts.sweep_folder import look_into, recall
from nnviz.gui.laboratory.parts.sweep_importance import Explaining, bars_of, explained
from nnviz.gui.laboratory.parts.sweep_offers import first_choice, offers
from nnviz.gui.laboratory.parts.sweep_parallel import spread_out
from nnviz.gui.laboratory.parts.sweep_planner import Answer, Asked, Planner, in_window_words
from nnviz.gui.laboratory.parts.sweep_points import Measure, cells_of, importance_of, points_of, row_of, ruler_of
from nnviz.sweeps.plan import make_plan
from nnviz.sweeps.sweep import Sweep


@pytest.mark.parametrize("name", bundled_names())
def test_every_offer_of_every_experiment_can_be_planned(name: str) -> None:
    experiment = bundled(name)
    offered = offers(experiment)
    paths = [offer.path for offer in offered]
    assert len(set(paths)) == len(paths)
    assert {"training.learning_rate", DECAY, "data.label_noise"} <= set(paths)
    for offer in offered:
        assert offer.title
        assert offer.help
        plan = make_plan(experiment, [f"{offer.path}={offer.values}"])
        assert len(plan.axes[0]) >= 2, offer
    for path, values in first_choice(experiment):
        assert path in paths
        make_plan(experiment, [f"{path}={values}"])


def test_options_of_the_command_line_are_called_as_in_the_window() -> None:
    assert in_window_words("--trials: Say how many.") == "Trials: Say how many."
    assert in_window_words("give its address as in --address tcp://a:1") == "give its address as in tcp://a:1"
    assert in_window_words("or choose --search random.") == "or choose search random."


def test_a_question_that_cannot_be_answered_leaves_the_planner_to_the_next_one(qtbot: QtBot) -> None:
    planner = Planner()

    def told(path: object, values: str) -> Answer:
        asked = Asked(QUICK, ((path, values),), 1, 5, "grid", None, "test_error", "local")  # type: ignore[arg-type]
        planner.ask(asked, costing=False)
        qtbot.waitUntil(lambda: (answer := planner.answer()) is not None and answer.asked is asked, timeout=30_000)
        found = planner.answer()
        assert found is not None
        return found

    try:
        assert "cannot be planned: AttributeError" in told(None, "0,1").problem
        assert told(DECAY, "1_").problem == "Expected a number, not '1_'."
        assert told(DECAY, "1_0").problem == ""
    finally:
        planner.close()


def test_what_a_folder_was_asked_is_read_back(tmp_path: Path) -> None:
    vary = [
        f"{UNITS}=1:300:log16",
        "training.learning_rate=1e-3:1:log7",
        "training.optimizer=sgd,{kind='adam', beta1=0.5}",
        "data.label_noise=0:0.4:lin3",
        "data.standardize=false,true",
    ]
    plan = make_plan(QUICK, vary, seeds=2, epochs=3, search="random", trials=4)
    with Sweep(plan, tmp_path / "results") as sweep:
        sweep.start()
        assert sweep.join(60)
        assert sweep.progress().state == "finished"
    found = recall(tmp_path / "results")
    assert found is not None
    again = make_plan(
        found.experiment,
        [f"{path}={values}" for path, values in found.vary],
        seeds=found.seeds,
        epochs=found.epochs,
        search=found.search,
        trials=found.trials,
        objective=found.objective,
    )
    assert again == plan
    assert look_into(tmp_path / "results", again).same
    assert look_into(tmp_path / "results", replace(again, axes=again.axes[::-1])).same, (
        "the order is that of the folder"
    )
    assert recall(tmp_path) is None
    assert not look_into(tmp_path / "nowhere", plan).same
    (tmp_path / "file").write_text("")
    assert "is a file" in look_into(tmp_path / "file", plan).problem


# ---------------------------------------------------------------- numbers


def test_cells_hold_means_over_everything_that_is_not_shown() -> None:
    plan = make_plan(QUICK, [f"{UNITS}=1,2", f"{DECAY}=0,0.1,0.2", "training.batch_size=5,10"], objective="test_loss")
    values = np.random.default_rng(0).random(24).round(3).tolist()
    points = points_of(by_hand(plan, values), plan, {}, "")
    cube = np.array(values).reshape(2, 2, 3, 2).mean(axis=0)  # over seeds
    cells = cells_of(points, 0, 1)
    assert cells.columns == ("1", "2")
    assert cells.rows == ("0.2", "0.1", "0")
    np.testing.assert_allclose(cells.mean, cube.mean(axis=2).T[::-1])
    assert (cells.count == 2).all()
    best = cube.min(axis=2).T[::-1]
    np.testing.assert_allclose(points.mean[cells.best], best)
    one = cells_of(points, 2, None)
    np.testing.assert_allclose(one.mean, cube.mean(axis=(0, 1))[None])


def test_trainings_without_a_result_do_not_count() -> None:
    plan = make_plan(QUICK, [f"{UNITS}=1,2,3"], objective="test_error")
    statuses = ["finished", "diverged", "failed", "finished", "finished", "failed"]
    table = by_hand(plan, [0.1, 9.0, float("nan"), 0.3, 0.05, float("nan")], statuses)
    points = points_of(table, plan, {UNITS: "units"}, "")
    assert points.columns[0].cells.tolist() == [1, 2, 3]
    assert points.mean[:2].tolist() == pytest.approx([20.0, 5.0])
    assert np.isnan(points.mean[2])
    assert points.ranked.broken.tolist() == [0, 1, 2]
    assert points.value(1) == "5.0 % (1 seed, 1 without a result)"
    assert row_of(table, 1) == 4
    assert row_of(table, 2) == 2


def test_importance_of_losses_that_explode_is_told_by_their_logarithm() -> None:
    plan = make_plan(QUICK, [f"{UNITS}=1,2", f"{DECAY}=0,0.1"], objective="test_loss")
    table = by_hand(plan, [1.0, 10.0, 1e3, 1e4] * 2)  # in logarithms 0, 1, 3, 4: 9/10 by the units, 1/10 by the decay
    found = importance_of(table, plan, log=True)
    assert list(found.main.values()) == pytest.approx([0.9, 0.1])
    assert found.together == pytest.approx(0.0, abs=1e-9)
    assert importance_of(table, plan).main[UNITS] < 0.7


def test_the_largest_of_many_like_parts_is_not_called_most_of_them() -> None:
    found = Importance({"a": 0.34, "b": 0.33, "c": 0.33}, 0.0, 0.0, 0.0, 100)
    words = explained(found, "test error", bars_of(found, {}))
    assert words.startswith("a explains the largest part. ")


def test_importance_of_many_trainings_is_computed_beside(qtbot: QtBot) -> None:
    plan = make_plan(QUICK, [f"{UNITS}=1,2", f"{DECAY}=0:1:lin50"], objective="test_loss")
    table = by_hand(plan, np.random.default_rng(1).random(3_000).tolist())
    explaining = Explaining()
    assert explaining.of(table, plan, False) is None
    qtbot.waitUntil(lambda: not explaining.busy, timeout=30_000)
    found = explaining.of(table, plan, False)
    assert found is not None
    assert found.main == importance_of(table, plan).main
    few = by_hand(plan, np.random.default_rng(1).random(200).tolist())
    assert explaining.of(few, plan, False) is not found


def test_of_very_many_lines_the_best_and_some_of_all_others_are_drawn() -> None:
    places = np.arange(10_000)
    drawn = spread_out(places, 100)
    assert len(set(drawn.tolist())) == 100
    assert drawn[:50].tolist() == list(range(50))
    assert drawn[-1] == 9_999
    assert spread_out(places[:7], 100).tolist() == list(range(7))


def test_a_few_values_far_away_do_not_stretch_the_ruler() -> None:
    values = np.append(np.linspace(1.0, 2.0, 99), 1e6)
    ruler = ruler_of(values)
    assert ruler.high < 2.1
    assert ruler.at(values)[-1] == 1.0
    log = ruler_of(np.array([0.0, 0.01, 0.1, 1.0]), log=True)
    assert log.zero
    assert log.at(np.array([0.0, 1.0, np.nan])).tolist()[:2] == [0.0, 1.0]
    assert log.ticks()[0] == (0.0, "0")
    assert np.isnan(log.at(np.array([np.nan]))[0])
    assert ruler_of(np.array([3.0, 3.0])).at(np.array([3.0])).tolist() == [0.0]
    assert ruler_of(np.array([np.nan])).at(np.array([np.nan])).shape == (1,)


@pytest.mark.parametrize(
    ("column", "target", "label", "heading"),
    [
        ("test_error", "", "test error (%)", "test error [%]"),
        ("test_error", "y", "test RMSE of y", "test RMSE of y [y]"),
        ("best_test_error", "", "test error at the best epoch (%)", "test error at the best epoch [%]"),
        ("validation_loss", "y", "validation loss", "validation loss [1]"),
    ],
)
def test_an_objective_is_named_with_its_unit(column: str, target: str, label: str, heading: str) -> None:
    measure = Measure(column, target)
    assert (measure.label, measure.heading) == (label, heading)
