"""What leaves the training thread for the views: frozen and read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from nnviz.data.dataset import SplitData
from nnviz.data.plane import Plane
from nnviz.engines.engine import Columns
from nnviz.engines.losses import Loss
from nnviz.experiment import Experiment
from nnviz.network.shapes import NetworkPlan


class Status(Enum):
    """What a run is doing. The value is the word shown to the user."""

    PREPARING = "preparing"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    DIVERGED = "diverged"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether training has stopped by itself, with a sentence that says why."""
        return self in (Status.FINISHED, Status.DIVERGED, Status.FAILED)


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Snapshot:
    """The network at one moment, with the arrays that some view asked for.

    `run` is the number of the run: answers of an older run are dropped. `arrays` holds the results of
    the probes in `wanted` by name; one without meaning for the experiment is missing. `speed` is in epochs
    per second. `engine` names what trains the network, `engine_reason` says in a sentence why that. `past` is set where
    the user went back: the network is then as it was at the end of `epoch`, `row` holds what was measured there (as in
    `Columns`, one row), and `experiment` the settings that were in force.
    """

    run: int
    epoch: int
    step: int
    experiment: Experiment
    data: SplitData
    plan: NetworkPlan
    plane: Plane
    loss: Loss
    engine: str
    engine_reason: str = ""
    speed: float = 0.0
    wanted: frozenset[str] = frozenset()
    arrays: Mapping[str, Any] = field(default_factory=dict)
    past: bool = False
    row: Columns = field(default_factory=dict)


def read_only(value: Any) -> Any:
    """Make the arrays inside a probe's result read-only, and return it."""
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
    elif isinstance(value, tuple):
        for item in value:
            read_only(item)
    return value
