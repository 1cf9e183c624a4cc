"""The command line, in this process where that is enough and in a real one where it is not."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnviz import __version__, cli, installation
from nnviz.experiment import bundled, bundled_names, read
from nnviz.project.library import Library
from nnviz.training.trainer import Trainer

TABLE = "\n".join(["a,b,price", *(f"{i % 7},{i % 5},{i % 7 + 2.5 * (i % 5)}" for i in range(60))])
ENDLESS = ["train", "circles", "--epochs", "100000", "--json"]


def nnviz(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nnviz", *arguments], capture_output=True, text=True, timeout=120, **options
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ---------------------------------------------------------------- training


def test_every_epoch_is_one_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "circles", "--epochs", "5", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    *epochs, last = lines
    assert [row["epoch"] for row in epochs] == [1, 2, 3, 4, 5]
    for row in epochs:
        assert {"epoch", "train_loss", "test_loss", "train_error", "test_error", "gradient_norm"} <= set(row)
        assert "final" not in row
        assert all(isinstance(value, int | float) for value in row.values())
    assert last["final"] is True
    assert last["status"] == "finished"
    assert last["engine"] == "compiled"
    assert last["n_parameters"] == 25
    assert last["epochs_per_second"] > 0
    assert last["best_epoch"] == min(epochs, key=lambda row: float(row["test_loss"]))["epoch"]
    assert {name: last[name] for name in epochs[-1]} == epochs[-1]


def test_the_numbers_are_those_of_the_trainer(capsys: pytest.CaptureFixture[str]) -> None:
    from nnviz.data.split import prepare

    cli.main(["train", "moons", "--epochs", "3", "--seed", "4", "--set", "training.batch_size=50", "--json"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()][:-1]
    experiment = bundled("moons").with_settings(["seed=4", "training.batch_size=50", "training.epochs=3"])
    expected = Trainer(experiment, prepare(experiment.data)).engine.train_epochs(3)
    assert [row["train_loss"] for row in rows] == expected["train_loss"].tolist()
    assert [row["gradient_norm"] for row in rows] == expected["gradient_norm"].tolist()


def test_people_get_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "circles", "--epochs", "2"]) == 0
    said = capsys.readouterr()
    assert "2 → 4 tanh → 2 tanh → 1, 25 parameters" in said.out
    assert "250 train, 250 test samples" in said.out
    assert "Reached the epoch limit of 2." in said.out
    assert said.err == ""


def test_quiet_leaves_the_summary(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["train", "circles", "--epochs", "2", "--quiet"])
    assert len(capsys.readouterr().out.splitlines()) == 2
    cli.main(["train", "circles", "--epochs", "2", "--quiet", "--json"])
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["final"] is True


def test_without_a_limit_a_hundred_epochs_are_trained(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["train", "iris", "--json", "--quiet"])
    assert json.loads(capsys.readouterr().out)["epoch"] == 100


def test_the_limit_of_the_experiment_counts(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["train", "iris", "--set", "training.epochs=7", "--json", "--quiet"])
    assert json.loads(capsys.readouterr().out)["epoch"] == 7


def test_early_stopping_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "early-stopping", "--epochs", "600", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["status"] == "stopped early"
    assert lines[-1]["epoch"] == lines[-1]["best_epoch"] + 60
    assert len(lines) == lines[-1]["epoch"] + 1
    assert lines[0]["validation_loss"] > 0


def test_divergence_is_reported_and_the_last_finite_state_kept(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    settings = ["--set", "training.learning_rate=100", "--set", "training.loss=squared"]
    assert cli.main(["train", "plane", "--epochs", "50", "--json", "--out", "kept", *settings]) == 1
    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert lines[-1]["status"] == "diverged"
    assert all(line["train_loss"] is not None for line in lines), "what is reported is what was kept"
    assert [line["epoch"] for line in lines[:-1]] == list(range(1, len(lines))), "no epoch twice"
    assert lines[-1]["epoch"] == (lines[-2]["epoch"] if len(lines) > 1 else 0)
    assert said.err.startswith("nnviz: Diverged in epoch ")
    assert "Lower the learning rate (now 100; try 10)" in said.err
    parameters = np.load(here / "kept" / "plane.parameters.npz", allow_pickle=False)
    assert all(np.isfinite(parameters[name]).all() for name in parameters.files)


def test_a_table_is_trained_on(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "prices.csv").write_text(TABLE, encoding="utf-8")
    assert cli.main(["train", "prices.csv", "--target", "price", "--epochs", "60", "--json", "--out", "results"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["test_error"] < 0.5 * lines[0]["test_error"]
    written = tomllib.loads((here / "results" / "prices.experiment.toml").read_text(encoding="utf-8"))
    assert written["data"]["source"]["target"] == "price"
    assert Path(written["data"]["source"]["path"]).is_absolute()


def test_the_files_hold_the_run(here: Path) -> None:
    assert cli.main(["train", "spirals", "--epochs", "4", "--out", "a/b", "--quiet"]) == 0
    folder = here / "a" / "b"
    assert sorted(path.name for path in folder.iterdir()) == [
        "spirals.experiment.toml",
        "spirals.history.csv",
        "spirals.nnviz",
        "spirals.parameters.npz",
    ]
    experiment = read(folder / "spirals.experiment.toml")
    assert experiment == bundled("spirals").with_settings(["training.epochs=4"])
    header, *rows = (folder / "spirals.history.csv").read_text(encoding="utf-8").splitlines()
    assert header.startswith("epoch,step,learning_rate,train_loss,train_error,test_loss")
    assert [row.split(",")[0] for row in rows] == ["1", "2", "3", "4"]
    arrays = np.load(folder / "spirals.parameters.npz", allow_pickle=False)
    shapes = {name: arrays[name].shape for name in arrays.files}
    assert shapes["0.linear.weight"] == (8, 2)
    assert shapes["6.linear.bias"] == (1,)
    assert len(shapes) == 8


def test_the_same_command_gives_the_same_files(here: Path) -> None:
    for folder in ("one", "two"):
        cli.main(["train", "few-digits", "--epochs", "2", "--out", folder, "--quiet"])
    for name in ("few-digits.history.csv", "few-digits.experiment.toml"):
        assert (here / "one" / name).read_bytes() == (here / "two" / name).read_bytes()


def test_ctrl_c_ends_with_a_summary(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = Trainer.slice

    def interrupted(trainer: Trainer, seconds: float, epochs: int | None = None) -> Any:
        rows = train(trainer, seconds, epochs)
        os.kill(os.getpid(), signal.SIGINT)
        return rows

    monkeypatch.setattr(Trainer, "slice", interrupted)
    before = signal.getsignal(signal.SIGINT)
    assert cli.main(["train", "circles", "--epochs", "100000", "--json", "--out", "."]) == 130
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["status"] == "interrupted"
    assert (here / "circles.parameters.npz").exists()
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_while_data_are_loaded_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Library, "prepare", interrupted)
    assert cli.main(["train", "circles"]) == 130


# ---------------------------------------------------------------- mistakes

MISTAKES = [
    (["train"], "The following arguments are required: EXPERIMENT | FILE. See `nnviz train --help`."),
    (["train", "circels"], "There is no experiment called 'circels'. Did you mean 'circles'?"),
    (["train", "missing.csv"], "missing.csv is not there; check its name and folder."),
    (["train", "missing.toml"], "missing.toml cannot be read: No such file or directory."),
    (["train", "."], ". is a folder; name a file, or a bundled experiment."),
    (["train", "empty.csv"], "empty.csv is empty"),
    (["train", "circles", "--epochs", "0"], "--epochs: Expected at least 1, not 0."),
    (["train", "circles", "--epochs", "-3"], "--epochs: Expected at least 1, not -3."),
    (["train", "circles", "--epochs", "ten"], "Argument --epochs: invalid int value: 'ten'."),
    (["train", "circles", "--seed", "-1"], "seed: Expected a whole number of at least 0, not -1."),
    (["train", "circles", "--set", "training.rate=1"], "training.rate: There is no setting called 'rate'."),
    (["train", "circles", "--set", "training.learning_rate=-1"], "training.learning_rate: Expected a number above 0"),
    (["train", "circles", "--set", "training.learning_rate"], "'training.learning_rate' is not a setting; write it as"),
    (
        ["train", "circles", "--set", "network.layers[0].units=0"],
        "network.layers[0].units: Expected a whole number of at least 1, not 0.",
    ),
    (["train", "circles", "--set", "training.loss=huberr"], "training.loss: There is no loss called 'huberr'."),
    (["train", "plane", "--set", "training.loss=cross-entropy"], "Cross-entropy does not fit regression; choose"),
    (["train", "circles", "--set", 'network.layers=["max-pool"]'], "A max pool works on images"),
    (["train", "circles", "--target", "price"], "--target names a column of a table, and circles is not one."),
    (["train", "data.csv", "--target", "colour"], "data.csv has no column 'colour'"),
    (["train", "circles", "--out", "data.csv"], "data.csv: File exists."),
    (["train", "circles", "--jason"], "Unrecognized arguments: --jason. See `nnviz train --help`."),
    (["screenshot", "circles"], "The following arguments are required: --out."),
    (["screenshot", "circles", "--out", "a.png", "--size", "big"], "Argument --size: 'big' is not a size; write it as"),
    (["screenshot", "circles", "--out", "no/a.png"], "There is no folder "),
    (["screenshot", "circles", "--out", "a.png", "--view", "los"], "There is no view called 'los'."),
    (["bench", "--rows", "speed"], "There is no row 'speed'; choose from raw/dense"),
    (["."], ". is a folder; open a file, or a bundled experiment."),
    (["folder.csv"], "folder.csv is a folder; open a file, or a bundled experiment."),
    (["nothing"], "There is neither a file nor a bundled experiment nor a command called 'nothing'"),
    (["nothing.csv"], "There is neither a file nor a bundled experiment nor a command called 'nothing.csv'"),
    (["--nothing"], "Unrecognized arguments: --nothing. See `nnviz --help`."),
]


@pytest.mark.parametrize(("arguments", "sentence"), MISTAKES, ids=[" ".join(case[0])[:50] for case in MISTAKES])
def test_a_mistake_is_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "data.csv").write_text(TABLE, encoding="utf-8")
    (here / "empty.csv").touch()
    (here / "folder.csv").mkdir()
    assert cli.main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"nnviz: {sentence}"), said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_no_display_is_said_before_qt_aborts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert cli.main([]) == 2
    assert "There is no display to open a window on" in capsys.readouterr().err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_a_display_that_does_not_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":63877")
    assert not installation.has_display()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0/tmp/.X11-unix/X63877")
        server.listen()
        assert installation.has_display()
    monkeypatch.setenv("DISPLAY", "elsewhere:0")
    assert installation.has_display(), "who knows"


# ---------------------------------------------------------------- the window


def test_what_is_named_is_opened(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    from nnviz.gui import app

    opened: list[str | None] = []
    monkeypatch.setattr(app, "run", lambda path: opened.append(path) or 0)
    (here / "data.csv").write_text(TABLE, encoding="utf-8")
    assert [cli.main([]), cli.main(["data.csv"]), cli.main(["digits"])] == [0, 0, 0]
    assert opened[:2] == [None, "data.csv"]
    assert str(opened[2]).endswith("digits.toml")


def test_a_bundled_name_counts_more_than_a_file_in_the_window_too(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    from nnviz.gui import app

    opened: list[str] = []
    monkeypatch.setattr(app, "run", lambda path: opened.append(path) or 0)
    (here / "circles").write_text(TABLE, encoding="utf-8")
    (here / "moons").mkdir()
    names = ["circles", "moons", "./circles"]
    assert [cli.main([name]) for name in names] == [0, 0, 0]
    assert [read(Path(path)) for path in opened[:2]] == [bundled(name) for name in names[:2]]
    assert opened[2] == "./circles"


def test_the_start_is_timed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from nnviz.gui import app

    monkeypatch.setattr(app, "startup_time", lambda process_start: 1_000.0 - process_start * 0)
    assert cli.main(["--startup-time"]) == 0
    assert capsys.readouterr().out == "1000.000\n"


def test_a_picture_is_taken(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    from nnviz.gui import screenshot

    taken: list[tuple[Any, ...]] = []
    monkeypatch.setattr(screenshot, "take", lambda *arguments: taken.append(arguments))
    looks = ["--size", "800x600", "--theme", "light", "--scale", "2"]
    assert cli.main(["screenshot", "xor", "--epochs", "7", *looks, "--out", "a.png", "--seed", "3"]) == 0
    assert taken == [(bundled("xor").replace(seed=3), 7, (800, 600), "light", 2, Path("a.png"), [], [])]


@pytest.mark.parametrize("asked", ["loss,dead-units", "all"])
def test_pictures_of_views_are_taken(monkeypatch: pytest.MonkeyPatch, here: Path, asked: str) -> None:
    from nnviz.gui import screenshot
    from nnviz.gui.views import views

    taken: list[list[str]] = []
    monkeypatch.setattr(screenshot, "take", lambda *arguments: taken.append(arguments[-2]))
    assert cli.main(["screenshot", "xor", "--view", asked, "--out", "a.png"]) == 0
    assert taken == [views.names() if asked == "all" else ["loss", "dead_units"]]


@pytest.mark.parametrize("asked", ["memorisation,double-descent", "all"])
def test_pictures_of_pages_are_taken(monkeypatch: pytest.MonkeyPatch, here: Path, asked: str) -> None:
    from nnviz.gui import screenshot
    from nnviz.gui.laboratory.page import pages

    taken: list[list[str]] = []
    monkeypatch.setattr(screenshot, "take", lambda *arguments: taken.append(arguments[-1]))
    assert cli.main(["screenshot", "xor", "--page", asked, "--out", "a.png"]) == 0
    assert taken == [pages.names() if asked == "all" else asked.split(",")]


# ---------------------------------------------------------------- in a process of its own


def test_version_and_help_need_no_engine() -> None:
    assert nnviz("--version").stdout == f"nnviz {__version__}\n"
    said = nnviz("--help").stdout
    for word in ("train", "screenshot", "bench", *bundled_names()):
        assert word in said
    assert "--json" in nnviz("train", "--help").stdout


def test_a_real_process_trains(tmp_path: Path) -> None:
    done = nnviz("train", "digits", "--epochs", "2", "--json", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 2]
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", ["train circels", "train missing.csv", "nothing", "bench --rows x"])
def test_a_real_process_shows_no_traceback(arguments: str, tmp_path: Path) -> None:
    done = nnviz(*arguments.split(), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("nnviz: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes that break like this")
def test_a_reader_that_leaves_ends_it_quietly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nnviz", *ENDLESS, "--out", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["epoch"] == 1
    process.stdout.close()
    assert process.wait(60) == 141
    assert process.stderr.read() == ""
    process.stderr.close()
    assert (tmp_path / "circles.history.csv").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to a child alone")
def test_ctrl_c_ends_a_real_process_cleanly() -> None:
    command = [sys.executable, "-m", "nnviz", *ENDLESS]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(out.splitlines()[-1])["status"] == "interrupted"
    assert err == ""
