"""Layer kinds: one file each.

Here: the contract of a layer kind. A layer is frozen settings; it answers for shapes and parameters in
plain numbers, and only `module` knows torch. A new kind is a module in this folder with one class::

    @Layer.registry.register
    class Swish(Kind, Layer, frozen=True, tag="swish"):
        title, help, group = "Swish", "x times the sigmoid of x.", "activation"
        def module(self, input_shape): ...
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from nnviz.settings import Choice, kinds

if TYPE_CHECKING:
    import torch

Shape = tuple[int, ...]
"""Of one sample: (features,) or (channels, height, width)."""


class ShapeError(ValueError):
    """A layer that cannot work where it stands: one sentence that says why and what to do."""


@dataclass(frozen=True)
class Parameter:
    """One array of parameters of a layer.

    Weights are the parameters that weight decay, L1 and the initializer act on; biases and the scale and
    shift of normalisation layers start at a constant and are left alone by both.
    """

    name: str
    shape: Shape
    role: Literal["weight", "bias", "scale", "shift"]
    fan_in: int = 0
    fan_out: int = 0

    @property
    def size(self) -> int:
        return math.prod(self.shape)


class Layer(Choice):
    """Settings of one layer, and what follows from them."""

    __slots__ = ()
    registry = kinds("layer", "nnviz.network.layers")

    group: ClassVar[Literal["units", "activation", "regularization", "normalization", "image"]]
    """Where the layer stands in the ＋ menu. Layers of group `units` and convolutions start a column of the picture."""
    starts_column: ClassVar[bool] = False
    gain: ClassVar[float] = 1.0
    """For activations: how much the initializer should enlarge the weights before it (torch.nn.init.calculate_gain)."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one sample after this layer. Raises ShapeError when it cannot work on the input."""
        return input_shape

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        """Return the parameters in the order in which `module(...).parameters()` yields them."""
        return ()

    def module(self, input_shape: Shape) -> torch.nn.Module:
        """Return the torch module. Its own initial parameters do not matter: they are overwritten."""
        raise NotImplementedError

    def configure(self, module: Any) -> None:
        """Apply the settings marked live to a module that is being trained."""

    def summary(self) -> str:
        """Return the few words on the layer's card, such as `8` or `3×3 · 16`."""
        return ""


def flat_size(input_shape: Shape, layer: str) -> int:
    """Return the number of features of a flat input. Raises ShapeError for an image."""
    if len(input_shape) != 1:
        raise ShapeError(
            f"{layer} works on a flat list of features, and its input is an image of "
            f"{'×'.join(map(str, input_shape))}; insert a Flatten layer before it."
        )
    return input_shape[0]


def image_shape(input_shape: Shape, layer: str) -> tuple[int, int, int]:
    """Return (channels, height, width) of an image input. Raises ShapeError for a flat input."""
    if len(input_shape) != 3:
        raise ShapeError(
            f"{layer} works on images, and its input is a list of {input_shape[0]} features; "
            "use it before any Flatten or Linear layer, on image data."
        )
    return input_shape[0], input_shape[1], input_shape[2]
