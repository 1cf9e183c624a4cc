"""Choosing by the test error, with real networks, against what theory expects of it."""

from __future__ import annotations

import numpy as np
import pytest
from study_stage import report_of

from nnviz.analysis.intervals import error_interval
from nnviz.data.fresh import fresh_part
from nnviz.data.split import prepare
from nnviz.engines.choose import make_engine
from nnviz.experiment import Experiment
from nnviz.project.library import Library
from nnviz.studies.selection import DRAWS, POINTS, SelectionStudy, candidate, sentence

QUICK = Experiment(name="quick").with_settings(
    [
        "data.source={kind='circles', samples=80, noise=0.8}",
        "network.layers=[{kind='linear', units=6}, 'tanh']",
        "training.learning_rate=0.3",
    ]
)


def test_equally_good_networks_look_better_the_more_there_are_to_choose_from():
    report = report_of(SelectionStudy(QUICK, Library(), epochs=40, candidates=40, samples=40))
    assert report.count == 40
    assert report.points == POINTS
    assert report.tests.shape == (DRAWS, 40)
    seems, really = report.usually()
    assert seems[0] == pytest.approx(report.true.mean(), abs=0.03)
    assert (np.diff(seems) <= 0).all()
    assert really[-1] - seems[-1] > 0.02
    theory = report.theory
    assert theory is not None
    assert theory[0][-1] == pytest.approx(seems[-1], abs=0.02)
    assert theory[1][-1] == pytest.approx(really[-1], abs=0.02)
    text = sentence(report)
    assert f"by theory {100 * float(theory[1][-1] - theory[0][-1]):.1f} pp" in text
    assert text.startswith("The best of 40 networks by their error on 40 test samples looks wrong on")
    assert f"{100 * report.here()[0][-1]:.1f} %" in text


def test_where_hardly_an_answer_is_wrong_there_is_no_theory():
    """With a normal law, the best would look wrong on less than nothing."""
    easy = QUICK.with_settings(["data.source.noise=0.0", "network.layers[0].units=16"])
    report = report_of(SelectionStudy(easy, Library(), epochs=60, candidates=5, samples=20))
    assert report.true.mean() * 20 < 5
    assert report.theory is not None
    assert [len(each) for each in report.theory] == [0, 0]
    assert "theory" not in sentence(report)
    assert "on average. If all were equally good" in sentence(report)


def test_true_errors_are_those_of_networks_trained_alone():
    report = report_of(SelectionStudy(QUICK, Library(), epochs=10, candidates=3, samples=20, vary="settings"))
    data = prepare(QUICK.data)
    for number in range(3):
        experiment = candidate(QUICK, number, "settings")
        engine = make_engine(experiment.network, experiment.training.replace(epochs=10), data, experiment.seed)
        engine.pass_epochs(10)
        judge = fresh_part(QUICK.data.source, 6000, 99, data)  # others than the study had
        wrong = int(np.sum(engine.loss.classes(engine.predict(judge.x)) != judge.targets))
        interval = error_interval(wrong, len(judge), 0.9999)
        assert interval.low - 0.01 <= report.true[number] <= interval.high + 0.01


def test_candidates_differ_as_they_should():
    first, second = candidate(QUICK, 1, "seeds"), candidate(QUICK, 2, "seeds")
    assert first.training == second.training == QUICK.training
    assert first.seed != second.seed
    rates = [candidate(QUICK, number, "settings").training.learning_rate for number in range(200)]
    assert min(rates) >= 0.1
    assert max(rates) <= 0.9
    assert candidate(QUICK, 5, "settings") == candidate(QUICK, 5, "settings")


def test_data_that_cannot_be_drawn_anew_need_a_large_test_part():
    iris = Experiment(name="iris").with_settings(["data.source={kind='iris'}", "data.standardize=true"])
    report = report_of(SelectionStudy(iris, Library(), epochs=3, candidates=3, samples=15))
    assert not report.fresh
    assert report.points == 75
    assert "75 other samples" in sentence(report)
    with SelectionStudy(iris, Library(), epochs=3, candidates=3, samples=50) as study:
        study.start()
        assert study.join(60)
        assert "choose at most 18, or an experiment" in study.progress().text


def test_a_test_part_with_too_few_for_any_is_not_offered_none():
    few = Experiment(name="few").with_settings(["data.source={kind='iris'}", "data.train_share=0.92"])
    with SelectionStudy(few, Library(), epochs=3, candidates=3, samples=10) as study:
        study.start()
        assert study.join(60)
        assert "too few for a test part of 10: choose an experiment" in study.progress().text


def test_values_are_refused():
    sine = Experiment(name="sine").with_settings(["data.source={kind='noisy-sine'}"])
    with SelectionStudy(sine, Library(), epochs=3) as study:
        study.start()
        assert study.join(60)
        assert study.progress().text.startswith("This needs classes")
