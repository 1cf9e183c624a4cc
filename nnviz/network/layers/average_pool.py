"""Pooling by the average."""

from __future__ import annotations

from nnviz.network.layers import Layer, Pool, PoolSize
from nnviz.settings import Kind


@Layer.registry.register
class AveragePool(Kind, Pool, frozen=True, tag="average-pool"):
    """y[c, i, j] = the mean of x[c, ·, ·] over the square (i, j); the squares lie side by side.

    Rows and columns that do not fill a square are left out.
    """

    title = "Average pool"
    help = "Keeps the mean of every small square: smaller, blurred images."
    noun = "An average pool"
    torch_class = "AvgPool2d"
    order = 62

    size: PoolSize = 2
