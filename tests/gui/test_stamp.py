"""Stamping points into an image: bounds, blending, order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QColor

from nnviz.gui.widgets.stamp import MARGIN, PointImage, mask, packed, stamp

BLUE, ORANGE = (int(c) for c in packed([QColor("#3a8fd6"), QColor("#e5862f")]))
ANYWHERE = st.floats(allow_nan=True, allow_infinity=True, width=32) | st.floats(-40, 80)


def channels(pixels):
    return np.stack([(pixels >> np.uint32(shift)) & np.uint32(255) for shift in (24, 16, 8, 0)], axis=-1)


@given(
    places=st.lists(st.tuples(ANYWHERE, ANYWHERE), max_size=40),
    radius=st.floats(0.5, 9.0),
    ring=st.sampled_from([0.0, 0.8, 1.4]),
    fine=st.sampled_from([1, 4]),
)
@settings(max_examples=150, deadline=None)
def test_nothing_outside_the_image_is_ever_written(places, radius, ring, fine):
    guard = 64
    memory = np.full(30 * 40 + 2 * guard, 0xDEADBEEF, np.uint32)
    pixels = memory[guard:-guard].reshape(30, 40)
    pixels.fill(0)
    x, y = np.array(places, np.float64).reshape(-1, 2).T
    stamp(pixels, x, y, np.full(len(x), BLUE, np.uint32), mask(radius, ring, fine))
    assert (memory[:guard] == 0xDEADBEEF).all()
    assert (memory[-guard:] == 0xDEADBEEF).all()
    parts = channels(pixels)
    assert (parts[..., 1:] <= parts[..., :1] + 1).all(), "premultiplied: no channel exceeds the opacity"


@given(x=st.floats(10, 20), y=st.floats(10, 20), radius=st.floats(1.0, 6.0))
@settings(max_examples=60, deadline=None)
def test_a_disc_covers_its_area_around_its_centre(x, y, radius):
    pixels = np.zeros((30, 30), np.uint32)
    stamp(pixels, np.array([x]), np.array([y]), np.array([BLUE], np.uint32), mask(radius))
    cover = channels(pixels)[..., 0] / 255
    assert cover.sum() == pytest.approx(np.pi * radius**2, rel=0.06, abs=0.6)
    rows, columns = np.indices(cover.shape) + 0.5
    assert (cover * columns).sum() / cover.sum() == pytest.approx(x, abs=0.2)
    assert (cover * rows).sum() / cover.sum() == pytest.approx(y, abs=0.2)


def test_a_ring_is_open_in_the_middle():
    pixels = np.zeros((21, 21), np.uint32)
    stamp(pixels, np.array([10.5]), np.array([10.5]), np.array([BLUE], np.uint32), mask(6.0, 1.4))
    assert pixels[10, 10] == 0
    assert channels(pixels)[10, 16, 0] > 100


@pytest.mark.parametrize("fine", [1, 4])
def test_later_points_lie_on_top(fine):
    pixels = np.zeros((21, 21), np.uint32)
    place = np.array([10.5])
    for color in (BLUE, ORANGE):
        stamp(pixels, place, place, np.array([color], np.uint32), mask(4.0, fine=fine))
    assert pixels[10, 10] == ORANGE
    both = np.zeros((21, 21), np.uint32)
    stamp(both, place.repeat(2), place.repeat(2), np.array([BLUE, ORANGE], np.uint32), mask(4.0, fine=1))
    assert both[10, 10] == ORANGE


def test_stamping_one_place_again_and_again_does_not_darken_it():
    pixels = np.zeros((21, 21), np.uint32)
    for _ in range(300):
        stamp(pixels, np.array([10.3]), np.array([10.6]), np.array([BLUE], np.uint32), mask(4.0))
    parts = channels(pixels)
    wanted = channels(np.array([BLUE], np.uint32))[0]
    assert abs(parts[10, 10].astype(int) - wanted).max() == 0
    edge = parts[(parts[..., 0] > 0) & (parts[..., 0] < 255)].astype(float)
    assert (abs(edge[:, 1:] / edge[:, :1] - wanted[1:] / 255) < 0.15).all(), "the edge keeps its colour"


def test_points_drawn_in_two_parts_look_as_if_drawn_at_once():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-5, 105, (2, 300))
    colors = np.array([BLUE, ORANGE], np.uint32)[rng.integers(0, 2, 300)]
    once, twice = PointImage(100, 100), PointImage(100, 100)
    shape = mask(1.2, fine=1)
    once.stamp(x, y, colors, shape)
    for part in (slice(0, 200), slice(200, 300)):
        twice.stamp(x[part], y[part], colors[part], shape)
    different = (once.pixels != twice.pixels).mean()
    assert different < 0.03, "only where edges of different colours meet"


def test_a_patch_draws_a_rectangle_anew_and_touches_nothing_else():
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 100, (2, 400))
    colors = np.full(400, BLUE, np.uint32)
    shape = mask(2.5)
    whole, patched = PointImage(100, 100), PointImage(100, 100)
    keep = ~((x > 40) & (x < 60) & (y > 40) & (y < 60))
    whole.stamp(x[keep], y[keep], colors[keep], shape)
    patched.stamp(x, y, colors, shape)
    before = patched.pixels.copy()
    patch = patched.patch(35, 35, 65, 65)
    near = keep & (x > 25) & (x < 75) & (y > 25) & (y < 75)
    patch.stamp(x[near], y[near], colors[near], shape)
    patch.put()
    inside = np.zeros_like(before, bool)
    inside[35 + MARGIN : 65 + MARGIN, 35 + MARGIN : 65 + MARGIN] = True
    assert (patched.pixels[~inside] == before[~inside]).all()
    gap = channels(patched.pixels).astype(int) - channels(whole.pixels)
    assert abs(gap).max() <= 2, abs(gap).max()
    assert (patched.pixels != before).any()


@given(edges=st.lists(st.integers(-200, 300), min_size=4, max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_patch_may_lie_anywhere(edges):
    image = PointImage(50, 40)
    patch = image.patch(*edges)
    patch.stamp(np.array([20.0]), np.array([20.0]), np.array([BLUE], np.uint32), mask(3.0))
    patch.put()
    assert image.pixels.shape == (40 + 2 * MARGIN, 50 + 2 * MARGIN)
