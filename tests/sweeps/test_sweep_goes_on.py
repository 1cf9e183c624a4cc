"""The same sweep, asked again in other words or with other files, goes on or is told apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sweep_runs import small, swept, without_time, written

from nnviz.sweeps.plan import Plan
from nnviz.sweeps.results import RESULTS
from nnviz.sweeps.sweep import Progress, Sweep

UNITS, RATE = "network.layers[0].units=1,2,3", "training.learning_rate=0.01:0.1:log5"


def points(folder: Path) -> pl.DataFrame:
    """Return how many different combinations of values each point number stands for."""
    frame = pl.read_parquet(folder / RESULTS)
    values = pl.struct(frame.columns[2 : frame.columns.index("seed")])
    return frame.group_by("point").agg(values.n_unique().alias("values"), pl.col("seed").n_unique().alias("seeds"))


@pytest.mark.parametrize("search", [{}, {"search": "random", "trials": 4}])
def test_the_order_in_which_settings_are_named_makes_no_other_sweep(tmp_path: Path, search: dict[str, Any]) -> None:
    before = swept(small([UNITS, RATE], seeds=1, **search), tmp_path)
    after = swept(small([RATE, UNITS], seeds=2, **search), tmp_path)
    assert len(after) == 2 * len(before)
    assert after.varied == before.varied
    found = points(tmp_path)
    assert (found["values"] == 1).all(), "a point is one combination of values"
    assert (found["seeds"] == 2).all()
    assert without_time(after) == without_time(swept(small([UNITS, RATE], seeds=2, **search)))


def said(plan: Plan, folder: Path) -> Progress:
    """Return how a sweep ends."""
    with Sweep(plan, folder) as sweep:
        sweep.start()
        assert sweep.join(60.0)
        return sweep.progress()


def test_every_file_that_is_varied_has_to_be_the_same(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    written(files[0], 1)
    written(files[1], 1)
    vary = ["data.source.path=" + ",".join(f"'{file.as_posix()}'" for file in files)]
    base = f"data.source={{kind='table', path='{files[0].as_posix()}'}}"
    first = said(small(vary, base, seeds=1), tmp_path / "out")
    assert (first.done, first.failed) == (3, 1), "the last file is not there yet"
    written(files[2], 1)
    again = said(small(vary, base, seeds=1), tmp_path / "out")
    assert (again.state, again.resumed, again.failed) == ("finished", 2, 0), "what was missing is trained"
    written(files[1], -1)
    other = said(small(vary, base, seeds=2), tmp_path / "out")
    assert other.state == "failed"
    assert "its samples were others, although they came from the same place" in other.text


def test_an_adaptive_search_knows_of_points_that_failed_before(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    vary = ["network.layers=['tanh'],[{kind='conv2d'}]", "training.learning_rate=0.001:1:log4"]
    for trials in (6, 6, 9):
        found = said(small(vary, search="optuna", trials=trials, seeds=1), tmp_path)
        rows = pl.read_parquet(tmp_path / RESULTS)
        assert found.done == found.total == len(rows) == trials
        assert found.failed == (rows["status"] == "failed").sum() > 0
        assert (points(tmp_path)["values"] == 1).all(), "a number stands for one point"
