"""Changes to the list of hidden layers."""

import pytest

from nnviz.network.edit import add_hidden_layer, duplicate, insert, move, remove, replace
from nnviz.network.layers.leaky_relu import LeakyReLU
from nnviz.network.layers.linear import Linear
from nnviz.network.layers.relu import ReLU
from nnviz.network.layers.sigmoid import Sigmoid
from nnviz.network.layers.tanh import Tanh
from nnviz.network.settings import NetworkSettings

A, B, C = Linear(units=1), Tanh(), Linear(units=3)
ABC = NetworkSettings(layers=(A, B, C))
EMPTY = NetworkSettings(layers=())
NEW = Sigmoid()


@pytest.mark.parametrize(
    ("index", "layers"), [(0, (NEW, A, B, C)), (1, (A, NEW, B, C)), (2, (A, B, NEW, C)), (3, (A, B, C, NEW))]
)
def test_insert(index, layers):
    assert insert(ABC, index, NEW).layers == layers


@pytest.mark.parametrize(("index", "layers"), [(0, (B, C)), (1, (A, C)), (2, (A, B))])
def test_remove(index, layers):
    assert remove(ABC, index).layers == layers


@pytest.mark.parametrize(
    ("index", "to", "layers"),
    [(0, 0, (A, B, C)), (0, 1, (B, A, C)), (0, 2, (B, C, A)), (2, 0, (C, A, B)), (2, 1, (A, C, B)), (1, 2, (A, C, B))],
)
def test_move(index, to, layers):
    moved = move(ABC, index, to)
    assert moved.layers == layers
    assert moved.layers[to] == ABC.layers[index]
    assert move(moved, to, index) == ABC


@pytest.mark.parametrize(("index", "layers"), [(0, (A, A, B, C)), (2, (A, B, C, C))])
def test_duplicate(index, layers):
    assert duplicate(ABC, index).layers == layers


@pytest.mark.parametrize(("index", "layers"), [(0, (NEW, B, C)), (1, (A, NEW, C)), (2, (A, B, NEW))])
def test_replace(index, layers):
    assert replace(ABC, index, NEW).layers == layers


def test_nothing_else_changes():
    before = NetworkSettings(layers=(A, B, C))
    for after in (insert(ABC, 1, NEW), remove(ABC, 1), move(ABC, 0, 2), duplicate(ABC, 1), add_hidden_layer(ABC, 1)):
        assert after.initializer is ABC.initializer
        assert after != ABC
    assert before == ABC


def test_a_hidden_layer_brings_the_activation_of_the_network():
    slanted = LeakyReLU(slope=0.2)
    network = NetworkSettings(layers=(Linear(units=5), slanted))
    assert add_hidden_layer(network, 2).layers == (Linear(units=5), slanted, Linear(units=5), slanted)
    assert add_hidden_layer(network, 0).layers == (Linear(units=5), slanted, Linear(units=5), slanted)


def test_a_hidden_layer_is_like_the_nearest_before_it():
    layers = (Linear(units=5), ReLU(), Linear(units=6), Sigmoid())
    assert add_hidden_layer(NetworkSettings(layers=layers), 2).layers[2:4] == (Linear(units=5), ReLU())
    assert add_hidden_layer(NetworkSettings(layers=layers), 4).layers[4:6] == (Linear(units=6), Sigmoid())


def test_a_hidden_layer_of_an_empty_network():
    assert add_hidden_layer(EMPTY, 0).layers == (Linear(), Tanh())


@pytest.mark.parametrize("index", [-1, 3, 99])
@pytest.mark.parametrize(
    "edit",
    [remove, duplicate, lambda n, i: replace(n, i, NEW), lambda n, i: move(n, i, 0), lambda n, i: move(n, 0, i)],
)
def test_a_layer_that_is_not_there(edit, index):
    with pytest.raises(IndexError, match=rf"There is no layer {index}: the hidden layers are numbered 0 to 2\."):
        edit(ABC, index)
    with pytest.raises(IndexError, match="the network has no hidden layers"):
        edit(EMPTY, index)


@pytest.mark.parametrize("index", [-1, 4])
@pytest.mark.parametrize("edit", [add_hidden_layer, lambda n, i: insert(n, i, NEW)])
def test_a_place_that_is_not_there(edit, index):
    with pytest.raises(IndexError, match=rf"There is no place {index} for a layer: places are numbered 0 to 3\."):
        edit(ABC, index)
