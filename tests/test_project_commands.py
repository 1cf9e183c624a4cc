"""`nnviz train --out`, `replay`, `fork` and `diff`, from end to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnviz import cli
from nnviz.experiment import bundled
from nnviz.project.project import Project
from nnviz.project.reading import read
from nnviz.project.writing import write
from nnviz.snapshot import Status

Capture = pytest.CaptureFixture[str]

DROPOUT = (
    "network.layers=[{kind='linear', units=6}, 'relu', {kind='dropout', rate=0.2}, {kind='linear', units=4}, 'tanh']"
)
TABLE = "\n".join(["a,b,price", *(f"{i % 7},{i % 5},{i % 7 + 2.5 * (i % 5)}" for i in range(60))])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def nnviz(capsys: Capture, *arguments: str) -> dict[str, Any]:
    """Run a command that succeeds, and return the last line that it prints."""
    assert cli.main([*arguments, "--json"]) == 0, capsys.readouterr().err
    answer: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return answer


def refused(capsys: Capture, *arguments: str) -> str:
    """Run a command that is a mistake, and return the sentence."""
    assert cli.main(list(arguments)) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("nnviz: ")
    return said.err.removeprefix("nnviz: ").strip()


# ---------------------------------------------------------------- exact repetition


@pytest.mark.parametrize("engine", ["compiled", "torch"])
def test_a_replay_is_the_straight_run_stopped_there(capsys: Capture, here: Path, engine: str) -> None:
    settings = ["--set", DROPOUT, "--set", "training.optimizer=adam", "--set", f"training.engine={engine}"]
    settings += ["--set", "data.source.samples=120"]
    whole = nnviz(capsys, "train", "circles", "--epochs", "60", "--out", ".", *settings)
    assert whole["engine"] == engine
    for epoch in (1, 17, 43, 60):
        straight = nnviz(capsys, "train", "circles", "--epochs", str(epoch), *settings)
        repeated = nnviz(capsys, "replay", "circles.nnviz", "--epoch", str(epoch))
        assert repeated["epoch"] == epoch
        for name in ("parameters_sha256", "train_loss", "test_loss", "engine"):
            assert repeated[name] == straight[name], name
    assert repeated["parameters_sha256"] == whole["parameters_sha256"]


def test_the_digest_is_that_of_the_parameters_that_are_written(capsys: Capture, here: Path) -> None:
    import hashlib

    done = nnviz(capsys, "train", "spirals", "--epochs", "3", "--out", ".")
    arrays = np.load(here / "spirals.parameters.npz", allow_pickle=False)
    assert (
        hashlib.sha256(b"".join(arrays[name].astype("<f4").tobytes() for name in arrays.files)).hexdigest()
        == (done["parameters_sha256"])
    )


def test_a_project_holds_the_whole_training(capsys: Capture, here: Path) -> None:
    nnviz(capsys, "train", "spirals", "--epochs", "50", "--out", "made")
    (run,) = read(here / "made" / "spirals.nnviz").runs
    assert (run.name, run.status, run.epoch) == ("spirals", Status.FINISHED, 50)
    assert run.text == "Reached the epoch limit of 50."
    assert run.history.column("epoch").tolist() == list(range(51))
    assert np.isnan(run.history.column("gradient_norm")[0])
    assert run.experiment == bundled("spirals").with_settings(["training.epochs=50"])
    assert [frame.place for frame in run.history.keyframes][0::100] == [(0, 0)]
    assert list(run.history.keyframes)[-1].place == (50, 0)


def test_a_diverged_run_can_be_repeated(capsys: Capture, here: Path) -> None:
    settings = ["--set", "training.learning_rate=3", "--set", "training.loss=squared"]
    assert cli.main(["train", "plane", "--epochs", "50", "--out", ".", "--json", *settings]) == 1
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    run = read(here / "plane.nnviz").runs[0]
    assert run.status is Status.DIVERGED
    repeated = nnviz(capsys, "replay", "plane.nnviz", "--epoch", str(last["epoch"]))
    assert repeated["parameters_sha256"] == last["parameters_sha256"]


def test_a_table_that_has_changed_does_not_change_the_past(capsys: Capture, here: Path) -> None:
    table = here / "prices.csv"
    table.write_text(TABLE, encoding="utf-8")
    settings = ["--target", "price", "--epochs", "40"]
    straight = nnviz(capsys, "train", "prices.csv", *settings, "--out", ".")
    table.write_text(TABLE.replace("3", "4"), encoding="utf-8")
    assert nnviz(capsys, "train", "prices.csv", *settings)["parameters_sha256"] != straight["parameters_sha256"]
    for action in (lambda: None, table.unlink):
        action()
        repeated = nnviz(capsys, "replay", "prices.nnviz", "--epoch", "40")
        assert repeated["parameters_sha256"] == straight["parameters_sha256"]
    forked = nnviz(capsys, "fork", "prices.nnviz", "--epoch", "20", "--epochs", "20", "--out", "f")
    assert forked["parameters_sha256"] == straight["parameters_sha256"], "nothing was changed"
    again = nnviz(capsys, "replay", str(next((here / "f").glob("*.nnviz"))), "--epoch", "40")
    assert again["parameters_sha256"] == straight["parameters_sha256"]


def test_people_get_a_line(capsys: Capture, here: Path) -> None:
    assert cli.main(["train", "circles", "--epochs", "9", "--out", ".", "--quiet"]) == 0
    capsys.readouterr()
    assert cli.main(["replay", "circles.nnviz", "--epoch", "4"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("circles, epoch 4: train loss ")
    assert "engine compiled" in line


# ---------------------------------------------------------------- forks


@pytest.mark.parametrize("engine", ["compiled", "torch"])
def test_a_fork_can_be_repeated(capsys: Capture, here: Path, engine: str) -> None:
    fixed = ["--set", f"training.engine={engine}", "--set", "training.optimizer=adam"]
    nnviz(capsys, "train", "circles", "--epochs", "60", "--out", ".", *fixed)
    settings = ["--set", DROPOUT, "--set", "training.learning_rate=0.01"]
    forked = nnviz(
        capsys, "fork", "circles.nnviz", "--epoch", "30", *settings, "--epochs", "50", "--out", ".", "--name", "Two"
    )
    assert (forked["epoch"], forked["status"]) == (80, "finished")
    assert "Learning rate 0.03 → 0.01" in forked["changes"]
    project = read(here / "Two.nnviz")
    first, second = project.runs
    assert (second.name, second.origin.run, second.origin.epoch) == ("Two", 1, 30)  # type: ignore[union-attr]
    assert project.front == 1
    assert second.history.column("epoch").tolist() == list(range(81))
    np.testing.assert_array_equal(second.history.column("test_loss")[:30], first.history.column("test_loss")[:30])
    for epoch in (30, 47, 80):
        one, two = (nnviz(capsys, "replay", "Two.nnviz", "--epoch", str(epoch), "--run", run) for run in ("2", "Two"))
        assert one == two
        assert one["engine"] == engine
    assert one["parameters_sha256"] == forked["parameters_sha256"]
    origin = nnviz(capsys, "replay", "Two.nnviz", "--epoch", "47", "--run", "1")
    assert origin == nnviz(capsys, "replay", "circles.nnviz", "--epoch", "47")


def test_a_fork_of_a_fork(capsys: Capture, here: Path) -> None:
    nnviz(capsys, "train", "circles", "--epochs", "30", "--out", ".")
    nnviz(capsys, "fork", "circles.nnviz", "--epoch", "10", "--epochs", "20", "--out", ".", "--name", "b")
    nnviz(
        capsys,
        "fork",
        "b.nnviz",
        "--epoch",
        "15",
        "--epochs",
        "20",
        "--out",
        ".",
        "--name",
        "c",
        "--set",
        "training.l1=0.1",
    )
    assert [run.name for run in read(here / "c.nnviz").runs] == ["circles", "b", "c"]
    assert [run.origin.run for run in read(here / "c.nnviz").runs if run.origin] == [1, 2]
    assert "begins at epoch 15, where it left 'b'" in refused(capsys, "replay", "c.nnviz", "--epoch", "14")
    nnviz(capsys, "fork", "c.nnviz", "--epoch", "5", "--run", "1", "--epochs", "3", "--out", "c", "--name", "d")
    assert read(here / "c" / "d.nnviz").runs[3].epoch == 8


def test_the_limit_of_the_run_makes_room_unless_it_is_asked_for(capsys: Capture, here: Path) -> None:
    nnviz(capsys, "train", "circles", "--epochs", "30", "--out", ".")
    fork = ["fork", "circles.nnviz", "--epoch", "20", "--epochs", "40", "--out", ".", "--name", "x"]
    assert nnviz(capsys, *fork)["epoch"] == 60
    asked = nnviz(capsys, *fork, "--set", "training.epochs=25")
    assert (asked["epoch"], asked["status"]) == (25, "finished")
    assert nnviz(capsys, *fork, "--set", "training.epochs=0")["status"] == "paused"


def test_a_fork_is_named_after_what_is_different(capsys: Capture, here: Path) -> None:
    nnviz(capsys, "train", "circles", "--epochs", "5", "--out", ".")
    assert (
        cli.main(["fork", "circles.nnviz", "--epoch", "2", "--set", "training.l1=0.1", "--epochs", "2", "--out", "."])
        == 0
    )
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "L1 off → 0.1"
    assert said[-1].startswith("L1 off → 0.1 from 2: epoch 2 to 4, train loss ")
    assert (here / "L1-off-0.1-from-2.nnviz").exists()


def test_what_diverges_is_said(capsys: Capture, here: Path) -> None:
    nnviz(capsys, "train", "plane", "--epochs", "5", "--out", ".")
    settings = ["--set", "training.learning_rate=100", "--set", "training.loss=squared"]
    assert (
        cli.main(["fork", "plane.nnviz", "--epoch", "3", *settings, "--epochs", "50", "--out", ".", "--name", "x"]) == 1
    )
    assert "Diverged" in capsys.readouterr().err
    assert read(here / "x.nnviz").runs[1].status is Status.DIVERGED


# ---------------------------------------------------------------- differences


def test_differences_are_told(capsys: Capture, here: Path) -> None:
    nnviz(capsys, "train", "circles", "--epochs", "5", "--out", ".")
    dropout = "{kind='dropout', rate=0.2}"
    layers = f"network.layers=[{{kind='linear', units=6}}, 'tanh', {dropout}, {{kind='linear', units=2}}, 'tanh']"
    nnviz(
        capsys,
        "fork",
        "circles.nnviz",
        "--epoch",
        "2",
        "--set",
        layers,
        "--epochs",
        "2",
        "--out",
        ".",
        "--name",
        "my fork",
    )
    assert cli.main(["diff", "my-fork.nnviz:1", "my-fork.nnviz:my fork"]) == 0
    assert capsys.readouterr().out.splitlines() == ["Layer 1: units 4 → 6", "Dropout 20 % inserted after layer 2"]
    assert cli.main(["diff", "circles.nnviz", "my-fork.nnviz:1"]) == 0
    assert capsys.readouterr().out == "They train alike.\n"
    nnviz(capsys, "fork", "my-fork.nnviz", "--epoch", "3", "--epochs", "1", "--out", ".", "--name", "a: b: c")
    assert cli.main(["diff", "a-b-c.nnviz:a: b: c", "a-b-c.nnviz"]) == 0
    assert capsys.readouterr().out == "They train alike.\n"
    found = nnviz(capsys, "diff", "circles", "my-fork.nnviz")
    assert [each["words"] for each in found["differences"]][:1] == ["Layer 1: units 4 → 6"]
    assert found["differences"][-1]["path"] == "training.epochs"
    experiment = here / "circles.experiment.toml"
    assert nnviz(capsys, "diff", str(experiment), "circles.nnviz")["differences"] == []
    plain = here / "old.nnviz"
    plain.write_bytes(experiment.read_bytes())
    assert nnviz(capsys, "diff", "old.nnviz", "circles.nnviz:1")["differences"] == []


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("replay a.nnviz --epoch 10", "'a' was trained to epoch 9; there is no epoch 10 of it yet."),
        ("replay a.nnviz --epoch -1", "--epoch: Expected 0 or more, not -1."),
        ("replay a.nnviz", "The following arguments are required: --epoch. See `nnviz replay --help`."),
        ("replay a.nnviz --epoch 1 --run 3", "There is no run called '3'. Choose one of: 1, 2."),
        ("replay a.nnviz --epoch 1 --run b", "There is no run called 'b'. Choose one of: a, a."),
        ("replay a.nnviz --epoch 1 --run a", "2 runs are called 'a'; give the number of one: 1, 2."),
        ("replay no.nnviz --epoch 1", "no.nnviz cannot be read: No such file or directory."),
        ("replay . --epoch 1", "is a folder; a project is a file."),
        ("replay a.toml --epoch 1", "a.toml is no project; `nnviz train --out` and the window write them."),
        ("fork a.nnviz --epoch 10 --out o", "'a' was trained to epoch 9; there is no epoch 10 of it yet."),
        ("fork a.nnviz --epoch 1 --epochs 0 --out o", "--epochs: Expected 1 or more, not 0."),
        ("fork a.nnviz --epoch 1 --set a=1 --out o", "a: There is no setting called 'a'."),
        ("fork a.nnviz --epoch 1 --set network.layers=['max-pool'] --out o", "A max pool works on images"),
        (
            "fork a.nnviz --epoch 1 --set training.loss=huberr --out o",
            "training.loss: There is no loss called 'huberr'.",
        ),
        ("fork a.nnviz --epoch 1 --out a.toml", "a.toml: File exists."),
        ("diff a.nnviz", "The following arguments are required: B. See `nnviz diff --help`."),
        ("diff a.nnviz:7 circles", "There is no run called '7'. Choose one of: 1, 2."),
        ("diff no.nnviz circles", "no.nnviz cannot be read: No such file or directory."),
        ("train a.nnviz", "a.nnviz is a project, not an experiment"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: str, sentence: str, capsys: Capture, here: Path) -> None:
    nnviz(capsys, "train", "circles", "--epochs", "9", "--out", "made", "--set", "name=a")
    (here / "a.toml").touch()
    (run,) = read(here / "made" / "a.nnviz").runs
    write(here / "a.nnviz", Project((run, run)))
    assert sentence in refused(capsys, *arguments.split())


def test_a_damaged_project_is_one_sentence(capsys: Capture, here: Path) -> None:
    nnviz(capsys, "train", "circles", "--epochs", "9", "--out", ".")
    content = (here / "circles.nnviz").read_bytes()
    (here / "circles.nnviz").write_bytes(content[: len(content) // 2])
    assert "circles.nnviz is damaged, or no project" in refused(capsys, "replay", "circles.nnviz", "--epoch", "1")
