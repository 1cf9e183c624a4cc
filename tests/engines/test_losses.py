"""Losses against scikit-learn and formulas, in torch and in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss, mean_squared_error

from nnviz.engines.losses import Loss, LossError, logistic
from nnviz.engines.losses.automatic import Automatic
from nnviz.engines.losses.binary_cross_entropy import BinaryCrossEntropy
from nnviz.engines.losses.cross_entropy import CrossEntropy
from nnviz.engines.losses.huber import Huber
from nnviz.engines.losses.squared import Squared

RNG = np.random.default_rng(1)
CONCRETE = [kind() for kind in Loss.registry if kind is not Automatic]


def value(loss: Loss, outputs: np.ndarray, targets: np.ndarray, n_classes: int) -> float:
    encoded = torch.from_numpy(loss.encode(targets, n_classes))
    return float(loss.torch(torch.from_numpy(outputs), encoded))


def exact(probabilities: np.ndarray) -> np.ndarray:
    """Return float32 probabilities so that their sum is 1 in float64, as scikit-learn expects."""
    return probabilities.astype(np.float64) / probabilities.sum(axis=1, keepdims=True, dtype=np.float64)


def problem(n_classes: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    targets = RNG.integers(0, n_classes, 40) if n_classes else RNG.normal(size=40)
    return RNG.normal(size=(40, outputs)) * 2, targets


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_cross_entropy_is_the_log_loss_of_its_probabilities(n_classes: int) -> None:
    loss = CrossEntropy()
    outputs, targets = problem(n_classes, loss.n_outputs(n_classes))
    probabilities = loss.probabilities(outputs)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-6)
    expected = log_loss(targets, exact(probabilities), labels=range(n_classes))
    np.testing.assert_allclose(value(loss, outputs, targets, n_classes), expected, rtol=1e-6)


def test_binary_cross_entropy_is_the_log_loss_of_its_probabilities() -> None:
    loss = BinaryCrossEntropy()
    outputs, targets = problem(2, 1)
    expected = log_loss(targets, exact(loss.probabilities(outputs)), labels=[0, 1])
    np.testing.assert_allclose(value(loss, outputs, targets, 2), expected, rtol=1e-6)


def test_binary_cross_entropy_asks_one_question_per_class() -> None:
    loss = BinaryCrossEntropy()
    outputs, targets = problem(3, 3)
    questions = sum(log_loss(targets == k, logistic(outputs[:, k]), labels=[False, True]) for k in range(3))
    np.testing.assert_allclose(value(loss, outputs, targets, 3), questions, rtol=1e-9)
    np.testing.assert_allclose(loss.probabilities(outputs).sum(axis=1), 1.0, rtol=1e-6)


@pytest.mark.parametrize("n_classes", [0, 2, 4])
def test_squared_error_sums_over_outputs(n_classes: int) -> None:
    loss = Squared()
    outputs, targets = problem(n_classes, loss.n_outputs(n_classes))
    wanted = loss.encode(targets, n_classes)
    expected = mean_squared_error(wanted, outputs) * outputs.shape[1]
    np.testing.assert_allclose(value(loss, outputs, targets, n_classes), expected, rtol=1e-9)


@pytest.mark.parametrize("delta", [0.3, 1.0, 5.0])
def test_huber_is_square_near_and_straight_far(delta: float) -> None:
    loss = Huber(delta=delta)
    outputs, targets = problem(0, 1)
    e = np.abs(outputs[:, 0] - targets)
    expected = np.where(e <= delta, 0.5 * e**2, delta * (e - delta / 2)).mean()
    np.testing.assert_allclose(value(loss, outputs, targets, 0), expected, rtol=1e-9)


@pytest.mark.parametrize("loss", CONCRETE, ids=lambda loss: loss.kind)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_are_probabilities_and_name_the_class(loss: Loss, n_classes: int) -> None:
    outputs, _ = problem(n_classes, loss.n_outputs(n_classes))
    probabilities = loss.probabilities(outputs)
    assert probabilities.shape == (40, n_classes)
    assert probabilities.dtype == np.float32
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    clear = np.sort(probabilities, axis=1)[:, -1] - np.sort(probabilities, axis=1)[:, -2] > 1e-6
    np.testing.assert_array_equal(probabilities.argmax(axis=1)[clear], loss.classes(outputs)[clear])


# ---------------------------------------------------------------- smoothed targets


def smoothed(loss: Loss, targets: list[int], n_classes: int, smoothing: float) -> np.ndarray:
    found = loss.smoothed(loss.encode(np.array(targets), n_classes), n_classes, smoothing)
    assert found.dtype == np.float64
    assert found.shape == (len(targets), loss.n_outputs(n_classes))
    return found


def test_smoothed_targets_by_hand() -> None:
    hot = [[0.8 + 0.2 / 3, 0.2 / 3, 0.2 / 3], [0.2 / 3, 0.2 / 3, 0.8 + 0.2 / 3]]
    for loss in (CrossEntropy(), Squared(), Huber()):
        np.testing.assert_allclose(smoothed(loss, [0, 2], 3, 0.2), hot)
    np.testing.assert_allclose(smoothed(CrossEntropy(), [0, 1], 2, 0.2), [[0.9, 0.1], [0.1, 0.9]])
    for loss in (Squared(), Huber()):
        np.testing.assert_allclose(smoothed(loss, [0, 1], 2, 0.2), [[-0.8], [0.8]])
    np.testing.assert_allclose(smoothed(BinaryCrossEntropy(), [0, 1], 2, 0.2), [[0.1], [0.9]])
    np.testing.assert_allclose(smoothed(BinaryCrossEntropy(), [1, 2], 3, 0.2), [[0.1, 0.9, 0.1], [0.1, 0.1, 0.9]])


@pytest.mark.parametrize("loss", CONCRETE, ids=lambda loss: loss.kind)
@pytest.mark.parametrize("n_classes", [1, 2, 3, 7])
def test_without_smoothing_they_are_the_plain_targets_in_dense_form(loss: Loss, n_classes: int) -> None:
    targets = list(range(n_classes))
    plain = loss.encode(np.array(targets), n_classes)
    dense = smoothed(loss, targets, n_classes, 0.0)
    np.testing.assert_array_equal(dense, np.eye(n_classes)[plain] if plain.ndim == 1 else plain)
    outputs = torch.from_numpy(RNG.normal(size=dense.shape))
    both = [float(loss.torch(outputs, torch.from_numpy(each))) for each in (plain, dense)]
    np.testing.assert_allclose(both[0], both[1], rtol=1e-12)


@pytest.mark.parametrize("loss", [Squared(), Huber()], ids=lambda loss: loss.kind)
def test_values_of_a_regression_are_never_smoothed(loss: Loss) -> None:
    targets = np.array([1.5, -2.0], np.float32)
    np.testing.assert_array_equal(loss.smoothed(loss.encode(targets, 0), 0, 0.5), [[1.5], [-2.0]])


@pytest.mark.parametrize("loss", CONCRETE, ids=lambda loss: loss.kind)
def test_the_size_of_a_batch_does_not_change_the_scale(loss: Loss) -> None:
    outputs, targets = problem(3, loss.n_outputs(3))
    once = value(loss, outputs, targets, 3)
    twice = value(loss, np.concatenate([outputs] * 2), np.concatenate([targets] * 2), 3)
    np.testing.assert_allclose(once, twice, rtol=1e-12)


@pytest.mark.parametrize("loss", CONCRETE, ids=lambda loss: loss.kind)
def test_extreme_outputs_give_numbers(loss: Loss) -> None:
    outputs = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4]])
    assert np.isfinite(loss.probabilities(outputs)).all()
    assert np.isfinite(loss.probabilities(outputs[:, :1])).all()
    assert np.isfinite(value(loss, outputs, np.array([1, 0]), 3))


@given(st.floats(-700, 700))
def test_logistic_never_overflows(x: float) -> None:
    np.testing.assert_allclose(logistic(np.array([x])), 1 / (1 + np.exp(-np.array([x]))), rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize(
    ("task", "n_classes", "usual"),
    [
        ("classification", 2, BinaryCrossEntropy),
        ("classification", 1, BinaryCrossEntropy),
        ("classification", 3, CrossEntropy),
        ("regression", 0, Squared),
    ],
)
def test_automatic_stands_for_the_usual_loss(task: Any, n_classes: int, usual: type[Loss]) -> None:
    assert Automatic().resolve(task, n_classes) == usual()


def test_a_loss_that_does_not_fit_says_which_one_does() -> None:
    for loss in (CrossEntropy(), BinaryCrossEntropy()):
        with pytest.raises(LossError, match="does not fit regression; choose squared error or Huber"):
            loss.resolve("regression", 0)
    for loss in (Squared(), Huber()):
        assert loss.resolve("regression", 0) is loss
        assert loss.resolve("classification", 3) is loss


@pytest.mark.parametrize("loss", CONCRETE, ids=lambda loss: loss.kind)
def test_outputs_follow_from_the_classes(loss: Loss) -> None:
    assert loss.n_outputs(5) == 5
    assert loss.n_outputs(2) == (2 if loss == CrossEntropy() else 1)
    assert loss.formula
