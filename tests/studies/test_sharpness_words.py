"""What the study of sharpness says of what it measured."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz.engines.settings import TrainingSettings
from nnviz.studies.sharpness import SharpnessReport, sentence

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
