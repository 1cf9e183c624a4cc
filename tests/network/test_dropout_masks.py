"""Dropout: its statistics, and masks that can be drawn again."""

import copy
import math

import pytest
import torch

from nnviz.network.layers.dropout import Dropout, reseed

ONES = torch.ones(200, 50)


def test_values_are_zero_or_scaled_up():
    y = Dropout(rate=0.25).module((50,))(ONES)
    assert y.unique().tolist() == [0.0, pytest.approx(1 / 0.75)]


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.95])
def test_share_of_zeros_is_the_rate_within_four_standard_errors(rate):
    module = Dropout(rate=rate).module((50,))
    reseed(module, 3)
    zeros = (module(ONES) == 0).double().mean().item()
    assert abs(zeros - rate) <= 4 * math.sqrt(rate * (1 - rate) / ONES.numel())


def test_evaluation_changes_nothing():
    module = Dropout(rate=0.9).module((50,)).eval()
    assert module(ONES) is ONES


def test_a_seed_gives_its_masks_again_whatever_came_before():
    module = Dropout().module((50,))
    reseed(module, 11)
    first = [module(ONES) for _ in range(3)]
    torch.rand(17)
    reseed(module, 12)
    other = module(ONES)
    reseed(module, 11)
    again = [module(ONES) for _ in range(3)]
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[0], other)


def test_an_evaluation_between_seed_and_step_does_not_matter():
    module = Dropout().module((50,))
    reseed(module, 5)
    expected = module(ONES)
    reseed(module, 5)
    module.eval()(ONES)
    assert torch.equal(module.train()(ONES), expected)


def test_seeds_that_differ_only_above_32_bits_differ():
    # torch's CPU generator ignores the upper half of a seed.
    module = Dropout().module((50,))
    masks = []
    for seed in (1, 1 + 2**32, 1 + 2**70):
        reseed(module, seed)
        masks.append(module(ONES))
    assert not torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0], masks[2])


def test_layers_of_one_network_have_masks_of_their_own():
    network = torch.nn.Sequential(Dropout().module((50,)), torch.nn.Tanh(), Dropout().module((50,)))
    reseed(network, 2)
    assert not torch.equal(network[0](ONES), network[2](ONES))


def test_the_mask_is_the_same_in_every_precision():
    module = Dropout().module((50,))
    reseed(module, 2)
    single = module(ONES)
    reseed(module, 2)
    double = module(ONES.double())
    assert double.dtype == torch.float64
    assert torch.equal(single.double(), double)


def test_seeding_leaves_torchs_own_generator_alone():
    module = Dropout().module((50,))
    torch.manual_seed(0)
    expected = torch.rand(4)
    torch.manual_seed(0)
    reseed(module, 2)
    module(ONES)
    assert torch.equal(torch.rand(4), expected)


def test_without_a_seed_torchs_own_generator_decides():
    module = Dropout().module((50,))
    assert module.generator is None
    torch.manual_seed(0)
    first = module(ONES)
    torch.manual_seed(0)
    assert torch.equal(module(ONES), first)


def test_a_copy_goes_on_by_itself():
    module = Dropout().module((50,))
    reseed(module, 4)
    module(ONES)
    twin = copy.deepcopy(module)
    assert torch.equal(module(ONES), twin(ONES))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_generator_follows_the_input_to_its_device():
    module = Dropout().module((50,))
    reseed(module, 4)
    module(ONES)
    masks = []
    for _ in range(2):
        reseed(module, 4)
        masks.append(module(ONES.cuda()))
    assert torch.equal(*masks)
    assert module.generator.device.type == "cuda"
