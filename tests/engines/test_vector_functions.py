"""The functions of vectors against NumPy and SciPy, and what the kernels do with memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from nnviz.engines.compiled import functions
from nnviz.engines.compiled.caching import compiled
from nnviz.engines.compiled.product import multiply
from nnviz.engines.compiled.vectors import LANES, at, load, store, store_first, turn

SINGLE, DOUBLE = np.float32, np.float64
PRECISIONS = pytest.mark.parametrize("dtype", [SINGLE, DOUBLE], ids=["single", "double"])
GUARD = -77.0
"""What lies where nothing may be written."""


@compiled
def all_of(kind: int, x: Any, y: Any) -> None:
    for i in range(0, x.size, LANES):
        v = load(x, i)
        if kind == 0:
            store(y, i, functions.exp_of_negative(v))
        elif kind == 1:
            store(y, i, functions.log(v))
        elif kind == 2:
            store(y, i, functions.log1p(v))
        elif kind == 3:
            store(y, i, functions.tanh(v))
        elif kind == 4:
            store(y, i, functions.logistic(v))
        elif kind == 5:
            store(y, i, functions.softplus(v))
        elif kind == 6:
            store(y, i, functions.normal_density(v))
        elif kind == 7:
            store(y, i, functions.normal_distribution(v))
        elif kind == 8:
            store(y, i, functions.sine(v))
        elif kind == 9:
            store(y, i, functions.cosine(v))
        elif kind == 10:
            store(y, i, functions.square_root(v))


NAMES = [
    "exp_of_negative",
    "log",
    "log1p",
    "tanh",
    "logistic",
    "softplus",
    "normal_density",
    "normal_distribution",
    "sine",
    "cosine",
    "square_root",
]


def evaluated(name: str, x: np.ndarray) -> np.ndarray:
    padded = np.zeros(-(-len(x) // LANES) * LANES, x.dtype)
    padded[: len(x)] = x
    y = np.full_like(padded, np.nan)
    all_of(NAMES.index(name), padded, y)
    return y[: len(x)]


# ---------------------------------------------------------------- functions

Reference = Callable[[np.ndarray], np.ndarray]


def log_sum(x: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def density(x: np.ndarray) -> np.ndarray:
    return np.exp(-x * x / 2) / np.sqrt(2 * np.longdouble(np.pi))


def distribution(x: np.ndarray) -> np.ndarray:
    return special.ndtr(x.astype(np.float64)).astype(np.longdouble)


def places(low: float, high: float, dtype: Any) -> np.ndarray:
    """Return numbers of all sizes and both signs between two bounds, dense near 0 and evenly far from it."""
    sizes = np.geomspace(np.finfo(dtype).tiny, max(-low, high), 100_000)
    x = np.concatenate([np.linspace(low, high, 200_001), sizes, -sizes, [0.0]]).astype(dtype)
    return x[(x >= low) & (x <= high)]


def error_of(name: str, x: np.ndarray, reference: Reference, relative: bool = True) -> float:
    """Return the largest error, relative or absolute, in units of the precision's epsilon."""
    expected = reference(x.astype(np.longdouble))
    errors = np.abs(evaluated(name, x) - expected)
    if relative:
        errors /= np.maximum(np.abs(expected), np.finfo(x.dtype).tiny)
    return float(errors.max() / np.finfo(x.dtype).eps)


WIDE: dict[str, tuple[float, float, float, float, Reference]] = {
    # name: (range in single precision, range in double precision, the function)
    "exp_of_negative": (-87.0, 0.0, -708.0, 0.0, np.exp),
    "log": (1e-37, 1e38, 1e-307, 1e308, np.log),
    "log1p": (0.0, 1e38, 0.0, 1e308, np.log1p),
    "tanh": (-1e4, 1e4, -1e4, 1e4, np.tanh),
    "logistic": (-87.0, 1e4, -708.0, 1e4, special.expit),
    "softplus": (-87.0, 1e4, -708.0, 1e4, log_sum),
    "square_root": (0.0, 1e38, 0.0, 1e308, np.sqrt),
}


@PRECISIONS
@pytest.mark.parametrize("name", WIDE)
def test_a_function_is_exact_to_a_few_units_in_the_last_place(name: str, dtype: Any) -> None:
    *ranges, reference = WIDE[name]
    low, high = ranges[:2] if dtype == SINGLE else ranges[2:]
    x = np.concatenate([places(low, high, dtype), places(max(low, -30.0), min(high, 30.0), dtype)])
    assert len(x) > 100_000
    assert error_of(name, x, reference) <= 4


@PRECISIONS
@pytest.mark.parametrize("name", ["normal_density", "normal_distribution"])
def test_the_normal_distribution_is_exact_where_its_mass_is(name: str, dtype: Any) -> None:
    """The exponent -x²/2 is rounded before it is raised, so the relative error grows with x² in both tails."""
    reference = density if name == "normal_density" else distribution
    assert error_of(name, places(-5.0, 5.0, dtype), reference) <= (10 if dtype == SINGLE else 40)
    assert error_of(name, places(-13.0, 13.0, dtype), reference) <= (50 if dtype == SINGLE else 200)
    assert error_of(name, places(-40.0, 40.0, dtype), reference, relative=False) <= (2 if dtype == SINGLE else 16)
    if name == "normal_distribution":
        assert error_of(name, places(0.0, 40.0, dtype), reference) <= (5 if dtype == SINGLE else 20)


@PRECISIONS
@pytest.mark.parametrize(("name", "reference"), [("sine", np.sin), ("cosine", np.cos)])
def test_sine_and_cosine_keep_their_place_in_the_period(name: str, reference: Reference, dtype: Any) -> None:
    furthest = 5 if dtype == SINGLE else 9
    for size in 10.0 ** np.arange(furthest + 1):
        assert error_of(name, places(-size, size, dtype), reference, relative=False) <= 2
    if name == "sine":
        assert error_of(name, places(-3.0, 3.0, dtype), reference) <= 3, "also near 0 and near π"


@PRECISIONS
@pytest.mark.parametrize("name", ["sine", "cosine"])
def test_sine_and_cosine_stay_bounded_where_no_digit_of_the_period_is_left(name: str, dtype: Any) -> None:
    for power in range(1, 38):
        y = evaluated(name, places(-(10.0**power), 10.0**power, dtype))
        assert np.abs(y).max() <= 1.0 + 1e-6


@PRECISIONS
def test_far_away_the_limits_are_reached(dtype: Any) -> None:
    x = np.array([-np.inf, -np.finfo(dtype).max, -1e4, 1e4, np.finfo(dtype).max, np.inf], dtype)
    tiny = 4 * np.finfo(dtype).tiny
    np.testing.assert_array_equal(evaluated("tanh", x), np.sign(x))
    for name in ("logistic", "softplus"):
        y = evaluated(name, x)
        assert (y[:3] >= 0.0).all(), name
        assert (y[:3] <= tiny).all(), name
        np.testing.assert_array_equal(y[3:], 1.0 if name == "logistic" else x[3:], err_msg=name)
    for name in ("exp_of_negative", "normal_density"):
        y = evaluated(name, -np.abs(x))
        assert ((y >= 0.0) & (y <= tiny)).all(), name
    y = evaluated("normal_distribution", x[1:-1])
    assert ((y[:2] >= 0.0) & (y[:2] <= tiny)).all()
    np.testing.assert_array_equal(y[2:], 1.0)


@PRECISIONS
def test_the_values_at_zero(dtype: Any) -> None:
    x = np.array([0.0, -0.0], dtype)
    for name, expected in {
        "exp_of_negative": 1.0,
        "log1p": 0.0,
        "tanh": 0.0,
        "logistic": 0.5,
        "softplus": np.log(2.0),
        "normal_density": 1.0 / np.sqrt(2.0 * np.pi),
        "normal_distribution": 0.5,
        "sine": 0.0,
        "cosine": 1.0,
        "square_root": 0.0,
    }.items():
        units = 16 if name == "normal_distribution" else 2
        np.testing.assert_allclose(evaluated(name, x), expected, rtol=units * np.finfo(dtype).eps, err_msg=name)
    for name in ("tanh", "square_root"):
        np.testing.assert_array_equal(np.signbit(evaluated(name, x)), [False, True], err_msg=name)


@PRECISIONS
@pytest.mark.parametrize("name", sorted(set(NAMES) - {"log"}))  # which is only for positive numbers
def test_what_is_not_a_number_stays_so(name: str, dtype: Any) -> None:
    x = np.full(LANES, -1.0 if name == "exp_of_negative" else 1.0, dtype)
    x[3], x[7] = np.nan, -np.nan
    y = evaluated(name, x)
    assert np.flatnonzero(np.isnan(y)).tolist() == [3, 7]
    if name in ("sine", "cosine"):
        assert np.isnan(evaluated(name, np.array([np.inf, -np.inf], dtype))).all()


@PRECISIONS
@pytest.mark.parametrize("name", NAMES)
def test_a_lane_does_not_depend_on_its_neighbours(name: str, dtype: Any) -> None:
    x = -np.geomspace(1e-3, 20.0, 5 * LANES) if name == "exp_of_negative" else np.geomspace(1e-3, 20.0, 5 * LANES)
    together = evaluated(name, x.astype(dtype))
    one_by_one = [evaluated(name, np.full(LANES, value))[5] for value in x.astype(dtype)]
    np.testing.assert_array_equal(together, one_by_one)


def test_every_function_is_tested() -> None:
    assert set(NAMES) == set(functions.__all__)


# ---------------------------------------------------------------- products


@compiled
def product(out: Any, x: Any, y: Any, start: Any, numbers: Any) -> None:
    o0, o, xr, xs, ys, sr, rows, columns, depth = numbers
    multiply(at(out, o0), o, at(x, 0), xr, xs, at(y, 0), ys, at(start, 0), sr, rows, columns, depth)


SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 70]


def assert_product(rows: int, columns: int, depth: int, turned: bool, alike: bool, dtype: Any) -> None:
    """Compare one product with NumPy; `turned` stores x by columns, `alike` gives all rows the same start."""
    rng = np.random.default_rng([rows, columns, depth])
    wide = -(-columns // LANES) * LANES
    x = rng.normal(size=(rows, depth)).astype(dtype)
    y = np.full((depth, wide + 3), np.nan, dtype)  # beyond the columns: read, perhaps, and never used
    y[:, :columns] = rng.normal(size=(depth, columns))
    start = rng.normal(size=1 if alike else max(1, rows)).astype(dtype)
    stored = np.ascontiguousarray(x.T if turned else x).ravel()
    strides = (1, rows) if turned else (depth, 1)
    out = np.full((rows + 4, columns + 5), GUARD, dtype)
    first = 2 * (columns + 5) + 3
    numbers = (first, columns + 5, *strides, wide + 3, 0 if alike else 1, rows, columns, depth)
    product(out.ravel(), np.append(stored, dtype(0)), np.append(y.ravel(), dtype(0)), start, numbers)
    expected = np.full_like(out, GUARD)
    found = out[2 : 2 + rows, 3 : 3 + columns].copy()
    out[2 : 2 + rows, 3 : 3 + columns] = GUARD
    np.testing.assert_array_equal(out, expected, err_msg="outside")
    begun = np.broadcast_to(start[:, None] if not alike else start, (rows, columns)) if rows else found
    exact = begun.astype(np.float64) + x.astype(np.float64) @ y[:, :columns].astype(np.float64)
    scale = np.abs(begun) + np.abs(x) @ np.abs(y[:, :columns])
    assert (np.abs(found - exact) <= (depth + 1) * np.finfo(dtype).eps * scale).all()


@PRECISIONS
@pytest.mark.parametrize("rows", SIZES)
def test_a_product_is_that_of_numpy_and_writes_nothing_else(rows: int, dtype: Any) -> None:
    for number, (columns, depth) in enumerate(itertools.product(SIZES, SIZES)):
        assert_product(rows, columns, depth, number % 2 == 0, number % 3 == 0, dtype)


@pytest.mark.slow
@PRECISIONS
@pytest.mark.parametrize("rows", range(71))
def test_products_of_all_shapes(rows: int, dtype: Any) -> None:
    for number, (columns, depth) in enumerate(itertools.product(range(71), range(71))):
        assert_product(rows, columns, depth, number % 2 == 0, number % 3 == 0, dtype)


@PRECISIONS
def test_an_element_of_a_product_is_the_same_wherever_it_lies(dtype: Any) -> None:
    rng = np.random.default_rng(0)
    x, y, start = rng.normal(size=40).astype(dtype), rng.normal(size=(40, 16)).astype(dtype), np.zeros(1, dtype)
    alone = np.zeros(16, dtype)
    product(alone, x, y.ravel(), start, (0, 16, 40, 1, 16, 0, 1, 16, 40))
    for rows, repeats in [(1, 4), (3, 1), (4, 4), (8, 1), (13, 5)]:
        wide, many = np.tile(y, (1, repeats)), np.tile(x, rows)
        out = np.zeros((rows, 16 * repeats), dtype)
        product(
            out.reshape(-1),
            many,
            wide.ravel(),
            start,
            (0, 16 * repeats, 40, 1, 16 * repeats, 0, rows, 16 * repeats, 40),
        )
        np.testing.assert_array_equal(out, np.tile(alone, (rows, repeats)))


# ---------------------------------------------------------------- memory


@compiled
def turned(source: Any, first: int, row: int, target: Any, other_first: int, other_row: int) -> None:
    turn(at(source, first), row, at(target, other_first), other_row)


@PRECISIONS
@pytest.mark.parametrize(("row", "other_row"), [(16, 16), (19, 16), (16, 23), (64, 17)])
def test_a_square_is_turned_and_nothing_else_written(row: int, other_row: int, dtype: Any) -> None:
    source = np.random.default_rng(0).normal(size=(LANES, row)).astype(dtype)
    target = np.full((LANES + 2, other_row), GUARD, dtype)
    turned(np.append(dtype(0), source.ravel()), 1, row, target.reshape(-1), other_row, other_row)
    expected = np.full_like(target, GUARD)
    expected[1:-1, :LANES] = source[:, :LANES].T
    np.testing.assert_array_equal(target, expected)


@compiled
def stored(values: Any, target: Any, first: int, count: int) -> None:
    store_first(target, first, load(values, 0), count)


@PRECISIONS
@pytest.mark.parametrize("count", [-3, 0, 1, 2, 7, 8, 15, 16, 17, 1_000])
def test_only_the_first_numbers_are_stored(count: int, dtype: Any) -> None:
    values, target = np.arange(LANES, dtype=dtype), np.full(3 * LANES, GUARD, dtype)
    stored(values, target, 5, count)
    expected = np.full_like(target, GUARD)
    written = min(max(count, 0), LANES)
    expected[5 : 5 + written] = values[:written]
    np.testing.assert_array_equal(target, expected)
