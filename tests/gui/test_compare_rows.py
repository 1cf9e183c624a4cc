"""The table of runs as values: metrics at a moment, settings that differ, order, and how it is copied."""

from __future__ import annotations

import math

import numpy as np
import pytest
from compare_stage import forked, opened, twinned, until
from PySide6.QtCore import Qt
from sessions import quick

from nnviz.experiment import Experiment
from nnviz.gui.compare.differing import MISSING, differing, sort_value, value_at, words
from nnviz.gui.compare.measured import METRICS, measured
from nnviz.gui.compare.rows import Cell, Column, Row, Table, as_text, table
from nnviz.gui.compare.runs_model import RunsModel, RunsOrder
from nnviz.history.history import History
from nnviz.run import Run

WIDE = "network.layers=[{kind='linear', units=9}, 'relu', {kind='dropout', rate=0.3}]"


def shown(experiments: list[Experiment]) -> dict[str, list[str]]:
    """Return the differing settings with the words for each experiment."""
    return {s.title: [words(s, value_at(e, s.path)) for e in experiments] for s in differing(experiments)}


def test_only_settings_that_differ_are_shown() -> None:
    same = quick()
    assert differing([same, same.replace(name="other", description="text")]) == []
    other = quick("training.learning_rate=0.5", "data.label_noise=0.25", "data.plane.mode=principal")
    assert shown([same, other]) == {"Label noise": ["0 %", "25 %"], "Learning rate": ["0.03", "0.5"]}


def test_settings_of_a_layer_carry_its_number_and_other_layers_are_one_setting() -> None:
    assert list(shown([quick(), quick("network.layers[0].units=7")])) == ["Layer 1: units"]
    three = shown([quick(), quick("network.layers[0].units=7"), quick(WIDE)])
    assert three == {"Layers": ["3 tanh", "7 tanh", "9 ReLU Dropout 30 %"]}


def test_kinds_differ_as_a_whole_and_say_what_is_unusual() -> None:
    adam, unusual = quick("training.optimizer=adam"), quick("training.optimizer={kind='adam', beta1=0.8}")
    assert shown([quick(), adam, unusual])["Optimizer"] == ["SGD", "Adam", "Adam (beta 1 0.8)"]
    assert shown([adam, unusual]) == {"Beta 1": ["0.9", "0.8"]}


def test_settings_stand_in_the_order_of_their_declaration() -> None:
    mixed = [quick(), quick("seed=3"), quick("training.batch_size=5"), quick("data.train_share=0.6")]
    assert [s.path for s in differing(mixed)] == ["data.train_share", "training.batch_size", "seed"]


def test_a_setting_that_is_missing_sorts_last() -> None:
    assert value_at(quick(), "network.layers[7].units") is MISSING
    (units,) = differing([quick(), quick("network.layers[0].units=7")])
    assert math.isnan(sort_value(units, MISSING))
    assert words(units, MISSING) == "–"
    assert (sort_value(units, True), sort_value(units, 3), sort_value(units, "relu")) == (1.0, 3.0, "relu")


# ---------------------------------------------------------------- metrics


def history(test: list[float], epochs: list[int] | None = None) -> History:
    made = History()
    n = len(test)
    rows = {name: np.full(n, 0.5) for name in METRICS if name not in ("gap", "validation_loss", "validation_error")}
    at = np.arange(n, dtype=np.float64) if epochs is None else np.array(epochs, np.float64)
    made.append({"epoch": at, "step": at, **rows, "test_loss": np.array(test), "test_error": np.array(test)})
    return made


def test_metrics_are_those_of_the_moment() -> None:
    run = Run(1, "run", quick(), history([0.9, 0.3, 0.6]))
    assert measured(run, "best").epoch == 1
    assert measured(run, "best").values["test_error"] == pytest.approx(0.3)
    assert measured(run, "last").epoch == 2
    assert measured(run, "last").values["gap"] == pytest.approx(0.1)
    run.playhead = 0
    assert measured(run, "playhead").values["test_loss"] == pytest.approx(0.9)
    assert math.isnan(measured(run, "last").values["validation_loss"])


def test_a_row_that_was_thinned_out_is_told_apart() -> None:
    run = Run(1, "run", quick(), history([0.9, 0.3, 0.6], [0, 4, 8]))
    run.playhead = 7
    found = measured(run, "playhead")
    assert (found.epoch, found.exact) == (4, False)
    assert table([run], run, [], "playhead", {1: "#000000"}).rows[0].cells["at"].text == "≈ 4"


def test_a_run_without_measurements_has_dashes() -> None:
    run = Run(1, "run", quick())
    row = table([run], run, [], "last", {1: "#000000"}).rows[0]
    assert {row.cells[name].text for name in METRICS} == {"–"}
    assert table([run], run, [], "best", {1: "#000000"}).rows[0].cells["at"].text == "–"


def test_an_exact_epoch_of_the_past_is_taken_from_the_snapshot(controller) -> None:
    run = opened(controller, epochs=3)
    rows = {n: run.history.column(n)[1:2] for n in ("epoch", "train_error", "test_error", "train_loss", "test_loss")}
    controller.session.look.go_to(1)
    until(controller, lambda: run.snapshot is not None and run.snapshot.past)
    assert measured(run, "playhead").values["test_loss"] == pytest.approx(float(rows["test_loss"][0]), rel=1e-6)


# ---------------------------------------------------------------- the whole table


def test_rows_of_forks_and_twins(controller) -> None:
    base = opened(controller, name="base")
    fork = forked(controller, base, 2, "training.learning_rate=0.5", name="fast")
    twin = twinned(controller, base, "network.layers[0].units=8", name="wide", along=True)
    runs = controller.session.runs
    made = table(runs, twin, [base, fork], "last", {run.number: "#123456" for run in runs})
    cells = [row.cells for row in made.rows]
    assert [c["origin"].text for c in cells] == ["–", "from base at 2", "twin of base"]
    assert [c["training.learning_rate"].text for c in cells] == ["0.03", "0.5", "0.03"]
    assert [c["network.layers[0].units"].marked for c in cells] == [False, False, True]
    assert [row.front for row in made.rows] == [False, False, True]
    assert [row.chosen for row in made.rows] == [True, True, False]
    assert [c["status"].text for c in cells] == ["paused · along", "paused", "paused · along"]
    titles = [column.title for column in made.columns]
    assert "Test error (%)" in titles
    assert "Validation error (%)" not in titles, "no run has a validation part"
    assert table([fork], fork, [], "last", {fork.number: ""}).rows[0].cells["origin"].text == "from a removed run at 2"


def test_equal_tables_are_equal_although_they_hold_nan(controller) -> None:
    run = opened(controller, epochs=1)
    again = [table([run], run, [run], "last", {run.number: "#000000"}) for _ in range(2)]
    assert again[0] == again[1]


def test_text_has_headings_and_whole_numbers() -> None:
    columns = (Column("name", "Run", ""), Column("x", "Loss", "", numeric=True), Column("star", "Star", ""))
    cells = {"name": Cell('a "b", c', 'a "b", c'), "x": Cell("0.12", 0.123456789), "star": Cell("", 1.0)}
    none = {"name": Cell("–", ""), "x": Cell("–", math.nan), "star": Cell("", 0.0)}
    looks = {"front": False, "archived": False, "chosen": False, "color": ""}
    rows = (Row(1, starred=True, cells=cells, **looks), Row(2, starred=False, cells=none, **looks))
    assert as_text(columns, rows, ",") == 'Run,Loss,Star\n"a ""b"", c",0.123456789,yes\n,,\n'
    assert as_text(columns, rows[1:], "\t") == "Run\tLoss\tStar\n\t\t\n"


# ---------------------------------------------------------------- order


def ordered(values: list[float | str], way: Qt.SortOrder) -> list[float | str]:
    """Return values in the order in which the table shows them."""
    columns = (Column("x", "X", "", numeric=True),)
    looks = {"front": False, "archived": False, "chosen": False, "color": "", "starred": False}
    rows = tuple(Row(i, cells={"x": Cell(str(v), v)}, **looks) for i, v in enumerate(values))
    model = RunsModel()
    model.show_table(Table(columns, rows))
    order = RunsOrder(model)
    order.sort(0, way)
    return [order.at(row).cells["x"].value for row in range(order.rowCount())]


@pytest.mark.parametrize("way", [Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder])
def test_numbers_sort_as_numbers_and_missing_ones_stand_last(qapp, way: Qt.SortOrder) -> None:
    nan = math.nan
    found = ordered([nan, 10.0, 9.0, nan, 100.0, -1.0], way)
    wanted = [-1.0, 9.0, 10.0, 100.0] if way == Qt.SortOrder.AscendingOrder else [100.0, 10.0, 9.0, -1.0]
    assert found[:4] == wanted
    assert all(math.isnan(value) for value in found[4:])
    words = ordered(["", "Beta", "alpha", ""], way)
    assert words[:2] == (["alpha", "Beta"] if way == Qt.SortOrder.AscendingOrder else ["Beta", "alpha"])
