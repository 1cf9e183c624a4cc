"""Changes to the list of hidden layers. Pure: each function returns new settings and leaves the old ones alone."""

from __future__ import annotations

from nnviz.network.layers import Layer
from nnviz.network.layers.flatten import Flatten
from nnviz.network.layers.linear import Linear
from nnviz.network.layers.tanh import Tanh
from nnviz.network.settings import NetworkSettings


def insert(network: NetworkSettings, index: int, layer: Layer) -> NetworkSettings:
    """Return the network with a layer put before the one at `index`; the number of layers means at the end."""
    return _inserted(network, index, layer)


def remove(network: NetworkSettings, index: int) -> NetworkSettings:
    """Return the network without the layer at `index`."""
    _check(network, index)
    return network.replace(layers=network.layers[:index] + network.layers[index + 1 :])


def move(network: NetworkSettings, index: int, to: int) -> NetworkSettings:
    """Return the network with the layer at `index` taken out and put where it then stands at `to`."""
    _check(network, index)
    _check(network, to)
    return insert(remove(network, index), to, network.layers[index])


def duplicate(network: NetworkSettings, index: int) -> NetworkSettings:
    """Return the network with a second layer like the one at `index` right after it."""
    _check(network, index)
    return insert(network, index + 1, network.layers[index])


def replace(network: NetworkSettings, index: int, layer: Layer) -> NetworkSettings:
    """Return the network with another layer in place of the one at `index`."""
    _check(network, index)
    return network.replace(layers=(*network.layers[:index], layer, *network.layers[index + 1 :]))


def add_hidden_layer(network: NetworkSettings, index: int) -> NetworkSettings:
    """Return the network with a Linear layer and an activation put before the layer at `index`.

    Both are like the nearest of their sort before `index`, else the first after it; without any, Linear() and Tanh().
    """
    _check_gap(network, index)
    nearest_first = (*reversed(network.layers[:index]), *network.layers[index:])
    linear = next((layer for layer in nearest_first if isinstance(layer, Linear)), Linear())
    activation = next((layer for layer in nearest_first if layer.group == "activation"), Tanh())
    return _inserted(network, index, linear, activation)


def fit_to_input(network: NetworkSettings, is_image: bool) -> NetworkSettings:
    """Return the network with what samples of another form need: a Flatten for pictures, no picture layers for others.

    A network that has layers for pictures keeps them when it is given pictures.
    """
    pictorial = [layer for layer in network.layers if layer.group == "image"]
    if is_image and not pictorial:
        return insert(network, 0, Flatten())
    if not is_image and pictorial:
        return network.replace(layers=tuple(layer for layer in network.layers if layer.group != "image"))
    return network


def _inserted(network: NetworkSettings, index: int, *layers: Layer) -> NetworkSettings:
    _check_gap(network, index)
    return network.replace(layers=(*network.layers[:index], *layers, *network.layers[index:]))


def _check(network: NetworkSettings, index: int) -> None:
    count = len(network.layers)
    if count == 0:
        raise IndexError(f"There is no layer {index}: the network has no hidden layers.")
    if not 0 <= index < count:
        raise IndexError(f"There is no layer {index}: the hidden layers are numbered 0 to {count - 1}.")


def _check_gap(network: NetworkSettings, index: int) -> None:
    if not 0 <= index <= len(network.layers):
        raise IndexError(f"There is no place {index} for a layer: places are numbered 0 to {len(network.layers)}.")
