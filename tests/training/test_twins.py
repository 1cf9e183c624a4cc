"""Twin studies: every member trains as it would alone, and is compared on the samples that both are tested on."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import numpy as np
import pytest
import scipy.stats
from twin_runs import finished, quick, variant

from nnviz.analysis.paired import paired_difference
from nnviz.cures import cures
from nnviz.data.split import prepare, split_indices
from nnviz.experiment import Experiment, bundled
from nnviz.training.trainer import Trainer
from nnviz.training.twin_report import Report, Variant
from nnviz.training.twins import COLUMNS, POINTS, TwinStudy, common_epochs

WRONG = ["data.source=plane", "data.source.samples=80", "training.loss=squared", "training.learning_rate=0.12"]
"""A linear network that diverges after a few epochs."""


class Alone:
    """An experiment trained by itself, in slices of another length than those of a study."""

    def __init__(self, experiment: Experiment, seed: int, epochs: int) -> None:
        self.data = prepare(experiment.data)
        self.trainer = Trainer(experiment.replace(seed=seed), self.data)
        rows = [self.trainer.begin()]
        while self.trainer.end is None and self.trainer.engine.epoch < epochs:
            row = self.trainer.slice(0.01, min(7, epochs - self.trainer.engine.epoch))
            if row is not None:
                rows.append(row)
        self.columns = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    def error(self, rows: Any = slice(None)) -> float:
        """Return the test error on some samples, from outputs and targets in their own units."""
        engine, test = self.trainer.engine, self.data.test
        outputs = engine.predict(test.x)
        if self.data.task == "classification":
            return float(np.mean(engine.loss.classes(outputs)[rows] != test.targets[rows]))
        scaling = self.data.scaling
        wrong = scaling.unscaled_target(outputs[:, 0].astype(np.float64)) - scaling.unscaled_target(test.targets)
        return float(np.sqrt(np.mean(wrong[rows] ** 2)))


def same_as_alone(study: TwinStudy, report: Report) -> None:
    """Compare all curves with those of experiments trained alone, bit for bit, where both were measured."""
    twins = [(study.baseline, report.baseline)]
    twins += [(outcome.experiment, outcome.curves) for outcome in report.outcomes]
    for experiment, curves in twins:
        for row, seed in enumerate(report.seeds):
            alone = Alone(experiment, seed, study.epochs).columns
            for name in COLUMNS:
                wanted = np.full(len(report.epochs), np.nan)
                among = np.isin(report.epochs, alone["epoch"])
                wanted[among] = alone[name][np.searchsorted(alone["epoch"], report.epochs[among])]
                np.testing.assert_array_equal(getattr(curves, name)[row], wanted, err_msg=f"{experiment.name} {name}")


# ---------------------------------------------------------------- as alone


@pytest.mark.parametrize("threads", [1, 3])
def test_every_member_trains_as_it_would_alone(threads: int) -> None:
    variants = [
        variant("network.layers=[{kind='linear', units=6}, 'tanh', 'dropout']"),
        variant("training.weight_decay=0.01", "training.optimizer=adam"),
        variant("training.engine=torch"),
        variant("network.layers=[{kind='linear', units=3}, 'tanh', 'batch-norm']"),
        variant("data.train_share=0.7"),
        variant("data.copies=2", "data.label_noise=0.2"),
        variant("training.schedule=cosine", "training.epochs=20"),
    ]
    study = TwinStudy(quick(), variants, epochs=12, seeds=3, threads=threads)
    report = finished(study)
    assert report.seeds == (0, 1, 2)
    assert report.epochs.tolist() == list(range(13))
    assert [outcome.problem for outcome in report.outcomes] == [""] * len(variants)
    same_as_alone(study, report)
    for outcome in report.outcomes:
        assert np.isfinite(outcome.error).all()
        assert outcome.judged_epoch.tolist() == [12, 12, 12]
        np.testing.assert_array_equal(outcome.error, outcome.shared_error[:, -1])


def test_pictures_are_trained_by_torch_as_alone_whatever_other_threads_ask_of_it() -> None:
    import torch

    experiment = bundled("digits").with_settings(["data.source.samples=200"])
    over = threading.Event()

    def disturb() -> None:
        while not over.is_set():
            for threads in (2, 1):
                torch.set_num_threads(threads)
            time.sleep(0.001)

    other = threading.Thread(target=disturb)
    other.start()
    try:
        study = TwinStudy(experiment, [variant("training.weight_decay=0.01", start=experiment)], epochs=2, seeds=2)
        report = finished(study)
        same_as_alone(study, report)
    finally:
        over.set()
        other.join()


def test_a_twin_without_a_change_is_the_same() -> None:
    report = finished(TwinStudy(quick("seed=9"), [("nothing", quick("seed=9"), "last")], epochs=5, seeds=4))
    outcome = report.outcomes[0]
    assert report.seeds == (9, 10, 11, 12)
    assert (outcome.difference.mean, outcome.difference.low, outcome.difference.high) == (0.0, 0.0, 0.0)
    assert outcome.test_samples == 40
    assert len(set(report.baseline.train_loss[:, 5])) == 4, "seeds differ"
    assert report.sentence(outcome).startswith("Nothing makes no clear difference to test error at epoch 5 (0.0 ± 0.0")


def test_seeds_begin_again_after_the_last_one() -> None:
    last = 2**31 - 1
    assert TwinStudy(quick(f"seed={last}"), [], 1, seeds=3).seeds == (last, 0, 1)


# ---------------------------------------------------------------- curves that stay small


@pytest.mark.parametrize("epochs", [1, 5, 399, 400, 401, 1_234, 50_000, 100_000_000])
def test_common_epochs_are_few_and_hold_both_ends(epochs: int) -> None:
    points = common_epochs(epochs)
    assert (points[0], points[-1]) == (0, epochs)
    assert (np.diff(points) > 0).all()
    assert len(points) <= POINTS
    if epochs < POINTS:
        assert len(points) == epochs + 1
    else:
        assert np.diff(points).max() <= epochs / (POINTS // 2 - 1) + 1
        early = np.count_nonzero(points <= np.sqrt(epochs))
        assert early > 0.6 * min(np.sqrt(epochs), POINTS / 4), "a logarithmic axis has points as well"


def test_long_curves_are_those_of_a_lone_run_at_the_common_epochs() -> None:
    study = TwinStudy(quick(), [variant("training.learning_rate=0.1")], epochs=1_500, seeds=2)
    report = finished(study)
    assert report.baseline.train_loss.shape == (2, len(report.epochs)) <= (2, POINTS)
    assert np.isfinite(report.baseline.train_loss).all()
    same_as_alone(study, report)


# ---------------------------------------------------------------- the samples that count


@pytest.mark.parametrize("start", ["noisy-labels", "diabetes", "sine"])
def test_errors_are_compared_on_the_samples_of_both_test_parts(start: str) -> None:
    experiment = bundled(start)
    larger = variant("data.train_share=0.75", start=experiment)
    split_off = variant("data.validation_share=0.2", start=experiment)
    raw = variant("data.standardize=false", start=experiment)
    report = finished(TwinStudy(experiment, [larger, split_off, raw], epochs=3, seeds=2))
    dataset = experiment.data.source.load(experiment.data.seed)
    baseline_test = split_indices(dataset, experiment.data)[2]
    for outcome in report.outcomes:
        test = split_indices(dataset, outcome.experiment.data)[2]
        both = np.intersect1d(test, baseline_test)
        assert outcome.test_samples == len(both)
        for row, seed in enumerate(report.seeds):
            pairs = ((experiment, baseline_test, outcome.baseline_error), (outcome.experiment, test, outcome.error))
            for each, part, found in pairs:
                wanted = Alone(each, seed, 3).error(np.isin(part, both))
                assert found[row] == pytest.approx(wanted, rel=1e-5)
        np.testing.assert_array_equal(outcome.baseline_shared_error[:, -1], outcome.baseline_error)
    assert report.outcomes[0].test_samples < report.outcomes[1].test_samples < report.outcomes[2].test_samples
    np.testing.assert_allclose(report.outcomes[2].baseline_error, report.baseline.test_error[:, -1], rtol=1e-5)
    assert report.target == ("" if start == "noisy-labels" else prepare(experiment.data).target_name)


def test_samples_from_elsewhere_cannot_be_compared() -> None:
    report = finished(
        TwinStudy(quick(), [variant("data.seed=1"), variant("data.source.noise=0.1"), variant()], epochs=2, seeds=2)
    )
    for outcome in report.outcomes[:2]:
        assert "come from elsewhere" in outcome.problem
        assert np.isnan(outcome.error).all()
        assert report.sentence(outcome) == outcome.problem
    assert report.outcomes[2].difference.mean == 0.0
    assert [outcome.problem != "" for outcome in report.ranking()] == [False, True, True]


def test_the_plane_of_a_picture_is_no_change_of_samples() -> None:
    report = finished(TwinStudy(quick(), [variant("data.plane.mode=principal")], epochs=2, seeds=2))
    assert report.outcomes[0].difference.mean == 0.0


# ---------------------------------------------------------------- ends


@pytest.mark.parametrize("epochs", [200, 500_000])
def test_early_stopping_counts_at_its_best_epoch(epochs: int) -> None:
    noisy = bundled("noisy-labels").with_settings(["training.epochs=200"])
    stopped = cures["early-stopping"]().applied(noisy, prepare(noisy.data)).with_settings(["training.patience=15"])
    study = TwinStudy(noisy, [Variant(stopped.name, stopped, "best")], epochs, seeds=3)
    report = finished(study)
    same_as_alone(study, report)
    outcome = report.outcomes[0]
    if epochs > POINTS:
        assert not np.isin(outcome.judged_epoch, report.epochs).all(), "the best epoch is seldom a common one"
    test = split_indices(noisy.data.source.load(0), stopped.data)[2]
    own, other = (np.isin(part, test) for part in (test, split_indices(noisy.data.source.load(0), noisy.data)[2]))
    for row, seed in enumerate(report.seeds):
        alone = Alone(stopped, seed, 200)
        best = alone.trainer.best_epoch
        assert outcome.judged_epoch[row] == best
        assert outcome.ends[row] == alone.trainer.end
        assert outcome.error[row] == Alone(stopped, seed, best).error(own)
        assert outcome.baseline_error[row] == Alone(noisy, seed, 200).error(other)
        after = report.epochs > alone.trainer.engine.epoch
        assert after.any()
        assert np.isnan(outcome.shared_error[row, after]).all()
        assert np.isfinite(outcome.shared_error[row, ~after]).all()
    assert "at its best epoch" in report.sentence(outcome)
    assert outcome.curve.seeds.tolist() == np.isfinite(outcome.shared_error).sum(axis=0).tolist()


def test_a_training_ends_where_its_experiment_says() -> None:
    baseline = quick("training.patience=3", "training.learning_rate=3.0", "data.label_noise=0.4")
    study = TwinStudy(baseline, [variant("training.epochs=5", "training.patience=0", start=baseline)], 60, seeds=3)
    report = finished(study)
    same_as_alone(study, report)
    assert report.baseline_epoch.tolist() == [Alone(baseline, seed, 60).trainer.engine.epoch for seed in report.seeds]
    assert max(report.baseline_epoch) < 60
    outcome = report.outcomes[0]
    assert outcome.judged_epoch.tolist() == [5, 5, 5]
    assert {end.text for end in outcome.ends if end is not None} == {"Reached the epoch limit of 5."}
    assert "at the end" in report.sentence(outcome)


@pytest.mark.parametrize("judged_at", ["last", "best"])
def test_divergence_is_a_result(judged_at: Any) -> None:
    calm = Experiment().with_settings([*WRONG, "network.layers=[]", "training.learning_rate=0.01"])
    wild = variant("training.learning_rate=0.12", start=calm, judged_at=judged_at)
    worse = variant("training.learning_rate=0.0001", start=calm)
    study = TwinStudy(calm, [wild, worse], epochs=300, seeds=2)
    report = finished(study)
    same_as_alone(study, report)
    outcome = report.outcomes[0]
    assert outcome.problem == ""
    assert outcome.diverged == 2
    for row, seed in enumerate(report.seeds):
        alone = Alone(wild.experiment, seed, 300)
        assert alone.trainer.end is not None
        assert outcome.ends[row] == alone.trainer.end
        assert "Diverged in epoch" in alone.trainer.end.text
        if judged_at == "last":
            assert outcome.error[row] == pytest.approx(alone.error(), rel=1e-6)
            assert outcome.judged_epoch[row] == alone.trainer.engine.epoch
        else:
            assert outcome.judged_epoch[row] == alone.trainer.best_epoch
    assert np.isfinite(outcome.error).all()
    assert report.ranking()[-1] is outcome, "behind one that is worse but stands"


def test_what_cannot_be_trained_is_said_and_the_others_go_on() -> None:
    variants = [
        variant("network.layers=['max-pool']"),
        variant("training.loss=huber", "training.label_smoothing=0.0"),
        variant("data.train_share=0.95", "data.validation_share=0.5"),
    ]
    report = finished(TwinStudy(quick(), variants, epochs=2, seeds=2))
    assert "works on images" in report.outcomes[0].problem
    assert report.outcomes[0].problem.startswith("Network.layers=['max-pool'] cannot be trained: ")
    assert "0 for testing" in report.outcomes[2].problem
    assert report.outcomes[1].problem == ""
    assert np.isfinite(report.outcomes[1].error).all()


@pytest.mark.parametrize(
    ("settings", "words"),
    [(["network.layers=['max-pool']"], "works on images"), (["data.source=drawing"], "The drawing is empty")],
)
def test_a_baseline_that_cannot_be_trained_ends_the_study(settings: list[str], words: str) -> None:
    study = TwinStudy(quick().with_settings(settings), [variant()], epochs=2)
    report = finished(study)
    assert study.progress().state == "failed"
    assert study.progress().over
    assert words in study.progress().text
    assert np.isnan(report.outcomes[0].error).all()
    assert report.sentence(report.outcomes[0]) == "Nothing has not been compared yet."


def test_a_defect_becomes_a_sentence(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    whole = Trainer.slice

    def broken(trainer: Trainer, seconds: float, epochs: int | None = None) -> Any:
        if trainer.experiment.training.l1:
            raise ZeroDivisionError("by hand")
        return whole(trainer, seconds, epochs)

    monkeypatch.setattr(Trainer, "slice", broken)
    study = TwinStudy(quick(), [variant("training.l1=0.1"), variant()], epochs=2, seeds=2)
    with caplog.at_level(logging.ERROR):
        report = finished(study)
    assert report.outcomes[0].problem == "Training.l1=0.1 failed: ZeroDivisionError: by hand"
    assert report.outcomes[1].difference.mean == 0.0
    assert study.progress().state == "finished"
    assert "ZeroDivisionError" in caplog.text


# ---------------------------------------------------------------- a network that overfits


def test_cures_of_noisy_labels_are_found_with_certainty() -> None:
    """120 samples of which 24 are mislabelled, and a network that learns them by heart."""
    experiment = bundled("noisy-labels")
    data = prepare(experiment.data)
    cured = [cures[name]().applied(experiment, data) for name in ("weight-decay", "early-stopping", "fewer-units")]
    variants = [Variant(each.name, each, at) for each, at in zip(cured, ("last", "best", "last"), strict=True)]
    report = finished(TwinStudy(experiment, variants, epochs=400, seeds=6))
    assert report.baseline.train_error[:, -1].max() < 0.1, "it learns wrong labels"
    decay, stopping, _ = report.outcomes
    assert decay.difference.high < -0.08
    assert stopping.difference.high < -0.03
    assert report.ranking()[0] is decay
    assert "Weight decay 0.01 lowers test error at epoch 400 by " in report.sentence(decay)
    assert report.sentence(decay).endswith(" pp (95 % confidence, 6 seeds).")
    again: Any = scipy.stats.ttest_rel(decay.error, decay.baseline_error)
    interval = again.confidence_interval(0.95)
    assert decay.difference.low == pytest.approx(interval.low)
    assert decay.difference.high == pytest.approx(interval.high)
    by_hand = paired_difference(decay.baseline_error, decay.error)
    assert by_hand.mean == pytest.approx(np.mean(decay.error) - np.mean(decay.baseline_error))
