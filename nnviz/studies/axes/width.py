"""Test error over the width of a network."""

from __future__ import annotations

from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment
from nnviz.network.layers import Layer
from nnviz.network.layers.conv2d import Conv2d
from nnviz.network.layers.linear import Linear
from nnviz.settings import SettingsError
from nnviz.studies.axes import Axis, axes


@axes.register
class Width(Axis):
    """Units of the widest hidden layer; all others keep their proportion to it (Nakkiran et al. 2019, section 4)."""

    name = "width"
    title = "Width"
    help = "Units, or filters, of the widest hidden layer; the others keep their proportion to it."
    unit = "units"
    highest = 100_000.0
    order = 10

    def usual(self, experiment: Experiment, data: SplitData) -> tuple[float, float]:
        return 1.0, max(300.0, 2.0 * _widest(experiment))

    def applied(self, experiment: Experiment, value: float, data: SplitData) -> Experiment:
        factor = value / _widest(experiment)
        network = experiment.network
        layers = tuple(_scaled(layer, factor) for layer in network.layers)
        return experiment.replace(network=network.replace(layers=layers))


def _widest(experiment: Experiment) -> int:
    """Return the units of the widest hidden layer. Raises SettingsError where there is none."""
    sizes = [_size(layer) for layer in experiment.network.layers if _size(layer)]
    if not sizes:
        raise SettingsError("The network has no hidden layer whose width could change; insert one.")
    return max(sizes)


def _size(layer: Layer) -> int:
    return layer.units if isinstance(layer, Linear) else layer.filters if isinstance(layer, Conv2d) else 0


def _scaled(layer: Layer, factor: float) -> Layer:
    if isinstance(layer, Linear):
        return layer.replace(units=max(1, round(layer.units * factor)))
    if isinstance(layer, Conv2d):
        return layer.replace(filters=max(1, round(layer.filters * factor)))
    return layer
