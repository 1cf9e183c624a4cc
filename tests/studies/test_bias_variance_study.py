"""Studies of bias and variance: the same numbers as networks that are trained one by one, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz.analysis.bias_variance import decomposition
from nnviz.data.dataset import Part, SplitData
from nnviz.data.fresh import fresh_part, fresh_split
from nnviz.data.split import prepare
from nnviz.data.subset import with_training_rows
from nnviz.data.truth import truth_of
from nnviz.engines.choose import make_engine
from nnviz.engines.engine import Engine
from nnviz.engines.losses import Loss
from nnviz.engines.settings import TrainingSettings
from nnviz.experiment import Experiment
from nnviz.network.settings import NetworkSettings
from nnviz.settings import SettingsError
from nnviz.studies import bias_variance
from nnviz.studies.bias_variance import (
    MARKS,
    BiasVariance,
    BiasVarianceOverWidth,
    EpochsReport,
    Resampling,
    WidthsReport,
    widened,
)
from nnviz.studies.judge import judge_of, new_seed

QUICK = Experiment().with_settings(
    ["data.source.samples=40", "network.layers=[{kind='linear', units=3}, 'tanh']", "training.batch_size=10"]
)
SINE = QUICK.with_settings(["data.source={kind='noisy-sine', samples=40}", "data.standardize=true"])
IRIS = QUICK.with_settings(["data.source={kind='iris'}"])


def finished(study: BiasVariance | BiasVarianceOverWidth) -> EpochsReport | WidthsReport:
    with study:
        study.start()
        assert study.join(60)
        assert study.progress().state == "finished", study.progress().text
        report = study.report()
    assert report is not None
    return report


@pytest.mark.parametrize("resampling", ["fresh", "bootstrap", "same"])
def test_the_numbers_are_those_of_networks_trained_one_by_one(resampling: Resampling) -> None:
    report = finished(BiasVariance(QUICK, 12, 4, resampling))
    assert isinstance(report, EpochsReport)
    data, judge = prepare(QUICK.data), judge_of(QUICK.data, prepare(QUICK.data), 1_000)
    outputs = []
    for number in range(4):
        own = data
        if resampling == "fresh":
            own = fresh_split(QUICK.data, new_seed(QUICK.data, 1 + number), data)
        elif resampling == "bootstrap":
            rows = np.random.default_rng([QUICK.data.seed, 7, number]).integers(0, 20, 20)
            own = with_training_rows(data, rows)
        engine = make_engine(QUICK.network, QUICK.training, own, QUICK.seed + number)
        engine.train_epochs(12)
        outputs.append(engine.loss.probabilities(engine.predict(judge.x)))
    expected = decomposition(np.stack(outputs), judge.truth, judge.noise)
    assert report.averages.bias_squared[-1] == pytest.approx(expected.bias_squared, rel=1e-5)
    assert report.averages.variance[-1] == pytest.approx(expected.variance, rel=1e-5)
    assert report.averages.variance_error[-1] == pytest.approx(expected.variance_error, rel=1e-5)
    assert report.averages.error[-1] == pytest.approx(expected.error, rel=1e-5)
    assert report.epochs.tolist() == list(range(13))


@pytest.mark.parametrize("engine", ["compiled", "torch"])
@pytest.mark.parametrize(
    "loss", [name for name in Loss.registry.names() if "classification" in Loss.registry[name].tasks]
)
def test_every_loss_of_classes_learns_from_fresh_samples(loss: str, engine: str) -> None:
    """Blobs are not scaled, so that those of another data seed are the fresh samples of a network."""
    settings = ["data.source={kind='blobs', classes=3, samples=40}", f"training={{loss='{loss}', engine='{engine}'}}"]
    blobs = QUICK.with_settings(settings)
    report = finished(BiasVariance(blobs, 2, 2, "fresh", threads=1))
    assert isinstance(report, EpochsReport)
    judge, outputs = judge_of(blobs.data, prepare(blobs.data), 1_000), []
    for number in range(2):
        own = prepare(blobs.data.replace(seed=new_seed(blobs.data, 1 + number)))
        alone = make_engine(blobs.network, blobs.training, own, blobs.seed + number)
        alone.train_epochs(2)
        outputs.append(alone.loss.probabilities(alone.predict(judge.x)))
    expected = decomposition(np.stack(outputs), judge.truth, judge.noise)
    assert report.averages.bias_squared[-1] == pytest.approx(expected.bias_squared, rel=1e-5)
    assert report.averages.variance[-1] == pytest.approx(expected.variance, rel=1e-5)


def test_a_bootstrap_draws_samples_and_not_their_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of n samples drawn n times about 1 - 1/e are there; each brings its copies as often as it was drawn itself."""
    parts: list[Part] = []

    def noted(network: NetworkSettings, training: TrainingSettings, data: SplitData, seed: int) -> Engine:
        parts.append(data.train)
        return make_engine(network, training, data, seed)

    monkeypatch.setattr(bias_variance, "make_engine", noted)
    copied = QUICK.with_settings(["data.source={kind='moons', samples=400}", "data.copies=4", "data.jitter=0.1"])
    finished(BiasVariance(copied, 1, 2, "bootstrap", threads=1))
    whole, n = prepare(copied.data).train.x, 200
    place = {row.tobytes(): number for number, row in enumerate(whole)}
    for part in parts:
        drawn = np.bincount([place[row.tobytes()] for row in part.x], minlength=len(whole)).reshape(5, n)
        assert len(part) == len(whole)
        np.testing.assert_array_equal(drawn, np.tile(drawn[0], (5, 1)))
        assert np.mean(drawn[0] > 0) == pytest.approx(1 - np.exp(-1), abs=0.1)


def test_the_surfaces_are_mean_and_spread_of_the_members() -> None:
    report = finished(BiasVariance(QUICK, 3, 5))
    assert isinstance(report, EpochsReport)
    assert report.surfaces is not None
    mean, spread, members = report.surfaces.mean, report.surfaces.spread, report.surfaces.members
    assert report.surfaces.epoch == 3
    assert members.shape == (5, *mean.shape)
    np.testing.assert_allclose(mean, members.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(spread, members[..., 1].std(axis=0, ddof=1), atol=1e-5)
    assert mean.shape == (50, 50, 2)


def test_a_regression_is_judged_in_its_own_units() -> None:
    report = finished(BiasVariance(SINE, 5, 6))
    assert isinstance(report, EpochsReport)
    assert report.averages.unit == "y²"
    assert report.averages.noise == pytest.approx(0.2**2)
    assert report.surfaces is not None
    assert report.surfaces.mean.ndim == 1
    np.testing.assert_allclose(report.surfaces.spread, report.surfaces.members.std(axis=0, ddof=1), atol=1e-5)
    data = prepare(SINE.data)
    judge = judge_of(SINE.data, data, 300)
    part = fresh_part(SINE.data.source, 300, new_seed(SINE.data, 0), data)
    apart = data.scaling.unscaled_target(part.targets) - judge.truth[:, 0]
    assert np.std(apart) == pytest.approx(0.2, rel=0.15)


def test_without_the_truth_bias_and_noise_are_one() -> None:
    report = finished(BiasVariance(IRIS, 2, 3, "bootstrap"))
    assert isinstance(report, EpochsReport)
    assert np.isnan(report.averages.noise)
    assert np.isfinite(report.averages.error).all()
    assert truth_of(IRIS.data.source) is None
    with pytest.raises(SettingsError, match="choose bootstrap"):
        BiasVariance(IRIS, 2, 3, "fresh")


@pytest.mark.parametrize(("epochs", "networks"), [(0, 4), (5, 1)])
def test_too_little_to_decompose(epochs: int, networks: int) -> None:
    with pytest.raises(SettingsError, match="at least two networks and one epoch"):
        BiasVariance(QUICK, epochs, networks)


def test_networks_that_diverge_are_told() -> None:
    wild = SINE.with_settings(["training.learning_rate=100", "network.layers=[{kind='linear', units=3}, 'relu']"])
    with BiasVariance(wild, 400, 3) as study:
        study.start()
        assert study.join(60)
        assert study.progress().state == "failed"
        assert "diverged" in study.progress().text


def test_marks_do_not_depend_on_how_fast_it_goes() -> None:
    reports = [finished(BiasVariance(SINE, 1_500, 2, threads=threads)) for threads in (1, 2)]
    assert reports[0].epochs.tolist() == reports[1].epochs.tolist()  # type: ignore[union-attr]
    assert len(reports[0].epochs) <= MARKS  # type: ignore[arg-type]
    np.testing.assert_array_equal(reports[0].averages.variance, reports[1].averages.variance)


def test_a_long_study_shows_what_there_is_and_can_be_cancelled() -> None:
    with BiasVariance(QUICK, 1_000_000, 4) as study:
        study.start()
        seen: EpochsReport | None = None
        while seen is None or seen.epochs[-1] < 20:
            assert not study.progress().over
            study.join(0.01)
            seen = study.report()
        study.cancel()
        assert study.join(10)
        assert study.progress().state == "cancelled"
        assert seen.surfaces is not None
        assert seen.surfaces.epoch == seen.epochs[-1]


def test_over_width_every_point_is_a_study_of_its_own() -> None:
    report = finished(BiasVarianceOverWidth(SINE, 8, 4, factors=(0.1, 1.0, 2.0)))
    assert isinstance(report, WidthsReport)
    assert report.units.tolist() == [1, 3, 6]
    assert report.parameters.tolist() == [4, 10, 19]
    assert report.networks_done.tolist() == [4, 4, 4]
    for number, factor in enumerate(report.factors):
        alone = finished(BiasVariance(SINE.replace(network=widened(SINE.network, factor)), 8, 4))
        assert report.averages.variance[number] == pytest.approx(alone.averages.variance[-1], rel=1e-5)
        assert report.averages.bias_squared[number] == pytest.approx(alone.averages.bias_squared[-1], rel=1e-5)


def test_widths_need_a_hidden_layer_and_come_once() -> None:
    with pytest.raises(SettingsError, match="no hidden layer"):
        BiasVarianceOverWidth(SINE.with_settings(["network.layers=[]"]), 5)
    report = finished(BiasVarianceOverWidth(SINE, 1, 2, factors=(0.01, 0.1, 1.0)))
    assert isinstance(report, WidthsReport)
    assert report.units.tolist() == [1, 3]
