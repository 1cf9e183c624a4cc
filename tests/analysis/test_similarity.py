"""Similarity of representations against its definition with whole Gram matrices, and against what theory says."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from nnviz.analysis.similarity import cka, weight_cosines
from nnviz.network.layers.linear import Linear
from nnviz.network.layers.relu import ReLU
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import initial_parameters, plan

rng = np.random.default_rng(4)


def hsic(k: Any, m: Any) -> float:
    """tr(KHMH) / (n − 1)², with the centring matrix written out (Gretton et al. 2005)."""
    n = len(k)
    h = np.eye(n) - np.ones((n, n)) / n
    return float(np.trace(k @ h @ m @ h) / (n - 1) ** 2)


def unbiased_hsic(k: Any, m: Any) -> float:
    """Song et al. 2012, equation 5, term by term."""
    n, ones = len(k), np.ones(len(k))
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    total = np.trace(k @ m) + (ones @ k @ ones) * (ones @ m @ ones) / ((n - 1) * (n - 2))
    return float((total - 2 / (n - 2) * (ones @ k @ m @ ones)) / (n * (n - 3)))


def by_definition(x: Any, y: Any, measure: Any) -> float:
    k, m = x @ x.T, y @ y.T
    return float(measure(k, m) / np.sqrt(measure(k, k) * measure(m, m)))


def rotation(p: int) -> Any:
    return np.linalg.qr(rng.normal(size=(p, p)))[0]


@pytest.mark.parametrize("n", [5, 12, 60])
@pytest.mark.parametrize(("p", "q"), [(1, 1), (3, 40), (40, 3), (9, 9), (80, 70)])
def test_it_is_what_the_gram_matrices_say(n: int, p: int, q: int) -> None:
    x = rng.normal(2.0, 3.0, (n, p))
    y = rng.normal(size=(n, q)) + 0.5 * x @ rng.normal(size=(p, q))
    assert cka(x, y) == pytest.approx(by_definition(x, y, hsic), rel=1e-10)
    assert cka(x, y, debiased=True) == pytest.approx(by_definition(x, y, unbiased_hsic), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("debiased", [False, True])
@pytest.mark.parametrize("shape", [(50, 7), (20, 90)])
def test_it_is_blind_to_turning_scaling_and_shifting(shape: tuple[int, int], debiased: bool) -> None:
    x = rng.normal(size=shape)
    turned = -3.7 * x @ rotation(shape[1]) + rng.normal(size=shape[1])
    assert cka(x, turned, debiased) == pytest.approx(1.0, abs=1e-12)
    wider = np.column_stack([x @ rotation(shape[1]), np.zeros((shape[0], 5))])
    assert cka(x, wider, debiased) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("debiased", [False, True])
def test_it_is_not_blind_to_every_invertible_map(debiased: bool) -> None:
    x = rng.normal(size=(200, 6))
    assert cka(x, x @ np.diag([1.0, 2.0, 4.0, 8.0, 16.0, 32.0]) @ rotation(6), debiased) < 0.7


def test_unrelated_features_are_alike_only_in_the_biased_form() -> None:
    own = np.random.default_rng(7)  # whatever ran before
    pairs = [(own.normal(size=(40, 400)), own.normal(size=(40, 300))) for _ in range(50)]
    assert min(cka(x, y) for x, y in pairs) > 0.85
    found = [cka(x, y, debiased=True) for x, y in pairs]
    assert np.max(np.abs(found)) < 0.15
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(len(found)), "no bias"


def test_both_sides_count_alike() -> None:
    x, y = rng.normal(size=(30, 8)), rng.normal(size=(30, 50))
    for debiased in (False, True):
        assert cka(x, y, debiased) == pytest.approx(cka(y, x, debiased), rel=1e-12)


def test_pictures_count_as_lists_of_numbers() -> None:
    x = rng.normal(size=(30, 2, 4, 4)).astype(np.float32)
    assert cka(x, x.reshape(30, 32)) == pytest.approx(1.0)


def test_huge_and_tiny_activations_are_compared_all_the_same() -> None:
    x = rng.normal(size=(30, 5))
    for scale in (1e-120, 1e120):
        assert cka(x * scale, x) == pytest.approx(1.0)
        assert cka(x * scale, x, debiased=True) == pytest.approx(1.0)


@pytest.mark.parametrize("debiased", [False, True])
def test_what_does_not_vary_is_like_nothing(debiased: bool) -> None:
    x = rng.normal(size=(30, 5))
    for flat in (np.zeros((30, 3)), np.full((30, 3), 0.1), np.full((30, 1), 1e6 / 3), np.full((30, 2), np.inf)):
        assert np.isnan(cka(x, flat, debiased))
        assert np.isnan(cka(flat, x, debiased))
    almost = np.full((30, 2), np.float32(0.3))
    almost[4] = np.nextafter(np.float32(0.3), np.float32(1))
    assert np.isnan(cka(x, almost, debiased)), "one unit in the last place is rounding"


def test_one_sample_alone_says_nothing_in_the_debiased_form() -> None:
    x = np.zeros((30, 3))
    x[4] = 1.0
    assert np.isnan(cka(x, rng.normal(size=(30, 3)), debiased=True))


def test_too_few_or_other_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 4 samples, not 3"):
        cka(np.eye(3), np.eye(3), debiased=True)
    with pytest.raises(ValueError, match="same samples, not of 3 and 4"):
        cka(np.eye(3), np.eye(4))


@pytest.mark.parametrize(("shape", "most"), [((200, 20_000), 40_000_000), ((20_000, 20), 4_000_000)])
def test_the_smaller_products_are_made(shape: tuple[int, int], most: int) -> None:
    """20,000 units, or samples, never meet in a matrix of their own, which would take 3.2 GB."""
    x = rng.normal(size=shape).astype(np.float32)
    tracemalloc.start()
    assert 0.3 < cka(x, x * rng.uniform(size=shape[1]), debiased=True) < 1.0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * (most + x.nbytes)


# ---------------------------------------------------------------- weights


def parameters(seed: int, *units: int) -> Any:
    layers = tuple(layer for n in units for layer in (Linear(units=n), ReLU()))
    network = NetworkSettings(layers=layers)
    shape = plan(network, (3,), 1)
    return shape, initial_parameters(network, shape, seed)


def test_weights_are_compared_layer_by_layer() -> None:
    shape, a = parameters(0, 7, 5)
    assert weight_cosines(a, a, shape.weight_slots) == pytest.approx([1.0, 1.0, 1.0])
    b = a.copy()
    middle = shape.weight_slots[1]
    middle.view(b)[...] *= -2.5
    assert weight_cosines(a, b, shape.weight_slots) == pytest.approx([1.0, -1.0, 1.0])
    other = parameters(1, 7, 5)[1]
    found = weight_cosines(a, other, shape.weight_slots)
    for value, slot in zip(found, shape.weight_slots, strict=True):
        u, v = slot.view(a).ravel(), slot.view(other).ravel()
        assert value == pytest.approx(u @ v / np.linalg.norm(u) / np.linalg.norm(v))


def test_unrelated_weights_are_at_right_angles() -> None:
    shape, a = parameters(0, 200, 200)
    cosine = weight_cosines(a, parameters(1, 200, 200)[1], shape.weight_slots)[1]
    assert abs(cosine) < 4 / 200


def test_weights_that_have_no_direction() -> None:
    shape, a = parameters(0, 4)
    bias = shape.slots[1]
    assert bias.parameter.role == "bias"
    assert np.isnan(weight_cosines(a, a, [bias])).all()
    for broken in (np.nan, np.inf):
        b = np.where(np.arange(len(a)) == 0, broken, a)
        assert np.isnan(weight_cosines(a, b, shape.weight_slots)).tolist() == [True, False]
    assert weight_cosines(a * 1e-200, a * 1e200, shape.weight_slots) == pytest.approx([1.0, 1.0])
    with pytest.raises(ValueError, match="same shape"):
        weight_cosines(a, a[1:], shape.slots)
