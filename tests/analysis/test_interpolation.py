"""Where networks become able to fit every training sample."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nnviz.analysis.interpolation import first_interpolating, interpolation_threshold, place_of


def test_a_linear_model_fits_as_many_samples_as_it_has_parameters() -> None:
    """Random features: the rank of a matrix n × p decides, and it is full from p = n on."""
    rng = np.random.default_rng(0)
    n, outputs = 12, 3
    targets = rng.normal(size=(n, outputs))
    for p in range(n - 3, n + 4):
        features = rng.normal(size=(n, p))
        fitted = features @ np.linalg.lstsq(features, targets, rcond=None)[0]
        fits = np.abs(fitted - targets).max() < 1e-9
        assert fits == (p * outputs >= interpolation_threshold(n, outputs))


def test_the_first_size_that_fits_is_the_one_after_the_last_that_does_not() -> None:
    sizes = np.array([1, 2, 4, 8, 16])
    assert first_interpolating(sizes, np.array([0.5, 0.0, 0.1, 0.0, 0.0])) == 8
    assert first_interpolating(sizes, np.zeros(5)) == 1
    assert first_interpolating(sizes, np.array([0.5, 0.4, 0.03, 0.02, 0.01]), below=0.02) == 8
    assert math.isnan(first_interpolating(sizes, np.array([0.5, 0.0, 0.0, 0.0, 0.1])))
    assert math.isnan(first_interpolating(sizes, np.array([0.5, 0.0, 0.0, 0.0, np.nan]))), "who knows"
    assert first_interpolating(sizes, np.array([0.5, np.nan, 0.0, 0.0, 0.0])) == 4
    assert math.isnan(first_interpolating(np.empty(0), np.empty(0)))


def test_the_place_of_a_threshold_lies_between_its_neighbours() -> None:
    units = np.array([10.0, 20.0, 40.0])
    assert place_of(75 * units + 10, units, 75 * 26 + 10) == pytest.approx(26)
    assert place_of(75 * units + 10, units, 760) == 10
    assert math.isnan(place_of(75 * units + 10, units, 5000))
    assert math.isnan(place_of(75 * units + 10, units, 700))
    assert math.isnan(place_of(np.full(3, 500), units, 500)), "the axis does not change the network"
