"""When overfitting began, and the words for it."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz.analysis.onset import overfitting_onset
from nnviz.analysis.verdict import Losses, verdict

EPOCHS = np.arange(200.0)
TRAIN = np.exp(-EPOCHS / 50)
RISING = 0.5 + 1e-4 * (EPOCHS - 60) ** 2


def test_the_onset_is_the_minimum_once_the_loss_has_risen_clearly() -> None:
    assert overfitting_onset(EPOCHS, TRAIN, RISING) == 60
    assert overfitting_onset(EPOCHS[:70], TRAIN[:70], RISING[:70]) is None, "2 % above the minimum may be noise"
    first = next(n for n in range(66, 200) if overfitting_onset(EPOCHS[:n], TRAIN[:n], RISING[:n]) is not None)
    strips = [100 * (np.median(RISING[end - 5 : end]) / 0.5 - 1) for end in (first - 1, first)]
    assert strips[0] <= 5.0 < strips[1], "Prechelt's GL, the median of a strip, exceeds 5"


def test_one_noisy_epoch_is_no_onset() -> None:
    noisy = np.full(40, 0.5)
    noisy[10], noisy[20] = 0.49, 0.9
    assert overfitting_onset(EPOCHS[:40], TRAIN[:40], noisy) is None


def test_a_loss_that_rises_with_the_training_loss_is_not_overfitting() -> None:
    assert overfitting_onset(EPOCHS, RISING, RISING) is None


def test_gaps_and_little_data_are_no_onset() -> None:
    with_gaps = RISING.copy()
    with_gaps[::3] = np.nan
    onset = overfitting_onset(EPOCHS, TRAIN, with_gaps)
    assert onset is not None
    assert abs(onset - 60) <= 1
    nothing = np.full(200, np.nan)
    assert overfitting_onset(EPOCHS, TRAIN, nothing) is None
    assert overfitting_onset(EPOCHS[:1], TRAIN[:1], RISING[:1]) is None
    assert overfitting_onset(EPOCHS, TRAIN, np.zeros(200)) is None, "no ratio to a loss of 0"


def test_the_verdict_says_what_the_numbers_say() -> None:
    said = verdict(Losses(212, 0.22, 0.31), Losses(1284, 0.04, 0.58))
    assert said.headline == "Overfitting since epoch 212"
    assert said.sentence == "Test loss has risen 0.31 → 0.58 while training loss fell 0.22 → 0.04."
    assert verdict(Losses(212, 0.22, 0.31), Losses(100, 0.4, 0.4)).state == "learning", "before the onset"
    assert verdict(None, None).state == "waiting"
    validated = verdict(Losses(5, 2.0, 3.0, "validation"), Losses(9, 1.0, 120.0, "validation"))
    assert validated.sentence.startswith("Validation loss has risen 3.00 → 120 ")


@pytest.mark.parametrize("train", [0.3, 0.22])
def test_it_never_says_fell_of_what_did_not_fall(train: float) -> None:
    assert "training loss went" in verdict(Losses(2, 0.22, 0.31), Losses(9, train, 0.58)).sentence
