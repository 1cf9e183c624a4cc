"""How long it takes until a large project can be looked at."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from nnviz.bench import Benchmark, BenchmarkError, Row, rows, seconds
from nnviz.engines.engine import EngineState
from nnviz.experiment import Experiment
from nnviz.history.chapters import Chapter
from nnviz.history.history import MOST_ROWS
from nnviz.history.keyframes import Keyframe
from nnviz.project.project import Project, ProjectError
from nnviz.project.reading import read
from nnviz.project.writing import write
from nnviz.run import Run
from nnviz.snapshot import Status

RUNS, FRAMES = 8, 12
PARAMETERS = 512_000
"""Of each state, besides as many gradients, updates, and two averages of Adam: all together 1 GB."""

COLUMNS = 20


@rows.register
class ProjectRow(Benchmark):
    """Seconds until the first history of a project file of about 1 GB is there.

    Eight runs with full histories of 100,000 rows and the keyframes of a network of half a million parameters. Where
    the system allows it, what it remembers of the file is dropped first.
    """

    name = "project"
    title = "Opening a large project"
    help = "How long it takes to open a project file of 1 GB up to its first history."
    order = 36

    def measure(self) -> list[Row]:
        try:
            with tempfile.TemporaryDirectory() as folder:
                return [_opened(Path(folder) / "large.nnviz")]
        except (OSError, ProjectError) as error:
            raise BenchmarkError(f"There is no place for a project of 1 GB: {error}") from None


def _opened(path: Path) -> Row:
    project = _large()
    saving = seconds(lambda: write(path, project))
    forgotten = _forget(path)

    def first_history() -> None:
        run = read(path).runs[0]
        if len(run.history.column("test_loss")) != MOST_ROWS:
            raise BenchmarkError("The project was not read.")

    opening = seconds(first_history)
    note = f"{path.stat().st_size / 1e9:.2f} GB, {'cold' if forgotten else 'warm'}; saving it took {saving:.1f} s"
    return Row("project", opening, "s", 2.0, better="less", note=note)


def _large() -> Project:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(8 * PARAMETERS).astype(np.float32)
    return Project(tuple(_run(number, noise, rng) for number in range(1, RUNS + 1)))


def _run(number: int, noise: np.ndarray, rng: np.random.Generator) -> Run:
    run = Run(number, f"run {number}", Experiment(), status=Status.PAUSED)
    run.chapters = [Chapter((0, 0), run.experiment)]
    names = ["train_loss", "test_loss", *(f"column_{k}" for k in range(COLUMNS - 3))]
    run.history.append({"epoch": np.arange(MOST_ROWS), **{name: rng.uniform(0, 1, MOST_ROWS) for name in names}})
    for k in range(FRAMES):
        run.history.keyframes.add(Keyframe(_state(noise, 1 + k * MOST_ROWS // FRAMES, number * FRAMES + k)))
    return run


def _state(noise: np.ndarray, epoch: int, offset: int) -> EngineState:
    """Return a state whose arrays no other has, and that takes no memory of its own."""
    parameters, gradients, updates, first, second = (
        noise[offset + k * PARAMETERS : offset + (k + 1) * PARAMETERS] for k in range(5)
    )
    memory = {"step": np.array(float(epoch), np.float32), "exp_avg": first, "exp_avg_sq": second}
    return EngineState(epoch, epoch, 0, parameters, gradients, updates, {}, "adam", memory)


def _forget(path: Path) -> bool:
    """Have the system drop what it remembers of a file; return whether it can."""
    if not hasattr(os, "posix_fadvise"):
        return False
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True
