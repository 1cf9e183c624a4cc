"""What is known of the samples that a generator makes: the probability of every class, or the target without its noise.

Each generator adds normal noise to points of a known shape, or to a known function. The density of a class is then the
shape's own density, convolved with that of the noise: sums of normal densities for clouds, products of normal
distribution functions for squares, and integrals along one line for arcs and discs, by Gauss-Legendre quadrature.
Classes come equally often, so that the probability of a class is its share of the sum of all densities (Bayes).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, singledispatch
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import Floats, Task
from nnviz.data.generators.blobs import Blobs
from nnviz.data.generators.checkerboard import Checkerboard
from nnviz.data.generators.circles import Circles
from nnviz.data.generators.moons import Moons
from nnviz.data.generators.multi_gaussian import CENTRES, HEIGHTS, MultiGaussian
from nnviz.data.generators.noisy_sine import NoisySine
from nnviz.data.generators.plane import TiltedPlane
from nnviz.data.generators.spirals import Spirals
from nnviz.data.generators.xor import Xor
from nnviz.data.source import Source

Values = NDArray[np.float64]

_NODES = 8
"""Nodes of the quadrature on each piece of an arc; pieces are four deviations of the noise long."""

_CELLS = 2_000_000
"""Most numbers in an intermediate array: about 16 MB."""

_SHARP = 0.02
"""Less noise than this is taken as this much: arcs are so far apart that both give the same class everywhere."""

_SHARP_DISC = 0.05
"""The same for a disc and its ring, which are 1 apart: twenty deviations."""

_SHARP_SQUARE = 1e-6
"""The same for squares, which touch each other."""


@dataclass(frozen=True)
class Truth:
    """The best that can be said about a target from the features.

    `expected` maps features (n, d), in the units of the source, to the probabilities of the classes (n, classes), or to
    the mean of a regression target (n, 1). `deviation` is the standard deviation of that target around its mean.
    """

    task: Task
    expected: Callable[[Floats], Values]
    deviation: float = 0.0

    def noise(self, expected: Values) -> Values:
        """Return E‖y − E y‖² (n,) of targets with the given expectation (n, outputs): what no network can explain.

        Classes are coded with a 1 in a column of their own, so that this is Σ_k π_k (1 − π_k).
        """
        if self.task == "regression":
            return np.full(len(expected), self.deviation**2)
        return np.asarray((expected * (1.0 - expected)).sum(axis=1))


@singledispatch
def truth_of(source: Source) -> Truth | None:
    """Return what is known about the samples of a source; None where that is nothing, as for files and drawings."""
    return None


# ---------------------------------------------------------------- values


@truth_of.register
def _of_sine(source: NoisySine) -> Truth:
    def expected(x: Floats) -> Values:
        return 0.8 * np.sin(2 * np.pi * source.periods * np.asarray(x, np.float64)[:, :1] / 12.0)

    return Truth("regression", expected, source.noise)


@truth_of.register
def _of_hills(source: MultiGaussian) -> Truth:
    def expected(x: Floats) -> Values:
        squared = ((np.asarray(x, np.float64)[:, None, :] - CENTRES) ** 2).sum(axis=2)
        return np.asarray(np.exp(-squared / (2 * source.width**2)) @ HEIGHTS)[:, None]

    return Truth("regression", expected, source.noise)


@truth_of.register
def _of_plane(source: TiltedPlane) -> Truth:
    uphill = np.array([math.cos(math.radians(source.angle)), math.sin(math.radians(source.angle))])

    def expected(x: Floats) -> Values:
        return np.asarray(np.asarray(x, np.float64) @ uphill / 6.0)[:, None]

    return Truth("regression", expected, source.noise)


# ---------------------------------------------------------------- clouds and arcs


@truth_of.register
def _of_blobs(source: Blobs) -> Truth:
    angle = np.pi / 2 + 2 * np.pi * np.arange(source.classes) / source.classes
    centres = 3.5 * np.column_stack([np.cos(angle), np.sin(angle)])
    return _near(centres[:, None], np.ones(1), source.noise)


@truth_of.register
def _of_moons(source: Moons) -> Truth:
    angle, weights = _nodes(0.0, np.pi, 3.0 * np.pi, source.noise)
    upper = np.column_stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25])
    lower = np.column_stack([0.5 - np.cos(angle), 0.25 - np.sin(angle)])
    return _near(3.0 * np.stack([upper, lower]), weights, source.noise)


@truth_of.register
def _of_spirals(source: Spirals) -> Truth:
    length = 5.2 + 2 * np.pi * source.turns * 5.5  # not below the true one
    along, weights = _nodes(0.0, 1.0, length, source.noise)
    turned = 2 * np.pi * (source.turns * along + np.arange(source.arms)[:, None] / source.arms)
    points = (0.3 + 5.2 * along)[:, None] * np.stack([np.sin(turned), np.cos(turned)], axis=2)
    return _near(points, weights * 2 * along, source.noise)  # the density of the root of a uniform number


def _nodes(low: float, high: float, length: float, noise: float) -> tuple[Values, Values]:
    """Return places between two ends of an arc and their weights, dense enough for the noise on it."""
    pieces = math.ceil(length / (4 * max(noise, _SHARP)))
    places, weights = np.polynomial.legendre.leggauss(_NODES)
    step = (high - low) / pieces
    nodes = low + step * (np.arange(pieces)[:, None] + (places + 1) / 2)
    return nodes.ravel(), np.tile(weights * step / 2, pieces)


def _near(points: Values, weights: Values, noise: float) -> Truth:
    """Return the truth of normal noise around points (classes, m, 2), with the same weights (m,) in each class."""
    return Truth("classification", partial(_near_shares, points, weights, max(noise, _SHARP)))


def _near_shares(points: Values, weights: Values, noise: float, x: Floats) -> Values:
    at = np.asarray(x, np.float64)
    classes, m, _ = points.shape
    flat, size = points.reshape(-1, 2), max(1, _CELLS // (classes * m))
    shares = np.empty((len(at), classes))
    for start in range(0, len(at), size):
        some = at[start : start + size]
        squared = (some[:, :1] - flat[:, 0]) ** 2
        squared += (some[:, 1:] - flat[:, 1]) ** 2
        squared -= squared.min(axis=1, keepdims=True)  # a factor of all densities, which keeps the largest at 1
        squared *= -0.5 / noise**2
        densities = np.exp(squared, out=squared).reshape(len(some), classes, m) @ weights
        shares[start : start + size] = densities / densities.sum(axis=1, keepdims=True)
    return shares


# ---------------------------------------------------------------- squares and discs


@truth_of.register
def _of_xor(source: Xor) -> Truth:
    noise = max(source.noise, _SHARP_SQUARE)

    def expected(x: Floats) -> Values:
        right, left = (_over(sign * np.asarray(x, np.float64), 0.3, 5.0, noise) for sign in (1.0, -1.0))
        same = right[:, 0] * right[:, 1] + left[:, 0] * left[:, 1]
        other = right[:, 0] * left[:, 1] + left[:, 0] * right[:, 1]
        return _shares(np.column_stack([same, other]))

    return Truth("classification", expected)


@truth_of.register
def _of_checkerboard(source: Checkerboard) -> Truth:
    noise, count = max(source.noise, _SHARP_SQUARE), source.squares
    edges = np.linspace(-5.0, 5.0, count + 1)
    odd = np.add.outer(np.arange(count), np.arange(count)) % 2 == 1

    def expected(x: Floats) -> Values:
        at = np.asarray(x, np.float64)
        sides = np.stack([_over(at, low, high, noise) for low, high in pairwise(edges)])
        squares = np.einsum("cn,rn->ncr", sides[:, :, 0], sides[:, :, 1])
        return _shares(np.column_stack([squares[:, ~odd].mean(axis=1), squares[:, odd].mean(axis=1)]))

    return Truth("classification", expected)


@truth_of.register
def _of_circles(source: Circles) -> Truth:
    noise = max(source.noise, _SHARP_DISC)
    radii = np.linspace(0.0, 6.0 + 8.0 * noise, 600)
    inner, hole, outer = (_disc(radii, radius, noise) for radius in (2.5, 3.5, 5.0))
    ring = np.maximum(outer * 5.0**2 - hole * 3.5**2, 0.0) / (5.0**2 - 3.5**2)
    known = _shares(np.column_stack([inner, ring]))[:, 1]

    def expected(x: Floats) -> Values:
        at = np.asarray(x, np.float64)
        second = np.interp(np.hypot(at[:, 0], at[:, 1]), radii, known)
        return np.column_stack([1.0 - second, second])

    return Truth("classification", expected)


def _disc(distance: Values, radius: float, noise: float) -> Values:
    """Return the density (n,), at some distances from the middle, of a uniform disc with normal noise.

    The noise across is integrated over chords: for y = R sin t the chord has half the length R cos t, and along it the
    noise has the distribution function of the normal distribution.
    """
    reach = math.asin(min(1.0, 9.0 * noise / radius))
    places, weights = np.polynomial.legendre.leggauss(64)
    half = radius * np.cos(reach * places)
    across = np.exp(-0.5 * (radius * np.sin(reach * places) / noise) ** 2) / (noise * math.sqrt(2 * np.pi))
    along = _normal((half - distance[:, None]) / noise) - _normal((-half - distance[:, None]) / noise)
    return np.asarray(along @ (across * half * weights * reach)) / (np.pi * radius**2)


def _over(x: Values, low: float, high: float, noise: float) -> Values:
    """Return the density of a uniform number between `low` and `high` with normal noise, at each of x."""
    middle = 0.5 * (low + high)
    far = np.abs(x - middle)  # to the left of the middle, where differences of the distribution function keep digits
    return (_normal((0.5 * (high - low) - far) / noise) - _normal((-0.5 * (high - low) - far) / noise)) / (high - low)


def _normal(x: Values) -> Values:
    """Return the distribution function of the normal distribution, ½ erfc(−x/√2).

    One number at a time: numpy has no such function, and one of its own loops over Python's would let no other thread
    draw a frame meanwhile.
    """
    scaled = (x * -math.sqrt(0.5)).ravel().tolist()
    return 0.5 * np.array([math.erfc(value) for value in scaled]).reshape(x.shape)


def _shares(densities: Values) -> Values:
    """Return each column's share of the sum of densities (n, classes); equal ones where all of them vanish."""
    total = densities.sum(axis=1, keepdims=True)
    equal = 1.0 / densities.shape[1]
    shares = np.full_like(densities, equal)
    np.divide(densities, total, out=shares, where=total > 0.0)
    return shares
