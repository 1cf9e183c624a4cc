"""A run of a hundred thousand epochs in a process of its own: what it takes to keep, and to look back at."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from nnviz.bench import BenchmarkError
from nnviz.experiment import Experiment
from nnviz.session import Session
from nnviz.snapshot import Status

EPOCHS = 100_000
WARM_EPOCHS = 100
LOOKS = 25
GIVE_UP = 120.0
_FRAME = 0.002


@dataclass(frozen=True)
class LongRun:
    """What was measured: bytes of memory above the start, None where the system does not tell, and seconds to show."""

    bytes: int | None
    keyframes: int
    rows: int
    from_keyframe: list[float]
    replayed: list[float]


def measured(probes: frozenset[str]) -> LongRun:
    """Train in a child process with these probes wanted, and look back. Raises BenchmarkError."""
    command = [sys.executable, "-m", "nnviz.bench.parts.long_run", *sorted(probes)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=4 * GIVE_UP)
    if done.returncode:
        raise BenchmarkError(f"The run failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return LongRun(**json.loads(done.stdout.splitlines()[-1]))


def main(probes: Sequence[str]) -> None:
    """Be the child process: print what was measured as JSON."""
    session = Session(Experiment())
    try:
        session.want(frozenset(probes))
        _train(session, WARM_EPOCHS)
        before = resident()
        _train(session, EPOCHS)
        after = resident()
        history, rng = session.run.history, random.Random(1)
        kept = [frame.epoch for frame in history.keyframes if 0 < frame.epoch < EPOCHS]
        found = LongRun(
            bytes=after - before if before is not None and after is not None else None,
            keyframes=len(history.keyframes),
            rows=len(history),
            from_keyframe=[_shown(session, epoch) for epoch in rng.sample(kept, LOOKS)],
            replayed=[_shown(session, rng.randrange(1, EPOCHS)) for _ in range(LOOKS)],
        )
    finally:
        session.close()
    sys.stdout.write(json.dumps(asdict(found)) + "\n")


def resident() -> int | None:
    """Return how many bytes of memory this process has now, None where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def _train(session: Session, epochs: int) -> None:
    session.step_epoch(epochs - session.run.epoch)
    _wait(session, lambda: session.run.epoch >= epochs and session.run.status is Status.PAUSED)


def _shown(session: Session, epoch: int) -> float:
    """Return how many seconds it takes until an epoch of the past is there to be drawn."""
    began = time.perf_counter()
    session.look.go_to(epoch)
    _wait(
        session,
        lambda: session.run.snapshot is not None and session.run.snapshot.past and session.run.snapshot.epoch == epoch,
    )
    return time.perf_counter() - began


def _wait(session: Session, reached: Callable[[], bool]) -> None:
    give_up = time.monotonic() + GIVE_UP
    while not reached():
        if time.monotonic() > give_up:
            sys.exit(f"nothing in {GIVE_UP:.0f} s: {session.run.text or session.run.status.value}")
        if not session.poll():
            time.sleep(_FRAME)


if __name__ == "__main__":
    main(sys.argv[1:])
