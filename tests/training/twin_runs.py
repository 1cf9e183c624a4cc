"""Quick experiments for twin studies, and how to wait for them."""

from __future__ import annotations

import time
from typing import Any

from nnviz.experiment import Experiment
from nnviz.training.twin_report import Report, Variant
from nnviz.training.twins import TwinStudy

QUICK = ["data.source.samples=80", "network.layers=[{kind='linear', units=6}, 'tanh']", "training.batch_size=8"]


def quick(*settings: str) -> Experiment:
    """Return an experiment of five steps per epoch with some settings changed."""
    return Experiment(name="quick").with_settings([*QUICK, *settings])


def variant(*settings: str, start: Experiment | None = None, judged_at: Any = "last") -> Variant:
    """Return another experiment with some settings changed, `quick()` if none is given, named by them."""
    experiment = (start or quick()).with_settings(list(settings))
    return Variant(" ".join(settings) or "nothing", experiment, judged_at)


def finished(study: TwinStudy, timeout: float = 60.0) -> Report:
    """Return the results of a study that runs to its end."""
    with study:
        study.start()
        assert study.join(timeout), study.progress()
    return study.report()


def wait(until: Any, seconds: float = 60.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.005)
