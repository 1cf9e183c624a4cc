"""Importance of settings against closed forms, and the ranking of points against scipy."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnviz.analysis.importance import best_points, importance

effects = st.lists(st.floats(-10, 10), min_size=2, max_size=5)


def grid(*sizes: int) -> list[np.ndarray]:
    return [np.array(column) for column in zip(*itertools.product(*(range(n) for n in sizes)), strict=True)]


@given(f=effects, g=effects, h=effects)
def test_on_a_grid_an_additive_function_divides_into_the_variances_of_its_parts(
    f: list[float], g: list[float], h: list[float]
) -> None:
    parts = [np.array(each) for each in (f, g, h)]
    variances = [each.var() for each in parts]
    if sum(variances) < 1e-6:
        return
    columns = grid(*map(len, parts))
    y = 3.0 + sum(part[column] for part, column in zip(parts, columns, strict=True))
    found = importance(dict(zip("fgh", columns, strict=True)), y)
    assert list(found.main.values()) == pytest.approx([v / sum(variances) for v in variances], abs=1e-9)
    assert found.unexplained == pytest.approx(0.0, abs=1e-9)
    assert math.isnan(found.chance)


def test_first_order_sobol_indices_of_a_product() -> None:
    """f = (1 + a)(1 + b) with a, b of mean 0: V_a = var a, V_b = var b, V_ab = var a · var b (Sobol 1993)."""
    a, b = np.array([-1.0, 0.0, 1.0]), np.array([-2.0, -1.0, 0.0, 3.0])
    x, z = grid(3, 4)
    parts = np.array([a.var(), b.var(), a.var() * b.var()])
    repeated = [np.repeat(each, 2) for each in (x, z)]  # so that interaction and chance can be told apart
    y = np.repeat((1 + a[x]) * (1 + b[z]), 2)
    found = importance({"a": repeated[0], "b": repeated[1]}, y)
    assert list(found.main.values()) == pytest.approx(parts[:2] / parts.sum())
    assert found.together == pytest.approx(parts[2] / parts.sum())
    assert found.chance == pytest.approx(0.0)


def test_chance_is_told_apart_by_seeds() -> None:
    rng = np.random.default_rng(0)
    x, z = (np.repeat(each, 200) for each in grid(3, 2))
    y = np.array([0.0, 1.0, 2.0])[x] + 0.0 * z + rng.normal(0, 0.5, len(x))
    found = importance({"x": x, "nothing": z}, y)
    expected = (2 / 3) / (2 / 3 + 0.25)
    assert found.main["x"] == pytest.approx(expected, abs=0.03)
    assert found.main["nothing"] < 0.01
    assert found.chance == pytest.approx(1 - expected, abs=0.03)
    assert found.together < 0.01


def test_the_correction_for_chance_is_kelleys() -> None:
    """ε² = 1 − (1 − η²)(n − 1)/(n − k), Kelley 1935, for one factor with k values."""
    rng = np.random.default_rng(1)
    x = np.repeat(np.arange(4), 6)
    y = x + rng.normal(size=24)
    between = sum(6 * (y[x == k].mean() - y.mean()) ** 2 for k in range(4))
    eta2 = between / np.sum((y - y.mean()) ** 2)
    assert importance({"x": x}, y).main["x"] == pytest.approx(1 - (1 - eta2) * 23 / 20)


def test_random_designs_of_numbers_and_labels() -> None:
    rng = np.random.default_rng(2)
    x, z = rng.random(600), rng.random(600)
    kind = rng.choice(["adam", "sgd"], 600)
    y = 2 * x + (kind == "sgd")
    variances = np.array([4 / 12, 0.0, 0.25])
    found = importance({"x": x, "z": z, "kind": kind}, y)
    assert list(found.main.values()) == pytest.approx(variances / variances.sum(), abs=0.05)


def test_pure_chance_is_not_important() -> None:
    rng = np.random.default_rng(3)
    shares = []
    for _ in range(50):
        found = importance({"x": rng.random(40), "z": rng.random(40)}, rng.normal(size=40))
        shares.append(list(found.main.values()))
    assert np.mean(shares) < 0.08


def test_one_setting_alone_explains_all() -> None:
    assert importance({"x": [1, 2, 3]}, [0.3, 0.1, 0.2]).main["x"] == pytest.approx(1.0)


@pytest.mark.parametrize("y", [[], [1.0], [2.0, 2.0, 2.0], [np.nan, np.nan, 1.0]])
def test_where_there_is_nothing_to_explain(y: list[float]) -> None:
    found = importance({"x": np.arange(len(y))}, y)
    assert math.isnan(found.main["x"])


def test_rows_without_an_objective_do_not_count() -> None:
    x, y = [0, 0, 1, 1, 2], [0.0, 0.1, 1.0, 1.1, math.inf]
    assert importance({"x": x}, y).main == importance({"x": x[:4]}, y[:4]).main
    assert importance({"x": x}, y).rows == 4


def test_columns_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="a value for each"):
        importance({"x": [1, 2]}, [1.0, 2.0, 3.0])


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-5, 5)), min_size=1, max_size=60))
def test_ranking_agrees_with_scipy(rows: list[tuple[int, float]]) -> None:
    point, y = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    ranked = best_points(point, y)
    assert sorted(ranked.point) == sorted(set(point))
    assert (np.diff(ranked.mean) >= -1e-12).all()
    for name, first, mean, low, seeds in zip(
        ranked.point, ranked.row, ranked.mean, ranked.low, ranked.seeds, strict=True
    ):
        own = y[point == name]
        assert first == np.flatnonzero(point == name)[0]
        assert mean == pytest.approx(own.mean(), abs=1e-9)
        assert seeds == len(own)
        if len(own) > 1:
            half = stats.t.ppf(0.975, len(own) - 1) * own.std(ddof=1) / math.sqrt(len(own))
            assert low == pytest.approx(own.mean() - half, abs=1e-7)
        else:
            assert math.isnan(low)


def test_points_with_broken_rows_come_last() -> None:
    ranked = best_points([0, 0, 1, 1, 2], [0.1, 0.1, 0.5, 0.5, math.nan], sound=[True, False, True, True, True])
    assert ranked.point.tolist() == [1, 0, 2]
    assert ranked.broken.tolist() == [0, 1, 1]
    assert ranked.seeds.tolist() == [2, 1, 0]
    assert len(best_points([], [])) == 0
