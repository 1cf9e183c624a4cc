"""A real main window that trains at full speed, in a process of its own, and what was seen of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from nnviz.bench import BenchmarkError
from nnviz.engines.losses.squared import Squared
from nnviz.experiment import Experiment

SECONDS = 8.0
WARM_UP = 3.0
WARM_EPOCHS = 50
"""Epochs after which nothing is left to compile for training: the first ones come in slices of single steps."""

GIVE_UP = 60.0


@dataclass(frozen=True)
class Seen:
    """What a window did in one stretch of training; `intervals` are the seconds between its frames."""

    engine: str
    epochs_per_second: float
    intervals: list[float]


def playground_default() -> Experiment:
    """Return the task that TensorFlow Playground opens with: 2-4-2-1 tanh, circles, squared error, batches of 10."""
    plain = Experiment()
    return plain.replace(training=plain.training.replace(loss=Squared()))


def watch() -> Seen:
    """Open the window in a child process, train, and return what was seen. Raises BenchmarkError."""
    command = [sys.executable, "-m", "nnviz.bench.parts.playing_window"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=180)
    if done.returncode:
        raise BenchmarkError(f"The window failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return Seen(**json.loads(done.stdout.splitlines()[-1]))


def environment() -> dict[str, str]:
    """Return the environment of a child process with a window: without a display it draws into memory."""
    environment = dict(os.environ)
    if sys.platform.startswith("linux") and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    return environment


def main() -> None:
    """Be the child process: print what was seen as JSON."""
    from PySide6.QtCore import QEventLoop, QTimer

    from nnviz.gui.app import application, make_window
    from nnviz.gui.frame_clock import GarbageTimer

    app = application()  # kept: the window needs it alive
    garbage = GarbageTimer()
    window = make_window(playground_default(), remember=False)
    window.controller.session.limit_speed(None)
    window.first_painted.connect(window.controller.session.play)
    window.show()

    def run_for(seconds: float) -> None:
        loop = QEventLoop(app)  # app.quit() would close the window
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        loop.exec()

    give_up = time.monotonic() + GIVE_UP
    while window.controller.run.epoch < WARM_EPOCHS:
        if time.monotonic() > give_up:
            run = window.controller.run
            sys.exit(f"no {WARM_EPOCHS} epochs in {GIVE_UP:.0f} s: {run.text or run.status.value}")
        run_for(0.1)
    run_for(WARM_UP)
    window.clock.intervals.clear()
    epoch, began = window.controller.run.epoch, time.perf_counter()
    run_for(SECONDS)
    run = window.controller.run
    speed = (run.epoch - epoch) / (time.perf_counter() - began)
    seen = Seen(run.snapshot.engine if run.snapshot else "", speed, list(window.clock.intervals))
    window.close()
    garbage.stop()
    sys.stdout.write(json.dumps(asdict(seen)) + "\n")


if __name__ == "__main__":
    main()
