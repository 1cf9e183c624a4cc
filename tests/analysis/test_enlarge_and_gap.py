"""Finer grids against scipy, and the gap."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz.analysis.enlarge import enlarged
from nnviz.analysis.gap import gap


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (5, 7), (100, 100), (6, 4, 3)])
@pytest.mark.parametrize("factor", [1, 2, 5])
def test_enlarged_is_scipys_linear_interpolation(shape: tuple[int, ...], factor: int) -> None:
    from scipy.ndimage import map_coordinates

    field = np.random.default_rng(0).normal(size=shape)
    places = [np.clip((np.arange(n * factor) + 0.5) / factor - 0.5, 0, n - 1) for n in shape[:2]]
    grid = np.meshgrid(*places, indexing="ij")
    channels = field.reshape(*shape[:2], -1)
    reference = np.stack(
        [map_coordinates(channels[:, :, i], grid, order=1, mode="nearest") for i in range(channels.shape[2])], axis=2
    )
    found = enlarged(field, factor)
    assert found.shape == (shape[0] * factor, shape[1] * factor, *shape[2:])
    np.testing.assert_allclose(found.reshape(reference.shape), reference, atol=1e-5)


def test_enlarging_keeps_planes_flat() -> None:
    y, x = np.mgrid[0:10, 0:12].astype(float)
    found = enlarged(2 * x - y, 4)
    inside = found[8:-8, 8:-8]
    np.testing.assert_allclose(np.diff(inside, axis=1), 0.5, atol=1e-4)
    np.testing.assert_allclose(np.diff(inside, axis=0), -0.25, atol=1e-4)


def test_gap_is_test_minus_train() -> None:
    np.testing.assert_array_equal(gap(np.array([0.25, np.nan]), np.array([1.0, 2.0])), [0.75, np.nan])
