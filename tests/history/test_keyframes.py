"""Keyframes: bounded memory; first, newest, best and early ones are always there; found by place."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sessions import keyframe

from nnviz.history.keyframes import Keyframes


def filled(epochs: list[int], most: int = 256, bytes_limit: int = 2**30, size: int = 3) -> Keyframes:
    frames = Keyframes(most, bytes_limit)
    for epoch in epochs:
        frames.add(keyframe(epoch, np.full(size, epoch, np.float32)))
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
    assert frames.nbytes == sum(frame.nbytes for frame in frames)
    for frame in frames:
        assert (frame.parameters == frame.epoch).all()


def test_large_networks_keep_fewer() -> None:
    frames = filled(list(range(1_000)), bytes_limit=40 * 4_000, size=1_000)
    assert 12 <= len(frames) <= 40
    huge = filled(list(range(1_000)), bytes_limit=1, size=1_000)
    assert len(huge) <= 12, "a dozen are kept whatever they cost"
    assert [frame.epoch for frame in huge][:2] == [0, 1]
    assert [frame.epoch for frame in huge][-1] == 999


def test_early_epochs_are_kept_and_late_ones_are_evenly_spaced() -> None:
    kept = np.array([frame.epoch for frame in filled(list(range(100_000)), most=256)])
    assert len(kept) <= 256
    assert set(range(9)) <= set(kept.tolist())
    gaps = np.diff(kept[:-1])
    assert (np.diff(gaps) >= 0).all(), "never denser again"
    assert gaps.max() <= 1_024, "an epoch is never far from a keyframe"


def test_reasons_protect() -> None:
    frames = Keyframes(most=20)
    frames.add(keyframe(0, [0.0]))
    for epoch in range(1, 5_000):
        frames.add(keyframe(epoch, [epoch], reason="event" if epoch == 1_237 else ""))
    frames.keep(keyframe(801, [801.0], reason="best"))
    frames.keep(keyframe(803, [803.0], reason="best"))
    for epoch in range(5_000, 20_000):
        frames.add(keyframe(epoch, [epoch]))
    kept = [frame.epoch for frame in frames]
    assert 1_237 in kept
    assert 803 in kept
    assert 801 not in kept, "there is one best"
    assert len(kept) <= 20


def test_a_second_keyframe_of_an_epoch_replaces_the_first_and_all_after_it() -> None:
    frames = filled([0, 5, 10, 15])
    frames.add(keyframe(10, np.array([7.0, 7.0, 7.0])))
    assert [frame.epoch for frame in frames] == [0, 5, 10]
    assert list(frames)[-1].parameters[0] == 7.0


@given(st.lists(st.integers(0, 60), min_size=1, max_size=40, unique=True), st.integers(0, 70), st.integers(0, 3))
def test_the_newest_before_a_place_is_found(epochs: list[int], epoch: int, position: int) -> None:
    frames = Keyframes()
    for each in sorted(epochs):
        frames.add(keyframe(each, [0.0]))
    expected = max((each for each in epochs if (each, 0) <= (epoch, position)), default=None)
    found = frames.before((epoch, position))
    assert (found.epoch if found is not None else None) == expected


def test_places_within_an_epoch_are_told_apart() -> None:
    frames = Keyframes()
    for place in ((0, 0), (0, 10), (0, 20), (1, 0)):
        frames.add(keyframe(place[0], [0.0], position=place[1]))
    found = frames.before((0, 15))
    assert found is not None
    assert found.place == (0, 10)


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
