"""Benchmarks: how they are judged and reported. What they measure is for `nnviz bench`, not for tests."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from nnviz import bench, cli
from nnviz.bench import Benchmark, BenchmarkError, Row
from nnviz.bench.parts import playing_window


class Quick(Benchmark):
    """Two numbers."""

    name = "quick"
    title = "Quick"

    def measure(self) -> Sequence[Row]:
        return [Row("quick/a", 1.23456, "ratio", 1.0, note="so"), Row("quick/b", 70.0, "ms", 60.0, better="less")]


class Broken(Benchmark):
    """Fails."""

    name = "broken"
    title = "Broken"

    def measure(self) -> Sequence[Row]:
        raise BenchmarkError("There is no window.")


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    bench.rows.names()
    monkeypatch.setattr(bench.rows, "_members", {"quick": Quick, "broken": Broken})


@pytest.mark.parametrize(
    ("value", "bar", "better", "met"),
    [(1.0, 1.0, "more", True), (0.9, 1.0, "more", False), (0.9, 1.0, "less", True), (1.1, 1.0, "less", False)],
)
def test_a_bar_is_reached_from_its_own_side(value: float, bar: float, better: str, met: bool) -> None:
    assert Row("x", value, "", bar, better).met is met  # type: ignore[arg-type]


def test_nothing_measured_is_nothing_met() -> None:
    assert not Row("x", None, "", 1.0).met
    assert Row("x", None, "", 1.0).plain()["value"] is None


@pytest.mark.usefixtures("benchmarks")
def test_one_json_object_is_printed_and_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    assert cli.main(["bench", "--out", str(out)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(out.read_text(encoding="utf-8"))
    assert set(printed) == {"machine", "rows"}
    assert printed["machine"]["cores"] >= 1
    assert printed["machine"]["packages"]["torch"]
    by_id = {row["id"]: row for row in printed["rows"]}
    assert by_id["quick/a"] == {"id": "quick/a", "value": 1.235, "unit": "ratio", "bar": 1.0, "met": True, "note": "so"}
    assert not by_id["quick/b"]["met"]
    assert by_id["broken"]["value"] is None
    assert by_id["broken"]["note"] == "There is no window."


@pytest.mark.usefixtures("benchmarks")
def test_rows_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "--rows", "broken"]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)["rows"]] == ["broken"]


def test_a_ratio_is_speed_over_speed() -> None:
    ratio = bench.ratio(lambda: time.sleep(0.002), lambda: time.sleep(0.006), rounds=5)
    assert 2.0 < ratio < 4.0


def test_the_task_is_playgrounds() -> None:
    experiment = playing_window.playground_default()
    assert experiment.data.source.kind == "circles"
    assert experiment.training.batch_size == 10
    assert experiment.training.loss.kind == "squared"
    assert [getattr(layer, "units", layer.kind) for layer in experiment.network.layers] == [4, "tanh", 2, "tanh"]


def test_a_window_that_fails_is_a_row_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing_window.sys, "executable", "false")
    with pytest.raises(BenchmarkError, match="The window failed: no message"):
        playing_window.watch()


def test_every_number_of_the_plan_has_its_row() -> None:
    assert {"torch/overhead", "live", "frames", "start"} <= set(bench.rows.names())
