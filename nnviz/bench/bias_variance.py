"""How smoothly the main window is drawn while 64 networks of a live bias-variance study learn."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

import numpy as np

from nnviz.bench import Benchmark, BenchmarkError, Row, rows
from nnviz.bench.parts.playing_window import environment, playground_default

BARS = {"p50": 16.7, "p99": 25.0, "worst": 60.0}

NETWORKS = 64
EPOCHS = 100_000
"""More than will be trained: the study ends with the window."""

SECONDS, WARM_UP = 8.0, 3.0
GIVE_UP = 90.0


@dataclass(frozen=True)
class Watched:
    """Seconds between frames of the main window without and with the study, and what the study did meanwhile."""

    before: list[float]
    during: list[float]
    network_epochs_per_second: float
    reports_per_second: float


@rows.register
class BiasVarianceFrames(Benchmark):
    """Time from one frame to the next with a study and its page beside the main window, in milliseconds."""

    name = "bias-variance"
    title = "Frame intervals during a bias-variance study"
    help = "Median, 99th percentile and worst time between two frames while 64 networks of the default task learn."
    order = 35

    def measure(self) -> list[Row]:
        seen = watch()
        times, alone = (1000 * np.array(each) for each in (seen.during, seen.before))
        values = {"p50": np.median(times), "p99": np.percentile(times, 99), "worst": times.max()}
        without = {"p50": np.median(alone), "p99": np.percentile(alone, 99), "worst": alone.max()}
        shared = (
            f"{len(times)} frames, {seen.network_epochs_per_second:,.0f} network-epochs/s, "
            f"{seen.reports_per_second:.1f} reports/s"
        )
        return [
            Row(
                f"{self.name}/{key}",
                float(values[key]),
                "ms",
                bar,
                better="less",
                note=f"{shared}; without the study {without[key]:.1f} ms",
            )
            for key, bar in BARS.items()
        ]


def watch() -> Watched:
    """Open both windows in a child process, train, and return what was seen. Raises BenchmarkError."""
    command = [sys.executable, "-m", "nnviz.bench.bias_variance"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=240)
    if done.returncode:
        raise BenchmarkError(f"The window failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return Watched(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Be the child process: print what was seen as JSON."""
    from PySide6.QtCore import QEventLoop, QTimer

    from nnviz.gui.app import application, make_window
    from nnviz.gui.frame_clock import GarbageTimer
    from nnviz.gui.laboratory.pages.bias_variance import BiasVariancePage
    from nnviz.gui.laboratory.window import LaboratoryWindow
    from nnviz.snapshot import Status
    from nnviz.studies.bias_variance import EpochsReport

    app = application()  # kept: the windows need it alive
    garbage = GarbageTimer()
    window = make_window(playground_default(), remember=False)
    window.show()
    laboratory = LaboratoryWindow(window.controller, window.theme, window, remember=False)
    laboratory.show()
    laboratory.show_page(BiasVariancePage.name)

    def run_for(seconds: float) -> None:
        loop = QEventLoop(app)  # app.quit() would close the window
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        loop.exec()

    def wait_until_ready() -> None:
        give_up = time.monotonic() + GIVE_UP
        while window.controller.run.status is not Status.READY:
            if time.monotonic() > give_up:
                sys.exit(f"not ready in {GIVE_UP:.0f} s: {window.controller.run.text}")
            run_for(0.1)

    def watched(seconds: float) -> list[float]:
        window.clock.intervals.clear()
        run_for(seconds)
        return list(window.clock.intervals)

    wait_until_ready()
    page = laboratory.made[BiasVariancePage.name]
    assert isinstance(page, BiasVariancePage)
    page.networks.setValue(NETWORKS)
    page.epochs.setValue(EPOCHS)
    run_for(WARM_UP)
    before = watched(SECONDS / 2)
    page.begin()
    assert page.study is not None
    run_for(WARM_UP)
    first, began = page.study.report(), time.perf_counter()
    if not isinstance(first, EpochsReport):
        sys.exit(f"no report in {WARM_UP:.0f} s: {page.study.progress().text or page.study.progress().state}")
    told = [page.study.report()]
    counter = QTimer(app)
    counter.timeout.connect(lambda: told.append(page.study.report()) if page.study is not None else None)
    counter.start(20)
    during = watched(SECONDS)
    counter.stop()
    last, spent = page.study.report(), time.perf_counter() - began
    assert isinstance(last, EpochsReport)
    done = NETWORKS * int(last.epochs[-1] - first.epochs[-1])
    page.study.close()
    seen = Watched(before, during, done / spent, len({id(each) for each in told}) / spent)
    laboratory.close()
    window.close()
    garbage.stop()
    sys.stdout.write(json.dumps(asdict(seen)) + "\n")


if __name__ == "__main__":
    main()
