"""Histories of single samples: against brute force, scikit-learn, and cases done by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score

from nnviz.analysis import memorisation as m

EPOCHS = np.array([0, 1, 2, 5])
CORRECT = np.array([[1, 0, 0, 1, 0], [1, 1, 0, 0, 0], [1, 0, 0, 1, 1], [1, 1, 0, 0, 1]], bool)


def test_a_case_done_by_hand():
    assert m.first_learned(CORRECT, EPOCHS).tolist() == [0, 1, m.NEVER, 0, 2]
    assert m.learned_for_good(CORRECT, EPOCHS).tolist() == [0, 5, m.NEVER, m.NEVER, 2]
    assert m.forgetting_events(CORRECT).tolist() == [0, 1, 0, 2, 0]
    assert m.learned_share(m.learned_for_good(CORRECT, EPOCHS), EPOCHS).tolist() == [0.2, 0.2, 0.4, 0.6]


histories = st.tuples(st.integers(1, 9), st.integers(1, 7)).flatmap(lambda shape: arrays(np.bool_, shape))


@given(histories)
def test_histories_agree_with_loops(correct):
    epochs = np.cumsum(1 + np.arange(len(correct)) % 3)
    for i, path in enumerate(correct.T.tolist()):
        right = [int(epoch) for epoch, yes in zip(epochs, path, strict=True) if yes]
        assert m.first_learned(correct, epochs)[i] == (right[0] if right else m.NEVER)
        stays = [int(epochs[t]) for t in range(len(path)) if all(path[t:])]
        assert m.learned_for_good(correct, epochs)[i] == (stays[0] if stays else m.NEVER)
        assert m.forgetting_events(correct)[i] == sum(a and not b for a, b in pairwise(path))


def test_nothing_measured_is_nothing_learned():
    nothing = np.zeros((0, 3), bool)
    assert m.first_learned(nothing, np.zeros(0, int)).tolist() == [m.NEVER] * 3
    assert m.learned_for_good(nothing, np.zeros(0, int)).tolist() == [m.NEVER] * 3
    assert np.isnan(m.mean_over_epochs(np.zeros((0, 3)), np.zeros(0, int))).all()
    assert np.isnan(m.learned_share(np.zeros(0, int), EPOCHS)).all()


def test_margins_are_own_minus_best_other():
    outputs = np.array([[1.0, 4.0, 2.5], [3.0, -1.0, 0.0], [0.0, 0.0, 0.0]])
    assert m.margins(outputs, np.array([1, 2, 0])).tolist() == [1.5, -3.0, 0.0]
    single = np.array([[2.0], [2.0], [-3.0]])
    assert m.margins(single, np.array([1, 0, 0])).tolist() == [2.0, -2.0, 3.0]


def test_the_mean_counts_every_epoch_once_however_few_were_measured():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 4))
    np.testing.assert_allclose(m.mean_over_epochs(values, np.arange(1, 31)), values.mean(axis=0), atol=1e-12)
    some = np.array([1, 2, 3, 10, 24, 30])
    nearest = np.abs(np.arange(1, 31)[:, None] - some).argmin(axis=1)  # of two as near, the first: 17 is one
    filled = values[some - 1][nearest]
    filled[16] = (values[9] + values[23]) / 2  # epoch 17 lies in the middle and is shared
    filled[26] = (values[23] + values[29]) / 2  # so does epoch 27
    np.testing.assert_allclose(m.mean_over_epochs(values[some - 1], some), filled.mean(axis=0), atol=1e-12)


def test_the_mean_over_the_logarithm_is_that_of_a_fine_grid_in_it():
    epochs = np.arange(1, 101)
    values = np.log(epochs)[:, None] * np.array([1.0, -2.0])
    found = m.mean_over_epochs(values, epochs, log=True)
    fine = np.exp(np.linspace(np.log(0.5), np.log(100.5), 400_001))
    steps = np.log(np.clip(np.round(fine), 1, 100))  # each epoch stands for half an epoch to both sides
    np.testing.assert_allclose(found, steps.mean() * np.array([1.0, -2.0]), rtol=1e-4)
    late = np.concatenate([np.ones((100, 1)), np.zeros((9_900, 1))])
    assert m.mean_over_epochs(late, np.arange(1, 10_001), log=True)[0] == pytest.approx(
        np.log(100.5 / 0.5) / np.log(10_000.5 / 0.5)
    )


def test_a_value_that_is_not_finite_leaves_no_mean():
    values = np.array([[1.0, np.inf, np.nan], [2.0, 1.0, 1.0]])
    mean = m.mean_over_epochs(values, np.array([1, 2]))
    assert mean[0] == 1.5
    assert np.isnan(mean[1:]).all()


# ---------------------------------------------------------------- ensembles


def crowd(networks=40, n=6, m_=5):
    rng = np.random.default_rng(3)
    return rng.random((networks, n)) < 0.7, rng.random((networks, n)) < 0.6, rng.random((networks, m_)) < 0.5


def test_memorisation_agrees_with_the_definition():
    masks, correct, _ = crowd()
    found = m.memorisation(correct, masks)
    for i in range(masks.shape[1]):
        inside = [bool(correct[k, i]) for k in range(len(masks)) if masks[k, i]]
        outside = [bool(correct[k, i]) for k in range(len(masks)) if not masks[k, i]]
        assert found.score[i] == pytest.approx(np.mean(inside) - np.mean(outside))
        assert (found.with_it[i], found.without_it[i]) == pytest.approx((np.mean(inside), np.mean(outside)))
        assert 0.0 < found.error[i] < 0.5


def test_a_sample_known_by_heart_scores_one_and_an_easy_one_zero():
    masks = np.array([[1, 1], [1, 1], [0, 0], [0, 0]], bool)
    correct = np.column_stack([masks[:, 0], np.ones(4, bool)])
    found = m.memorisation(correct, masks)
    assert found.score.tolist() == [1.0, 0.0]
    assert (found.error > 0.2).all()  # four networks are few
    everywhere = m.memorisation(correct[:2], masks[:2])
    assert np.isnan(everywhere.score).all()
    assert np.isnan(everywhere.error).all()


def test_the_standard_error_is_the_spread_of_repetitions():
    rng = np.random.default_rng(5)
    networks, repeats = 60, 4_000
    masks = np.arange(networks) < 42
    correct = rng.random((networks, repeats)) < np.where(masks, 0.8, 0.35)[:, None]
    found = m.memorisation(correct, np.repeat(masks[:, None], repeats, axis=1))
    assert found.score.mean() == pytest.approx(0.45, abs=0.01)
    assert found.error.mean() == pytest.approx(found.score.std(), rel=0.06)


def test_the_mean_effect_is_welchs():
    from scipy.stats import ttest_ind

    masks, _, right = crowd()
    values = right.mean(axis=1)
    effect, error = m.mean_effect(values, masks)
    for i in range(masks.shape[1]):
        test = ttest_ind(values[masks[:, i]], values[~masks[:, i]], equal_var=False)
        assert effect[i] / error[i] == pytest.approx(test.statistic)
        assert effect[i] == pytest.approx(values[masks[:, i]].mean() - values[~masks[:, i]].mean())
    alone = masks.copy()
    alone[1:, 0] = False
    assert np.isnan(m.mean_effect(values, alone)[0][0])


# ---------------------------------------------------------------- rankings


@given(arrays(np.float64, 20, elements=st.sampled_from([0.0, 0.5, 1.0, 2.0])), arrays(np.bool_, 20))
def test_average_precision_agrees_with_scikit_learn(suspicion, wrong):
    if not wrong.any():
        assert np.isnan(m.average_precision(suspicion, wrong))
        return
    assert m.average_precision(suspicion, wrong) == pytest.approx(average_precision_score(wrong, suspicion))


def test_average_precision_by_chance_is_the_share():
    rng = np.random.default_rng(1)
    wrong = np.arange(2_000) < 300
    found = [m.average_precision(rng.random(2_000), wrong) for _ in range(40)]
    assert np.mean(found) == pytest.approx(0.15, abs=0.01)


def test_rankings_and_precision():
    suspicion = np.array([0.1, np.nan, 0.9, 0.9, 0.3])
    order = m.ranking(suspicion)
    assert order.tolist() == [2, 3, 4, 0, 1]
    wrong = np.array([False, True, True, False, True])
    assert m.precision_at(order, wrong, 1) == 1.0
    assert m.precision_at(order, wrong, 3) == pytest.approx(2 / 3)
    assert np.isnan(m.precision_at(order, wrong, 0))


def test_the_mean_rank_is_even_handed():
    a, b = np.array([1.0, 2.0, 3.0, np.nan]), np.array([30.0, 10.0, 20.0, 0.0])
    assert m.mean_rank(a).tolist() == [0.375, 0.625, 0.875, 0.125]
    assert m.mean_rank(a, 100 * b).tolist() == [0.625, 0.5, 0.75, 0.125]
    assert m.mean_rank(np.ones(4)).tolist() == [0.5] * 4
