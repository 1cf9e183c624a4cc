"""Benchmarks: how they are judged and reported. What they measure is for `nnviz bench`, not for tests."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from nnviz import bench, cli
from nnviz.bench import Benchmark, BenchmarkError, Row, probe_cost, start_frozen
from nnviz.bench import project as project_row
from nnviz.bench.parts import long_run, playing_window
from nnviz.bench.parts.default_probes import default_probes
from nnviz.commands import UsageError
from nnviz.commands.bench import chosen
from nnviz.gui.app import make_window
from nnviz.network.layers.conv2d import Conv2d
from nnviz.network.settings import NetworkSettings
from nnviz.probes import probes


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
@pytest.mark.parametrize("words", [["--rows", "broken"], ["broken"]], ids=" ".join)
def test_rows_can_be_chosen(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert cli.main(["bench", *words]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)["rows"]] == ["broken"]


@pytest.mark.usefixtures("benchmarks")
def test_progress_is_told_apart_from_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "broken: Broken ...",
        "  broken: not measured. There is no window.",
        "quick: Quick ...",
        "  quick/a: 1.23 ratio (bar ≥ 1: met)",
        "  quick/b: 70 ms (bar ≤ 60: not met)",
    ]


NAMES = ["raw/dense", "raw/js", "live", "start", "start/frozen"]


@pytest.mark.parametrize(
    ("words", "groups"),
    [
        ([], NAMES),
        (["raw"], ["raw/dense", "raw/js"]),
        (["raw/"], ["raw/dense", "raw/js"]),
        (["live", "raw/js", "raw"], ["raw/dense", "raw/js", "live"]),
        (["start"], ["start", "start/frozen"]),
        (["start/frozen"], ["start/frozen"]),
    ],
    ids=str,
)
def test_a_word_means_a_group_or_all_that_begin_with_it(words: list[str], groups: list[str]) -> None:
    assert chosen(words, NAMES) == groups


@pytest.mark.parametrize("word", ["ra", "raw/d", "raw/dense/2-4-2-1", "/", ""])
def test_a_word_that_means_nothing_is_a_mistake(word: str) -> None:
    with pytest.raises(UsageError, match="choose from raw/dense, raw/js, live"):
        chosen(["live", word], NAMES)


def test_the_help_lists_every_group(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["bench", "--help"])
    said = capsys.readouterr().out
    for group in bench.rows:
        assert f"  {group.name} " in said
        assert group.title in said


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


def test_the_default_probes_are_those_that_a_new_window_wants(qtbot: QtBot) -> None:
    window = make_window(playing_window.playground_default(), remember=False)
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.first_painted, timeout=10_000):
        window.show()
    qtbot.waitUntil(lambda: bool(window._wanted), timeout=10_000)
    assert default_probes() == window._wanted
    window.close()


def test_views_that_cannot_be_asked_are_a_row_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnviz.bench.parts.default_probes.sys.executable", "false")
    with pytest.raises(BenchmarkError, match="The views failed: no message"):
        default_probes()


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at probes for a moment only: not the numbers are tested but that there are any."""
    monkeypatch.setattr(probe_cost, "default_probes", lambda: frozenset({"surface", "parameters"}))
    for name, value in {"ROUNDS": 1, "SECONDS": 0.3, "SETTLE": 0.2}.items():
        monkeypatch.setattr(probe_cost, name, value)


@pytest.mark.usefixtures("brief")
def test_probes_are_measured_in_a_session() -> None:
    found = {row.id: row for row in probe_cost.ProbeCost().measure()}
    assert set(found) == {"probes/default", "probes/all"}
    for row in found.values():
        assert row.value is not None
        assert 0.1 < row.value < 10
    assert found["probes/default"].note.startswith("parameters, surface: ")
    assert all(name in found["probes/all"].note for name in probes.names())


@pytest.mark.usefixtures("brief")
def test_a_probe_that_fails_has_no_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker leaves it out from then on, so that the speed would be that of fewer probes."""

    def broken(*_: object) -> None:
        raise ValueError("too many samples")

    monkeypatch.setattr(probes["surface"], "measure", broken)
    with pytest.raises(BenchmarkError, match="cannot be measured in this run: too many samples"):
        probe_cost.ProbeCost().measure()


@pytest.mark.usefixtures("brief")
def test_probes_need_a_network_that_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    unfit = playing_window.playground_default().replace(network=NetworkSettings(layers=(Conv2d(),)))
    monkeypatch.setattr(probe_cost, "playground_default", lambda: unfit)
    with pytest.raises(BenchmarkError, match="No 50 epochs were trained: "):
        probe_cost.ProbeCost().measure()


def test_every_number_of_the_plan_has_its_row() -> None:
    planned = {
        "sweep",
        "bias-variance",
        "raw/dense",
        "raw/js",
        "raw/flops",
        "torch/overhead",
        "live",
        "probes",
        "frames",
        "history",
        "start",
        "start/frozen",
    }
    assert planned <= set(bench.rows.names())


@pytest.mark.slow
def test_the_frozen_app_is_held_against_the_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "nnviz"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m nnviz "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("NNVIZ_FROZEN", str(program))
    monkeypatch.setattr(start_frozen, "ROUNDS", 1)
    (row,) = start_frozen.StartFrozen().measure()
    assert (row.id, row.bar, row.better) == ("start/frozen", 1.5, "less")
    assert row.value is not None
    assert 0.2 < row.value < 5  # the same program on both sides


def test_without_a_frozen_app_there_is_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NNVIZ_FROZEN", str(tmp_path / "nowhere"))
    (row,) = bench.measured(start_frozen.StartFrozen())
    assert row.value is None
    assert "make it with packaging/build.py" in row.note


def test_a_long_run_is_looked_back_at(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(long_run, "EPOCHS", 400)
    monkeypatch.setattr(long_run, "LOOKS", 3)
    long_run.main(["parameters"])
    found = long_run.LongRun(**json.loads(capsys.readouterr().out))
    assert found.rows == 401
    assert found.keyframes > 3
    assert len(found.from_keyframe) == len(found.replayed) == 3
    assert all(0.0 < seconds < 10.0 for seconds in [*found.from_keyframe, *found.replayed])


def test_a_large_project_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project_row, "RUNS", 2)
    monkeypatch.setattr(project_row, "PARAMETERS", 500)
    (row,) = project_row.ProjectRow().measure()
    assert (row.id, row.unit, row.bar, row.better) == ("project", "s", 2.0, "less")
    assert row.value is not None
    assert row.met
    assert row.note.startswith("0.0")
