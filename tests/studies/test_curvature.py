"""Products with the loss Hessian, and its largest eigenvalue, against dense Hessians by torch and differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nnviz.data.split import prepare
from nnviz.engines.choose import make_engine
from nnviz.experiment import Experiment
from nnviz.network.layers import ShapeError
from nnviz.settings import SettingsError
from nnviz.studies import curvature
from nnviz.studies.curvature import LossHessian

DENSE = [
    "data.source={kind='digits', samples=80}",
    "network.layers=['flatten', {kind='linear', units=12}, 'tanh', {kind='linear', units=8}, 'tanh']",
]


def made(*settings: str, epochs: int = 3):
    """Return an experiment, its samples, and an engine after some epochs in double precision."""
    more = ["training.precision=float64", "training.batch_size=1000", "training.learning_rate=0.05", *settings]
    experiment = Experiment().with_settings(more)
    data = prepare(experiment.data)
    engine = make_engine(experiment.network, experiment.training, data, 3)
    engine.train_epochs(epochs)
    return experiment, data, engine


def dense_of(hessian: LossHessian, parameters: np.ndarray) -> np.ndarray:
    """Return the loss Hessian (n, n) by `torch.autograd.functional.hessian`, without penalties."""
    flat = torch.from_numpy(np.asarray(parameters, np.float64))
    return torch.autograd.functional.hessian(hessian.objective, flat).numpy()


def test_a_network_by_hand_has_the_same_hessian() -> None:
    """Everything from the samples on is written anew here: forward pass, coding of targets, mean of the loss."""
    experiment, data, engine = made(*DENSE, "training.loss=squared")
    x = torch.from_numpy(np.asarray(data.train.x, np.float64).reshape(-1, 64))
    y = torch.eye(10, dtype=torch.float64)[torch.from_numpy(np.array(data.train.targets))]

    def loss(flat: torch.Tensor) -> torch.Tensor:
        w1, b1, w2, b2, w3, b3 = torch.split(flat, [12 * 64, 12, 8 * 12, 8, 10 * 8, 10])
        h = torch.tanh(x @ w1.view(12, 64).T + b1)
        h = torch.tanh(h @ w2.view(8, 12).T + b2)
        return ((h @ w3.view(10, 8).T + b3 - y) ** 2).sum(1).mean()

    parameters = engine.parameters()
    dense = torch.autograd.functional.hessian(loss, torch.from_numpy(parameters)).numpy()
    at = LossHessian(experiment.network, experiment.training, data).at(parameters)
    found = at.largest()
    assert len(dense) == 974
    assert found.value == pytest.approx(np.linalg.eigvalsh(dense)[-1], rel=1e-7)
    assert abs(found.vector @ np.linalg.eigh(dense)[1][:, -1]) == pytest.approx(1.0, abs=1e-6)
    v = np.random.default_rng(0).normal(size=974)
    np.testing.assert_allclose(at.times(v), dense @ v, rtol=1e-9, atol=1e-9)
    assert at.loss() == pytest.approx(float(engine.measure()["train_loss"][0]), rel=1e-12)


CASES = {
    "ReLU, cross-entropy": ["network.layers=['flatten', {kind='linear', units=20}, 'relu']"],
    "smoothed targets": [
        "network.layers=['flatten', {kind='linear', units=16}, 'gelu']",
        "training.label_smoothing=0.2",
    ],
    "dropout is off": ["network.layers=['flatten', {kind='linear', units=16}, 'silu', {kind='dropout', rate=0.5}]"],
    "convolution and batch norm": [
        "network.layers=[{kind='conv2d', filters=4}, 'batch-norm', 'tanh', 'max-pool', 'flatten']"
    ],
    "scaled outputs": [
        "network.layers=['flatten', {kind='linear', units=16}, 'tanh']",
        "training.loss={kind='scaled-squared', scale=0.3}",
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_the_largest_eigenvalue_is_that_of_the_dense_hessian(name: str) -> None:
    experiment, data, engine = made("data.source={kind='digits', samples=80}", *CASES[name])
    hessian = LossHessian(experiment.network, experiment.training, data)
    assert hessian.size <= 2_000
    state = engine.state()
    found = hessian.at(state.parameters, state.buffers).largest()
    dense = dense_of(hessian, state.parameters)
    assert found.value == pytest.approx(np.linalg.eigvalsh(dense)[-1], rel=1e-4)
    assert hessian.at(state.parameters, state.buffers).loss() > 0.0


def test_a_regression_and_its_weight_decay() -> None:
    wanted = ["data.source={kind='noisy-sine', samples=40}", "network.layers=[{kind='linear', units=9}, 'tanh']"]
    experiment, data, engine = made(*wanted, "training.weight_decay=0.7", epochs=20)
    hessian = LossHessian(experiment.network, experiment.training, data)
    decayed = np.zeros(hessian.size)
    for slot in engine.plan.weight_slots:
        decayed[slot.start : slot.stop] = 0.7
    dense = dense_of(hessian, engine.parameters()) + np.diag(decayed)
    assert hessian.at(engine.parameters()).largest().value == pytest.approx(np.linalg.eigvalsh(dense)[-1], rel=1e-6)
    adamw = experiment.with_settings(["training.optimizer=adamw"]).training
    plain = dense_of(hessian, engine.parameters())
    without = LossHessian(experiment.network, adamw, data).at(engine.parameters()).largest()
    assert without.value == pytest.approx(np.linalg.eigvalsh(plain)[-1], rel=1e-6)


def test_products_are_differences_of_the_gradients_that_the_engine_makes() -> None:
    experiment, data, engine = made(*DENSE, "training.loss=squared")
    hessian, state = LossHessian(experiment.network, experiment.training, data), engine.state()
    v = np.random.default_rng(1).normal(size=hessian.size)
    step = 1e-5 / np.linalg.norm(v)

    def gradient(parameters: np.ndarray) -> np.ndarray:
        moved = type(state)(**{**vars(state), "parameters": parameters})
        engine.restore(moved)
        engine.train_steps(1)  # one batch is the whole training part
        return engine.gradients()

    p = state.parameters
    np.testing.assert_allclose(hessian.at(p).gradient(), gradient(p), rtol=1e-9, atol=1e-12)
    difference = (gradient(p + step * v) - gradient(p - step * v)) / (2 * step)
    np.testing.assert_allclose(hessian.at(p).times(v), difference, rtol=1e-5, atol=1e-5)


def test_samples_in_parts_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment, data, engine = made(*DENSE)
    hessian = LossHessian(experiment.network, experiment.training, data)
    v, p = np.random.default_rng(2).normal(size=hessian.size), engine.parameters()
    whole = hessian.at(p)
    monkeypatch.setattr(curvature, "_CHUNK", 7)
    parts = hessian.at(p)
    assert len(hessian.chunks()) > 4
    np.testing.assert_allclose(parts.times(v), whole.times(v), rtol=1e-9, atol=1e-12)
    assert parts.loss() == pytest.approx(whole.loss(), rel=1e-12)
    np.testing.assert_allclose(parts.gradient(), whole.gradient(), rtol=1e-9, atol=1e-13)


def test_what_cannot_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment, data, engine = made(*DENSE)
    assert np.isnan(
        LossHessian(experiment.network, experiment.training, data).at(engine.parameters() * np.nan).largest().value
    )
    broken = experiment.with_settings(["network.layers=[{kind='linear', units=3}]"])
    with pytest.raises(ShapeError, match="Flatten"):
        LossHessian(broken.network, broken.training, data)
    monkeypatch.setattr(curvature, "MOST_PARAMETERS", 900)
    with pytest.raises(SettingsError, match="at most 900 parameters, and this one has 974"):
        LossHessian(experiment.network, experiment.training, data)
