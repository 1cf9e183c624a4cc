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
from nnviz.history.history import History
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
