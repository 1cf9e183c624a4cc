"""What the study of sharpness says of what it measured."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz.engines.optimizers import Optimizer
from nnviz.engines.settings import TrainingSettings
from nnviz.experiment import Experiment
from nnviz.studies.sharpness import SharpnessReport, sentence, stability_limit

SGD = TrainingSettings(learning_rate=5.0)


def said(*sharpness: float) -> str:
    count = len(sharpness)
    zeros = np.zeros(count)
    limit = np.full(count, 2.0 / SGD.learning_rate)
    return sentence(SharpnessReport(np.arange(count), np.array(sharpness), zeros, limit, zeros, SGD, True))


def test_shares_of_the_limit_have_the_figures_that_say_something() -> None:
    assert said(0.1).startswith("At epoch 0 the sharpness is 0.1, 0.25 of 2/η = 0.4: ")
    assert ", 0.005 of 2/η = 0.4: " in said(0.002)


@pytest.mark.parametrize("value", [-6.263e10])
def test_what_has_come_apart_is_told_in_powers_of_ten(value: float) -> None:
    words = said(1.0, value, value)
    assert "the sharpness is −6.263e+10." in words
    assert "is −1.57e+11 of that" in words
    assert "-" not in words.replace("e-", "")


def over_cosine(optimizer: str, *shares: float, epochs: int = 100) -> SharpnessReport:
    """Return a report at even epochs of a cosine schedule, whose last rate is 0, with shares of the limit before it."""
    settings = [f"training.optimizer={optimizer}", "training.schedule=cosine", f"training.epochs={epochs}"]
    training = Experiment().with_settings(settings).training
    at = np.linspace(0, epochs, len(shares)).astype(int)
    limit = np.array([stability_limit(training, epoch) for epoch in at])
    sharpness = np.where(np.isfinite(limit), shares * limit, 9.0)
    return SharpnessReport(at, sharpness, np.zeros(len(at)), limit, np.zeros(len(at)), training)


def test_a_learning_rate_of_zero_is_no_matter_of_the_optimizer() -> None:
    report = over_cosine("sgd", 0.5, 1.1, 0.98, 1.02, 1.0)
    assert report.late_ratio() == pytest.approx(1.0), "the median of 0.98 and 1.02; the last has no limit"
    assert sentence(report) == (
        "At epoch 100 the sharpness is 9; the learning rate is 0 there, and nothing moves. It had reached 2/η by epoch "
        "25, and is 1.00 of that in the median of the later half. Training is at the edge of stability."
    )
    assert sentence(over_cosine("momentum", 0.5, 0.6, 1.0)).endswith(" At no epoch measured had it reached (2 + 2β)/η.")
    assert sentence(over_cosine("sgd", 1.5, 1.0)).endswith(" It had reached 2/η by epoch 0.")


@pytest.mark.parametrize("kind", Optimizer.registry.names())
def test_only_optimizers_without_a_limit_are_said_to_have_none(kind: str) -> None:
    """Those of which a step is the gradient, or a sum of gradients, times one number."""
    none = "scales every parameter by itself" in sentence(over_cosine(kind, 0.5, 0.5, 0.5))
    assert none == (kind not in ("sgd", "momentum", "nesterov"))
