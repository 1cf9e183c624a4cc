"""Sharpness and drift at the states that a run kept: what they are, in which order, and following a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sessions import wait

from nnviz.analysis.similarity import cka
from nnviz.engines.choose import make_engine
from nnviz.engines.settings import TrainingSettings
from nnviz.experiment import Experiment
from nnviz.project.library import Library
from nnviz.run import Run
from nnviz.session import Session
from nnviz.settings import SettingsError
from nnviz.snapshot import Status
from nnviz.studies.curvature import HessianAt, LossHessian
from nnviz.studies.drift import DriftReport, DriftStudy, layer_names, relative_change
from nnviz.studies.drift import sentence as drift_words
from nnviz.studies.sharpness import SharpnessReport, SharpnessStudy, stability_limit
from nnviz.studies.sharpness import sentence as sharpness_words
from nnviz.studies.states import StatesStudy, _farthest, kept_states

TINY = [
    "training.batch_size=1000",
    "training.precision=float64",
    "training.loss=squared",
    "data.source.samples=40",
]


def played(session: Session, epochs: int) -> Run:
    """Train the run in front to an epoch limit, where its state is kept for sure."""
    session.configure(session.experiment.with_settings([f"training.epochs={epochs}"]))
    session.play()
    wait(session, lambda: session.run.status is Status.FINISHED and session.run.history.keyframes.before((epochs, 0)))
    wait(session, lambda: kept_states(session.run)[-1].epoch == epochs)
    return session.run


def done(study: StatesStudy[Any, Any]) -> Any:
    with study:
        study.start()
        assert study.join(60)
        assert study.progress().state == "finished", study.progress().text
        return study.report()


def again(run: Run, epoch: int) -> Any:
    """Return the run trained alone to an epoch."""
    experiment = run.experiment
    engine = make_engine(experiment.network, experiment.training, Library().prepare(experiment.data), experiment.seed)
    if epoch:
        engine.train_epochs(epoch)
    return engine


# ---------------------------------------------------------------- the limit


@pytest.mark.parametrize(
    "optimizer", ["sgd", "{kind='momentum', momentum=0.7}", "{kind='nesterov', momentum=0.7}", "momentum"]
)
def test_steps_grow_beyond_the_limit_and_not_below(optimizer: str) -> None:
    """On ½ λ x², with the optimizer of torch itself."""
    training = Experiment().with_settings([f"training.optimizer={optimizer}", "training.learning_rate=0.1"]).training
    limit = stability_limit(training, 5)
    for factor, grows in ((0.97, False), (1.03, True)):
        x = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
        make = getattr(torch.optim, training.optimizer.torch_name)
        steps = make([x], lr=0.1, **training.optimizer.torch_options())
        sizes = []
        for _ in range(3_000):
            steps.zero_grad()
            (0.5 * factor * limit * x**2).sum().backward()
            steps.step()
            sizes.append(abs(x.item()))
            if not 1e-100 < sizes[-1] < 1e100:
                break
        assert (sizes[-1] > 1e3) == grows, (optimizer, factor, sizes[-1])
        assert (sizes[-1] < 1e-3) == (not grows)


def test_the_limit_follows_the_schedule_and_is_unknown_for_others() -> None:
    sgd = TrainingSettings(learning_rate=0.5)
    assert stability_limit(sgd, 100) == 4.0
    falling = Experiment().with_settings(
        ["training.learning_rate=0.5", "training.schedule={kind='exponential'}", "training.epochs=100"]
    )
    later = falling.training.schedule.factor(np.array(50.0), 100)
    assert stability_limit(falling.training, 50) == pytest.approx(4.0 / float(later))
    assert np.isnan(stability_limit(Experiment().with_settings(["training.optimizer=adam"]).training, 1))


# ---------------------------------------------------------------- sharpness


def test_sharpness_at_every_state_that_was_kept(session_of: Any) -> None:
    run = played(session_of(*TINY, "training.learning_rate=0.1"), 12)
    states = kept_states(run)
    assert states[0].epoch == 0
    assert states[-1].epoch == 12
    report = done(SharpnessStudy(Library().prepare, states))
    np.testing.assert_array_equal(report.epochs, [each.epoch for each in states])
    np.testing.assert_array_equal(report.limit, 20.0)
    assert report.full_batch
    losses = run.history.column("train_loss")[np.searchsorted(run.history.column("epoch"), report.epochs)]
    np.testing.assert_allclose(report.loss, losses, rtol=1e-6)  # the history is in single precision
    experiment, data = run.experiment, Library().prepare(run.experiment.data)
    for at in (0, len(states) - 1):
        engine = again(run, states[at].epoch)
        dense = torch.autograd.functional.hessian(
            LossHessian(experiment.network, experiment.training, data).objective, torch.from_numpy(engine.parameters())
        )
        expected = np.linalg.eigvalsh(dense.numpy())[-1]
        assert report.sharpness[at] == pytest.approx(expected, rel=1e-4)


def test_what_a_report_says_of_the_limit() -> None:
    limit, loss = np.full(5, 4.0), np.zeros(5)
    rising = SharpnessReport(np.array([0, 10, 20, 30, 40]), np.array([1.0, 3.0, 4.0, 4.4, 4.2]), loss, limit, loss)
    assert rising.crossing == 20
    assert rising.late_ratio() == pytest.approx(4.2 / 4.0)
    below = SharpnessReport(rising.epochs, 0.5 * rising.sharpness, loss, limit, loss)
    assert below.crossing is None
    without = SharpnessReport(rising.epochs, rising.sharpness, loss, limit * np.nan, loss)
    assert without.crossing is None
    assert np.isnan(without.late_ratio())


def test_changed_settings_count_from_where_they_were_changed(session_of: Any) -> None:
    session = session_of(*TINY, "training.learning_rate=0.1")
    run = played(session, 4)
    session.configure(session.experiment.with_settings(["training.learning_rate=0.2", "training.weight_decay=3.0"]))
    assert played(session, 8) is run
    report = done(SharpnessStudy(Library().prepare, kept_states(run)))
    assert {20.0} == set(report.limit[report.epochs < 4])
    assert {10.0} == set(report.limit[report.epochs > 4])
    decayed = report.sharpness[report.epochs > 4]
    assert decayed.min() >= 3.0  # every weight has at least the curvature of the decay


def test_it_follows_a_run_until_it_is_cancelled(session_of: Any) -> None:
    session = session_of(*TINY)
    run = played(session, 3)
    before = len(kept_states(run))
    with SharpnessStudy(Library().prepare, kept_states(run), follow=True) as study:
        study.start()
        wait(session, lambda: len(study.report().epochs) == before)
        assert played(session, 6) is run
        study.offer(kept_states(run))
        study.offer(kept_states(run))  # known ones are passed over
        assert study.offered == tuple(each.epoch for each in kept_states(run))
        wait(session, lambda: study.report().epochs[-1] == 6 and study.count == (len(kept_states(run)),) * 2)
        assert study.progress().state == "training"
        study.cancel()
        assert study.join(10)
        assert study.progress().state == "cancelled"


def test_it_ends_in_the_middle_of_a_measurement(session_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = played(session_of(*TINY), 3)
    study, products, times = SharpnessStudy(Library().prepare, kept_states(run)), [], HessianAt.times

    def counted(at: HessianAt, v: Any) -> Any:
        products.append(v)
        if len(products) == 3:
            study.cancel()
        return times(at, v)

    monkeypatch.setattr(HessianAt, "times", counted)
    study.start()
    assert study.join(60)
    assert len(products) == 3, "an eigenvalue takes twelve at least"
    assert study.progress().state == "cancelled"
    assert not len(study.report().epochs)


def test_nothing_kept_is_said(session_of: Any) -> None:
    with pytest.raises(SettingsError, match="Nothing was kept"):
        SharpnessStudy(Library().prepare, ())


def test_curves_fill_from_coarse_to_fine() -> None:
    waiting, measured = list(range(0, 17)), []
    while waiting:
        epoch = _farthest(waiting, sorted(measured))
        waiting.remove(epoch)
        measured.append(epoch)
    assert measured[:5] == [0, 16, 8, 4, 12]
    assert sorted(measured) == list(range(17))
    for count in (5, 9):
        assert np.diff(sorted(measured[:count])).max() <= 16 // (count // 2)


# ---------------------------------------------------------------- drift


def test_drift_is_that_of_the_run_trained_alone(session_of: Any) -> None:
    run = played(session_of("training.learning_rate=0.3"), 9)
    report = done(DriftStudy(Library().prepare, kept_states(run)))
    data = Library().prepare(run.experiment.data)
    first, last = again(run, 0), again(run, 9)
    then, now = first.activations(data.test.x), last.activations(data.test.x)
    assert report.layers == layer_names(first.plan) == ("1: Linear 3", "output")
    assert report.samples == len(data.test)
    np.testing.assert_allclose(report.likeness[-1], [cka(then[1], now[1]), cka(then[2], now[2])], rtol=1e-6)
    np.testing.assert_allclose(report.likeness[0], 1.0, rtol=1e-6)
    np.testing.assert_array_equal(report.change[0], 0.0)
    w0, w = first.parameters().astype(np.float64), last.parameters().astype(np.float64)
    hidden, output = slice(0, 6), slice(9, 12)  # 2 inputs × 3 units, 3 biases, 3 weights, a bias
    for column, part in enumerate((hidden, output)):
        expected = np.linalg.norm(w[part] - w0[part]) / np.linalg.norm(w0[part])
        assert report.change[-1, column] == pytest.approx(expected)
    weights = np.r_[0:6, 9:12]
    assert report.total[-1] == pytest.approx(np.linalg.norm((w - w0)[weights]) / np.linalg.norm(w0[weights]))
    row = last.measure()
    assert report.test_error[-1] == row["test_error"][0]
    assert report.train_error[-1] == row["train_error"][0]
    np.testing.assert_array_equal(report.hidden_likeness, report.likeness[:, 0])


def test_relative_change_by_hand() -> None:
    assert relative_change(np.array([3.0, 0.0]), np.array([0.0, 4.0])) == pytest.approx(5.0 / 4.0)
    assert relative_change(np.ones(3), np.ones(3)) == 0.0
    assert np.isnan(relative_change(np.ones(3), np.zeros(3)))


# ---------------------------------------------------------------- in words


def sharpness_report(sharpness: list[float], limit: float, *settings: str, full: bool = True) -> SharpnessReport:
    n, training = len(sharpness), Experiment().with_settings(list(settings)).training
    epochs, loss = 10 * np.arange(n), np.zeros(n)
    return SharpnessReport(epochs, np.array(sharpness), loss, np.full(n, limit), loss, training, full)


def test_sentences_about_sharpness() -> None:
    below = sharpness_words(sharpness_report([1.0, 2.0], 4.0))
    assert below == "At epoch 10 the sharpness is 2, 0.50 of 2/η = 4: steps along its direction still shrink."
    at = sharpness_words(sharpness_report([1.0, 4.2, 4.1, 4.0, 4.1], 4.0))
    assert "had reached 2/η = 4 by epoch 10, and is 1.02 of that" in at
    assert at.endswith("Training is at the edge of stability.")
    assert sharpness_words(sharpness_report([5.0, 1.0, 0.9, 1.0], 4.0)).endswith("It has not stayed there.")
    assert "(2 + 2β)/η = 4" in sharpness_words(sharpness_report([1.0], 4.0, "training.optimizer=momentum"))
    assert "Adam scales every parameter" in sharpness_words(sharpness_report([1.0], np.nan, "training.optimizer=adam"))
    assert "10 samples at a time" in sharpness_words(sharpness_report([1.0], 4.0, "training.batch_size=10", full=False))
    assert "diverged" in sharpness_words(sharpness_report([1.0, np.nan], 4.0))
    assert sharpness_words(sharpness_report([], 4.0)) == ""


@pytest.mark.parametrize(
    ("likeness", "words"), [(0.99, "lazy training"), (0.5, "features were learned"), (0.9, "is between")]
)
def test_sentences_about_drift(likeness: float, words: str) -> None:
    rows = np.array([[1.0, 1.0], [likeness, 0.2]])
    ends = np.array([0.0, 0.1])
    report = DriftReport(("1: Linear 4", "output"), np.array([0, 50]), rows, rows, ends, ends, ends, 30)
    text = drift_words(report)
    assert text.startswith("From epoch 0 to 50 the weights have changed by 10 % of their length, and the test error is")
    assert f"“1: Linear 4”: a similarity of {likeness:.3f} on 30 test samples" in text
    assert words in text
    regression = DriftReport(("output",), report.epochs, rows[:, :1], rows[:, :1], ends, ends, ends, 30, True)
    assert drift_words(regression) == "From epoch 0 to 50 the weights have changed by 10 % of their length, and " + (
        "the test RMSE is 0.1."
    )
