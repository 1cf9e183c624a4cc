"""What is measured for the views: one file per quantity. Here: the contract of a probe.

Losses, errors and gradient norms are measured by every engine after every epoch (`engines/engine.py`).
A probe measures an array that some visible view wants, at the moment of a snapshot.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nnviz.data.plane import Plane
from nnviz.engines.engine import Engine
from nnviz.registry import Registry

Cost = Literal["free", "per-epoch", "budgeted"]


class Probe:
    """One quantity. `measure` returns a new array that nobody else holds, or None where it has no meaning."""

    name: ClassVar[str]
    title: ClassVar[str]
    unit: ClassVar[str] = ""
    cost: ClassVar[Cost] = "budgeted"

    def measure(self, engine: Engine, plane: Plane) -> Any | None:
        """Return the quantity of the network as it is now; shapes are stated by each probe."""
        raise NotImplementedError


probes: Registry[Probe] = Registry("probe", "nnviz.probes", name_of=lambda probe: str(probe.name))

Array = NDArray[Any]


def shown_samples(count: int, most: int) -> Array:
    """Return the numbers of at most `most` samples that stand for all: evenly spread, as files are often sorted."""
    return np.linspace(0, max(0, count - 1), min(count, most)).round().astype(np.intp)
