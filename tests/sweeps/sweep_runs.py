"""Small sweeps, how to wait for them without sleeping, and what their trainings give alone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sessions import quick

from nnviz import cli
from nnviz.experiment import Experiment, to_toml
from nnviz.sweeps.backends import Backend
from nnviz.sweeps.plan import Plan, make_plan
from nnviz.sweeps.sweep import Sweep
from nnviz.sweeps.table import Table

TIMEOUT = 60.0

VARY = ["network.layers[0].units=1,2,3", "training.weight_decay=0,1e-3"]


def small(vary: Sequence[str] = VARY, *settings: str, **options: Any) -> Plan:
    """Return the plan of a sweep of a quick experiment, of five epochs unless told otherwise."""
    return make_plan(quick(*settings), vary, **{"epochs": 5, "seeds": 2, **options})


def written(path: Path, sign: int) -> Plan:
    """Write a table in which a column counts for or against the target, and return the plan of a sweep of it."""
    path.write_text("\n".join(["a,b,y", *(f"{i % 7},{i % 5},{i % 3 + sign * (i % 5)}" for i in range(60))]))
    return small(["training.weight_decay=0"], f"data.source={{kind='table', path='{path.as_posix()}'}}", seeds=1)


def swept(plan: Plan, folder: Path | None = None, backend: str | Backend = "local", **options: Any) -> Table:
    """Sweep to the end and return the table."""
    with Sweep(plan, folder, backend, **options) as sweep:
        sweep.start()
        assert sweep.join(TIMEOUT)
        progress = sweep.progress()
        assert progress.state == "finished", progress
        return sweep.table()


def wait(sweep: Sweep, until: Callable[[], Any], what: str) -> None:
    """Wait until something is so, while a sweep goes on."""
    end = time.monotonic() + TIMEOUT
    while not until():
        assert time.monotonic() < end, f"{what} never came: {sweep.progress()}"
        sweep.join(0.005)


def without_time(table: Table) -> dict[str, dict[str, Any]]:
    """Return the rows of a table by their identity, as strings, without what differs from run to run."""
    rows = ({name: str(value) for name, value in row.items() if name != "seconds"} for row in table.rows())
    return {row["member"]: row for row in rows}


def trained_alone(experiment: Experiment, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return what `nnviz train` says at the end about an experiment."""
    path = folder / "alone.toml"
    path.write_text(to_toml(experiment))
    capsys.readouterr()
    cli.main(["train", str(path), "--json", "--quiet"])
    last: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return last
