"""Philox against its published answers, orders that are fair, and masks that have nothing to do with each other."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnviz.engines.random_numbers import dropout_words, epoch_order, fastest_dropout_words, philox
from nnviz.network.layers.dropout import dropout_threshold

ONES = 0xFFFF_FFFF

KNOWN = [
    # kat_vectors of Random123 for philox4x32 with ten rounds: counter, key, words
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES, ONES, ONES, ONES), (ONES, ONES), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_philox_gives_the_published_words(
    counter: tuple[int, int, int, int], key: tuple[int, int], words: tuple[int, int, int, int]
) -> None:
    found = philox(*counter, seed=key[0] + (key[1] << 32))
    assert tuple(int(word) for word in found) == words
    assert all(word.dtype == np.uint32 for word in found)


def test_counters_broadcast_and_are_left_alone() -> None:
    rows, columns = np.arange(5, dtype=np.uint32)[:, None], np.arange(3, dtype=np.uint32)[None, :]
    words = philox(rows, columns, 7, 9, seed=11)
    for i, j in itertools.product(range(5), range(3)):
        assert [int(word[i, j]) for word in words] == [int(word) for word in philox(i, j, 7, 9, seed=11)]
    np.testing.assert_array_equal(rows[:, 0], range(5))
    np.testing.assert_array_equal(columns[0], range(3))


# ---------------------------------------------------------------- orders


@given(seed=st.integers(0, 2**64 - 1), epoch=st.integers(0, 2**40), n=st.integers(0, 200))
def test_an_order_has_every_sample_once(seed: int, epoch: int, n: int) -> None:
    order = epoch_order(seed, epoch, n)
    assert order.dtype == np.int64
    assert sorted(order) == list(range(n))
    np.testing.assert_array_equal(order, epoch_order(seed, epoch, n))


@pytest.mark.parametrize("over", ["epochs", "seeds"])
def test_all_orders_of_four_samples_are_equally_frequent(over: str) -> None:
    numbers = {order: k for k, order in enumerate(itertools.permutations(range(4)))}
    counts = np.zeros(24, int)
    for k in range(4_800):
        seed, epoch = (5, k) if over == "epochs" else (k, 5)
        counts[numbers[tuple(epoch_order(seed, epoch, 4).tolist())]] += 1
    assert stats.chisquare(counts).pvalue > 1e-4


def test_every_sample_comes_at_every_place_equally_often() -> None:
    counts = np.zeros((11, 11), int)
    for epoch in range(2_200):
        counts[np.arange(11), epoch_order(2, epoch, 11)] += 1
    # Rows and columns sum to the number of epochs: (11 - 1)² free counts, each off by the factor (11 - 1) / 11.
    deviation = np.sum((counts - 200) ** 2 / 200) * 10 / 11
    assert stats.chi2.sf(deviation, 100) > 1e-4


def test_orders_differ_by_seed_and_epoch_in_all_their_bits() -> None:
    keys = [(0, 0), (1, 0), (0, 1), (2**32, 0), (0, 2**32), (2**63, 0)]
    orders = {tuple(epoch_order(seed, epoch, 30).tolist()) for seed, epoch in keys}
    assert len(orders) == len(keys)


# ---------------------------------------------------------------- masks


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.95])
def test_the_share_of_units_that_are_off_is_the_rate(rate: float) -> None:
    off = dropout_words(seed=1, step=2, layer=0, samples=400, units=101) < dropout_threshold(rate)
    for share, n in ((off.mean(), off.size), *((column, 400) for column in off.mean(axis=0))):
        assert abs(share - rate) <= 5 * np.sqrt(rate * (1 - rate) / n)


def test_words_are_uniform() -> None:
    words = dropout_words(seed=3, step=4, layer=1, samples=300, units=200).ravel()
    assert stats.kstest(words / 2.0**32, "uniform").pvalue > 1e-4
    for bit in range(32):
        assert abs(np.mean(words >> np.uint32(bit) & np.uint32(1)) - 0.5) <= 5 * 0.5 / np.sqrt(words.size)


def test_masks_of_other_steps_layers_seeds_and_samples_are_independent() -> None:
    shape = {"samples": 100, "units": 90}
    places = [(0, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 0), (0, 2**32, 0), (2**32, 0, 0), (0, 2**32 + 1, 0)]
    masks = [dropout_words(seed, step, layer, **shape) < 2**31 for seed, step, layer in places]
    columns = [mask.ravel() for mask in masks] + [np.roll(masks[0], 1, axis=k).ravel() for k in (0, 1)]
    correlation = np.corrcoef(np.array(columns, float)) - np.eye(len(columns))
    assert np.abs(correlation).max() <= 5 / np.sqrt(100 * 90)


def test_a_word_does_not_depend_on_how_many_are_drawn() -> None:
    many = dropout_words(seed=5, step=6, layer=2, samples=20, units=23)
    np.testing.assert_array_equal(dropout_words(seed=5, step=6, layer=2, samples=7, units=9), many[:7, :9])
    assert dropout_words(seed=5, step=6, layer=2, samples=1, units=1).shape == (1, 1)


def test_a_word_is_one_of_the_four_at_its_place() -> None:
    words = dropout_words(seed=77, step=2**32 * 3 + 8, layer=4, samples=3, units=10)
    for sample, unit in itertools.product(range(3), range(10)):
        four = philox(sample, 8, 4, (unit // 4) | (3 << 24), seed=77)
        assert words[sample, unit] == four[unit % 4]


def test_the_compiled_words_are_the_same() -> None:
    drawn = fastest_dropout_words()
    assert drawn is not dropout_words
    for seed, step, layer, samples, units in [(0, 0, 0, 1, 1), (7, 12, 1, 33, 6), (2**31 - 1, 2**33 + 5, 3, 5, 129)]:
        np.testing.assert_array_equal(
            drawn(seed, step, layer, samples, units), dropout_words(seed, step, layer, samples, units)
        )
