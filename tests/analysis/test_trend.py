"""Whether a curve falls, rests or jumps."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz.analysis.trend import fall, rises, smoothed


def test_a_fall_is_the_share_lost_over_the_last_half() -> None:
    assert fall(np.full(100, 3.0)) == 0.0
    halves = np.concatenate([np.full(50, 9.0), np.linspace(4.0, 1.0, 50)])
    before, now = np.median(halves[50:55]), np.median(halves[-5:])
    assert fall(halves) == pytest.approx((before - now) / before)
    assert fall(np.linspace(1.0, 2.0, 100)) < 0.0, "a rise"
    assert np.isnan(fall(np.zeros(50)))


@pytest.mark.parametrize("slope", [-0.01, 0.0, 0.003, 0.01])
@pytest.mark.parametrize("n", range(5, 51))
def test_a_line_falls_by_its_slope_or_it_is_not_known(n: int, slope: float) -> None:
    """The strips of a line v − s i have their medians at their middles, half of n less a strip apart."""
    before = 1.0 - slope * (n // 2 + 2)
    apart = (n - 3) - (n // 2 + 2)
    found = fall(1.0 - slope * np.arange(n))
    if apart < 5:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(slope * apart / before)


def test_one_bad_epoch_moves_neither_end() -> None:
    values = np.full(60, 2.0)
    values[[31, 58]] = 90.0
    assert fall(values) == 0.0
    assert (smoothed(values) == 2.0).all()
    assert len(smoothed(values)) == 56
    assert len(smoothed(np.ones(4))) == 0
    assert len(smoothed(np.ones(400))) == 400 - 20 + 1


def test_rises_count_what_goes_up() -> None:
    often, rise = rises(np.array([1.0, 3.0, 2.0, 2.0, 5.0]))
    assert often == pytest.approx(2 / 4)
    assert rise == pytest.approx((2.0 + 3.0) / 4)
    assert rises(np.ones(1)) == (0.0, 0.0)
    assert rises(np.array([1.0, np.nan, 2.0])) == (0.0, 0.0)
