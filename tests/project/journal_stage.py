"""What the tests of the journal share: how a session crashes, and data that is worth keeping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nnviz.data.drawings.drawing import Drawing
from nnviz.data.drawings.editing import add_points
from nnviz.project.journal.journal import Journal
from nnviz.run import Run


def crashed(journal: Journal) -> Path:
    """End a session as a crash does: the lock is gone, and nothing else happens."""
    journal._lock.release()
    return journal.path


def drawn(count: int, seed: int = 0) -> Drawing:
    points = np.random.default_rng(seed).uniform(-5, 5, (count, 2))
    return add_points(add_points(Drawing(), points[::2], 0), points[1::2], 1)


def with_source(run: Run, source: Any) -> None:
    run.experiment = run.experiment.replace(data=run.experiment.data.replace(source=source))
