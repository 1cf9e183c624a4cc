"""`nnviz sweep` as people and programs use it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sessions import quick

from nnviz import cli
from nnviz.experiment import to_toml

VARY = ["--vary", "network.layers[0].units=1,2,4", "--vary", "training.weight_decay=0,1e-3"]


@pytest.fixture
def experiment(tmp_path: Path) -> str:
    """Return the path of a quick experiment."""
    path = tmp_path / "quick.toml"
    path.write_text(to_toml(quick("training.epochs=20")))
    return str(path)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one sentence with which a command line is refused."""
    assert cli.main(["sweep", *arguments]) == cli.MISTAKE
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("nnviz: ")
    assert said.err.count("\n") == 1
    return said.err


def test_every_training_is_one_json_line_and_the_last_one_sums_up(
    experiment: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert cli.main(["sweep", experiment, *VARY, "--seeds", "3", "--out", str(out), "--json"]) == 0
    *rows, last = lines(capsys)
    assert len(rows) == 18
    assert all("final" not in row for row in rows)
    assert {"network.layers[0].units", "training.weight_decay", "seed", "test_error", "parameters_sha256"} <= set(
        rows[0]
    )
    assert {row["epochs"] for row in rows} == {20}, "the experiment's own limit"
    assert last["final"] is True
    assert (last["status"], last["trainings"], last["of"], last["failed"]) == ("finished", 18, 18, 0)
    frame = pl.read_parquet(last["results"])
    assert sorted(frame["member"]) == sorted(row["member"] for row in rows)
    means = frame.group_by("network.layers[0].units", "training.weight_decay").agg(pl.col("test_error").mean())
    assert last["best"]["test_error"] == pytest.approx(means["test_error"].min())
    own = frame.filter(
        (pl.col("network.layers[0].units") == last["best"]["network.layers[0].units"])
        & (pl.col("training.weight_decay") == last["best"]["training.weight_decay"])
    )["test_error"].to_numpy()
    half = 4.302652729911275 * own.std(ddof=1) / np.sqrt(3)  # Student's t, 2 degrees of freedom, 95 %
    assert last["best"]["high"] - last["best"]["test_error"] == pytest.approx(half)
    assert set(last["importance"]) == {"network.layers[0].units", "training.weight_decay"}


def test_the_same_command_goes_on(experiment: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["sweep", experiment, *VARY, "--out", str(tmp_path / "out"), "--json"]
    assert cli.main(command) == 0
    first = lines(capsys)
    assert cli.main([*command, "--seeds", "2"]) == 0
    *rows, last = lines(capsys)
    assert (last["resumed"], last["trainings"], len(rows)) == (6, 12, 6)
    assert not {row["member"] for row in rows} & {row["member"] for row in first[:-1]}


def test_people_get_progress_and_a_table(experiment: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sweep", experiment, *VARY, "--seeds", "2", "--threads", "1"]) == 0
    said = capsys.readouterr()
    assert "quick: 12 trainings (3 network.layers[0].units × 2 training.weight_decay × 2 seeds)" in said.out
    assert "Training on 1 core of this machine." in said.out
    assert " of 12 trainings" in said.out
    assert "test_error" in said.out
    assert "±" in said.out
    assert "Share of the variance of test_error" in said.out
    assert "12 trainings in " in said.out
    assert said.err == ""


def test_more_threads_than_trainings_are_not_started(experiment: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sweep", experiment, *VARY, "--threads", "100000"]) == 0
    assert "Training on 6 cores of this machine." in capsys.readouterr().out


def test_quiet_leaves_the_table(experiment: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sweep", experiment, *VARY, "--quiet"]) == 0
    out = capsys.readouterr().out
    assert out.lstrip().startswith("network.layers[0].units")
    assert "of 6 trainings" not in out
    assert cli.main(["sweep", experiment, *VARY, "--quiet", "--json"]) == 0
    assert len(lines(capsys)) == 1


def test_a_dry_run_trains_nothing(experiment: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    command = ["sweep", experiment, *VARY, "--out", str(out), "--dry-run"]
    assert cli.main(command) == 0
    assert "6 trainings (3 network.layers[0].units × 2 training.weight_decay)" in capsys.readouterr().out
    assert cli.main([*command, "--json"]) == 0
    assert lines(capsys)[0]["trainings"] == 6
    assert not out.exists()


def test_absurd_sweeps_need_to_be_meant(experiment: str, capsys: pytest.CaptureFixture[str]) -> None:
    huge = [experiment, "--vary", "training.l1=0:1:lin300", "--vary", "training.weight_decay=0:1:lin300"]
    said = refused(capsys, *huge)
    assert "90,000 trainings" in said
    assert "--yes" in said
    assert cli.main(["sweep", *huge, "--dry-run"]) == 0
    assert "It would need --yes." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "A sweep varies at least one setting"),
        (["--vary", "training.weight_decay=0,-1"], "training.weight_decay: Expected a number of at least 0, not -1."),
        (["--vary", "training.optimizer=sgd,addam"], "training.optimizer: There is no optimizer called 'addam'."),
        ([*VARY, "--seeds", "0"], "--seeds"),
        ([*VARY, "--epochs", "0"], "--epochs"),
        ([*VARY, "--threads", "0"], "--threads"),
        ([*VARY, "--search", "magic"], "There is no search called 'magic'"),
        ([*VARY, "--search", "random"], "--trials"),
        ([*VARY, "--backend", "cloud"], "There is no backend called 'cloud'"),
        ([*VARY, "--address", "tcp://host:1"], "--address: This machine has none"),
        ([*VARY, "--objective", "accuracy"], "There is no objective called 'accuracy'"),
        ([*VARY, "--objective", "validation_loss"], "validation_share"),
        ([*VARY, "--target", "price"], "--target names a column of a table"),
    ],
)
def test_mistakes_are_one_sentence(
    arguments: list[str], said: str, experiment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refused(capsys, experiment, *arguments)


def test_a_folder_of_another_sweep_is_refused(
    experiment: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert cli.main(["sweep", experiment, *VARY, *out, "--quiet"]) == 0
    before = (tmp_path / "out" / "results.parquet").read_bytes()
    capsys.readouterr()
    assert cli.main(["sweep", experiment, *VARY, *out, "--epochs", "3", "--quiet"]) == cli.MISTAKE
    said = capsys.readouterr()
    assert "holds the results of another sweep: it trained for 20 epochs." in said.err
    assert (tmp_path / "out" / "results.parquet").read_bytes() == before


def test_an_unreachable_cluster_is_one_sentence(experiment: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ray")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    assert address in refused(capsys, experiment, *VARY, "--backend", "ray", "--address", address)


def test_when_nothing_can_be_trained_the_reason_is_said(experiment: str, capsys: pytest.CaptureFixture[str]) -> None:
    layers = "network.layers=[{kind='conv2d'}],[{kind='conv2d', filters=3}]"
    assert "A convolution works on images" in refused(capsys, experiment, "--vary", layers)


def test_failed_trainings_are_counted_and_the_first_is_explained(
    experiment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["sweep", experiment, "--vary", "network.layers=['tanh'],[{kind='conv2d'}]"]) == 0
    said = capsys.readouterr()
    assert "1 failed" in said.out
    assert "The first that failed: " in said.err


def test_a_prepared_study_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sweep", "weight-decay", "--seeds", "1", "--epochs", "2", "--json"]) == 0
    *rows, last = lines(capsys)
    assert len(rows) == 10
    assert last["objective"] == "test_loss"
    assert "training.weight_decay" in last["best"]
    with pytest.raises(SystemExit):
        cli.main(["sweep", "--help"])
    assert "weight-decay" in capsys.readouterr().out


@pytest.mark.slow
def test_some_weight_decay_is_better_than_none_and_than_too_much(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sweep", "weight-decay", "--json"]) == 0
    *rows, last = lines(capsys)

    def mean(decay: float) -> float:
        return float(np.mean([row["test_loss"] for row in rows if row["training.weight_decay"] == decay]))

    assert 1e-4 < last["best"]["training.weight_decay"] < 0.1
    assert mean(last["best"]["training.weight_decay"]) < 0.8 * mean(0.0)
    assert mean(last["best"]["training.weight_decay"]) < 0.8 * mean(1.0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_writes_what_has_come_and_says_how_to_go_on(experiment: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "nnviz", "sweep", experiment, *VARY, "--out", str(out), "--json"]
    command += ["--seeds", "20", "--epochs", "3000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()  # not `communicate`, which loses what was read with the first line
        errors = process.stderr.read()
        process.wait(60)
    assert process.returncode == 130, errors
    *rows, last = [json.loads(line) for line in [first, *rest.splitlines()]]
    assert last["status"] == "interrupted"
    assert last["trainings"] == len(rows) < last["of"] == 120
    assert sorted(pl.read_parquet(out / "results.parquet")["member"]) == sorted(row["member"] for row in rows)


def test_stopping_says_how_to_go_on(
    experiment: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from nnviz.commands.parts.sweep_report import TextReport
    from nnviz.sweeps.sweep import Sweep

    def press_once(report: TextReport, sweep: Sweep) -> None:
        if not sweep.progress().over:
            monkeypatch.undo()
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(TextReport, "progress", press_once)
    endless = ["--epochs", "100000000", "--yes", "--out", str(tmp_path / "out")]
    assert cli.main(["sweep", experiment, *VARY, *endless]) == 130
    assert "Stopped with 0 of 6 trainings done; the same command goes on from here." in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) == before
