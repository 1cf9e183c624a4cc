"""Twin studies while they run: polled, told to stop, and waited for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from twin_runs import finished, quick, variant, wait

from nnviz.training.twins import TwinStudy


@pytest.fixture
def running() -> Iterator[Any]:
    """Return a function that starts a study; all are closed at the end."""
    started: list[TwinStudy] = []

    def start(*arguments: Any, **options: Any) -> TwinStudy:
        started.append(TwinStudy(*arguments, **options))
        started[-1].start()
        return started[-1]

    yield start
    for study in started:
        study.close()


@pytest.mark.parametrize("engine", ["compiled", "torch"])
def test_it_ends_at_once_when_it_is_told_to(running: Any, engine: str) -> None:
    layers = "network.layers=[{kind='linear', units=64}, 'tanh', {kind='linear', units=64}, 'tanh']"
    experiment = quick(f"training.engine={engine}", layers, "data.source.samples=2000")
    study = running(experiment, [variant("training.l1=0.01", start=experiment)], epochs=10_000_000, seeds=3)
    wait(lambda: np.isfinite(study.report().baseline.train_loss[0, 1]))
    time.sleep(0.2)
    began = time.perf_counter()
    study.cancel()
    assert study.join(5.0)
    assert time.perf_counter() - began < 0.5
    progress = study.progress()
    assert progress.state == "cancelled"
    assert progress.over
    assert 0.0 <= progress.share < 0.5
    report = study.report()
    assert np.isfinite(report.baseline.train_loss[0]).sum() > 1, "what was measured stays"
    assert np.isnan(report.outcomes[0].error).all()
    assert report.outcomes[0].judged_epoch.tolist() == [-1, -1, -1]


def test_what_finished_before_it_was_cancelled_counts(running: Any) -> None:
    experiment = quick("training.epochs=3")
    endless = variant("training.epochs=0", start=experiment)
    study = running(experiment, [variant("training.l1=0.01", start=experiment), endless], 100_000_000, 2, threads=1)
    wait(lambda: np.isfinite(study.report().outcomes[1].curves.train_loss[0, 1]))
    study.close()
    report = study.report()
    assert study.progress().state == "cancelled"
    assert np.isfinite(report.outcomes[0].error).tolist() == [True, False]
    assert report.outcomes[0].difference.seeds == 1
    assert "one seed says nothing about chance" in report.sentence(report.outcomes[0])
    assert [np.isnan(outcome.difference.mean) for outcome in report.ranking()] == [False, True]


def test_it_can_be_polled_at_any_time(running: Any) -> None:
    experiment = quick()
    study = TwinStudy(experiment, [variant("training.l1=0.01"), variant("data.train_share=0.7")], 800, seeds=4)
    with study:
        assert study.progress().state == "waiting"
        assert (study.progress().share, study.report().baseline.train_loss.shape[0]) == (0.0, 4)
        assert np.isnan(study.progress().seconds_left)
        study.start()
        shares, waits, errors = [], [], []
        while not study.progress().over:
            progress, report = study.progress(), study.report()
            shares.append(progress.share)
            waits.append(progress.seconds_left)
            errors.append([outcome.error for outcome in report.outcomes])
            for outcome in report.outcomes:
                assert outcome.difference.seeds <= 4
                assert outcome.curve.mean.shape == report.epochs.shape
        errors.append([outcome.error for outcome in study.report().outcomes])
    assert study.progress().share == 1.0
    assert study.progress().seconds_left == 0.0
    assert (np.diff(shares) >= 0.0).all()
    assert all(0.0 <= share <= 1.0 for share in shares)
    assert any(share > 0.1 for share in shares[:-1])
    assert any(np.isfinite(seconds) and seconds > 0.0 for seconds in waits)
    found = np.array(errors)  # what is known once stays as it is
    for before, after in pairwise(found):
        known = np.isfinite(before)
        np.testing.assert_array_equal(before[known], after[known])


def test_the_estimate_of_what_is_left_is_about_right(running: Any) -> None:
    layers = "network.layers=[{kind='linear', units=48}, 'tanh', {kind='linear', units=48}, 'tanh']"
    experiment = quick(layers, "data.source.samples=400")
    study = running(experiment, [variant("training.l1=0.001", start=experiment)], 4_000, 4, threads=1)
    wait(lambda: study.progress().share > 0.3)
    began, seconds = time.perf_counter(), study.progress().seconds_left
    assert study.join(120.0)
    taken = time.perf_counter() - began
    assert taken / 4 < seconds < 4 * taken


def test_a_study_that_never_began_is_closed_like_any_other() -> None:
    with TwinStudy(quick(), [variant()], epochs=5) as study:
        pass
    assert study.join(0.0)
    with pytest.raises(ValueError, match="at least one epoch and one seed, not 0 and 5"):
        TwinStudy(quick(), [], epochs=0)
    with pytest.raises(ValueError, match="not 5 and 0"):
        TwinStudy(quick(), [], epochs=5, seeds=0)


def test_a_baseline_alone_has_a_band() -> None:
    report = finished(TwinStudy(quick(), [], epochs=4, seeds=3))
    assert np.isfinite(report.baseline.test_error).all()
    assert report.baseline.test_error.shape == (3, 5)
    assert report.outcomes == report.ranking() == ()
