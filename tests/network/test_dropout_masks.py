"""Dropout: its statistics, and masks made of random words that come from outside."""

import math

import numpy as np
import pytest
import torch

from nnviz.network.layers.dropout import Dropout, dropout_threshold

ONES = torch.ones(200, 50)


def drawn(rate, seed, shape=(50,)):
    """Return a module whose words come from a generator with this seed."""
    module = Dropout(rate=rate).module(shape)
    rng = np.random.default_rng(seed)
    module.draw = lambda samples, units: rng.integers(0, 2**32, (samples, units), np.uint32)
    return module


@pytest.mark.parametrize("make", [lambda: Dropout(rate=0.25).module((50,)), lambda: drawn(0.25, 1)])
def test_values_are_zero_or_scaled_up(make):
    assert make()(ONES).unique().tolist() == [0.0, pytest.approx(1 / 0.75)]


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.95])
@pytest.mark.parametrize("outside", [True, False])
def test_share_of_zeros_is_the_rate_within_four_standard_errors(rate, outside):
    torch.manual_seed(3)
    module = drawn(rate, 3) if outside else Dropout(rate=rate).module((50,))
    zeros = (module(ONES) == 0).double().mean().item()
    assert abs(zeros - rate) <= 4 * math.sqrt(rate * (1 - rate) / ONES.numel())


def test_evaluation_changes_nothing():
    for module in (Dropout(rate=0.9).module((50,)), drawn(0.9, 1)):
        assert module.eval()(ONES) is ONES


def test_a_unit_is_off_where_its_word_is_below_the_threshold():
    threshold = dropout_threshold(0.25)
    assert threshold == 2**30
    module = Dropout(rate=0.25).module((3,))
    module.draw = lambda samples, units: np.array([[0, threshold - 1, threshold], [2**32 - 1, 5, 2**31]], np.uint32)
    on = 2.0 / 0.75
    expected = torch.tensor([[0.0, 0.0, on], [on, 0.0, on]])
    torch.testing.assert_close(module(torch.full((2, 3), 2.0)), expected)


@pytest.mark.parametrize("rate", [0.0, 1e-12, 0.5, 0.95, 1.0])
def test_the_threshold_is_a_word(rate):
    assert 0 <= dropout_threshold(rate) < 2**32
    assert abs(dropout_threshold(rate) / 2**32 - rate) <= 2**-32


def test_images_are_flattened_in_the_order_of_memory():
    asked = []

    def draw(samples, units):
        asked.append((samples, units))
        return np.where(np.arange(samples * units).reshape(samples, units) % 5 == 0, 0, 2**32 - 1).astype(np.uint32)

    module = Dropout().module((2, 3, 4))
    module.draw = draw
    y = module(torch.ones(7, 2, 3, 4))
    assert asked == [(7, 24)]
    np.testing.assert_array_equal(np.flatnonzero(y.numpy().ravel() == 0), np.arange(0, 168, 5))


def test_the_mask_is_the_same_in_every_precision():
    single, double = drawn(0.5, 2)(ONES), drawn(0.5, 2)(ONES.double())
    assert double.dtype == torch.float64
    assert torch.equal(single.double(), double)


def test_words_from_outside_leave_torchs_own_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(4)
    torch.manual_seed(0)
    drawn(0.5, 2)(ONES)
    assert torch.equal(torch.rand(4), expected)


def test_without_words_torchs_own_generator_decides():
    module = Dropout().module((50,))
    assert module.draw is None
    torch.manual_seed(0)
    first = module(ONES)
    torch.manual_seed(0)
    assert torch.equal(module(ONES), first)
    assert torch.equal(module(ONES), first) is False


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_mask_is_the_same_on_another_device():
    assert torch.equal(drawn(0.5, 4)(ONES), drawn(0.5, 4)(ONES.cuda()).cpu())
