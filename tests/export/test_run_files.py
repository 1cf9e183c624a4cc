"""A run as files: complete, readable elsewhere, and never half written."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nnviz.data.split import prepare
from nnviz.engines.choose import make_engine
from nnviz.experiment import Experiment, read
from nnviz.export.files import replace_file
from nnviz.export.run_files import file_name, history_csv, parameters_by_name, write_run


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("two spirals", "two-spirals"),
        ("a/b\\c:d*e?", "a-b-c-d-e"),
        ("../../etc", "etc"),
        ("Ünïcode 2", "Ünïcode-2"),
        ("", "untitled"),
        ("...", "untitled"),
        ("x" * 300, "x" * 100),
    ],
)
def test_any_name_becomes_a_file_name(name: str, expected: str) -> None:
    assert file_name(name) == expected


def test_measurements_are_csv_with_gaps_for_what_is_not_finite() -> None:
    columns: dict[str, Any] = {
        "epoch": np.array([1, 2]),
        "train_loss": np.array([0.1, np.inf]),
        "gradient_norm_by_layer": np.array([[1.0, np.nan], [2.5, 1e-9]]),
    }
    assert history_csv(columns) == (
        "epoch,train_loss,gradient_norm_by_layer[0],gradient_norm_by_layer[1]\n1,0.1,1,\n2,,2.5,1e-09\n"
    )


def test_no_measurements_are_a_header() -> None:
    assert history_csv({"epoch": np.array([]), "train_loss": np.array([])}) == "epoch,train_loss\n"


def test_the_named_arrays_rebuild_the_network(tmp_path: Path) -> None:
    experiment = Experiment().with_settings(
        ["network.layers=[{kind='linear', units=5}, 'batch-norm', 'relu']", "training.precision=float64"]
    )
    engine = make_engine(experiment.network, experiment.training, prepare(experiment.data), 0)
    engine.train_epochs(2)
    named = parameters_by_name(engine.plan, engine.parameters(), engine.state().buffers)
    paths = write_run(tmp_path / "new" / "folder", experiment, engine.measure(), named)
    assert [path.name for path in paths] == [
        "untitled.experiment.toml",
        "untitled.history.csv",
        "untitled.parameters.npz",
    ]
    assert read(paths[0]) == experiment
    arrays = np.load(paths[2], allow_pickle=False)
    net = torch.nn.Sequential(
        torch.nn.Linear(2, 5), torch.nn.BatchNorm1d(5), torch.nn.ReLU(), torch.nn.Linear(5, 1)
    ).double()
    state = {f"{name.split('.')[0]}.{name.split('.')[2]}": torch.from_numpy(arrays[name]) for name in arrays.files}
    net.load_state_dict(state, strict=True)
    x = engine.data.test.x
    with torch.no_grad():
        expected = net.eval()(torch.from_numpy(x.copy()).double()).numpy()
    np.testing.assert_allclose(engine.predict(x), expected, rtol=1e-6, atol=1e-6)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kept.txt"
    replace_file(file, b"old")

    def fails(*arguments: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="disk full"):
        replace_file(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_failure_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        replace_file(tmp_path / "missing" / "file.txt", b"new")
    assert raised.value.filename == str(tmp_path / "missing" / "file.txt")


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    file = tmp_path / f"{'a' * 250}.txt"
    replace_file(file, b"new")
    assert file.read_bytes() == b"new"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_link_stays_one_and_permissions_stay(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"old")
    file.chmod(0o600)
    link.symlink_to(file)
    replace_file(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    replace_file(tmp_path / "ours", b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode
