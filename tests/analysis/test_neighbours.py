"""Neighbours, against brute force and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from nnviz.analysis.neighbours import chance_of_twins, nearest, voted


@pytest.mark.parametrize("dimensions", [1, 2, 17])
def test_the_nearest_are_those_of_all_distances(dimensions: int) -> None:
    rng = np.random.default_rng(dimensions)
    points, queries = rng.normal(50.0, 1.0, (300, dimensions)), rng.normal(50.0, 1.0, (40, dimensions))
    all_of_them = np.linalg.norm(queries[:, None] - points[None], axis=2)
    found = nearest(queries.astype(np.float32), points.astype(np.float32), 4)
    assert found.distances == pytest.approx(np.sort(all_of_them, axis=1)[:, :4], rel=1e-4, abs=1e-5)
    assert np.take_along_axis(all_of_them, found.points, 1) == pytest.approx(found.distances, rel=1e-4, abs=1e-5)


def test_a_copy_is_at_distance_0_whatever_the_rounding() -> None:
    points = np.random.default_rng(0).normal(1e4, 1.0, (100, 8)).astype(np.float32)
    found = nearest(points[:10], points)
    assert (found.distances[:, 0] == 0.0).all()
    assert found.points[:, 0].tolist() == list(range(10))
    others = nearest(points[:10], points, own=np.arange(10))
    assert (others.distances > 0.0).all()


def test_five_neighbours_that_vote_are_a_classifier() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(0, 1, (120, 2)), rng.integers(0, 2, 120)
    found = nearest(x, x, 5, own=np.arange(120))
    ours = voted(y[found.points], 2)
    theirs = cross_val_predict(KNeighborsClassifier(5), x, y, cv=LeaveOneOut())
    assert (ours == theirs).all(), "five votes on two classes never tie"


def test_the_nearest_of_those_that_tie_decides() -> None:
    classes = np.array([[2, 0, 0, 1, 1], [1, 0, 2, 0, 2], [0, 1, 2, 1, 0]])
    assert voted(classes, 3).tolist() == [0, 0, 0]


def test_twins_by_chance_are_as_frequent_as_said() -> None:
    rng = np.random.default_rng(3)
    coins = rng.integers(0, 2, (4_000, 6)).astype(float)
    samples, others = coins[:2_000], coins[2_000:2_040]
    seen = np.mean([(sample == others).all(axis=1).any() for sample in samples])
    assert chance_of_twins(samples, 40) == pytest.approx(seen, abs=0.03)
    assert chance_of_twins(rng.normal(0, 1, (500, 1)), 500) == 0.0, "numbers that never repeat"
    assert chance_of_twins(np.zeros((10, 3)), 5) == 1.0
