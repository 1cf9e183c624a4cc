"""Orthogonal initialization."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnviz.network.initializers import Initializer
from nnviz.network.layers import Parameter
from nnviz.settings import Kind


@Initializer.registry.register
class Orthogonal(Kind, Initializer, frozen=True, tag="orthogonal"):
    """gain · Q, with Q uniform among matrices (out, rest) of orthonormal rows, or columns if there are more rows.

    Saxe et al. 2013. Q is that of the QR decomposition of a Gaussian matrix with the signs that make the diagonal
    of R positive, without which it would not be uniform (Mezzadri 2007).
    """

    title = "Orthogonal"
    help = "Turns signals without stretching them: no direction grows or dies, even through many layers."
    order = 40

    def sample(self, rng: np.random.Generator, parameter: Parameter, gain: float) -> NDArray[np.float64]:
        rows = parameter.shape[0]
        columns = parameter.size // rows
        q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        q *= np.where(np.diagonal(r) < 0.0, -1.0, 1.0)
        return gain * (q if rows >= columns else q.T).reshape(parameter.shape)
