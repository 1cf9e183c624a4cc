"""What findings look at: rows since the settings in force were set, enough of them, and kept apart from others."""

from __future__ import annotations

import numpy as np
import pytest
from constructed_runs import case, dense, source, train, trained

from nnviz.analysis.trend import fall
from nnviz.findings.parts.evidence import CURVE_ROWS, evidence_of
from nnviz.findings.parts.facts import FactKeeper
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.state import at_rest
from nnviz.findings.parts.survey import survey
from nnviz.history.chapters import Chapter


def test_what_was_measured_under_other_settings_is_kept_apart() -> None:
    run = trained(case("changed", "", 50, source("xor", samples=40), dense("tanh", 2), *train("sgd", 0.01)))
    run.chapters.append(Chapter((30, 0), run.experiment))
    evidence = evidence_of(run)
    assert evidence.since == 30
    assert evidence.here["epoch"].tolist() == evidence.recent["epoch"].tolist() == list(range(30, 51))
    assert evidence.curves["epoch"][0] == 0
    run.playhead = 29
    assert evidence_of(run).since == 0


def test_a_change_late_in_a_long_run_is_looked_at_row_by_row() -> None:
    """Of 3,060 epochs every eighth or so is drawn; of the 60 under the new settings, all count."""
    run = trained(case("long", "", 3000, source("xor", samples=40), dense("tanh", 2), *train("sgd", 1e-5)))
    assert run.snapshot is not None
    facts = FactKeeper().of(run.snapshot.data, run.snapshot.loss)
    assert at_rest(evidence_of(run, facts))
    columns = {name: run.history.column(name)[-60:].copy() for name in run.history.names}
    columns["epoch"], columns["train_loss"] = 3001.0 + np.arange(60), np.linspace(0.79, 0.55, 60, dtype=np.float32)
    run.chapters.append(Chapter((3000, 0), run.experiment))
    run.history.append(columns)
    evidence = evidence_of(run, facts)
    assert len(evidence.curves["epoch"]) <= CURVE_ROWS + 4
    assert evidence.here["epoch"].tolist() == list(range(3000, 3061))
    line = columns["train_loss"]
    assert fall(evidence.here["train_loss"]) == pytest.approx((line[31] - line[57]) / line[31], rel=1e-5)
    assert not at_rest(evidence)


def test_samples_just_exchanged_leave_nothing_to_say() -> None:
    """Nothing is measured on the new ones yet, and what was measured on the old ones does not count."""
    wild = ("network.initializer={kind='normal', std=1.5}", *train("sgd", 1e-9))
    run = trained(case("exchanged", "", 20, source("circles", samples=60), dense("relu", *[16] * 6), *wild))
    assert run.snapshot is not None
    facts = FactKeeper().of(run.snapshot.data, run.snapshot.loss)
    remedies = Remedies(run.experiment, None)
    assert "exploding" in {each.name for each in survey(evidence_of(run, facts), remedies)}
    run.history.forget_best()
    evidence = evidence_of(run, facts)
    assert not len(evidence.curves["epoch"])
    assert not len(evidence.here["epoch"])
    assert survey(evidence, remedies) == ()
