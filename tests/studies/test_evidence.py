"""Gradients of single samples and the evidence criterion: against autograd, differences, the engine and brute force."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sessions import wait
from ways import way

from nnviz.data.dataset import DataError, SplitData
from nnviz.data.split import prepare
from nnviz.data.subset import with_training_rows
from nnviz.engines.choose import make_engine
from nnviz.engines.engine import Engine
from nnviz.engines.settings import TrainingSettings
from nnviz.experiment import Experiment
from nnviz.network.build import build
from nnviz.network.layers import ShapeError
from nnviz.project.library import Library
from nnviz.session import Session
from nnviz.settings import SettingsError
from nnviz.snapshot import Status
from nnviz.studies import evidence, sample_gradients
from nnviz.studies.evidence import NOTHING, EvidenceReport, EvidenceStudy, sentence
from nnviz.studies.repeating import Way, way_of
from nnviz.studies.sample_gradients import SampleGradients

FEW_DIGITS = "data.source={kind='digits', samples=24}"

CASES = {
    "dense, two classes": ["data.source.samples=40", "network.layers=[{kind='linear', units=6}, 'tanh']"],
    "all activations, layer norm, dropout": [
        FEW_DIGITS,
        "network.layers=['flatten', {kind='linear', units=6}, 'gelu', 'layer-norm', {kind='linear', units=5}, 'silu', "
        "{kind='dropout', rate=0.5}, {kind='linear', units=5}, 'softplus']",
    ],
    "convolution, batch norm, pooling": [
        FEW_DIGITS,
        "network.layers=[{kind='conv2d', filters=2}, 'batch-norm', 'tanh', 'max-pool', 'average-pool', 'flatten']",
    ],
    "smoothed targets, ReLU": [
        FEW_DIGITS,
        "network.layers=['flatten', {kind='linear', units=7}, 'relu']",
        "training.label_smoothing=0.2",
    ],
    "regression, Huber": [
        "data.source={kind='noisy-sine', samples=30}",
        "network.layers=[{kind='linear', units=5}, 'sine']",
        "training.loss=huber",
    ],
}


def made(*settings: str, epochs: int = 2) -> tuple[Experiment, SplitData, Engine]:
    """Return an experiment, its samples, and an engine after some epochs of full batches in double precision."""
    more = ["training.precision=float64", "training.batch_size=1000", "training.learning_rate=0.05", *settings]
    experiment = Experiment().with_settings(more)
    data = prepare(experiment.data)
    engine = make_engine(experiment.network, experiment.training, data, 3)
    engine.train_epochs(epochs)
    return experiment, data, engine


def gradients_of(experiment: Experiment, data: SplitData) -> SampleGradients:
    return SampleGradients(experiment.network, experiment.training, data)


def one_by_one(experiment: Experiment, data: SplitData, engine: Engine) -> np.ndarray:
    """Return the gradient of each row of the training part by plain autograd, one backward pass for each: (n, D)."""
    state, training = engine.state(), experiment.training
    module, loss = build(engine.plan).double().eval(), engine.loss
    with torch.no_grad():
        for parameter, slot in zip(module.parameters(), engine.plan.slots, strict=True):
            parameter.copy_(torch.from_numpy(slot.view(state.parameters).copy()))
        for name, buffer in module.named_buffers():
            buffer.copy_(torch.from_numpy(np.array(state.buffers[name])))
    y = loss.encode(data.train.targets, data.n_classes)
    if training.label_smoothing:
        y = loss.smoothed(y, data.n_classes, training.label_smoothing)
    rows = []
    for x, target in zip(data.train.x, y, strict=True):
        module.zero_grad()
        outputs = module(torch.tensor(x.reshape(1, *engine.plan.input_shape), dtype=torch.float64))
        loss.torch(outputs, torch.tensor(np.array([target]))).backward()
        rows.append(torch.cat([p.grad.reshape(-1) for p in module.parameters()]).numpy().copy())
    return np.array(rows)


# ---------------------------------------------------------------- gradients of single samples


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_of_autograd_one_by_one(name: str) -> None:
    experiment, data, engine = made(*CASES[name])
    found, state, expected = gradients_of(experiment, data), engine.state(), one_by_one(experiment, data, engine)
    whole = np.concatenate([part for part, _ in found.parts(state.parameters, state.buffers)])
    np.testing.assert_allclose(whole, expected, rtol=1e-9, atol=1e-12)
    moments = found.moments(state.parameters, state.buffers)
    np.testing.assert_allclose(moments.mean, expected.mean(axis=0), rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(moments.variance, expected.var(axis=0, ddof=1), rtol=1e-9, atol=1e-13)
    assert moments.samples == len(data.train)
    if not experiment.training.label_smoothing:  # the engine reports the loss of the plain targets
        assert moments.loss == pytest.approx(float(engine.measure()["train_loss"][0]), rel=1e-6)


def test_they_are_differences_of_the_loss_of_one_sample() -> None:
    experiment, data, engine = made(*CASES["dense, two classes"])
    p = engine.parameters()
    found = gradients_of(experiment, data)
    whole = np.concatenate([part for part, _ in found.parts(p)])
    step = 1e-6
    for d in range(len(p)):
        moved = np.zeros_like(p)
        moved[d] = step
        up, down = (np.concatenate([loss for _, loss in found.parts(p + sign * moved)]) for sign in (1, -1))
        np.testing.assert_allclose(whole[:, d], (up - down) / (2 * step), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("engine", ["compiled", "torch"])
def test_their_mean_is_the_gradient_that_the_engine_steps_along(engine: str) -> None:
    experiment, data, trained = made(*CASES["dense, two classes"], f"training.engine={engine}")
    before = trained.parameters()
    trained.train_steps(1)  # one batch is the whole training part
    np.testing.assert_allclose(gradients_of(experiment, data).moments(before).mean, trained.gradients(), rtol=1e-9)
    assert trained.name == engine


def test_samples_in_parts_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment, data, engine = made(*CASES["dense, two classes"])
    found, p = gradients_of(experiment, data), engine.parameters()
    whole = found.moments(p)
    monkeypatch.setattr(sample_gradients, "_VALUES", 3 * len(p))
    parts = [len(losses) for _, losses in found.parts(p)]
    assert max(parts) == 3
    assert len(parts) > 3
    again = found.moments(p)
    np.testing.assert_allclose(again.mean, whole.mean, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(again.variance, whole.variance, rtol=1e-10, atol=1e-15)
    assert again.loss == pytest.approx(whole.loss, rel=1e-12)


def test_it_ends_in_the_middle_of_a_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment, data, engine = made(*CASES["dense, two classes"])
    monkeypatch.setattr(sample_gradients, "_VALUES", 3 * len(engine.parameters()))
    study, parts, one_by_one = EvidenceStudy(way(experiment, 3), Library()), [], SampleGradients._one_by_one

    def counted(gradients: SampleGradients, views: Any, rows: slice) -> Any:
        parts.append(rows)
        if len(parts) == 2:
            study.cancel()
        return one_by_one(gradients, views, rows)

    monkeypatch.setattr(SampleGradients, "_one_by_one", counted)
    study.start()
    assert study.join(60)
    assert len(parts) == 2 < len(data.real_train) / 3
    assert study.progress().state == "cancelled"
    assert not len(study.report().epochs)


def test_changed_copies_are_no_further_samples() -> None:
    """Their gradients are averaged with that of their sample; the mean is still that of the whole training part."""
    experiment, data, engine = made("data.source.samples=30", "data.copies=2", "data.jitter=0.01", epochs=1)
    assert data.copies == 2
    real, moved = data.real_train, data.train.x.reshape(3, -1, data.n_features)
    assert abs(moved - real.x).max() < 0.1, "each set of copies has the samples in their order"
    rows = one_by_one(experiment, data, engine)
    grouped = rows.reshape(3, len(data.real_train), -1).mean(axis=0)
    moments = gradients_of(experiment, data).moments(engine.parameters())
    assert moments.samples == len(data.real_train)
    np.testing.assert_allclose(moments.mean, rows.mean(axis=0), rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(moments.variance, grouped.var(axis=0, ddof=1), rtol=1e-9, atol=1e-13)


def test_what_cannot_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment, data, _ = made(*CASES["smoothed targets, ReLU"], epochs=1)
    with pytest.raises(DataError, match="at least two training samples"):
        gradients_of(experiment, with_training_rows(data, np.array([0])))
    with pytest.raises(ShapeError, match="Flatten"):
        gradients_of(experiment.with_settings(["network.layers=[{kind='linear', units=3}]"]), data)
    monkeypatch.setattr(sample_gradients, "MOST_VALUES", 1_000)
    with pytest.raises(SettingsError, match="up to 1,000 numbers at a time"):
        gradients_of(experiment, data)


def test_a_layer_that_torch_cannot_take_apart_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever looks at values of single samples, as a condition does, cannot be computed for all of them at once."""
    from nnviz.network.torch_modules import Sine

    def forward(self: Sine, x: torch.Tensor) -> torch.Tensor:
        return torch.sin(x) if x.sum() > 0 else x

    experiment, data, engine = made("data.source.samples=20", "network.layers=[{kind='linear', units=3}, 'sine']")
    monkeypatch.setattr(Sine, "forward", forward)
    with pytest.raises(SettingsError, match="cannot give the gradient of every sample"):
        gradients_of(experiment, data).moments(engine.parameters())


# ---------------------------------------------------------------- the criterion along a run


def played(session: Session, epochs: int) -> Way:
    """Train the run in front for some epochs and return its way."""
    wait(session, lambda: session.run.status is Status.READY and session.run.snapshot is not None)
    session.step_epoch(epochs)
    wait(session, lambda: session.run.epoch == epochs and session.run.status is Status.PAUSED)
    return way_of(session.run)


def measured(way: Way) -> EvidenceReport:
    with EvidenceStudy(way, Library()) as study:
        study.start()
        assert study.join(60)
        assert study.progress().state == "finished", study.progress().text
        return study.report()


def by_hand(way: Way, epoch: int) -> float:
    """Return the criterion at an epoch of a run that was never changed, from gradients one by one."""
    experiment = way.experiment
    data = Library().prepare(experiment.data)
    engine = make_engine(experiment.network, experiment.training, data, experiment.seed)
    if epoch:
        engine.train_epochs(epoch)
    rows = one_by_one(experiment, data, engine)
    n, g = len(rows), rows.sum(axis=0) / len(rows)
    variance = ((rows - g) ** 2).sum(axis=0) / (n - 1)
    return float(1.0 - n / len(g) * sum(g[d] ** 2 / variance[d] for d in range(len(g))))


def test_the_criterion_is_its_formula_at_every_epoch_of_a_run(session_of) -> None:
    way = played(session_of(), 25)
    report = measured(way)
    assert report.epochs.tolist() == list(range(26)), "so short a run is measured at every epoch"
    assert report.exact is True
    for epoch in (0, 1, 7, 25):
        assert report.statistic[epoch] == pytest.approx(by_hand(way, epoch), rel=1e-6, abs=1e-9)
    held = np.flatnonzero(report.statistic > 0)
    assert report.call.epoch == (int(held[0]) if len(held) else None)


def test_a_loss_that_is_next_to_nothing_has_gradients_that_say_as_much(session_of: Any) -> None:
    apart = "data.source={kind='blobs', classes=2, samples=40, noise=0.3}"
    way = played(session_of(apart, "training.optimizer=adam", "training.learning_rate=0.5"), 600)
    report = measured(way)
    assert report.loss[-1] < 1e-5
    assert report.epochs[-1] == 600
    assert report.statistic[-1] == pytest.approx(by_hand(way, 600), rel=1e-6)
    assert report.signal[-1] == pytest.approx((1.0 - by_hand(way, 600)) / report.samples[-1], rel=1e-6)


def test_samples_and_settings_of_every_chapter_count(session_of) -> None:
    session = session_of("training.optimizer=sgd")
    played(session, 5)
    session.configure(session.experiment.with_settings(["data.label_noise=0.3", "training.batch_size=30"]))
    wait(session, lambda: len(session.run.chapters) == 2)
    session.step_epoch(5)
    wait(session, lambda: session.run.epoch == 10 and session.run.status is Status.PAUSED)
    report = measured(way_of(session.run))
    assert report.exact is True
    assert report.batch[0] != 30
    assert report.batch[-1] == 30
    data = Library().prepare(session.experiment.data)
    losses = session.run.history.column("train_loss")
    assert report.loss[-1] == pytest.approx(float(losses[-1]), rel=1e-4)
    assert report.samples.tolist() == [len(data.train)] * 11


def test_epochs_between_are_looked_at_where_it_comes_to_hold(session_of, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "FEWEST_MARKS", 6)
    monkeypatch.setattr(evidence, "MARKS", 6)
    # full batches without noise of batches: the criterion rises smoothly as the gradient goes away
    way = played(session_of("training.batch_size=1000", "training.optimizer=adam", "training.learning_rate=0.05"), 120)
    coarse = set(way.marks(6).tolist())
    report = measured(way)
    called = report.call.epoch
    assert called is not None
    assert len(coarse) < len(report.epochs) <= len(coarse) + evidence.FINER
    before = int(report.epochs[np.searchsorted(report.epochs, called) - 1])
    gap = max(b - a for a, b in zip(sorted(coarse), sorted(coarse)[1:], strict=False))
    assert called - before <= max(1, gap // evidence.FINER + 1)
    assert by_hand(way, called) > 0.0 >= by_hand(way, before)


def test_the_mean_over_batches_is_that_of_the_property() -> None:
    """Over all batches of 3 of 7 samples, with the variance of all of them: the identity behind `batch_statistic`."""
    from itertools import combinations

    rows = np.random.default_rng(4).normal(0.2, 1.0, (7, 5))
    variance = rows.var(axis=0, ddof=1)
    single = [1.0 - 3 * np.mean(rows[list(batch)].mean(axis=0) ** 2 / variance) for batch in combinations(range(7), 3)]
    whole = 1.0 - 7 * np.mean(rows.mean(axis=0) ** 2 / variance)
    report = replace(
        NOTHING, statistic=np.array([whole]), samples=np.array([7]), batch=np.array([3]), epochs=np.array([0])
    )
    assert report.batch_statistic[0] == pytest.approx(np.mean(single), rel=1e-12)


def test_what_it_says(session_of) -> None:
    way = played(session_of(), 3)
    epochs, n = np.array([0, 10, 20, 30]), np.full(4, 50)
    report = EvidenceReport(
        epochs,
        np.array([-9.0, -0.5, 0.25, -0.1]),
        np.array([0.5, 0.15, 0.02, 0.03]),
        np.ones(4),
        n,
        np.full(4, 10),
        np.array([0.0, 0.0, 0.3, 0.0]),
        TrainingSettings(),
    )
    said = sentence(report, way)
    assert "At epoch 20 the gradient of the 50 training samples" in said
    assert "criterion 0.25); so it is at 0 of the 1 epochs measured later." in said
    assert "A batch of 10 is more noise than signal from epoch 20 on." in said
    assert "30 % of the parameters have no gradient" in said
    assert "approximate" not in said
    adam = Experiment().with_settings(["training.optimizer=adam", "training.weight_decay=0.1"]).training
    said = sentence(replace(report, training=adam, statistic=np.array([-9.0, -0.5, -0.25, -1.0]), batch=n), way)
    assert "more than chance at all 4 epochs measured, up to 30; the criterion came nearest to 0 at epoch 20" in said
    assert "derived for plain SGD; with Adam it is approximate" in said
    assert "L1 or L2" in said
    assert "A batch" not in said
    assert sentence(NOTHING, way) == ""
