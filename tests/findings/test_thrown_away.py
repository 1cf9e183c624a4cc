"""Losses far above that of a constant answer: is it the depth of the network, or the length of the steps?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from constructed_runs import Case, case, dense, source, train, trained

from nnviz.data.dataset import Part, SplitData
from nnviz.findings import Fork, Found
from nnviz.findings.parts.evidence import evidence_of
from nnviz.findings.parts.facts import quick_facts
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.survey import survey

THROWN = case(
    "thrown",
    "rate-too-high",
    30,
    source("noisy-sine"),
    dense("relu", 16, 16),
    "network.initializer='he'",
    *train("rmsprop", 1.0),
)
GROWS = case(
    "grows",
    "exploding",
    30,
    source("noisy-sine"),
    dense("relu", *[16] * 6),
    "network.initializer={kind='normal', std=1.5}",
    *train("sgd", 1e-9),
)


def found_in(constructed: Case) -> dict[str, Found]:
    run = trained(constructed)
    assert run.snapshot is not None
    evidence = evidence_of(run, quick_facts(run.snapshot.data, run.snapshot.loss))
    return {each.name: each.found for each in survey(evidence, Remedies(run.experiment, run.snapshot.data))}


@pytest.mark.parametrize(
    ("settings", "epochs"),
    [
        (THROWN.settings, 30),
        ((*THROWN.settings, *train("adam", 3.0)), 30),
        ((*THROWN.settings, dense("relu", *[16] * 5)), 15),
    ],
    ids=["rmsprop", "adam", "deep, with a large loss from the start"],
)
def test_a_network_that_begins_well_is_thrown_away_by_its_steps(settings: tuple[str, ...], epochs: int) -> None:
    """With a hundredth of the rate, the same network never has a larger loss than at its start."""
    calm = trained(case("calm", "", epochs, *settings, "training.learning_rate=0.003"))
    losses = calm.history.column("train_loss")
    assert losses.max() == losses[0]
    found = found_in(case("thrown", "", epochs, *settings))
    assert "exploding" not in found
    first = found["rate-too-high"].actions[0]
    assert isinstance(first, Fork)
    assert first.anew
    assert first.experiment.training.learning_rate < 0.5


def test_a_network_too_deep_for_its_weights_has_it_from_the_start() -> None:
    found = found_in(GROWS)
    assert "rate-too-high" not in found
    first = found["exploding"].actions[0]
    assert isinstance(first, Fork)
    assert first.experiment.network.initializer.kind == "he"


@pytest.mark.parametrize("constructed", [THROWN, GROWS], ids=["thrown", "grows"])
def test_where_there_is_one_class_nothing_is_divided_by_its_loss(constructed: Case) -> None:
    def one_class(data: SplitData) -> SplitData:
        train = data.train
        return replace(data, train=Part(train.x, np.zeros_like(train.targets), train.noisy))

    settings = (*constructed.settings, source("circles"))
    assert found_in(replace(constructed, settings=settings, samples=one_class))
