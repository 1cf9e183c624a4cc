"""Criteria of overfitting, against Prechelt's definitions written out epoch by epoch, and series made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nnviz.analysis import criteria
from nnviz.analysis.criteria import Call, call_by_evidence, calls, disagreement, evidence_statistic, signal_to_noise

LOSSES = st.lists(st.floats(0.01, 10.0), min_size=1, max_size=60)


# ---------------------------------------------------------------- the definitions, literally


def gl(monitored: list[float], t: int) -> float:
    return 100.0 * (monitored[t] / min(monitored[: t + 1]) - 1.0)


def progress(train: list[float], t: int, k: int = 5) -> float:
    strip = train[t - k + 1 : t + 1]
    return 1000.0 * (sum(strip) / (k * min(strip)) - 1.0)


def first_gl(monitored: list[float], above: float) -> int | None:
    return next((t for t in range(len(monitored)) if gl(monitored, t) > above), None)


def first_pq(train: list[float], monitored: list[float], above: float, k: int = 5) -> int | None:
    for t in range(k - 1, len(monitored), k):  # the ends of strips
        fallen = progress(train, t, k)
        if (gl(monitored, t) / fallen if fallen > 0 else math.inf * (gl(monitored, t) > 0)) > above:
            return t
    return None


def up(monitored: list[float], s: int, t: int, k: int = 5) -> bool:
    """UP_s stops after t if UP_{s-1} stops after t - k and the loss at t is above that at t - k."""
    if t - k < 0 or (t + 1) % k:
        return False
    rises = monitored[t] > monitored[t - k]
    return rises and (s == 1 or up(monitored, s - 1, t - k, k))


def first_up(monitored: list[float], s: int) -> int | None:
    return next((t for t in range(len(monitored)) if up(monitored, s, t)), None)


def first_patience(monitored: list[float], patience: int) -> int | None:
    best, at = math.inf, 0
    for t, loss in enumerate(monitored):
        if loss < best:
            best, at = loss, t
        if t - at >= patience:
            return t
    return None


@settings(deadline=None)
@given(LOSSES, st.floats(0.5, 50.0))
def test_generalization_loss(monitored: list[float], above: float) -> None:
    values = criteria.generalization_loss(np.array(monitored))
    assert values == pytest.approx([gl(monitored, t) for t in range(len(monitored))], abs=1e-9)
    expected = first_gl(monitored, above)
    if all(abs(gl(monitored, t) - above) > 1e-6 for t in range(len(monitored))):
        assert criteria.stop_by_loss(np.array(monitored), above) == expected


@settings(deadline=None)
@given(LOSSES, st.randoms(use_true_random=False), st.floats(0.01, 5.0))
def test_quotient_of_generalization_loss_and_progress(monitored: list[float], random, above: float) -> None:
    train = [random.uniform(0.01, 5.0) for _ in monitored]
    values = criteria.training_progress(np.array(train))
    assert np.isnan(values[:4]).all()
    assert values[4:] == pytest.approx([progress(train, t) for t in range(4, len(train))], abs=1e-6)
    close = (abs(gl(monitored, t) - above * progress(train, t)) < 1e-6 for t in range(4, len(train)))
    if not any(close):
        assert criteria.stop_by_quotient(np.array(train), np.array(monitored), above) == first_pq(
            train, monitored, above
        )


@settings(deadline=None)
@given(LOSSES, st.integers(1, 4))
def test_successive_rises(monitored: list[float], strips: int) -> None:
    assert criteria.stop_by_rises(np.array(monitored), strips) == first_up(monitored, strips)


@settings(deadline=None)
@given(LOSSES, st.integers(1, 20))
def test_patience(monitored: list[float], patience: int) -> None:
    epochs = np.arange(len(monitored))
    assert criteria.stop_by_patience(epochs, np.array(monitored), patience) == first_patience(monitored, patience)


# ---------------------------------------------------------------- series made by hand


def test_losses_of_nothing_stop_nobody() -> None:
    zeros = np.zeros(20)
    assert criteria.stop_by_loss(zeros) is None, "no ratio to a loss of 0"
    assert criteria.stop_by_quotient(zeros, np.linspace(1, 2, 20)) == 4, "no progress at all, and a loss that rises"
    assert criteria.stop_by_quotient(zeros, np.linspace(2, 1, 20)) is None
    for empty in (np.empty(0), np.ones(1)):
        assert all(call.epoch is None for call in calls(empty, empty, empty))


def test_patience_counts_epochs_and_not_rows() -> None:
    epochs = np.array([0, 10, 20, 30, 40, 50])
    monitored = np.array([3.0, 1.0, 2.0, 2.0, 0.5, 0.6])
    assert criteria.stop_by_patience(epochs, monitored, 20) == 3
    assert criteria.stop_by_patience(epochs, monitored, 25) is None


def curve(n: int = 200) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    epochs = np.arange(float(n))
    return epochs, np.exp(-epochs / 50), 0.5 + 1e-4 * (epochs - 60) ** 2


def test_all_criteria_agree_on_a_clean_minimum() -> None:
    said = calls(*curve(), patience=50)
    assert [call.onset for call in said] == [60] * 5
    rise, patience, loss, quotient, rises = (call.epoch for call in said)
    assert patience == 110
    assert loss == first_gl(curve()[2].tolist(), 5.0)
    assert quotient == first_pq(curve()[1].tolist(), curve()[2].tolist(), 3.0)
    assert rises == first_up(curve()[2].tolist(), 4)
    assert rise is not None
    epochs, train, monitored = (values[:rise] for values in curve())
    assert criteria.overfitting_onset(epochs, train, monitored) is None, "not seen an epoch before"
    assert disagreement(said) == "All 5 criteria put the onset at epoch 60."


def test_gaps_are_passed_over() -> None:
    epochs, train, monitored = curve()
    holes = monitored.copy()
    holes[::4] = np.nan
    assert criteria.calls(epochs, train, holes) == criteria.calls(
        *(values[np.isfinite(holes)] for values in (epochs, train, monitored))
    )


def test_they_differ_over_a_noisy_start_and_say_so() -> None:
    epochs, train, monitored = curve()
    monitored[3:6] = 0.4, 0.9, 0.9  # a lucky epoch, and two bad ones
    said = {call.criterion: call for call in calls(epochs, train, monitored)}
    assert said["GL above 5"] == Call("GL above 5", 4, 3)
    falling = calls(epochs, train, np.exp(-epochs / 90))
    assert disagreement(falling) == "No criterion sees overfitting."
    some = (Call("A", 70, 60), Call("B", 90, 80), Call("C"), Call("D"))
    assert disagreement(some) == "2 of 4 criteria put the onset between epochs 60 and 80; not yet called: C; D."
    assert disagreement((Call("A", 70, 60), Call("B"))).endswith("at epoch 60; not yet called: B.")


# ---------------------------------------------------------------- evidence


def test_the_evidence_criterion_is_its_formula() -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(0.3, 1.0, (40, 7))  # gradients of 40 samples
    g, variance = samples.mean(axis=0), samples.var(axis=0, ddof=1)
    expected = 1.0 - sum(40 * g[d] ** 2 / variance[d] for d in range(7)) / 7
    assert evidence_statistic(g, variance, 40) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("size", [1e-30, 1e-12, 1e-7, 1.0, 1e9])
def test_the_evidence_criterion_knows_no_unit_of_the_loss(size: float) -> None:
    """Gradients shrink with the loss: the same ones, a million times smaller, say the same."""
    rng = np.random.default_rng(2)
    samples = size * rng.normal(1.0, 0.5, (100, 50))
    samples[:, 0] = 0.0  # a parameter that does nothing counts as without signal
    g, variance = samples.mean(axis=0), samples.var(axis=0, ddof=1)
    each = [0.0] + [g[d] ** 2 / variance[d] for d in range(1, 50)]
    assert signal_to_noise(g, variance) == pytest.approx(each, rel=1e-9)
    assert evidence_statistic(g, variance, 100) == pytest.approx(1.0 - 100 * sum(each) / 50, rel=1e-9)


def test_gradients_without_noise_or_without_anything_are_numbers() -> None:
    assert evidence_statistic(np.zeros(3), np.zeros(3), 10) == 1.0
    alone = evidence_statistic(np.array([1e-9, 0.0]), np.zeros(2), 10)
    assert np.isfinite(alone)
    assert alone < -1e9


def test_pure_chance_lies_at_the_edge_and_signal_below() -> None:
    """Gradients of mean 0 make B g²/Var a chi-squared of one degree, with mean 1: the statistic is 0 on average."""
    rng = np.random.default_rng(1)
    chance = rng.normal(0.0, 2.0, (100, 5_000))
    signal = chance + 1.0
    at = [evidence_statistic(each.mean(axis=0), each.var(axis=0, ddof=1), 100) for each in (chance, signal)]
    assert at[0] == pytest.approx(0.0, abs=0.1)
    assert at[1] < -10.0


def test_the_evidence_criterion_calls_in_the_first_epoch_above_0() -> None:
    epochs = np.array([0, 5, 10, 15])
    assert call_by_evidence(epochs, np.array([-3.0, np.nan, 0.1, 0.2])) == Call("Evidence", 10, 10)
    assert call_by_evidence(epochs, np.array([-3.0, -2.0, np.nan, 0.0])) == Call("Evidence")


@pytest.mark.parametrize("shapes", [((3,), (4,)), ((2, 2), (2, 2)), ((0,), (0,))])
def test_evidence_needs_matching_arrays(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="same shape"):
        evidence_statistic(np.ones(shapes[0]), np.ones(shapes[1]), 10)
    with pytest.raises(ValueError, match="at least 2 samples"):
        evidence_statistic(np.ones(3), np.ones(3), 1)
