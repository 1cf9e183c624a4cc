"""Two-dimensional convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from nnviz.network.layers import Layer, Parameter, Shape, image_shape, window_steps
from nnviz.settings import Kind, knob

if TYPE_CHECKING:
    import torch

NAME = "A convolution"


@Layer.registry.register
class Conv2d(Kind, Layer, frozen=True, tag="conv2d"):
    """y[f, i, j] = bias[f] + Σ_{c, a, b} weight[f, c, a, b] · x[c, stride · i + a, stride · j + b].

    With padding `same`, kernel − 1 zeros are added along each side of the image first, half of them (rounded
    down) before it; each side then has ⌈n / stride⌉ outputs. With `valid` it has (n − kernel) // stride + 1.
    """

    title = "Conv 2-D"
    help = "Every filter slides over the image and looks for its own small pattern everywhere."
    group = "image"
    order = 60
    starts_column = True

    filters: Annotated[
        int, knob("Filters", "Number of patterns; each makes one channel.", ge=1, le=1024, soft_max=64, scale="log")
    ] = 8
    kernel: Annotated[
        int, knob("Kernel size", "Side of the square that a filter sees.", unit="px", ge=1, le=31, soft_max=7)
    ] = 3
    stride: Annotated[
        int, knob("Stride", "How far a filter moves from one place to the next.", unit="px", ge=1, le=8, soft_max=4)
    ] = 1
    padding: Annotated[
        Literal["same", "valid"],
        knob("Padding", "same: zeros around the image keep its size. valid: filters stay inside it."),
    ] = "same"

    def output_shape(self, input_shape: Shape) -> Shape:
        _, height, width = image_shape(input_shape, NAME)
        around = self.kernel - 1 if self.padding == "same" else 0
        remedy = "choose a smaller kernel size, or the padding `same`"
        rows, columns = window_steps((height + around, width + around), self.kernel, self.stride, NAME, remedy)
        return self.filters, rows, columns

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        channels = image_shape(input_shape, NAME)[0]
        window = self.kernel**2
        shape = (self.filters, channels, self.kernel, self.kernel)
        return (
            Parameter("weight", shape, "weight", fan_in=channels * window, fan_out=self.filters * window),
            Parameter("bias", (self.filters,), "bias"),
        )

    def module(self, input_shape: Shape) -> torch.nn.Module:
        from torch import nn

        channels = image_shape(input_shape, NAME)[0]
        before, odd = divmod(self.kernel - 1, 2)
        if self.padding == "valid":
            return nn.Conv2d(channels, self.filters, self.kernel, self.stride)
        if not odd:
            return nn.Conv2d(channels, self.filters, self.kernel, self.stride, padding=before)
        # torch's own padding="same" refuses strides, and an even kernel needs one zero more after the image.
        pad = nn.ZeroPad2d((before, before + 1, before, before + 1))
        return nn.Sequential(pad, nn.Conv2d(channels, self.filters, self.kernel, self.stride))

    def summary(self) -> str:
        return f"{self.kernel}×{self.kernel} · {self.filters}"
