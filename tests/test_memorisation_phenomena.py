"""Published phenomena of single samples, on experiments that come with nnviz."""

from __future__ import annotations

import numpy as np
import pytest
from ways import done, way

from nnviz.analysis import memorisation as m
from nnviz.data.settings import PlaneSettings
from nnviz.experiment import bundled
from nnviz.project.library import Library
from nnviz.studies.memorisation import MemorisationStudy
from nnviz.studies.noisy_labels import NoisyLabels, RandomLabels

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(4))
def test_noisy_labels_are_learned_last(seed):
    """Arpit et al. 2017: patterns first; the test error turns up as wrong labels are learned."""
    experiment = bundled("noisy-labels").with_settings([f"data.seed={seed}"])
    curves = done(NoisyLabels(way(experiment, 600), Library()))
    clean, noisy = 1 - curves.clean, 1 - curves.noisy
    trained = curves.epochs > 0
    early = (clean - noisy)[trained & (curves.epochs <= 50)]
    assert early.min() > 0.0
    assert early.mean() > 0.4
    assert noisy[-1] > 0.85  # in the end they are learned too
    best = int(curves.test.argmin())
    assert noisy[best] < 0.5
    assert curves.noisy_true[best] < 0.5  # then most of them are still given the true label
    assert curves.test[-20:].mean() > curves.test[best] + 0.04

    report = done(MemorisationStudy(way(experiment, 600), Library(), PlaneSettings()))
    learned, wrong = report.path.learned_for_good, report.data.train.noisy
    epochs = np.where(learned == m.NEVER, 601, learned)
    assert np.median(epochs[wrong]) > 10 * max(1.0, float(np.median(epochs[~wrong])))


def test_random_labels_are_memorised():
    """Zhang et al. 2017: a wide network fits permuted labels, and then knows nothing of the test samples."""
    layers = "network.layers=['flatten', {kind='linear', units=256}, 'relu']"
    experiment = bundled("digits").with_settings([layers])
    contest = done(RandomLabels(experiment, Library(), 250, seeds=2))
    assert (contest.train_error.min(axis=2) < 0.001).all()  # Adam may leap away from there for some epochs
    test = contest.test_error[:, :, -1]
    assert (test[0] < 0.06).all()
    spread = np.sqrt(contest.chance * (1 - contest.chance) / contest.n_test)
    assert np.abs(test[1] - contest.chance).max() < 4 * spread
    halfway = np.argmax(contest.train_error.mean(axis=1) < 0.5, axis=1)
    assert contest.epochs[halfway[1]] > 5 * contest.epochs[halfway[0]]


@pytest.mark.parametrize(
    ("name", "settings", "epochs"),
    [
        ("noisy-labels", (), 300),
        ("noisy-labels", ("data.seed=1",), 300),
        ("noisy-labels", ("data.seed=2",), 2_000),
        ("wine", ("data.label_noise=0.2",), 200),
        ("breast-cancer", ("data.label_noise=0.1",), 200),
        ("digits", ("data.label_noise=0.1", "network.layers=['flatten', {kind='linear', units=64}, 'relu']"), 60),
    ],
)
def test_wrong_labels_are_found(name, settings, epochs):
    experiment = bundled(name).with_settings(list(settings))
    report = done(MemorisationStudy(way(experiment, epochs), Library(), PlaneSettings()))
    wrong, suspicion = report.data.train.noisy, report.suspicion("early loss")
    chance, count = float(wrong.mean()), int(wrong.sum())
    precision = m.precision_at(m.ranking(suspicion), wrong, count)
    found = {sign: m.average_precision(report.suspicion(sign), wrong) for sign in ("early loss", "loss", "margin")}
    assert precision > 0.7
    assert precision > 3 * chance
    assert found["early loss"] >= max(found.values()) - 0.03


def test_mislabelled_samples_are_known_by_heart():
    """Feldman & Zhang 2020: samples with unusual labels have the highest memorisation scores."""
    experiment = bundled("breast-cancer").with_settings(["data.label_noise=0.1"])
    report = done(MemorisationStudy(way(experiment, 200), Library(), PlaneSettings(), 60))
    found, wrong = report.crowd.memorised, report.data.train.noisy
    assert np.nanmean(found.score[wrong]) > np.nanmean(found.score[~wrong]) + 0.5
    assert np.nanmean(found.without_it[wrong]) < 0.2
    assert m.average_precision(found.score, wrong) > 0.8
