"""Keyframes: bounded memory, first and newest always there, evenly spaced."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnviz.history.keyframes import Keyframes


def filled(epochs: list[int], most: int = 256, bytes_limit: int = 2**30, size: int = 3) -> Keyframes:
    frames = Keyframes(most, bytes_limit)
    for epoch in epochs:
        frames.add(epoch, np.full(size, epoch, np.float32))
    return frames


@given(st.lists(st.integers(0, 50), min_size=1, max_size=300), st.integers(2, 20))
def test_memory_is_bounded_and_the_ends_are_kept(gaps: list[int], most: int) -> None:
    epochs = np.cumsum(gaps).tolist()
    frames = filled(epochs, most)
    kept = [frame.epoch for frame in frames]
    assert len(frames) <= max(most, 2)
    assert kept[0] == epochs[0]
    assert kept[-1] == epochs[-1]
    assert kept == sorted(set(kept))
    for frame in frames:
        assert (frame.parameters == frame.epoch).all()


def test_large_networks_keep_fewer() -> None:
    frames = filled(list(range(100)), bytes_limit=10 * 4_000, size=1_000)
    assert 2 <= len(frames) <= 10
    huge = filled(list(range(100)), bytes_limit=1, size=1_000)
    assert [frame.epoch for frame in huge] == [0, 99], "two are kept whatever they cost"


def test_what_is_left_is_evenly_spaced() -> None:
    kept = [frame.epoch for frame in filled(list(range(10_000)), most=64)]
    gaps = np.diff(kept[:-1])
    assert gaps.max() == gaps.min()


def test_a_second_keyframe_of_an_epoch_replaces_the_first_and_all_after_it() -> None:
    frames = filled([0, 5, 10, 15])
    frames.add(10, np.array([7.0, 7.0, 7.0]))
    assert [frame.epoch for frame in frames] == [0, 5, 10]
    assert list(frames)[-1].parameters[0] == 7.0


def test_keyframes_cannot_be_written() -> None:
    (frame,) = filled([0])
    assert not frame.parameters.flags.writeable


@given(st.integers(1, 200), st.integers(1, 30))
def test_a_spread_reaches_from_first_to_newest(count: int, wanted: int) -> None:
    frames = filled([epoch * epoch for epoch in range(count)])
    spread = [frame.epoch for frame in frames.spread(wanted)]
    assert len(spread) <= max(wanted, 1)
    assert spread == sorted(set(spread))
    assert spread[0] == 0
    if wanted > 1:
        assert spread[-1] == (count - 1) ** 2


def test_an_empty_set_has_no_spread() -> None:
    assert Keyframes().spread(5) == []
    assert len(Keyframes()) == 0
