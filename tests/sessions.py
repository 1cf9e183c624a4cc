"""Quick experiments on a real worker thread, and how to wait for them without sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from nnviz.engines.engine import EngineState
from nnviz.experiment import Experiment
from nnviz.history.keyframes import Keyframe
from nnviz.session import Session

QUICK = ["data.source.samples=60", "network.layers=[{kind='linear', units=3}, 'tanh']", "training.batch_size=10"]
"""An experiment of three steps per epoch."""

TIMEOUT = 30.0


def quick(*settings: str) -> Experiment:
    """Return a quick experiment with some settings changed, each written as `path=value`."""
    return Experiment(name="quick").with_settings([*QUICK, *settings])


def wait(session: Session, until: Callable[[], Any], what: str = "") -> None:
    """Poll until something is so."""
    end = time.monotonic() + TIMEOUT
    while not until():
        run = session.run
        assert time.monotonic() < end, f"{what or 'it'} never came: {run.status}, {run.text!r}, epoch {run.epoch}"
        if not session.poll():
            time.sleep(0.001)


def keyframe(epoch: int, parameters: Any, chapter: int = 0, position: int = 0, **more: Any) -> Keyframe:
    """Return a keyframe of a network that is nothing but its parameters."""
    nothing = np.zeros(0, np.float32)
    state = EngineState(epoch, epoch, position, np.asarray(parameters), nothing, nothing, {}, "sgd", {})
    return Keyframe(state, chapter, **more)
