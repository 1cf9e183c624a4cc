"""Regularisation paths of real trainings, beside those of scikit-learn where there is one."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Lasso, Ridge
from study_stage import report_of

from nnviz.data.folds import fold_numbers, pool, split_fold
from nnviz.data.split import prepare
from nnviz.engines.choose import make_engine
from nnviz.engines.schedules import Schedule
from nnviz.experiment import Experiment
from nnviz.network.layers.dropout import Dropout
from nnviz.probes import probes
from nnviz.project.library import Library
from nnviz.settings import SettingsError
from nnviz.studies.axes import axes
from nnviz.studies.regularisation_path import (
    L1,
    DropoutRate,
    RegularisationPathStudy,
    best_place,
    lasso_alpha,
    one_standard_error,
    paths,
    ridge_alpha,
)

DIABETES = Experiment(name="diabetes").with_settings(
    [
        "data.source={kind='diabetes'}",
        "data.standardize=true",
        "data.train_share=0.5",
        "network.layers=[]",
        "training.batch_size=1000000",
        "training.learning_rate=0.15",
        "training.precision='float64'",
    ]
)
QUICK = Experiment(name="quick").with_settings(
    ["data.source={kind='circles', samples=80, noise=0.6}", "network.layers=[{kind='linear', units=6}, 'tanh']"]
)


def test_coefficients_under_weight_decay_are_those_of_ridge_regression():
    values = (0.01, 0.1, 1.0, 3.0)
    report = report_of(RegularisationPathStudy(DIABETES, Library(), axes["weight-decay"](), values, 6000, folds=0))
    data = prepare(DIABETES.data)
    x, y = np.asarray(data.train.x, np.float64), np.asarray(data.train.targets, np.float64)
    assert report.coefficient_names == data.feature_names
    for place, value in enumerate(values):
        theirs = Ridge(alpha=ridge_alpha(value, len(x)), solver="svd").fit(x, y)
        assert report.coefficients[place] == pytest.approx(theirs.coef_, abs=2e-5)
        assert report.norms[place, 0] == pytest.approx(np.linalg.norm(theirs.coef_), abs=2e-5)
        residual = theirs.predict(np.asarray(data.test.x, np.float64)) - data.test.targets
        expected = np.sqrt(np.mean(residual**2)) * data.scaling.target_scale
        assert report.test_error[place] == pytest.approx(expected, rel=1e-4)
    assert (np.diff(report.norms[:, 0]) < 0).all()


def test_coefficients_under_l1_are_those_of_the_lasso():
    """Subgradient steps swing around 0 by the learning rate times λ, where the lasso is exactly 0."""
    slow = DIABETES.with_settings(["training.learning_rate=0.01"])
    values = (0.02, 0.1, 0.4)
    report = report_of(RegularisationPathStudy(slow, Library(), L1(), values, 20_000, folds=0))
    data = prepare(DIABETES.data)
    x, y = np.asarray(data.train.x, np.float64), np.asarray(data.train.targets, np.float64)
    for place, value in enumerate(values):
        theirs = Lasso(alpha=lasso_alpha(value), tol=1e-12, max_iter=100_000).fit(x, y).coef_
        assert report.coefficients[place] == pytest.approx(theirs, abs=3 * 0.01 * value + 1e-3)
    assert (np.abs(report.coefficients[2]) < 0.01).sum() >= 4


def test_warm_starts_come_to_the_same_coefficients():
    values = (0.01, 0.1, 1.0)
    study = RegularisationPathStudy(DIABETES, Library(), axes["weight-decay"](), values, 4000, folds=0, warm=True)
    report = report_of(study)
    data = prepare(DIABETES.data)
    x, y = np.asarray(data.train.x, np.float64), np.asarray(data.train.targets, np.float64)
    for place, value in enumerate(values):
        theirs = Ridge(alpha=ridge_alpha(value, len(x)), solver="svd").fit(x, y)
        assert report.coefficients[place] == pytest.approx(theirs.coef_, abs=2e-5)


def test_cold_starts_are_the_experiments_that_they_open_as():
    study = RegularisationPathStudy(QUICK, Library(), DropoutRate(), (0.0, 0.5), 30, folds=3)
    report = report_of(study)
    experiment = study.experiment_at(1)
    assert [layer.rate for layer in experiment.network.layers if isinstance(layer, Dropout)] == [0.5]
    data = prepare(experiment.data)
    engine = make_engine(experiment.network, experiment.training, data, experiment.seed)
    engine.pass_epochs(30)
    row = engine.measure()
    assert report.train_error[1] == row["train_error"][-1]
    assert report.test_error[1] == row["test_error"][-1]
    flat = engine.parameters()
    norms = [np.linalg.norm(slot.view(flat)) for slot in engine.plan.weight_slots]
    assert report.norms[1] == pytest.approx(norms)
    whole = probes["surface"]().measure(engine, report.plane)
    surface = report.surfaces[1]
    assert surface.shape == (60, 60, 2)
    assert surface[30, 30] == pytest.approx(whole[50, 50], abs=0.1)
    dataset = QUICK.data.source.load(0)
    rows, _ = pool(dataset, QUICK.data)
    numbers = fold_numbers(dataset.targets[rows], 3, QUICK.data.seed)
    held = split_fold(dataset, QUICK.data, numbers, 2)
    other = make_engine(experiment.network, experiment.training, held, experiment.seed)
    other.pass_epochs(30)
    assert report.held_error[2, 1] == other.measure()["validation_error"][-1]


def test_epochs_are_one_training_that_is_measured_on_the_way():
    study = RegularisationPathStudy(QUICK, Library(), axes["epochs"](), (1.0, 5.0, 20.0), 999, folds=2)
    report = report_of(study)
    engine = make_engine(QUICK.network, QUICK.training.replace(epochs=20), prepare(QUICK.data), QUICK.seed)
    rows = engine.train_epochs(20)
    assert report.train_error.tolist() == rows["train_error"][[0, 4, 19]].tolist()
    assert study.experiment_at(1).training.epochs == 5
    assert report.simple_first


@pytest.mark.parametrize("name", Schedule.registry.names())
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_opened_has_the_weights_of_the_path(name: str, place: int) -> None:
    """Without hidden layer the path shows all weights; a schedule may end with the training, which goes on there."""
    experiment = DIABETES.with_settings([f"training.schedule='{name}'", "training.batch_size=40"])
    study = RegularisationPathStudy(experiment, Library(), axes["epochs"](), (2.0, 10.0, 40.0), 999, folds=0)
    report = report_of(study)
    opened = study.experiment_at(place)
    assert opened.training.epochs == report.values[place]
    engine = make_engine(opened.network, opened.training, prepare(opened.data), opened.seed)
    engine.pass_epochs(opened.training.epochs)
    (slot,) = engine.plan.weight_slots
    np.testing.assert_array_equal(report.coefficients[place], slot.view(engine.parameters()).ravel())
    assert report.train_error[place] == engine.measure()["train_error"][-1]


def test_a_period_of_its_own_stays() -> None:
    experiment = DIABETES.with_settings(["training.schedule={kind='cosine', period=7}"])
    study = RegularisationPathStudy(experiment, Library(), axes["epochs"](), (2.0, 10.0), 999, folds=0)
    report_of(study)
    assert study.experiment_at(0).training.schedule == experiment.training.schedule


def test_widths_and_what_is_locked_away():
    study = RegularisationPathStudy(QUICK, Library(), axes["width"](), (1.0, 3.0, 9.0), 10, folds=2, with_test=False)
    report = report_of(study)
    assert np.isnan(report.test_error).all()
    assert np.isfinite(report.held_error).all()
    assert study.experiment_at(2).network.layers[0].units == 9
    mean, error = report.held()
    assert mean == pytest.approx(report.held_error.mean(axis=0))
    assert error == pytest.approx(np.abs(np.diff(report.held_error, axis=0))[0] / 2)


def test_the_one_standard_error_rule():
    mean, error = np.array([0.30, 0.24, 0.20, 0.22, 0.40]), np.full(5, 0.05)
    assert best_place(mean, True) == 2
    assert one_standard_error(mean, error, True) == 1
    assert one_standard_error(mean, error, False) == 3
    assert one_standard_error(mean, np.full(5, np.nan), False) == 2
    tie = np.array([0.2, 0.1, 0.1, np.nan])
    assert best_place(tie, True) == 1
    assert best_place(tie, False) == 2
    assert one_standard_error(np.full(3, np.nan), error[:3], True) is None


def test_what_cannot_be_is_a_sentence():
    with pytest.raises(SettingsError, match="choose cold starts"):
        RegularisationPathStudy(QUICK, Library(), axes["width"](), (1.0, 2.0), 5, warm=True)
    cosine = QUICK.with_settings(["training.schedule={kind='cosine'}"])
    with pytest.raises(SettingsError, match="a constant one"):
        RegularisationPathStudy(cosine, Library(), L1(), (0.0, 1.0), 5, warm=True)
    with RegularisationPathStudy(DIABETES, Library(), DropoutRate(), (0.0, 0.5), 5) as study:
        study.start()
        assert study.join(60)
        assert study.progress().text.startswith("There is no hidden layer")


def test_what_diverges_is_left_unknown():
    wild = DIABETES.with_settings(["training.learning_rate=1.0"])
    report = report_of(RegularisationPathStudy(wild, Library(), axes["weight-decay"](), (0.0, 0.1), 3000, folds=2))
    assert np.isnan(report.train_error).all()
    assert report.best is None
    assert report.chosen is None


def test_every_path_has_a_usual_range_that_can_be_trained():
    data = prepare(QUICK.data)
    assert [axis.name for axis in paths()] == ["weight-decay", "l1", "dropout", "width", "epochs"]
    for axis in paths():
        low, high = axis.usual(QUICK, data)
        assert low < high
        axis.applied(QUICK, high, data)
