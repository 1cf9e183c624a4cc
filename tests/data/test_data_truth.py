"""What is known of generators, against other integrals of the same densities and against their samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from nnviz.data.bundled.iris import Iris
from nnviz.data.fresh import can_be_drawn_anew, fresh_part, fresh_split
from nnviz.data.generators.blobs import Blobs
from nnviz.data.generators.checkerboard import Checkerboard
from nnviz.data.generators.circles import Circles
from nnviz.data.generators.modular_addition import ModularAddition
from nnviz.data.generators.moons import Moons
from nnviz.data.generators.multi_gaussian import MultiGaussian
from nnviz.data.generators.noisy_sine import NoisySine
from nnviz.data.generators.plane import TiltedPlane
from nnviz.data.generators.spirals import Spirals
from nnviz.data.generators.xor import Xor
from nnviz.data.settings import DataSettings
from nnviz.data.source import Source
from nnviz.data.split import prepare
from nnviz.data.truth import truth_of

CLASSES = [
    Blobs(noise=1.5, classes=4),
    Checkerboard(noise=0.4, squares=5),
    Circles(noise=0.3),
    Circles(noise=1.5),
    Moons(noise=0.7),
    Spirals(noise=0.5, arms=3),
    Xor(noise=0.8),
]
VALUES = [NoisySine(noise=0.3, periods=2.0), MultiGaussian(noise=0.2, width=0.9), TiltedPlane(noise=0.1, angle=200.0)]
PLACES = np.random.default_rng(1).uniform(-5, 5, (12, 2))


def shares(source: Source) -> np.ndarray:
    truth = truth_of(source)
    assert truth is not None
    return truth.expected(PLACES)


@pytest.mark.parametrize("source", CLASSES, ids=lambda source: f"{source.kind} {source.noise}")
def test_probabilities_are_those_of_the_samples(source: Source) -> None:
    """Among samples to which a class is given a probability of about p, the share p belongs to it."""
    dataset, truth = source.replace(samples=40_000).load(3), truth_of(source)
    assert truth is not None
    p = truth.expected(dataset.features)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    for k in range(p.shape[1]):
        bins = np.minimum((p[:, k] * 8).astype(int), 7)
        for number in range(8):
            own = bins == number
            if own.sum() < 30:
                continue
            expected, deviation = p[own, k].sum(), math.sqrt((p[own, k] * (1 - p[own, k])).sum()) + 1e-3
            assert abs((dataset.targets[own] == k).sum() - expected) < 4 * deviation + 1, (k, number)


@pytest.mark.parametrize("source", VALUES, ids=lambda source: source.kind)
def test_values_are_targets_without_their_noise(source: Source) -> None:
    dataset, truth = source.replace(samples=20_000).load(3), truth_of(source)
    assert truth is not None
    apart = dataset.targets - truth.expected(dataset.features)[:, 0]
    assert np.mean(apart) == pytest.approx(0.0, abs=4 * source.noise / math.sqrt(20_000))
    assert np.std(apart) == pytest.approx(source.noise, rel=0.03)
    assert abs(np.corrcoef(apart, dataset.targets)[0, 1] - source.noise / np.std(dataset.targets)) < 0.03
    quiet = source.replace(noise=0.0).load(3)
    np.testing.assert_allclose(truth.expected(quiet.features)[:, 0], quiet.targets, atol=1e-5)
    assert truth.noise(np.zeros((4, 1))).tolist() == [source.noise**2] * 4


@pytest.mark.parametrize("noise", [0.2, 0.8, 2.0])
def test_a_disc_with_noise_has_a_noncentral_chi_squared_distance(noise: float) -> None:
    squared = (PLACES**2).sum(axis=1) / noise**2
    inner, hole, outer = (stats.ncx2.cdf((r / noise) ** 2, 2, squared) for r in (2.5, 3.5, 5.0))
    disc, ring = inner / 2.5**2, (outer - hole) / (5.0**2 - 3.5**2)
    np.testing.assert_allclose(shares(Circles(noise=noise))[:, 1], ring / (disc + ring), atol=2e-4)


@pytest.mark.parametrize("noise", [0.15, 0.6])
@pytest.mark.parametrize("kind", ["moons", "spirals"])
def test_arcs_against_adaptive_quadrature(kind: str, noise: float) -> None:
    source = Moons(noise=noise) if kind == "moons" else Spirals(noise=noise, turns=1.0)

    def point(u: float, k: int) -> tuple[float, float]:
        if kind == "moons":
            a = math.pi * u
            x, y = (math.cos(a), math.sin(a)) if k == 0 else (1 - math.cos(a), 0.5 - math.sin(a))
            return 3 * (x - 0.5), 3 * (y - 0.25)
        along = math.sqrt(u)
        angle = 2 * math.pi * (along + k / 2)
        return (0.3 + 5.2 * along) * math.sin(angle), (0.3 + 5.2 * along) * math.cos(angle)

    found = shares(source)
    for place, got in zip(PLACES, found, strict=True):
        nearest = min((math.dist(point(u, k), place), u, k) for u in np.linspace(0, 1, 400) for k in (0, 1))
        scale = nearest[0] ** 2

        def density(u: float, k: int, place: np.ndarray = place, scale: float = scale) -> float:
            return math.exp(-(math.dist(point(u, k), place) ** 2 - scale) / (2 * noise**2))

        own = [integrate.quad(density, 0, 1, (k,), limit=400, points=[nearest[1]])[0] for k in (0, 1)]
        assert got[0] == pytest.approx(own[0] / sum(own), abs=1e-5)


@pytest.mark.parametrize("noise", [0.05, 0.5])
def test_squares_are_products_of_distribution_functions(noise: float) -> None:
    def over(x: np.ndarray, low: float, high: float) -> np.ndarray:
        grid = np.linspace(low, high, 4_001)
        return integrate.simpson(stats.norm.pdf(x[:, None], grid, noise), x=grid, axis=1) / (high - low)

    right, left = (tuple(over(s * PLACES[:, d], 0.3, 5.0) for d in (0, 1)) for s in (1, -1))
    same, other = right[0] * right[1] + left[0] * left[1], right[0] * left[1] + left[0] * right[1]
    np.testing.assert_allclose(shares(Xor(noise=noise))[:, 0], same / (same + other), atol=1e-6)
    edges = np.linspace(-5, 5, 4)
    sides = [[over(PLACES[:, d], edges[i], edges[i + 1]) for i in range(3)] for d in (0, 1)]
    first = sum(sides[0][i] * sides[1][j] / 5 for i in range(3) for j in range(3) if (i + j) % 2 == 0)
    second = sum(sides[0][i] * sides[1][j] / 4 for i in range(3) for j in range(3) if (i + j) % 2 == 1)
    np.testing.assert_allclose(shares(Checkerboard(noise=noise, squares=3))[:, 0], first / (first + second), atol=1e-6)


def test_the_error_of_bayes_of_two_clouds() -> None:
    source = Blobs(classes=2, noise=2.0)
    truth = truth_of(source)
    assert truth is not None
    p = truth.expected(source.replace(samples=40_000).load(0).features)
    each = 1.0 - p.max(axis=1)
    assert each.mean() == pytest.approx(stats.norm.cdf(-3.5 / 2.0), abs=4 * each.std() / 200)


@pytest.mark.parametrize("source", [type(each)(noise=0.0) for each in CLASSES], ids=lambda source: source.kind)
def test_without_noise_nothing_is_uncertain(source: Source) -> None:
    dataset, truth = source.load(0), truth_of(source)
    assert truth is not None
    p = truth.expected(dataset.features)
    assert np.isfinite(p).all()
    assert (p.argmax(axis=1) == dataset.targets).mean() > 0.999


@pytest.mark.parametrize("source", [Iris(), ModularAddition()], ids=lambda source: source.kind)
def test_of_others_nothing_is_known(source: Source) -> None:
    assert truth_of(source) is None
    assert not can_be_drawn_anew(source)


def test_new_samples_are_in_the_scaling_of_the_old_ones() -> None:
    settings = DataSettings(source=NoisySine(samples=60), standardize=True, validation_share=0.2)
    data = prepare(settings)
    part = fresh_part(settings.source, 500, 9, data)
    dataset = settings.source.replace(samples=500).load(9)
    np.testing.assert_allclose(data.scaling.unscaled(part.x), dataset.features, atol=1e-5)
    np.testing.assert_allclose(data.scaling.unscaled_target(part.targets), dataset.targets, atol=1e-5)
    other = fresh_split(settings, 9, data)
    alone = prepare(settings.replace(seed=9))
    assert len(other.train) == len(data.train)
    assert other.test is data.test
    np.testing.assert_allclose(data.scaling.unscaled(other.train.x), alone.scaling.unscaled(alone.train.x), atol=1e-5)
    np.testing.assert_allclose(
        data.scaling.unscaled_target(other.validation.targets),
        alone.scaling.unscaled_target(alone.validation.targets),
        atol=1e-5,
    )


def test_new_samples_of_classes_have_class_numbers() -> None:
    settings = DataSettings(source=Blobs(samples=60, classes=3), standardize=True, validation_share=0.2, copies=1)
    other, alone = fresh_split(settings, 9, prepare(settings)), prepare(settings.replace(seed=9))
    for own, expected in ((other.train, alone.train), (other.validation, alone.validation)):
        assert own.targets.dtype == expected.targets.dtype == np.int64
        np.testing.assert_array_equal(own.targets, expected.targets)


def test_new_samples_have_wrong_labels_as_the_old_ones_do() -> None:
    settings = DataSettings(source=Circles(samples=100), label_noise=0.2)
    data = prepare(settings)
    other = fresh_split(settings, 5, data)
    assert other.train.noisy.sum() == data.train.noisy.sum() == 10
    assert not np.array_equal(other.train.x, data.train.x)
    assert not fresh_part(settings.source, 100, 5, data).noisy.any()
