"""Published phenomena on the bundled experiments, each as long and as large as its description says.

Slow: `pytest -m slow tests/test_phenomena.py`. What is asserted was measured with four seeds of weights and samples
(three for lazy training) and holds for all of them with room to spare.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from nnviz.engines.choose import make_engine
from nnviz.engines.engine import Columns
from nnviz.experiment import Experiment, bundled
from nnviz.project.library import Library
from nnviz.studies.drift import DriftReport, DriftStudy
from nnviz.studies.sharpness import SharpnessReport, SharpnessStudy
from nnviz.studies.states import Kept
from nnviz.studies.study import train_through

pytestmark = pytest.mark.slow


def seeded(name: str, seed: int, *settings: str) -> Experiment:
    """Return a bundled experiment with other initial weights, samples and split."""
    experiment = bundled(name).replace(seed=seed).with_settings([f"data.seed={seed}", *settings])
    assert experiment.training.epochs > 0
    return experiment


def trained(experiment: Experiment) -> Columns:
    """Train to the epoch limit; return what was measured after every epoch."""
    data = Library().prepare(experiment.data)
    engine = make_engine(experiment.network, experiment.training, data, experiment.seed)
    return engine.train_epochs(experiment.training.epochs)


def states(experiment: Experiment, marks: list[int]) -> list[Kept]:
    """Train through some epochs and keep the state at each, and at the beginning."""
    data = Library().prepare(experiment.data)
    engine = make_engine(experiment.network, experiment.training, data, experiment.seed)
    kept = [Kept(0, experiment, engine.state())]
    kept += [Kept(epoch, experiment, engine.state()) for epoch in train_through(engine, marks, lambda: False)]
    assert [each.epoch for each in kept] == [0, *marks]
    return kept


# ---------------------------------------------------------------- grokking


@dataclass
class Grokked:
    """Epochs at which the training error is 0 and the test error has fallen to a half and to 5 %."""

    fitted: int
    half: int
    understood: int


def first(rows: Columns, column: str, bound: float) -> int:
    hit = np.flatnonzero(rows[column] <= bound)
    return int(rows["epoch"][hit[0]]) if len(hit) else 10**9


@pytest.mark.parametrize("seed", [0, 1])
def test_grokking(seed: int) -> None:
    """Power et al. 2022: test error falls long after training error is 0, and weight decay is what makes it fall."""
    rows = trained(seeded("grokking", seed))
    found = Grokked(*(first(rows, *each) for each in (("train_error", 0.0), ("test_error", 0.5), ("test_error", 0.05))))
    assert found.fitted < 90  # measured 60 to 66
    assert rows["test_error"][found.fitted - 1] > 0.95  # 1.0: no answer is right
    assert rows["train_error"][found.fitted :].max() == 0.0
    assert 500 < found.half < 1_000  # 636 to 756
    assert found.half > 8 * found.fitted
    assert found.understood < 2_000  # 1,272 to 1,510
    assert rows["test_error"][-1] < 0.03  # 0.002 to 0.013


def test_without_weight_decay_there_is_no_grokking() -> None:
    rows = trained(seeded("grokking", 0, "training.weight_decay=0", "training.epochs=2000"))
    assert first(rows, "train_error", 0.0) < 90
    assert rows["test_error"].min() > 0.9


# ---------------------------------------------------------------- lazy and feature learning


def drift(name: str, seed: int) -> DriftReport:
    experiment = seeded(name, seed)
    with DriftStudy(Library().prepare, states(experiment, [500, experiment.training.epochs])) as study:
        study.start()
        assert study.join(300)
        assert study.progress().state == "finished", study.progress().text
        return study.report()


@pytest.mark.parametrize("seed", [0, 1])
def test_lazy_and_feature_learning(seed: int) -> None:
    """Chizat et al. 2019, Geiger et al. 2020: the scale of the outputs decides whether layers learn features."""
    lazy, feature = drift("lazy", seed), drift("feature-learning", seed)
    assert lazy.hidden_likeness[-1] > 0.97  # measured 0.984 to 0.990
    assert feature.hidden_likeness[-1] < 0.75  # 0.54 to 0.63
    assert lazy.total[-1] < 0.06  # 0.043 to 0.045
    assert feature.total[-1] > 1.0  # 1.5 to 2.4
    assert max(lazy.train_error[-1], feature.train_error[-1]) < 0.03  # both have learned the samples
    assert feature.test_error[-1] < lazy.test_error[-1]  # 0.040 to 0.053 against 0.063 to 0.081


def test_the_two_differ_in_the_scale_alone() -> None:
    lazy, feature = bundled("lazy"), bundled("feature-learning")
    assert lazy.training.loss.replace(scale=0.01) == feature.training.loss
    same = lazy.training.replace(loss=feature.training.loss)
    assert lazy.replace(name=feature.name, description=feature.description, training=same) == feature


# ---------------------------------------------------------------- edge of stability


def sharpness(experiment: Experiment) -> SharpnessReport:
    last = experiment.training.epochs
    marks = sorted({50, 100, 150, *range(200, last + 1, 200), last})
    with SharpnessStudy(Library().prepare, states(experiment, marks)) as study:
        study.start()
        assert study.join(300)
        assert study.progress().state == "finished", study.progress().text
        return study.report()


@pytest.mark.parametrize(("rate", "seed"), [(0.1, 0), (0.1, 1), (0.05, 0)])
def test_edge_of_stability(rate: float, seed: int) -> None:
    """Cohen et al. 2021: sharpness rises to 2 / η and stays just above it, while the loss goes on falling."""
    found = sharpness(seeded("edge-of-stability", seed, f"training.learning_rate={rate}"))
    np.testing.assert_allclose(found.limit, 2.0 / rate)
    assert found.full_batch
    assert found.sharpness[0] < 0.5 * found.limit[0]  # 5.8 for 20
    assert found.crossing is not None
    assert found.crossing <= (400 if rate == 0.1 else 2_200)
    rising = found.sharpness[found.epochs <= min(found.crossing, 200)]
    assert (np.diff(rising) > 0).all()  # progressive sharpening
    late = found.epochs >= 3_000
    ratio = found.sharpness[late] / found.limit[late]
    assert ratio.min() > 0.97
    assert ratio.max() < 1.06
    assert 1.0 < found.late_ratio() < 1.03
    assert found.loss[-1] < 0.6 * found.loss[late][0]
