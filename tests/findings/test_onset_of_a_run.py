"""A run by itself: since when it overfits, and whether that is worth a word."""

from __future__ import annotations

import numpy as np
import pytest
from constructed_runs import case, source, trained
from numpy.typing import NDArray
from sessions import quick

from nnviz.findings.overfitting import Overfitting
from nnviz.findings.parts.evidence import evidence_of
from nnviz.findings.parts.facts import quick_facts
from nnviz.findings.parts.remedies import Remedies
from nnviz.history.chapters import Chapter
from nnviz.intake import Intake
from nnviz.run import Run
from nnviz.training.mailbox import Began, Rows

EPOCHS = np.arange(401)


def rows(first: int, last: int, test: NDArray[np.float64]) -> Rows:
    """Return rows of a training loss that falls for ever, and of a test loss."""
    train = np.exp(-EPOCHS / 100)
    part = slice(first, last)
    return Rows(0, {"epoch": EPOCHS[part], "train_loss": 0.2 * train[part], "test_loss": test[part]})


def begun() -> tuple[Run, Intake]:
    run, intake = Run(0, "constructed", quick()), Intake()
    intake.take(Began(0, 0, Chapter((0, 0), quick())), run, None)
    return run, intake


def test_the_onset_is_looked_for_on_the_samples_that_there_are() -> None:
    """Losses on the samples before lie lower by far, and say nothing."""
    run, intake = begun()
    test = np.where(EPOCHS < 100, 0.01, 0.5 + 1e-5 * (EPOCHS - 170) ** 2)
    intake.take(rows(0, 101, test), run, None)
    intake.take(Began(0, 1, Chapter((100, 0), quick("training.learning_rate=0.1"))), run, None)
    assert run.history.best_from == 0, "the samples are the same"
    intake.take(Began(0, 2, Chapter((100, 1), quick("data.label_noise=0.4"))), run, None)
    intake.take(rows(101, 401, test), run, None)
    assert run.onset == run.history.best_epoch == 170


@pytest.mark.parametrize(("risen", "clear"), [(0.05, False), (0.1, True), (0.3, True)])
def test_timeline_and_verdict_agree_whatever_the_first_loss_was(risen: float, clear: bool) -> None:
    """A rise counts beside the loss of a constant answer, 0.69 of two even classes, and not beside a loss of 40."""
    run, intake = begun()
    run.snapshot = trained(case("two moons", "", 1, source("moons", samples=80))).snapshot
    assert run.snapshot is not None
    data = run.snapshot.data
    test = np.where(EPOCHS == 0, 40.0, 0.4 + risen * np.clip((EPOCHS - 100) / 200, 0.0, 1.0) + 0.001 * (EPOCHS < 100))
    intake.take(rows(0, 401, test), run, None)
    assert run.onset == 100
    assert (run.overfits_since is not None) == clear
    for playhead in (None, 390, 110, 50):
        run.playhead = playhead
        evidence = evidence_of(run, quick_facts(data, run.snapshot.loss))
        found = Overfitting().look(evidence, Remedies(run.experiment, data))
        assert (found is not None) == (clear and playhead not in (110, 50)), playhead
