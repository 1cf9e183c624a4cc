"""The network of an experiment: its hidden layers and how they start."""

from __future__ import annotations

from typing import Annotated

from nnviz.network.initializers import Initializer
from nnviz.network.initializers.glorot import Glorot
from nnviz.network.layers import Layer
from nnviz.network.layers.linear import Linear
from nnviz.network.layers.tanh import Tanh
from nnviz.settings import Settings, knob


class NetworkSettings(Settings, frozen=True):
    """The hidden layers. The output layer is not listed: it follows from the task and the loss."""

    layers: tuple[Layer, ...] = (Linear(units=4), Tanh(), Linear(units=2), Tanh())
    initializer: Annotated[Initializer, knob("Initializer", "How the weights start; biases start at 0.")] = Glorot()
