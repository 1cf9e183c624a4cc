"""What a network looks like before it exists: shape and parameter count after every layer, and what cannot work.

No torch: the editor asks on every key stroke.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnviz.network.layers import Layer, Parameter, Shape, ShapeError, flat_size
from nnviz.network.layers.linear import Linear
from nnviz.network.settings import NetworkSettings


@dataclass(frozen=True)
class Stage:
    """One layer in its place. `error` says why it cannot work there; `output_shape` is None from there on.

    `role` is `output` for the layer that nnviz adds after the user's own.
    """

    index: int
    layer: Layer
    role: Literal["hidden", "output"]
    input_shape: Shape | None
    output_shape: Shape | None
    parameters: tuple[Parameter, ...] = ()
    error: str = ""

    @property
    def n_parameters(self) -> int:
        return sum(p.size for p in self.parameters)


@dataclass(frozen=True)
class ParameterSlot:
    """Where one parameter array lies in the flat array of all parameters."""

    stage: int
    parameter: Parameter
    start: int

    @property
    def stop(self) -> int:
        return self.start + self.parameter.size

    def view(self, flat: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return this parameter's part of a flat array, in its own shape, without copying."""
        return flat[self.start : self.stop].reshape(self.parameter.shape)


@dataclass(frozen=True)
class NetworkPlan:
    """All layers of a network in order, the output layer last."""

    input_shape: Shape
    stages: tuple[Stage, ...]

    @property
    def errors(self) -> tuple[str, ...]:
        """What cannot work, one sentence per place; empty when the network can be built."""
        return tuple(stage.error for stage in self.stages if stage.error)

    @property
    def n_parameters(self) -> int:
        return sum(stage.n_parameters for stage in self.stages)

    @property
    def n_outputs(self) -> int:
        shape = self.stages[-1].output_shape
        return math.prod(shape) if shape else 0

    @property
    def slots(self) -> tuple[ParameterSlot, ...]:
        """The place of every parameter array in the flat array, in network order."""
        slots, start = [], 0
        for stage in self.stages:
            for parameter in stage.parameters:
                slots.append(ParameterSlot(stage.index, parameter, start))
                start += parameter.size
        return tuple(slots)

    @property
    def weight_slots(self) -> tuple[ParameterSlot, ...]:
        """The slots of weights alone: one per linear or convolution layer."""
        return tuple(slot for slot in self.slots if slot.parameter.role == "weight")

    @property
    def activation_stages(self) -> tuple[Stage, ...]:
        """The stages that are activations, in network order."""
        return tuple(stage for stage in self.stages if stage.layer.group == "activation")

    def columns(self) -> tuple[tuple[Stage, ...], ...]:
        """Group the stages as the picture draws them: a linear or convolution layer with all that follows it.

        Stages before the first such layer (a flatten, say) form a column of their own.
        """
        groups: list[list[Stage]] = []
        for stage in self.stages:
            if stage.layer.starts_column or not groups:
                groups.append([])
            groups[-1].append(stage)
        return tuple(tuple(group) for group in groups)

    def picture(self) -> tuple[tuple[Stage, ...], ...]:
        """Return the columns of the network picture: the input's own, then one per layer with units.

        Layers before the first one with units belong to the input's column, which is otherwise empty.
        """
        groups = self.columns()
        return groups if not groups[0][0].layer.starts_column else ((), *groups)

    def describe(self) -> str:
        """Return one line such as `2 → 8 tanh → 1`, or `1×8×8 → 3×3 · 16 ReLU Flatten → 10`."""
        words = ["×".join(map(str, self.input_shape))]
        for column in self.columns():
            layers = [stage.layer for stage in column]
            words.append(" ".join(each.summary() if each.starts_column else each.title for each in layers))
        return " → ".join(words)


def drawn_stage(column: tuple[Stage, ...]) -> Stage | None:
    """Return the stage of a picture column whose output its tiles show: the last one that is still a picture.

    None for an input column, whose tiles show the input itself.
    """
    if not column or not column[0].layer.starts_column:
        return None
    images = [stage for stage in column if stage.output_shape is not None and len(stage.output_shape) == 3]
    return images[-1] if images else column[-1]


def plan(network: NetworkSettings, input_shape: Shape, n_outputs: int) -> NetworkPlan:
    """Return the layers of a network with their shapes. Never raises: what cannot work is marked in its stage.

    On image inputs a missing Flatten layer at the end is the user's to add; the output stage says so.
    """
    stages: list[Stage] = []
    shape: Shape | None = input_shape
    layers: list[Layer] = [*network.layers, Linear(units=n_outputs)]
    for index, layer in enumerate(layers):
        role: Literal["hidden", "output"] = "output" if index == len(network.layers) else "hidden"
        stage = _stage(index, layer, role, shape)
        stages.append(stage)
        shape = stage.output_shape
    return NetworkPlan(input_shape, tuple(stages))


def _stage(index: int, layer: Layer, role: Literal["hidden", "output"], shape: Shape | None) -> Stage:
    if shape is None:
        return Stage(index, layer, role, None, None)
    try:
        if role == "output":
            # The user did not put this Linear layer there, so the message must not call it one.
            flat_size(shape, "The output layer", "add a Flatten layer at the end of the network")
        return Stage(index, layer, role, shape, layer.output_shape(shape), layer.parameters(shape))
    except ShapeError as error:
        return Stage(index, layer, role, shape, None, error=str(error))


def initial_parameters(network: NetworkSettings, network_plan: NetworkPlan, seed: int) -> NDArray[np.float64]:
    """Return all parameters at the start as one flat float64 array in network order.

    Each array of weights has random numbers of its own, keyed by the seed and its place among the weights, so
    that changing one layer, or adding one without weights, leaves the start of the others as it was. Biases and
    shifts start at 0, scales at 1.
    """
    flat = np.zeros(network_plan.n_parameters)
    for number, slot in enumerate(network_plan.weight_slots):
        rng = np.random.Generator(np.random.Philox(key=[seed, number]))
        gain = _gain_after(network_plan, slot.stage)
        slot.view(flat)[...] = network.initializer.sample(rng, slot.parameter, gain)
    for slot in network_plan.slots:
        if slot.parameter.role == "scale":
            slot.view(flat)[...] = 1.0
    return flat


def _gain_after(network_plan: NetworkPlan, index: int) -> float:
    """Return the gain of the activation that follows a layer, 1 when none does before the next weights."""
    for stage in network_plan.stages[index + 1 :]:
        if stage.layer.group == "activation":
            return stage.layer.gain
        if stage.layer.starts_column:
            break
    return 1.0
