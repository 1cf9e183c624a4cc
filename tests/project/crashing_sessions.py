"""Sessions that train, change and draw until they are killed: a process of their own, for the tests of the journal.

It is started once, because importing takes longer than a session lives here. For every line that it reads, the name of
a folder and of a file, it forks a session that keeps a journal in the folder, and prints the number of its process. In
the file the session says what it is going to write and, once `change` or `autosave` has returned, that it was written.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from sessions import quick

from nnviz.data.drawings.drawing import Drawing
from nnviz.data.drawings.editing import add_points, delete
from nnviz.project.journal.journal import Journal
from nnviz.session import Session
from nnviz.snapshot import Status
from nnviz.training.trainer import Trainer


class CrashingSession:
    """One session and its journal."""

    def __init__(self, folder: Path, report: Path) -> None:
        self._rng = random.Random(os.getpid())
        self._report = report.open("a", encoding="utf-8", buffering=1)
        drawing = add_points(Drawing(), self._points(40), 0)
        experiment = quick("training.batch_size=20")
        self._session = Session(
            experiment.replace(data=experiment.data.replace(source=add_points(drawing, self._points(40), 1)))
        )
        self._journal = Journal(folder)

    def go_on(self) -> None:
        """Train, change, draw and write, for ever."""
        session = self._session
        while session.run.status is not Status.READY:
            session.poll()
        session.play()
        while True:
            session.poll()
            if self._rng.random() < 0.05:
                self._say("autosave")
                self._journal.autosave(session.runs, session.run)
                self._say("written")
            elif self._rng.random() < 0.2:
                self._change()
                self._say("change")
                self._journal.change(session.runs, session.run)
                self._say("written")

    def _change(self) -> None:
        session, what = self._session, self._rng.randrange(12)
        experiment = session.experiment
        source = experiment.data.source
        assert isinstance(source, Drawing)
        if what < 5:
            source = add_points(source, self._points(self._rng.randrange(1, 30)), self._rng.randrange(2))
        elif what < 7 and source.n_points > 200:
            source = delete(source, np.arange(source.n_points) % 3 == 0)
        elif what < 9:
            session.run.note = f"note {self._rng.random()}"
        elif what == 9 and len(session.runs) < 4:
            session.fork(experiment.with_settings([f"training.weight_decay={self._rng.random() / 100}"]))
            return
        else:
            experiment = experiment.with_settings([f"training.learning_rate={self._rng.uniform(0.001, 0.1)}"])
        session.configure(experiment.replace(data=experiment.data.replace(source=source)))

    def _points(self, count: int) -> list[list[float]]:
        return [[self._rng.uniform(-5, 5), self._rng.uniform(-5, 5)] for _ in range(count)]

    def _say(self, what: str) -> None:
        self._report.write(json.dumps({"what": what, **standing(self._session)}) + "\n")


def standing(session: Any) -> dict[str, Any]:
    """Return what must not be lost of the runs of a session, or of a project."""
    return {
        "runs": [[run.name, run.note, json.loads(msgspec.json.encode(run.experiment))] for run in session.runs],
        "epochs": [run.epoch for run in session.runs],
    }


def main() -> None:
    """Fork a session for every line."""
    experiment = quick()
    from nnviz.data.split import prepare

    Trainer(experiment, prepare(experiment.data)).engine.train_epochs(2)  # loads the kernels, once for all
    for line in sys.stdin:
        folder, report = json.loads(line)
        child = os.fork()
        if child == 0:
            CrashingSession(Path(folder), Path(report)).go_on()
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
        sys.stdout.write("over\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
