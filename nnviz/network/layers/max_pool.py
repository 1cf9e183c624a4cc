"""Pooling by the maximum."""

from __future__ import annotations

from nnviz.network.layers import Layer, Pool, PoolSize
from nnviz.settings import Kind


@Layer.registry.register
class MaxPool(Kind, Pool, frozen=True, tag="max-pool"):
    """y[c, i, j] = the largest x[c, ·, ·] in the square (i, j); the squares lie side by side.

    Rows and columns that do not fill a square are left out.
    """

    title = "Max pool"
    help = "Keeps the largest value of every small square: smaller images, and small shifts matter less."
    noun = "A max pool"
    torch_class = "MaxPool2d"
    order = 61

    size: PoolSize = 2
