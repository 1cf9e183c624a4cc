"""Views of curves over epochs: loss, error, gradient norms."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from view_stage import EXPERIMENTS, NEEDS, Make, Train, history_of

from nnviz.experiment import from_plain
from nnviz.gui.views import views
from nnviz.gui.views.parts.curves import CurvesView
from nnviz.gui.views.parts.plot_view import PlotView
from nnviz.history.history import Event, History
from nnviz.session import Run

CURVES = [name for name in views.names() if issubclass(views[name], CurvesView)]


@pytest.mark.parametrize("name", CURVES)
def test_zero_has_its_own_line_on_a_log_axis(name: str, make_view: Make, run: Run) -> None:
    view = make_view(name)
    assert isinstance(view, CurvesView)
    view.restore({"log_y": True})
    view.refresh(history_of(20, lambda epoch: np.maximum(0.0, 1e-2 * (10 - epoch))), run.snapshot)
    zero = view.plot.y_scale.zero
    assert zero is not None
    smallest = np.log10(view._series[0].at(np.array([9]))[0])
    assert view.plot.y_range[0] < zero < smallest
    assert (zero, "0") in view.plot.y_scale.ticks(*view.plot.y_range, 5)


def test_log_epochs_begin_at_one(make_view: Make, run: Run) -> None:
    view = make_view("loss")
    assert isinstance(view, CurvesView)
    view.restore({"log_x": True})
    view.refresh(history_of(1, lambda epoch: epoch + 1), run.snapshot)
    assert not view.plot.x_scale.log  # epoch 0 alone has no place there
    view.refresh(history_of(101, lambda epoch: epoch + 1), run.snapshot)
    assert view.plot.x_scale.log
    assert view.plot.x_range[0] == 0.0
    assert view.plot.x_range[1] == pytest.approx(2.0, rel=0.02)


def test_curves_are_never_cut(make_view: Make, run: Run) -> None:
    rng = np.random.default_rng(1)
    view = make_view("loss")
    assert isinstance(view, CurvesView)
    for length in (2, 10, 100, 5000):
        history = history_of(length, lambda epoch: rng.normal(size=len(epoch)) * 10 ** rng.uniform(-3, 3))
        view.refresh(history, run.snapshot)
        low, high = view.plot.y_range
        for ys in view._ys:
            assert low <= ys.min()
            assert ys.max() <= high


def test_best_epoch_is_marked_once_it_is_past(make_view: Make, run: Run) -> None:
    view = make_view("loss")
    assert isinstance(view, PlotView)
    view.refresh(history_of(1000, lambda epoch: (epoch - 212) ** 2 + 1), run.snapshot)
    (mark,) = view.plot.overlay._marks
    assert (mark.x, mark.text) == (212, "best · 212")
    view.refresh(history_of(1000, lambda epoch: 2000 - epoch), run.snapshot)
    assert view.plot.overlay._marks == ()


def test_gap_is_filled_where_test_is_above_train(make_view: Make, run: Run) -> None:
    epochs = np.arange(100, dtype=np.float64)
    history = History()
    history.append({"epoch": epochs, "train_loss": 1 - epochs / 200, "test_loss": np.full(100, 0.75)})
    view = make_view("loss")
    view.refresh(history, run.snapshot)
    path = view._gap.path()
    assert path.contains(QPointF(80, 0.7))
    assert not path.contains(QPointF(20, 0.8))


def test_error_is_in_percent_or_in_the_targets_unit(make_view: Make, trained_run: Train) -> None:
    classes = trained_run(needs=NEEDS)
    table = make_view("error").table(classes.history, classes.snapshot)
    np.testing.assert_allclose(table["train (% wrong)"], 100 * classes.history.column("train_error"), rtol=1e-6)
    np.testing.assert_allclose(table["gap (% wrong)"], table["test (% wrong)"] - table["train (% wrong)"], rtol=1e-6)
    values = trained_run(EXPERIMENTS["values of many features"], needs=NEEDS, epochs=3)
    table = make_view("error").table(values.history, values.snapshot)
    np.testing.assert_array_equal(
        table["train (RMSE of progression after one year)"], values.history.column("train_error")
    )


def test_layers_are_named_and_keep_their_colours(make_view: Make, trained_run: Train) -> None:
    layers = [layer for _ in range(10) for layer in ({"kind": "linear", "units": 3}, "sigmoid")]
    run = trained_run(from_plain({"network": {"layers": layers}}, "test"), epochs=3)
    view = make_view("gradient_norm")
    view.refresh(run.history, run.snapshot)
    keys = view.legend()
    assert [key.label for key in keys][:2] == ["1 linear 3", "2 linear 3"]
    assert keys[-1].label == "11 output"
    assert len({key.color.name() for key in keys}) == 11


def test_a_legend_of_very_many_layers_names_some(make_view: Make, trained_run: Train) -> None:
    layers = [{"kind": "linear", "units": 2} for _ in range(40)]
    run = trained_run(from_plain({"network": {"layers": layers}}, "test"), epochs=2)
    view = make_view("gradient_norm")
    view.refresh(run.history, run.snapshot)
    labels = [key.label for key in view.legend()]
    assert labels[0] == "1 linear 2"
    assert labels[-1] == "41 output"
    assert len(labels) == 6
    assert len(view.table(run.history, run.snapshot)) == 42


def test_update_ratio_is_the_change_over_the_size(make_view: Make, trained_run: Train) -> None:
    run = trained_run(needs=NEEDS)
    view = make_view("update_ratio")
    view.refresh(run.history, run.snapshot)
    table = view.table(run.history, run.snapshot)
    updates, sizes = (run.history.column(f"{what}_norm_by_layer") for what in ("update", "weight"))
    for layer, name in enumerate(["1 linear 4", "2 linear 2", "3 output"]):
        ratio = table[f"{name} (update ÷ weights)"]
        assert np.isnan(ratio[0]), "before the first step nothing has moved"
        np.testing.assert_allclose(ratio[1:], updates[1:, layer] / sizes[1:, layer], rtol=1e-6)
        assert (ratio[1:] > 0).all()


def test_update_ratio_shows_the_usual_one_on_both_axes(make_view: Make, run: Run) -> None:
    view = make_view("update_ratio")
    assert isinstance(view, PlotView)
    for log, at in ((True, -3.0), (False, 1e-3)):
        view.restore({"log_y": log})
        view.refresh(history_of(50, lambda epoch: 0.5 + epoch), run.snapshot)
        (level,) = view.plot.overlay._levels
        assert level.y == pytest.approx(at)
        assert view.plot.y_range[0] < at < view.plot.y_range[1]


def test_dead_units_are_a_share_of_each_layers_units(make_view: Make, trained_run: Train) -> None:
    layers = [{"kind": "linear", "units": 5}, "relu", {"kind": "linear", "units": 4}, "batch-norm", "relu"]
    run = trained_run(from_plain({"network": {"layers": layers}}, "test"), epochs=2)
    history = History()
    dead = np.array([[0, 0], [1, 4], [5, 2]])
    history.append({"epoch": np.arange(3), "step": np.arange(3), "dead_units_by_layer": dead})
    view = make_view("dead_units")
    assert isinstance(view, CurvesView)
    view.refresh(history, run.snapshot)
    table = view.table(history, run.snapshot)
    np.testing.assert_allclose(table["1 relu (% dead)"], [0, 20, 100])
    np.testing.assert_allclose(table["3 relu (% dead)"], [0, 100, 50])
    assert view.plot.y_range[0] == 0.0


def test_nothing_dead_is_a_flat_line_and_no_activation_a_sentence(make_view: Make, trained_run: Train) -> None:
    run = trained_run(needs=NEEDS)
    view = make_view("dead_units")
    assert isinstance(view, CurvesView)
    view.refresh(run.history, run.snapshot)
    assert view.plot.overlay._sentence == ""
    assert view.plot.y_range[1] >= 10.0, "a share of 0 is drawn on an axis that means something"
    bare = trained_run(from_plain({"network": {"layers": [{"kind": "linear", "units": 3}]}}, "test"), epochs=2)
    view.refresh(bare.history, bare.snapshot)
    assert "no activations" in view.plot.overlay._sentence


def test_the_read_out_survives_thinning(make_view: Make, run: Run) -> None:
    """Between two draws rows may be dropped: what is read off is still what is drawn."""
    history = history_of(100_000, lambda epoch: epoch * 2 + 1)
    history.events.append(Event(99_840, "Learning rate 0.03 → 0.01"))
    view = make_view("loss")
    assert isinstance(view, PlotView)
    view.refresh(history, run.snapshot)
    before = view.reading(99_840.0, 0.0)
    assert before is not None
    assert [line.word for line in before.lines][-1] == "Learning rate 0.03 → 0.01"
    more = {name: history.column(name)[-1:].copy() for name in history.names}
    history.append({**more, "epoch": np.array([100_000])})
    assert len(history) < 90_000, "it was thinned"
    assert view.reading(99_840.0, 0.0) == before


def test_a_run_that_ended_at_once_says_why(make_view: Make) -> None:
    history = History()
    history.events.append(Event(0, "The output layer needs a flat list. Add a Flatten layer.", "end"))
    for name in CURVES:
        view = make_view(name)
        assert isinstance(view, PlotView)
        view.refresh(history, None)
        assert view.plot.overlay._sentence == "The output layer needs a flat list."
