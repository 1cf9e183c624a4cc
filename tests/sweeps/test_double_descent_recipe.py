"""`nnviz sweep double-descent`: what it prints and writes, and the published phenomenon itself."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from nnviz import cli
from nnviz.experiment import bundled, read
from nnviz.network.layers.linear import Linear
from nnviz.project.library import Library
from nnviz.sweeps.recipes.double_descent import WIDTHS
from nnviz.sweeps.results import RESULTS
from nnviz.training.trainer import Trainer


def final(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    lines = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(lines[-1])
    assert found["final"] is True
    assert all(json.loads(line) for line in lines)
    return found


def test_it_ends_with_one_object_and_leaves_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "results"
    words = ["sweep", "double-descent", "--seeds", "2", "--epochs", "20", "--out", str(out), "--json"]
    assert cli.main(words) == 0
    found = final(capsys)
    assert found["units"] == list(WIDTHS)
    assert found["n_parameters"] == [75 * units + 10 for units in WIDTHS]
    for name in ("test_loss", "test_error", "train_loss", "train_error"):
        assert len(found[name]) == len(WIDTHS)
        assert np.isfinite(found[name]).all()
    assert found["interpolation_threshold"] == 10 * len(Library().prepare(bundled("double-descent").data).train)
    assert found["networks"] == 32
    assert found["seconds"] > 0
    rows = polars.read_csv(out / "double-descent.csv")
    assert len(rows) == 32
    means = rows.group_by("units", maintain_order=True).mean()
    np.testing.assert_allclose(means["test_loss"], found["test_loss"])
    np.testing.assert_allclose(means["train_error"], found["train_error"])
    trained = bundled("double-descent").with_settings(["training.epochs=20"])
    assert read(out / "double-descent.experiment.toml") == trained
    assert json.loads((out / "double-descent.json").read_text()) == found


def test_a_network_of_it_is_the_one_that_its_experiment_gives(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sweep", "double-descent", "--seeds", "1", "--epochs", "15", "--seed", "4", "--json"]) == 0
    found = final(capsys)
    experiment = bundled("double-descent").with_settings(["training.epochs=15", "seed=4"])
    flat, _, relu = experiment.network.layers
    network = experiment.network.replace(layers=(flat, Linear(units=WIDTHS[5]), relu))
    trainer = Trainer(experiment.replace(network=network), Library().prepare(experiment.data))
    rows = trainer.slice(60.0, 15)
    assert rows is not None
    assert rows["epoch"][-1] == 15
    assert found["test_loss"][5] == pytest.approx(float(rows["test_loss"][-1]), rel=1e-6)


def test_people_get_a_table_and_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sweep", "double-descent", "--seeds", "1", "--epochs", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].endswith("s.")
    assert "16 networks in" in lines[-1]
    assert sum(line.split()[:1] == ["300"] for line in lines) == 1
    assert cli.main(["sweep", "double-descent", "--dry-run"]) == 0
    assert "96 trainings (16 network.layers[1].units × 6 seeds)" in capsys.readouterr().out
    assert cli.main(["sweep", "double-descent", "--dry-run", "--json"]) == 0
    assert final(capsys)["trainings"] == 96


def test_the_same_command_goes_on_and_another_one_leaves_the_folder_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = ["sweep", "double-descent", "--out", str(tmp_path), "--json", "--quiet"]
    assert cli.main([*command, "--seeds", "1", "--epochs", "9"]) == 0
    one = final(capsys)
    before = polars.read_parquet(tmp_path / RESULTS)
    assert cli.main([*command, "--seeds", "2", "--epochs", "9"]) == 0
    two = final(capsys)
    after = polars.read_parquet(tmp_path / RESULTS)
    assert (one["networks"], two["networks"], len(after)) == (16, 32, 32)
    assert after.head(16).equals(before), "not trained again"
    assert json.loads((tmp_path / "double-descent.json").read_text()) == two
    means = after.select("network.layers[1].units", "test_loss").group_by("network.layers[1].units").mean()
    means = means.sort("network.layers[1].units")
    np.testing.assert_allclose(two["test_loss"], means["test_loss"])
    files = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for other, said in (
        (["--seeds", "2", "--epochs", "8"], "it trained for 9 epochs"),
        (["--seeds", "1", "--epochs", "9"], "it has 2 seeds"),
        (["--seeds", "2", "--epochs", "9", "--set", "training.l1=0.1"], "has other settings"),
    ):
        assert cli.main([*command, *other]) == cli.MISTAKE
        assert said in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_an_interrupted_one_says_so_in_its_files(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed: list[str] = []

    def press_once(line: str) -> None:
        if json.loads(line).get("done", 0) > 0 and not pressed:
            pressed.append(line)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("nnviz.sweeps.recipes.double_descent._PROGRESS_EVERY", 0.0)
    monkeypatch.setattr("nnviz.commands.sweep.say", press_once)
    command = ["sweep", "double-descent", "--epochs", "5000", "--json", "--yes", "--out", str(tmp_path)]
    assert cli.main(command) == 130
    found = json.loads((tmp_path / "double-descent.json").read_text())
    rows = polars.read_parquet(tmp_path / RESULTS)
    assert found["status"] == "interrupted"
    assert 0 < found["networks"] == len(rows) < 96
    assert len(found["test_loss"]) == 16
    assert None in found["test_loss"]


def test_the_users_epochs_count_wherever_they_are_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sweep", "double-descent", "--seeds", "1", "--set", "training.epochs=4", "--json"]) == 0
    assert final(capsys)["epochs"] == 4
    assert cli.main(["sweep", "weight-decay", "--seeds", "1", "--set", "training.epochs=3", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()[:-1]]
    assert {row["epochs"] for row in rows} == {3}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--seeds -1", "--seeds: Expected a whole number of at least 1, not -1."),
        ("--seeds 0", "--seeds: Expected a whole number of at least 1, not 0."),
        ("--epochs -5", "--epochs: Expected at least 1, not -5."),
        ("--threads -4", "--threads: Expected at least 1, not -4."),
        ("--backend nowhere", "--backend: There is no backend called 'nowhere'."),
        ("--address tcp://x:1", "--address: This machine has none"),
        ("--search random", "--search: The prepared study double-descent has no use for it; leave it out."),
        ("--trials 3", "--trials: The prepared study double-descent has no use for it"),
        ("--objective test_loss", "--objective: The prepared study double-descent has no use for it"),
        ("--target y", "--target: The prepared study double-descent has no use for it"),
        ("--seeds 100000", "give --yes if it is meant"),
        ("--set network.layers=['relu']", "network.layers[1].units: "),
    ],
)
def test_options_are_checked_before_anything_is_trained(
    options: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["sweep", "double-descent", *options.split()]) == cli.MISTAKE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.slow
def test_the_test_loss_peaks_at_the_threshold_and_falls_again(capsys: pytest.CaptureFixture[str]) -> None:
    """Belkin et al. 2019, Nakkiran et al. 2019: by the recipe itself, as it is."""
    assert cli.main(["sweep", "double-descent", "--json"]) == 0
    found = final(capsys)
    loss = dict(zip(found["units"], found["test_loss"], strict=True))
    peak = int(np.argmax(found["test_loss"]))
    assert (
        found["interpolation_threshold"] / 1.5 <= found["n_parameters"][peak] <= found["interpolation_threshold"] * 1.5
    )
    assert loss[300] < loss[10]
    assert loss[300] < 0.25 * max(loss.values())
    assert loss[1] < 0.5 * max(loss.values())
    assert found["train_error"][-1] == 0.0
    assert all(error > 0.0 for error in found["train_error"][:5])
