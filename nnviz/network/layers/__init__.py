"""Layer kinds: one file each.

Here: the contract of a layer kind. A layer is frozen settings; it answers for shapes and parameters in
plain numbers, and only `module` knows torch. A new kind is a module in this folder with one class::

    @Layer.registry.register
    class Mish(Kind, Activation, frozen=True, tag="mish"):
        title, help = "Mish", "x times tanh of the softplus of x."
        torch_class = "Mish"
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from nnviz.settings import Choice, kinds, knob

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

    @property
    def gain(self) -> float:
        """For activations: how much the initializer should enlarge the weights before it; 1 for all other layers.

        The value of torch.nn.init.calculate_gain where it has one. Otherwise 1/√E[y²] for an input from N(0, 1),
        which keeps the mean square of the signal from layer to layer; the argument of He et al. 2015, section 2.2,
        from which the √2 of ReLU follows.
        """
        return 1.0

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


class Activation(Layer):
    """A function of every number by itself: shapes stay, nothing is learned."""

    __slots__ = ()
    group = "activation"
    torch_class: ClassVar[str]
    """The name of the class in torch.nn that computes it. A kind that torch lacks defines `module` instead."""

    def module(self, input_shape: Shape) -> torch.nn.Module:
        from torch import nn

        made: nn.Module = getattr(nn, self.torch_class)()
        return made


class Pool(Layer):
    """One value of every square of an image; the squares lie side by side, and what does not fill one is left out."""

    __slots__ = ()
    group = "image"
    noun: ClassVar[str]
    """The layer in a sentence, such as "A max pool"."""
    torch_class: ClassVar[str]
    """The name of the class in torch.nn that computes it."""

    if TYPE_CHECKING:
        size: int

    def output_shape(self, input_shape: Shape) -> Shape:
        return pooled_shape(input_shape, self.size, self.noun)

    def module(self, input_shape: Shape) -> torch.nn.Module:
        from torch import nn

        made: nn.Module = getattr(nn, self.torch_class)(self.size)
        return made

    def summary(self) -> str:
        return f"{self.size}×{self.size}"


PoolSize = Annotated[int, knob("Size", "Side of the squares.", unit="px", ge=2, le=16, soft_max=4)]


def flat_size(input_shape: Shape, layer: str, remedy: str = "insert a Flatten layer before it") -> int:
    """Return the number of features of a flat input. Raises ShapeError, ending in the remedy, for an image."""
    if len(input_shape) != 1:
        raise ShapeError(
            f"{layer} works on a flat list of features, and its input is an image of "
            f"{'×'.join(map(str, input_shape))}; {remedy}."
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


def window_steps(image: tuple[int, int], window: int, stride: int, layer: str, remedy: str) -> tuple[int, int]:
    """Return (rows, columns) of positions of a square window inside an image (height, width), without padding.

    (n − window) // stride + 1 along each side; pixels that a last, incomplete step would need are left out.
    Raises ShapeError, ending in the remedy, when the window is larger than the image.
    """
    height, width = image
    if window > min(height, width):
        raise ShapeError(
            f"{layer} looks at {window}×{window} pixels at a time, and its input has only {height}×{width}; {remedy}."
        )
    return (height - window) // stride + 1, (width - window) // stride + 1


def pooled_shape(input_shape: Shape, size: int, layer: str) -> Shape:
    """Return the shape of an image after one value is made of every square of size × size pixels."""
    channels, height, width = image_shape(input_shape, layer)
    remedy = "remove it, or choose a smaller size" if size > 2 and min(height, width) > 1 else "remove it"
    return (channels, *window_steps((height, width), size, size, layer, remedy))
