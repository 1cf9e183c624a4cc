"""Sweeps on this machine: their numbers, their rows on disk, and going on after a cancel or a kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sweep_runs import VARY, small, swept, trained_alone, wait, without_time

from nnviz.experiment import to_toml
from nnviz.gui.laboratory.parts.sweep_folder import recall
from nnviz.project.library import Library
from nnviz.project.project import Samples as ProjectSamples
from nnviz.sweeps.plan import Plan
from nnviz.sweeps.results import DESCRIPTION, PARTS, RESULTS, Results, ResultsError, check_folder, describe
from nnviz.sweeps.sweep import Sweep
from nnviz.sweeps.table import MEASURED

LONG = {"epochs": 4000, "seeds": 4}


@pytest.mark.parametrize(
    ("vary", "settings"),
    [
        (["network.layers[0].units=2,5", "training.optimizer=sgd,adam"], ()),
        (["training.engine=compiled,torch"], ()),
        (["training.learning_rate=0.03,100"], ("network.layers=[{kind='linear', units=8}, 'relu']",)),
        (["training.patience=0,2"], ("data.validation_share=0.2", "training.learning_rate=3.0")),
        (["data.label_noise=0,0.3", "data.seed=1,2"], ()),
    ],
)
def test_every_training_gives_the_numbers_that_it_gives_alone(
    vary: list[str], settings: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = small(vary, *settings, epochs=30)
    with Sweep(plan, threads=2) as sweep:
        sweep.start()
        assert sweep.join(60.0)
        table = sweep.table()
        for number, row in enumerate(table.rows()):
            alone = trained_alone(sweep.experiment_of(number), tmp_path, capsys)
            assert row["parameters_sha256"] == alone["parameters_sha256"]
            assert row["status"] == ("diverged" if alone["status"] == "diverged" else "finished")
            assert (row["epochs"], row["best_epoch"]) == (alone["epoch"], alone["best_epoch"])
            assert (row["n_parameters"], row["engine"]) == (alone["n_parameters"], alone["engine"])
            for name in ("train_loss", "train_error", "test_loss", "test_error", "validation_loss", "validation_error"):
                expected = alone.get(name)
                assert row[name] == expected if expected is not None else np.isnan(row[name])
    assert len(table) == plan.n_trainings


def test_something_diverges_and_something_stops_early() -> None:
    relu = "network.layers=[{kind='linear', units=8}, 'relu']"
    table = swept(small(["training.learning_rate=0.03,100"], relu, "training.loss=squared", epochs=30))
    assert {(row["training.learning_rate"], row["status"]) for row in table.rows()} == {
        (0.03, "finished"),
        (100.0, "diverged"),
    }
    diverged = table["status"] == "diverged"
    assert all("Diverged in epoch" in sentence for sentence in table["sentence"][diverged])
    assert np.isfinite(table["test_loss"]).all(), "those of the last finite epoch"
    early = swept(small(["training.patience=1,2"], "training.learning_rate=3.0", epochs=500))
    assert (early["epochs"] < 500).all()
    assert (early["best_epoch"] < early["epochs"]).all()


def test_the_best_epoch_comes_with_its_test_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from nnviz.training.trainer import Trainer

    plan = small(["network.layers[0].units=4"], "data.validation_share=0.25", "training.learning_rate=1.0", epochs=60)
    with Sweep(plan) as sweep:
        sweep.start()
        assert sweep.join(60.0)
        for number, row in enumerate(sweep.table().rows()):
            experiment = sweep.experiment_of(number)
            rows = Trainer(experiment, Library().prepare(experiment.data)).engine.train_epochs(60)
            best = int(np.argmin(rows["validation_loss"]))
            assert row["best_epoch"] == rows["epoch"][best]
            assert row["best_test_error"] == rows["test_error"][best]


def test_the_table_holds_what_was_varied(tmp_path: Path) -> None:
    plan = small([*VARY, "training.optimizer=sgd,adam"])
    table = swept(plan, tmp_path / "out")
    names = ["member", "point", "network.layers[0].units", "training.weight_decay", "training.optimizer", "seed"]
    assert list(table.columns) == [*names, *MEASURED]
    assert table.varied == tuple(names[2:5])
    assert len(table) == 24
    assert table["network.layers[0].units"].dtype == np.int64
    assert table["training.weight_decay"].dtype == np.float64
    assert sorted(set(table["training.optimizer"])) == ["adam", "sgd"]
    assert not any(column.flags.writeable for column in table.columns.values())
    frame = pl.read_parquet(tmp_path / "out" / RESULTS)
    assert frame.columns == list(table.columns)
    for name, values in table.columns.items():
        np.testing.assert_array_equal(frame[name].to_numpy(), values)
    assert not (tmp_path / "out" / PARTS).exists()


def test_seeds_fill_the_points_evenly_and_the_largest_come_first() -> None:
    table = swept(small(["network.layers[0].units=2,8,32"], seeds=3), threads=1)
    assert table["seed"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert table["network.layers[0].units"].tolist() == [32, 8, 2] * 3


def test_values_that_do_not_go_together_and_networks_that_cannot_be_are_rows() -> None:
    layers = "network.layers=[{kind='linear', units=3}],['flatten', {kind='conv2d', filters=2}]"
    plan = small([layers, "training.weight_decay=0,0.1"])
    table = swept(plan)
    assert len(table) == 8
    broken = table["status"] == "failed"
    assert broken.sum() == 4
    assert all(sentence.endswith(".") and len(sentence) > 20 for sentence in table["sentence"][broken])
    assert np.isnan(table["test_error"][broken]).all()


def test_samples_of_a_project_are_lent_as_they_are() -> None:
    plan = small()
    source, seed = plan.experiment.data.source, plan.experiment.data.seed
    other = plan.experiment.data.source.load(99)  # what the project has is not what the source would make now
    lent = swept(plan, library=Library([ProjectSamples(source, seed, other)]))
    made = swept(plan)
    assert set(lent["member"]) == set(made["member"])
    assert set(lent["parameters_sha256"]).isdisjoint(made["parameters_sha256"])


# ---------------------------------------------------------------- in the background


def test_polling_a_sweep_and_cancelling_it() -> None:
    with Sweep(small(**LONG), threads=1) as sweep:
        assert sweep.progress().state == "waiting"
        assert len(sweep.table()) == 0
        sweep.start()
        wait(sweep, lambda: len(sweep.table()) >= 2, "a second row")
        running = sweep.progress()
        assert running.state == "training"
        assert running.total == 24
        assert 0.0 < running.share < 1.0
        assert 0.0 < running.seconds_left < 60.0
        early = sweep.table()
        first = str(early.row(0))
        sweep.cancel()
        assert sweep.join(5.0)
        over = sweep.progress()
        assert over.state == "cancelled"
        assert over.over
        assert 2 <= over.done < 24
        assert str(early.row(0)) == first == str(sweep.table().row(0))


def test_polling_costs_next_to_nothing() -> None:
    with Sweep(small(seeds=50)) as sweep:
        sweep.start()
        assert sweep.join(60.0)
        began = time.perf_counter()
        for _ in range(100):
            sweep.table()
            sweep.progress()
        assert (time.perf_counter() - began) / 100 < 0.005


def test_a_sweep_that_never_started_can_be_closed() -> None:
    sweep = Sweep(small())
    sweep.close()
    assert sweep.progress().state == "waiting"


def test_going_on_after_a_cancel(tmp_path: Path) -> None:
    plan = small(epochs=400, seeds=6)
    with Sweep(plan, tmp_path, threads=1) as sweep:
        sweep.start()
        wait(sweep, lambda: len(sweep.table()) >= 5, "a fifth row")
        sweep.cancel()
        assert sweep.join(10.0)
        before = sweep.table()
    assert len(pl.read_parquet(tmp_path / RESULTS)) == len(before) < 36
    with Sweep(plan, tmp_path) as sweep:
        sweep.start()
        assert sweep.join(60.0)
        assert sweep.progress().resumed == len(before)
        after = sweep.table()
    assert after["member"][: len(before)].tolist() == before["member"].tolist()
    assert after["seconds"][: len(before)].tolist() == before["seconds"].tolist(), "not trained again"
    assert without_time(after) == without_time(swept(plan))


def test_more_seeds_and_trials_are_added_and_none_taken_away(tmp_path: Path) -> None:
    swept(small(seeds=2), tmp_path)
    grown = swept(small(seeds=3), tmp_path)
    assert without_time(grown) == without_time(swept(small(seeds=3)))
    with Sweep(small(seeds=2), tmp_path) as sweep:
        sweep.start()
        assert sweep.join(10.0)
        assert "3 seeds" in sweep.progress().text


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (small(["network.layers[0].units=1,2"]), "varies network.layers[0].units over 1, 2, 3, training.weight"),
        (small(epochs=6), "trained for 5 epochs"),
        (small(VARY, "training.batch_size=11"), "quick, has other settings"),
        (small(VARY, search="random", trials=6), "chosen by grid"),
    ],
)
def test_a_folder_of_another_sweep_is_refused_and_untouched(other: Plan, said: str, tmp_path: Path) -> None:
    swept(small(), tmp_path)
    before = snapshot(tmp_path)
    with Sweep(other, tmp_path) as sweep:
        sweep.start()
        assert sweep.join(10.0)
        progress = sweep.progress()
    assert progress.state == "failed"
    assert "holds the results of another sweep" in progress.text
    assert said in progress.text
    assert snapshot(tmp_path) == before


def test_other_samples_from_the_same_file_are_another_sweep(tmp_path: Path) -> None:
    table = tmp_path / "points.csv"
    table.write_text("\n".join(["a,b,y", *(f"{i % 7},{i % 5},{i % 3 + i % 5}" for i in range(60))]))
    plan = small(["training.weight_decay=0,0.1"], f"data.source={{kind='table', path='{table.as_posix()}'}}")
    swept(plan, tmp_path / "out")
    table.write_text("\n".join(["a,b,y", *(f"{i % 7},{i % 5},{i % 3 - i % 5}" for i in range(60))]))
    with Sweep(plan, tmp_path / "out") as sweep:
        sweep.start()
        assert sweep.join(10.0)
        assert "its samples were others" in sweep.progress().text


def test_strange_folders(tmp_path: Path) -> None:
    def said(folder: Path) -> str:
        with Sweep(small(), folder) as sweep:
            sweep.start()
            assert sweep.join(10.0)
            assert sweep.progress().state == "failed"
            return sweep.progress().text

    (tmp_path / "file").write_text("")
    assert "is a file" in said(tmp_path / "file")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / RESULTS).write_bytes(b"mine")
    assert "something else" in said(tmp_path / "a")
    assert (tmp_path / "a" / RESULTS).read_bytes() == b"mine"
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / DESCRIPTION).write_text("{}")
    assert "does not describe a sweep" in said(tmp_path / "b")
    swept(small(), tmp_path / "c")
    (tmp_path / "c" / RESULTS).write_bytes(b"PAR1 no more")
    assert "cannot be read" in said(tmp_path / "c")


@pytest.mark.parametrize("value", [None, "x", [], {"training.weight_decay": {}}])
def test_a_description_that_was_tampered_with_is_told(tmp_path: Path, value: object) -> None:
    description = describe(small(), "")
    for name in ("experiment", "vary", "search", "epochs", "data_sha256"):
        (tmp_path / DESCRIPTION).write_text(json.dumps({**description, name: value}))
        with pytest.raises(ResultsError, match=r"does not describe a sweep|results of another sweep"):
            check_folder(tmp_path, description)
        assert recall(tmp_path) is None or name in ("search", "data_sha256")


def test_a_sweep_is_the_same_however_its_values_were_written(tmp_path: Path) -> None:
    swept(small(["network.layers[0].units=1:3"]), tmp_path)
    with Sweep(small(["network.layers[0].units=1,2,3"]), tmp_path) as sweep:
        sweep.start()
        assert sweep.join(10.0)
        assert (sweep.progress().state, sweep.progress().resumed) == ("finished", 6)


def test_two_sweeps_never_write_to_one_folder(tmp_path: Path) -> None:
    plan = small(**LONG)
    with Sweep(plan, tmp_path, threads=1) as first, Sweep(plan, tmp_path, threads=1) as second:
        first.start()
        wait(first, lambda: len(first.table()), "a row")
        second.start()
        assert second.join(10.0)
        assert "Another sweep is writing" in second.progress().text
        first.cancel()
        assert first.join(10.0)


def test_a_failed_training_is_tried_again_and_counts_once(tmp_path: Path) -> None:
    plan = small()
    complete = swept(plan, tmp_path)
    frame = pl.read_parquet(tmp_path / RESULTS)
    worse = frame.with_columns(status=pl.when(pl.col("seed") == 0).then(pl.lit("failed")).otherwise(pl.col("status")))
    worse.write_parquet(tmp_path / RESULTS)
    again = swept(plan, tmp_path)
    assert without_time(again) == without_time(complete)
    assert len(pl.read_parquet(tmp_path / RESULTS)) == 12


def test_rows_are_gathered_and_a_row_in_both_places_counts_once(tmp_path: Path) -> None:
    plan = small()
    rows = list(swept(plan).rows())
    results = Results(tmp_path, plan, "")
    assert results.open() == []
    for row in [*rows, *rows[:3]]:
        results.append([row])
    (tmp_path / ".nnviz-4567.part").write_bytes(b"of somebody who writes at this moment")
    for _ in range(100):  # more parts than are left ungathered
        results.append(rows[:1])
    assert len(list((tmp_path / PARTS).iterdir())) < 64
    assert (tmp_path / ".nnviz-4567.part").exists()
    (tmp_path / PARTS / ".nnviz-0123.part").write_bytes(b"half a file")
    results._lock.release()  # as when the process is killed
    again = Results(tmp_path, plan, "")
    found = again.open()
    assert sorted(row["member"] for row in found) == sorted(row["member"] for row in rows)
    again.close()
    assert pl.read_parquet(tmp_path / RESULTS).height == len(rows)
    assert not (tmp_path / PARTS).exists()
    assert not list(tmp_path.glob(".nnviz-*.part")), "what a killed process left is removed"


def test_a_full_disk_is_said_and_nothing_that_was_shown_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, written = small(**LONG), threading.Event()
    append = Results.append

    def fails_later(self: Results, rows: list[dict[str, object]]) -> None:
        if written.is_set():
            raise OSError(28, "No space left on device", str(tmp_path))
        append(self, rows)
        written.set()

    monkeypatch.setattr(Results, "append", fails_later)
    with Sweep(plan, tmp_path, threads=1) as sweep:
        sweep.start()
        assert sweep.join(60.0)
        assert sweep.progress().state == "failed"
        assert "No space left on device" in sweep.progress().text
        shown = set(sweep.table()["member"])
    assert shown == set(pl.read_parquet(tmp_path / RESULTS)["member"])


@pytest.mark.slow
def test_nothing_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    plan = small(epochs=1200, seeds=24)
    experiment, folder = tmp_path / "quick.toml", tmp_path / "out"
    experiment.write_text(to_toml(plan.experiment))
    vary = [word for text in VARY for word in ("--vary", text)]
    command = [sys.executable, "-m", "nnviz", "sweep", str(experiment), *vary, "--seeds", "24", "--epochs", "1200"]
    command += ["--out", str(folder), "--json"]
    reported: list[str] = []
    for kill_at in (1, 9):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(kill_at):
                line = json.loads(process.stdout.readline())
                assert "final" not in line
                reported.append(line["member"])
            process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            reported += [json.loads(each)["member"] for each in process.stdout if each.endswith("}\n")]
    assert len(set(reported)) == len(reported), "nothing is trained twice"
    with Sweep(plan, folder) as sweep:
        sweep.start()
        wait(sweep, lambda: sweep.progress().state == "training" or sweep.progress().over, "the beginning")
        assert set(reported) <= set(sweep.table()["member"]), "what was reported is there"
        assert sweep.join(60.0)
        table = sweep.table()
    assert len(table) == len(set(table["member"])) == plan.n_trainings
    assert without_time(table) == without_time(swept(plan))


# ---------------------------------------------------------------- adaptive


def test_optuna_sweeps_and_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    vary = ["training.learning_rate=0.001:1:log4", "training.optimizer=sgd,adam"]
    with Sweep(small(vary, search="optuna", trials=12, epochs=200), tmp_path, threads=1) as sweep:
        sweep.start()
        wait(sweep, lambda: len(sweep.table()) >= 9, "nine rows")
        sweep.cancel()
        assert sweep.join(10.0)
        before = sweep.table()
    assert len(before) < 24
    table = swept(small(vary, search="optuna", trials=16, epochs=200), tmp_path)
    assert table["member"][: len(before)].tolist() == before["member"].tolist()
    assert len(set(table["member"])) == len(table) == 32
    counts = np.bincount(table["point"])
    assert counts.tolist() == [2] * 16, "every point has both seeds"


def test_optuna_finds_a_better_point_than_the_worst_half(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    plan = small(["training.learning_rate=0.0001:1:log4"], search="optuna", trials=25, seeds=1, epochs=40)
    table = swept(plan, threads=1)
    half = len(table) // 2
    assert np.median(table["test_error"][half:]) <= np.median(table["test_error"][:half])
