"""A smaller network."""

from __future__ import annotations

from nnviz.cures import Cure, NoCure, cures
from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment
from nnviz.network.layers import Layer
from nnviz.network.layers.conv2d import Conv2d
from nnviz.network.layers.linear import Linear

TINY = 4
"""Units of a layer that is left as it is."""


@cures.register
class FewerUnits(Cure):
    """Halves the hidden layers, so that there is less room to learn samples by heart."""

    name = "fewer-units"
    title = "Fewer units"
    help = (
        "Half the units in every hidden layer leave less room to learn samples by heart. Far beyond what is needed to "
        "fit all samples, a smaller network can also be a worse one."
    )
    order = 40
    touches = ("network.layers",)

    def applied(self, experiment: Experiment, data: SplitData) -> Experiment:
        network = experiment.network
        if not any(layer.starts_column for layer in network.layers):
            raise NoCure("There is no hidden layer to make smaller.")
        layers = tuple(_halved(layer) for layer in network.layers)
        if layers == network.layers:
            raise NoCure(f"No hidden layer has more than {TINY} units: there is little to take away.")
        return experiment.replace(name="halving the units", network=network.replace(layers=layers))


def _halved(layer: Layer) -> Layer:
    if isinstance(layer, Linear) and layer.units > TINY:
        return layer.replace(units=(layer.units + 1) // 2)
    if isinstance(layer, Conv2d) and layer.filters > TINY:
        return layer.replace(filters=(layer.filters + 1) // 2)
    return layer
