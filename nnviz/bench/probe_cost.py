"""How much of the training speed it costs to look."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from nnviz.bench import Benchmark, BenchmarkError, Row, rows
from nnviz.bench.parts.default_probes import default_probes
from nnviz.bench.parts.playing_window import WARM_EPOCHS, playground_default
from nnviz.probes import probes
from nnviz.session import Session

ROUNDS = 7
SECONDS = 0.8
SETTLE = 0.2
"""Seconds that are not counted after the first snapshot with other probes."""

FRAME = 1 / 60
GIVE_UP = 60.0
BARS = {"default": 0.9, "all": 0.8}


@dataclass(frozen=True)
class _Speed:
    """What arrived in one stretch of training, per second."""

    epochs: float
    snapshots: float


@rows.register
class ProbeCost(Benchmark):
    """Epochs per second with probes ÷ without, on Playground's task, without a window.

    The session trains on its own thread as ever, and is polled 60 times a second, as the window does.
    """

    name = "probes"
    title = "Training speed with probes"
    help = "Epochs per second with the probes of the default views, and with every probe, divided by those with none."
    order = 25

    def measure(self) -> list[Row]:
        wants = {"none": frozenset[str](), "default": default_probes(), "all": frozenset(probes.names())}
        session = Session(playground_default())
        try:
            _begin(session)
            found = [{name: _speed(session, wanted) for name, wanted in wants.items()} for _ in range(ROUNDS)]
            engine = session.run.snapshot.engine if session.run.snapshot else ""
        finally:
            session.close()
        if session.notices:  # a probe that failed is left out for the rest of the run
            raise BenchmarkError(session.notices[0])
        alone = statistics.median(each["none"].epochs for each in found)
        shares = {name: statistics.median(each[name].epochs / each["none"].epochs for each in found) for name in BARS}
        pictures = {name: statistics.median(each[name].snapshots for each in found) for name in BARS}
        return [
            Row(
                f"probes/{name}",
                shares[name],
                "of the speed without probes",
                bar,
                note=f"{', '.join(sorted(wants[name]))}: {pictures[name]:.0f} snapshots/s; "
                f"{alone:,.0f} epochs/s without, engine {engine}",
            )
            for name, bar in BARS.items()
        ]


def _begin(session: Session) -> None:
    """Train until the engine is compiled and warm. Raises BenchmarkError."""
    session.play()
    _poll_until(session, lambda: session.run.epoch >= WARM_EPOCHS, f"No {WARM_EPOCHS} epochs were trained")


def _speed(session: Session, wanted: frozenset[str]) -> _Speed:
    """Train for a while with these probes wanted. Raises BenchmarkError when they are not measured."""
    session.want(wanted)
    _poll_until(
        session, lambda: session.run.snapshot is not None and session.run.snapshot.wanted == wanted, "No probes"
    )
    _poll_for(session, SETTLE)
    epoch, began = session.run.epoch, time.perf_counter()
    snapshots = _poll_for(session, SECONDS)
    taken = time.perf_counter() - began
    if session.run.epoch == epoch:
        raise BenchmarkError(f"No epoch in {SECONDS:g} s: {session.run.text or session.run.status.value}")
    missing = wanted if session.run.snapshot is None else wanted - set(session.run.snapshot.arrays)
    if missing and not session.notices:
        raise BenchmarkError(f"Not measured: {', '.join(sorted(missing))}.")
    return _Speed((session.run.epoch - epoch) / taken, snapshots / taken)


def _poll_until(session: Session, reached: Callable[[], bool], otherwise: str) -> None:
    """Poll until something is true. Raises BenchmarkError, beginning with `otherwise`, when it does not come to that.

    Whatever an engine computes for the first time may have to be compiled first.
    """
    give_up = time.monotonic() + GIVE_UP
    while not reached():
        if session.run.status.over or time.monotonic() > give_up:
            raise BenchmarkError(f"{otherwise}: {session.run.text or session.run.status.value}")
        _poll_for(session, FRAME)


def _poll_for(session: Session, lasting: float) -> int:
    """Take what the worker posted at the rate of a display; return how many snapshots there were."""
    began, snapshots = time.perf_counter(), 0
    for frame in range(1, max(1, round(lasting / FRAME)) + 1):
        time.sleep(max(0.0, began + frame * FRAME - time.perf_counter()))
        before = session.run.snapshot
        session.poll()
        snapshots += session.run.snapshot is not before
    return snapshots
