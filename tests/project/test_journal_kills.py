"""Sessions that are killed at any moment: what was said to be written is there, and can be gone on from."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crashing_sessions import standing

from nnviz.commands.parts.opened import repeated
from nnviz.project.journal.recovery import discard, recover, recoverable
from nnviz.project.library import Library
from nnviz.project.project import Project
from nnviz.run import Run

HERE = Path(__file__).parent
KILLS = 50

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork a process")


@pytest.fixture
def sessions() -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)])}
    command = [sys.executable, "-W", "error", str(HERE / "crashing_sessions.py")]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=HERE.parent.parent
    )
    yield process
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


def killed_after(sessions: subprocess.Popen[str], folder: Path, report: Path, seconds: float) -> None:
    """Have a session work for a while after it has begun to write, and kill it."""
    assert sessions.stdin is not None
    assert sessions.stdout is not None
    sessions.stdin.write(json.dumps([str(folder), str(report)]) + "\n")
    sessions.stdin.flush()
    child = int(sessions.stdout.readline())
    end = time.monotonic() + 30.0
    while not report.exists() or report.stat().st_size == 0:
        assert time.monotonic() < end, "the session never came up"
        time.sleep(0.001)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    assert sessions.stdout.readline() == "over\n"


@pytest.mark.slow
def test_what_was_written_is_there(sessions: subprocess.Popen[str], tmp_path: Path) -> None:
    rng = random.Random(11)
    repeats = 0
    for number in range(KILLS):
        folder, report = tmp_path / f"journals {number}", tmp_path / f"report {number}"
        killed_after(sessions, folder, report, rng.uniform(0.0, 0.25))
        text = report.read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
        settings, epochs, under_way = confirmed(lines)
        found = recoverable(folder)
        if settings is None and not found:
            continue  # killed before anything was written
        (left,) = found
        project = recover(left.path)
        assert project.missing == ()
        assert standing(project)["runs"] in [settings, *under_way], f"kill {number}"
        for run in project.runs:  # one that was replaced or renamed since is not among those that were confirmed
            assert run.epoch >= epochs.get(run.name, 0), f"kill {number}"
        repeats += sum(goes_on(project, run) for run in project.runs)
        discard(left.path)
        assert recoverable(folder) == []
    assert repeats > KILLS / 4


def confirmed(lines: list[dict[str, Any]]) -> tuple[Any, dict[str, int], list[Any]]:
    """Return the settings and epochs that were written, and what was on its way when the session was killed."""
    settings, epochs = None, {}
    for before, line in pairwise(lines):
        if line["what"] == "written":
            settings = line["runs"]
            if before["what"] == "autosave":
                epochs = {run[0]: epoch for run, epoch in zip(line["runs"], line["epochs"], strict=True)}
    under_way = [line["runs"] for line in lines[-1:] if line["what"] != "written"]
    return settings, epochs, under_way


def goes_on(project: Project, run: Run) -> bool:
    """Repeat a run up to its newest measurement and compare; return whether there was anything to compare."""
    places = {chapter.place for chapter in run.chapters}
    newest = next((e for e in run.history.column("epoch")[::-1].astype(int).tolist() if (e, 0) not in places), -1)
    if not len(run.history.keyframes) or newest <= run.first_epoch:
        return False
    engine = repeated(project, run, newest, Library(project.samples)).trainer.engine
    row = int(np.searchsorted(run.history.column("epoch"), newest))
    assert np.float32(engine.measure()["train_loss"][0]) == run.history.column("train_loss")[row]
    return True
