"""Differences between runs: which runs share a recipe, which epochs they share, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest
from compare_stage import forked, opened, train
from scipy import stats
from sessions import quick

from nnviz.gui.compare import quantities
from nnviz.gui.compare.pairs import course, last_in_common, pairs_of, recipe, seeds_of
from nnviz.gui.compare.quantities import QUANTITIES
from nnviz.gui.compare.traces import heights, minus_reference, of_runs, places, sentences
from nnviz.history.chapters import Edit
from nnviz.history.history import History
from nnviz.run import Run

BY_KEY = {quantity.key: quantity for quantity in QUANTITIES}


def made(number: int, seed: int, values: list[float], *settings: str, first: int = 0) -> Run:
    """Return a run that was never trained, with a given test error at each epoch."""
    history = History()
    epochs = np.arange(first, first + len(values), dtype=np.float64)
    column = np.array(values)
    rows = {f"{part}_{what}": column for part in ("train", "test") for what in ("loss", "error")}
    history.append({"epoch": epochs, "step": epochs, **rows})
    return Run(number, f"run {number}", quick(f"seed={seed}", *settings), history)


def by_number(*runs: Run) -> dict[int, Run]:
    return {run.number: run for run in runs}


# ---------------------------------------------------------------- which runs belong together


def test_runs_that_differ_in_the_seed_alone_share_a_recipe() -> None:
    a, b, c = made(1, 0, [1]), made(2, 5, [1]), made(3, 0, [1], "training.learning_rate=0.5")
    known = by_number(a, b, c)
    assert recipe(a, known) == recipe(b, known) != recipe(c, known)
    assert seeds_of(a, [a, b, c]) == {0: a, 5: b}
    a.experiment = a.experiment.replace(name="other", description="words")
    assert recipe(a, known) == recipe(b, known)


def test_what_a_run_was_told_on_its_way_belongs_to_its_recipe(controller) -> None:
    a = opened(controller, "seed=1", epochs=3)
    controller.set("training.learning_rate", 0.5, "Learning rate")
    train(controller, 3)
    b = opened(controller, "seed=2", "training.learning_rate=0.5", epochs=6)
    known = by_number(a, b)
    assert a.experiment.replace(seed=0) == b.experiment.replace(seed=0)
    assert recipe(a, known) != recipe(b, known), "one of them learned more slowly at first"


def test_forks_share_a_recipe_if_those_they_come_from_do(controller) -> None:
    a = opened(controller, "seed=1", epochs=4)
    fork = forked(controller, a, 2, "training.learning_rate=0.5", epochs=2)
    b = opened(controller, "seed=2", epochs=4)
    other = forked(controller, b, 2, "training.learning_rate=0.5", epochs=2)
    late = forked(controller, b, 3, "training.learning_rate=0.5", epochs=2)
    known = by_number(a, fork, b, other, late)
    assert recipe(fork, known) == recipe(other, known) != recipe(late, known)
    assert pairs_of(a, fork, list(known.values())) == [(a, fork), (b, other)]
    assert recipe(other, by_number(other)) is None, "nobody knows what it went through"


def test_weights_that_were_set_by_hand_belong_to_one_network(controller) -> None:
    run = opened(controller, epochs=2)
    controller.session.set_parameters((Edit(0, 1.5),), "by hand")
    train(controller, 1)
    assert recipe(run, by_number(run)) is None
    assert seeds_of(run, [run]) == {0: run}


def test_pairs_share_a_seed() -> None:
    fast = "training.learning_rate=0.5"
    plain = [made(n, n, [1]) for n in range(3)]
    quick_ones = [made(10 + n, n, [1], fast) for n in (2, 1)]
    everyone = [*plain, *quick_ones]
    assert pairs_of(plain[0], quick_ones[0], everyone) == [(plain[1], quick_ones[1]), (plain[2], quick_ones[0])]
    assert pairs_of(plain[0], plain[1], everyone) == [(plain[0], plain[1])], "they differ in the seed alone"
    alone = made(20, 7, [1], fast)
    assert pairs_of(plain[0], alone, [plain[0], alone]) == [(plain[0], alone)]
    quick_ones[0].archived = True
    assert pairs_of(plain[1], quick_ones[1], everyone) == [(plain[1], quick_ones[1])]


# ---------------------------------------------------------------- differences


def test_a_difference_is_taken_on_the_epochs_that_both_have() -> None:
    a, b = made(1, 0, [5, 4, 3, 2]), made(2, 0, [1, 1, 1, 1, 1], first=2)
    found = course([(a, b)], quantities.test_error)
    np.testing.assert_array_equal(found.epochs, [2, 3])
    np.testing.assert_allclose(found.difference.mean, [-2, -1])
    assert np.isnan(found.difference.low).all(), "one seed has no interval"


def test_several_seeds_have_an_interval_where_there_are_two_or_more() -> None:
    pairs = [(made(1, 0, [5, 4, 3]), made(2, 0, [4, 2, 2, 2])), (made(3, 1, [5, 4]), made(4, 1, [3, 4]))]
    found = course(pairs, quantities.test_error)
    np.testing.assert_array_equal(found.epochs, [0, 1, 2])
    np.testing.assert_allclose(found.difference.mean, [-1.5, -1.0, -1.0])
    half = stats.t.ppf(0.975, 1) * np.std([-1, -2], ddof=1) / np.sqrt(2)
    assert found.difference.high[0] - found.difference.mean[0] == pytest.approx(half)
    assert np.isnan(found.difference.high[2]), "the second pair ended before"
    assert last_in_common(pairs, quantities.test_error)[0] == 1


def test_long_histories_are_thinned_and_their_ends_kept() -> None:
    values = list(np.linspace(1, 0, 5_000))
    found = course([(made(1, 0, values), made(2, 0, values))], quantities.test_error, most=100)
    assert len(found.epochs) <= 100
    assert (found.epochs[0], found.epochs[-1]) == (0, 4_999)


def test_what_was_never_measured_has_no_difference() -> None:
    a, b = made(1, 0, [1, 1]), made(2, 0, [1, 1])
    found = course([(a, b)], lambda run: run.history.column("validation_loss"))
    assert np.isnan(found.difference.mean).all()
    assert last_in_common([(a, b)], lambda run: run.history.column("validation_loss")) is None
    assert last_in_common([(made(1, 0, []), b)], quantities.test_error) is None


def test_a_sentence_says_how_sure_it_is() -> None:
    plain = [made(n, n, [0.5, 0.30 + 0.01 * n]) for n in range(4)]
    better = [made(10 + n, n, [0.5, 0.20 + 0.012 * n], "training.weight_decay=0.01") for n in range(4)]
    (one,) = sentences([plain[0], better[0]], plain[0], [plain[0], better[0]])
    assert one[1] == (
        "Weight decay (L2) off → 0.01: test error at epoch 1 is 10 pp lower for one seed, "
        "and one seed says nothing about chance."
    )
    (several,) = sentences([plain[0], better[0]], plain[0], [*plain, *better])
    assert several[1].startswith("Weight decay (L2) off → 0.01 lowers test error at epoch 1 by 9.")
    assert several[1].endswith("(95 % confidence, 4 seeds).")


# ---------------------------------------------------------------- curves


def test_runs_of_one_pair_are_one_curve() -> None:
    plain = [made(n, n, [0.5, 0.3]) for n in range(2)]
    better = [made(10 + n, n, [0.5, 0.2], "training.weight_decay=0.01") for n in range(2)]
    runs = [plain[0], better[0], better[1]]
    (trace,) = minus_reference(runs, plain[0], BY_KEY["error"], ("test",), [*plain, *better])
    assert trace.label == "run 10 · test · mean of 2 seeds"
    np.testing.assert_allclose(trace.values, [0.0, -10.0], atol=1e-5)
    assert trace.low is not None
    assert len(minus_reference([*plain, better[0]], plain[0], BY_KEY["error"], ("test",), [*plain, *better])) == 2


def test_train_is_dashed_beside_test_and_errors_are_in_percent() -> None:
    found = of_runs([made(1, 0, [0.5, 0.25])], BY_KEY["error"], ("train", "test"), 100, False)
    assert [(trace.label, trace.dashed) for trace in found] == [("run 1 · train", True), ("run 1 · test", False)]
    np.testing.assert_allclose(found[0].values, [50, 25])


def test_a_fork_is_drawn_from_where_it_began_if_its_origin_is_shown(controller) -> None:
    base = opened(controller, epochs=5)
    fork = forked(controller, base, 3, "training.learning_rate=0.5", epochs=2)
    both = of_runs([base, fork], BY_KEY["loss"], ("test",), 100, False)
    assert [trace.epochs[0] for trace in both] == [0, 3]
    assert of_runs([fork], BY_KEY["loss"], ("test",), 100, False)[0].epochs[0] == 0


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda quantity: quantity.key)
def test_every_quantity_of_a_real_run_has_a_value_for_every_epoch(controller, quantity) -> None:
    run = opened(controller, epochs=3)
    values = quantity.values(run, "test")
    assert values.shape == (4,)
    assert np.isfinite(values[1:]).all()
    assert quantity.unit([run])
    assert quantity.help.endswith(".")


def test_the_weight_norm_is_that_of_all_parameters(controller) -> None:
    run = opened(controller, epochs=2)
    frame = list(run.history.keyframes)[-1]
    assert frame.epoch == 2
    assert BY_KEY["weight_norm"].values(run)[-1] == pytest.approx(np.linalg.norm(frame.parameters), rel=1e-5)


def test_errors_of_different_tasks_have_no_common_axis(controller) -> None:
    classes, values = opened(controller, epochs=1), opened(controller, "data.source=noisy-sine", epochs=1)
    assert BY_KEY["error"].why_not([classes, classes]) == ""
    assert "no common axis" in BY_KEY["error"].why_not([classes, values])
    assert BY_KEY["weight_norm"].why_not([classes, values]) == ""
    assert sentences([classes, values], classes, [classes, values]) == []


def test_positions_on_logarithmic_axes() -> None:
    np.testing.assert_allclose(places(np.array([0, 1, 100]), True), [np.nan, 0, 2])
    np.testing.assert_allclose(places(np.array([0, 1]), False), [0, 1])
    np.testing.assert_allclose(heights(np.array([0.0, 10.0, np.nan]), True, -3.0), [-3, 1, np.nan])
    np.testing.assert_allclose(heights(np.array([0.0, 10.0]), False, None), [0, 10])
