"""`nnviz sweep double-descent`: what it prints and writes, and the published phenomenon itself."""

from __future__ import annotations

import json
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
    assert read(out / "double-descent.experiment.toml") == bundled("double-descent")
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
    assert "96 networks of 1 to 300 units, 3,000 epochs each" in capsys.readouterr().out


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
