"""Every registered view in every situation, and what each of them draws."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from nnviz.experiment import Experiment, from_plain
from nnviz.gui.theme import DARK, EXPORT, LIGHT
from nnviz.gui.views import QUESTIONS, View, views
from nnviz.gui.views.parts.curves import CurvesView
from nnviz.gui.views.parts.matrix import legible
from nnviz.gui.views.parts.plot_view import PlotView
from nnviz.history.history import Event, History
from nnviz.session import Run
from nnviz.snapshot import Snapshot

NEEDS = {"surface", "confusion", "representation"}
NAMES = views.names()
PLOTS = [name for name in NAMES if issubclass(views[name], PlotView)]
CURVES = [name for name in NAMES if issubclass(views[name], CurvesView)]
Train = Callable[..., Run]


def experiment(**data: Any) -> Experiment:
    return from_plain({"data": data}, "test")


EXPERIMENTS = {
    "two classes": Experiment(),
    "validation and label noise": experiment(validation_share=0.2, label_noise=0.2),
    "three classes": from_plain(
        {"data": {"source": "iris"}, "network": {"layers": [{"kind": "linear", "units": 6}, "relu"]}}, "test"
    ),
    "ten classes of images": from_plain(
        {"data": {"source": {"kind": "digits", "samples": 100}}, "network": {"layers": ["flatten"]}}, "test"
    ),
    "curve": from_plain(
        {"data": {"source": "noisy-sine"}, "network": {"layers": [{"kind": "linear", "units": 1}, "tanh"]}}, "test"
    ),
    "values on a plane": experiment(source="plane"),
    "values of many features": experiment(source="diabetes", standardize=True),
}


@pytest.fixture
def run(trained_run: Train) -> Run:
    return trained_run(needs=NEEDS)


@pytest.fixture
def make(qtbot: QtBot) -> Callable[..., View]:
    def make(name: str, size: tuple[int, int] = (360, 200), theme: Any = DARK) -> View:
        view = views[name](theme)
        qtbot.addWidget(view)
        view.resize(*size)
        return view

    return make


def picture(view: View) -> QImage:
    return view.grab().toImage()


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    shown = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return shown[:, :, :3].copy()  # the image and its memory end here


def ink(view: View) -> float:
    """The share of pixels that differ from the background."""
    shown = pixels(picture(view)).astype(int)
    card = QColor(view.theme.card)
    return float((np.abs(shown - [card.blue(), card.green(), card.red()]).sum(axis=2) > 30).mean())


def history_of(n: int, value: Callable[[np.ndarray], np.ndarray]) -> History:
    history = History()
    epochs = np.arange(n, dtype=np.float64)
    columns = {f"{part}_{what}": value(epochs) for part in ("train", "test") for what in ("loss", "error")}
    norms = np.column_stack([value(epochs)] * 3)
    history.append({"epoch": epochs, "step": epochs, **columns, "gradient_norm_by_layer": norms})
    return history


def with_arrays(snapshot: Snapshot, fill: float) -> Snapshot:
    """The same snapshot with every measured float replaced by one value."""

    def filled(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(filled, value))
        return np.full_like(value, fill) if value.dtype.kind == "f" else value

    return replace(snapshot, arrays={name: filled(value) for name, value in snapshot.arrays.items()})


# ------------------------------------------------------------ every view


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_is_for(name: str) -> None:
    view = views[name]
    assert view.name == name
    assert view.title
    assert view.help.endswith(".")
    assert view.question in QUESTIONS


@pytest.mark.parametrize("name", NAMES)
def test_without_data_there_is_a_sentence(name: str, make: Callable[..., View]) -> None:
    view = make(name)
    assert 0.0 < ink(view) < 0.2
    view.refresh(History(), None)
    assert 0.0 < ink(view) < 0.2
    assert all(len(column) == 0 for column in view.table(History(), None).values())
    assert view.legend() == ()


@pytest.mark.parametrize("name", NAMES)
def test_before_the_first_epoch(name: str, make: Callable[..., View], run: Run) -> None:
    assert run.snapshot is not None
    view = make(name)
    view.refresh(History(), replace(run.snapshot, arrays={}))
    assert 0.0 < ink(view) < 0.2


@pytest.mark.parametrize("name", NAMES)
def test_one_point(name: str, make: Callable[..., View], run: Run) -> None:
    history = history_of(1, lambda epoch: epoch + 0.5)
    assert run.snapshot is not None
    history.keyframes.add(0, np.linspace(-1, 1, run.snapshot.plan.n_parameters))
    view = make(name)
    view.refresh(history, run.snapshot)
    assert ink(view) > 0.0


@pytest.mark.parametrize("state", [{}, {"log_x": True, "log_y": True}, {"log_y": False}])
@pytest.mark.parametrize("name", NAMES)
def test_not_a_number(name: str, state: dict[str, Any], make: Callable[..., View], run: Run) -> None:
    history = history_of(50, lambda epoch: np.full_like(epoch, np.nan))
    assert run.snapshot is not None
    history.keyframes.add(0, np.full(run.snapshot.plan.n_parameters, np.nan))
    view = make(name)
    view.restore(state)
    view.refresh(history, with_arrays(run.snapshot, np.nan))
    picture(view)
    view.table(history, with_arrays(run.snapshot, np.nan))


@pytest.mark.parametrize("fill", [np.inf, 1e30, -1e-30, 0.0])
@pytest.mark.parametrize("name", NAMES)
def test_strange_numbers(name: str, fill: float, make: Callable[..., View], run: Run) -> None:
    history = history_of(50, lambda epoch: np.full_like(epoch, fill))
    assert run.snapshot is not None
    history.keyframes.add(0, np.full(run.snapshot.plan.n_parameters, np.clip(fill, -1e30, 1e30)))
    view = make(name)
    for state in ({}, {"log_x": True, "log_y": True}):
        view.restore(state)
        view.refresh(history, with_arrays(run.snapshot, fill))
        picture(view)


@pytest.mark.parametrize("name", NAMES)
def test_gaps_are_drawn_as_gaps(name: str, make: Callable[..., View], run: Run) -> None:
    view = make(name)
    view.refresh(history_of(100, lambda epoch: np.where(epoch % 10 < 5, np.nan, epoch)), run.snapshot)
    picture(view)


@pytest.mark.parametrize("name", NAMES)
def test_a_million_epochs(name: str, make: Callable[..., View], run: Run) -> None:
    rng = np.random.default_rng(0)
    history = history_of(1_000_000, lambda epoch: 1 / np.sqrt(epoch + 1) + 0.01 * rng.normal(size=len(epoch)))
    assert run.snapshot is not None
    for epoch in range(600):
        history.keyframes.add(epoch, rng.normal(size=run.snapshot.plan.n_parameters))
    view = make(name)
    for state in ({}, {"log_x": True, "log_y": True}):
        view.restore(state)
        began = time.perf_counter()
        view.refresh(history, run.snapshot)
        picture(view)
        assert time.perf_counter() - began < 2.0
    assert {len(column) for column in view.table(history, run.snapshot).values()} != {0}


@pytest.mark.parametrize("name", NAMES)
def test_another_theme_at_run_time(name: str, make: Callable[..., View], run: Run) -> None:
    view, light = make(name), make(name, theme=LIGHT)
    view.refresh(run.history, run.snapshot)
    light.refresh(run.history, run.snapshot)
    dark_picture = picture(view)
    view.apply_theme(LIGHT)
    assert picture(view) == picture(light)
    view.apply_theme(DARK)
    assert picture(view) == dark_picture


@pytest.mark.parametrize("size", [(1, 1), (60, 40), (120, 72), (200, 120), (1600, 1000), (3840, 300)])
@pytest.mark.parametrize("name", NAMES)
def test_any_size(name: str, size: tuple[int, int], make: Callable[..., View], run: Run) -> None:
    view = make(name, size)
    view.setMinimumSize(1, 1)
    view.refresh(run.history, run.snapshot)
    assert ink(view) > 0.0 or size == (1, 1)
    view.resize(360, 200)
    assert ink(view) > 0.0


@pytest.mark.parametrize("kind", EXPERIMENTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_data(name: str, kind: str, make: Callable[..., View], trained_run: Train) -> None:
    run = trained_run(EXPERIMENTS[kind], needs=NEEDS, epochs=3)
    view = make(name)
    view.refresh(run.history, run.snapshot)
    assert ink(view) > 0.0
    lengths = {len(column) for column in view.table(run.history, run.snapshot).values()}
    assert len(lengths) <= 1
    assert all(key.label for key in view.legend())


@pytest.mark.parametrize("name", NAMES)
def test_from_one_run_to_another_and_back(name: str, make: Callable[..., View], trained_run: Train) -> None:
    runs = [trained_run(each, needs=NEEDS, epochs=3) for each in EXPERIMENTS.values()]
    view = make(name)
    for run in (*runs, *reversed(runs)):
        view.refresh(run.history, run.snapshot)
        picture(view)
        view.refresh(History(), None)
    fresh = make(name)
    for each in (view, fresh):
        each.restore(fresh.state())
        each.refresh(runs[0].history, runs[0].snapshot)
    first, last = np.asarray(pixels(picture(view)), int), np.asarray(pixels(picture(fresh)), int)
    # Axes may stand a little differently, because they move as seldom as possible.
    assert abs(first.mean() - last.mean()) < 8


@pytest.mark.parametrize("name", NAMES)
def test_rewound_history(name: str, make: Callable[..., View], run: Run) -> None:
    view = make(name)
    view.refresh(history_of(500, lambda epoch: epoch + 1), run.snapshot)
    view.refresh(history_of(20, lambda epoch: epoch + 1), run.snapshot)
    assert ink(view) > 0.0


@pytest.mark.parametrize("name", NAMES)
def test_choices_survive(name: str, make: Callable[..., View], run: Run, qtbot: QtBot) -> None:
    view, holder = make(name), QWidget()
    qtbot.addWidget(holder)
    view.controls(QHBoxLayout(holder))
    for changed in ({}, {key: not value for key, value in view.state().items() if isinstance(value, bool)}):
        view.restore(changed)
        view.refresh(run.history, run.snapshot)
        state = view.state()
        assert changed.items() <= state.items()
        other = make(name)
        other.restore(state)
        assert other.state() == state
        other.refresh(run.history, run.snapshot)
    view.restore({"unknown": 1})


@pytest.mark.parametrize("name", NAMES)
def test_controls_ask_for_a_redraw(name: str, make: Callable[..., View], qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QToolButton

    view, holder = make(name), QWidget()
    qtbot.addWidget(holder)
    view.controls(QHBoxLayout(holder))
    buttons = holder.findChildren(QToolButton)
    assert buttons
    for button in buttons:
        assert button.accessibleName()
        if button.isCheckable():
            with qtbot.waitSignal(view.redraw_wanted, timeout=1000):
                button.click()


@pytest.mark.parametrize("name", NAMES)
def test_what_it_is_given_stays_as_it_was(name: str, make: Callable[..., View], run: Run) -> None:
    before = {column: run.history.column(column).copy() for column in run.history.names}
    make(name).refresh(run.history, run.snapshot)
    for column, values in before.items():
        np.testing.assert_array_equal(run.history.column(column), values)


@pytest.mark.parametrize("name", PLOTS)
def test_refresh_makes_no_items(name: str, make: Callable[..., View], run: Run) -> None:
    view = make(name)
    assert isinstance(view, PlotView)
    view.refresh(run.history, run.snapshot)
    items = view.plot.scene().items()
    for length in (1, 30, 3000):
        view.refresh(history_of(length, lambda epoch: epoch + 1), run.snapshot)
        view.refresh(History(), None)
        view.refresh(run.history, run.snapshot)
    assert view.plot.scene().items() == items


def test_three_thousand_repaints(make: Callable[..., View], run: Run) -> None:
    """Some releases of PySide6 drop a reference to None with every painted item, and abort at the end."""
    view = make("loss", (160, 100))
    view.refresh(run.history, run.snapshot)
    image = QImage(view.size(), QImage.Format.Format_RGB32)
    for _ in range(3000):
        view.render(image, QPoint())
    assert ink(view) > 0.0


# ------------------------------------------------------------ the mouse


@pytest.mark.parametrize("kind", EXPERIMENTS)
@pytest.mark.parametrize("name", PLOTS)
def test_read_out_everywhere(name: str, kind: str, make: Callable[..., View], trained_run: Train) -> None:
    run = trained_run(EXPERIMENTS[kind], needs=NEEDS, epochs=3)
    view = make(name)
    assert isinstance(view, PlotView)
    assert view.reading(0.0, 0.0) is None
    view.refresh(run.history, run.snapshot)
    (left, right), (bottom, top) = view.plot.x_range, view.plot.y_range
    for x in np.linspace(left, right, 5):
        for y in (bottom, top, (bottom + top) / 2):
            reading = view.reading(float(x), float(y))
            assert reading is None or (reading.lines and all(line.word for line in reading.lines))


def test_the_crosshair_follows_the_mouse(make: Callable[..., View], run: Run, qtbot: QtBot) -> None:
    view = make("loss")
    assert isinstance(view, PlotView)
    view.refresh(run.history, run.snapshot)
    picture(view)
    plain = ink(view)
    with qtbot.waitSignal(view.plot.pointed, timeout=2000):
        view.plot._moved.emit(view.plot.area.center())
    assert view.plot.pointer is not None
    assert ink(view) > plain
    with qtbot.waitSignal(view.plot.pointed, timeout=2000):
        view.plot._moved.emit(None)
    assert view.plot.pointer is None
    assert ink(view) == plain


def test_the_read_out_names_the_nearest_epoch(make: Callable[..., View], run: Run) -> None:
    history = history_of(11, lambda epoch: epoch * 2 + 1)
    history.events.append(Event(7, "Learning rate 0.03 → 0.01"))
    view = make("loss")
    assert isinstance(view, PlotView)
    view.refresh(history, run.snapshot)
    reading = view.reading(7.3, 0.0)
    assert reading is not None
    assert reading.x == 7.0
    words = [f"{line.word} {line.value}".strip() for line in reading.lines]
    assert words == ["epoch 7", "Train 15.0", "Test 15.0", "Gap 0", "Learning rate 0.03 → 0.01"]


def test_presses_go_through_to_the_dock(make: Callable[..., View], run: Run, qtbot: QtBot) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    class Holder(QWidget):
        doubled = 0

        def mouseDoubleClickEvent(self, event: Any) -> None:
            self.doubled += 1

    holder = Holder()
    qtbot.addWidget(holder)
    view = make("loss")
    view.setParent(holder)
    view.refresh(run.history, run.snapshot)
    picture(view)
    assert isinstance(view, PlotView)
    QTest.mouseDClick(view.plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(100, 80))
    assert holder.doubled == 1


# ------------------------------------------------------------ curves


@pytest.mark.parametrize("name", CURVES)
def test_zero_has_its_own_line_on_a_log_axis(name: str, make: Callable[..., View], run: Run) -> None:
    view = make(name)
    assert isinstance(view, CurvesView)
    view.restore({"log_y": True})
    view.refresh(history_of(20, lambda epoch: np.maximum(0.0, 1e-2 * (10 - epoch))), run.snapshot)
    zero = view.plot.y_scale.zero
    assert zero is not None
    smallest = np.log10(view._series[0].at(np.array([9]))[0])
    assert view.plot.y_range[0] < zero < smallest
    assert (zero, "0") in view.plot.y_scale.ticks(*view.plot.y_range, 5)


def test_log_epochs_begin_at_one(make: Callable[..., View], run: Run) -> None:
    view = make("loss")
    assert isinstance(view, CurvesView)
    view.restore({"log_x": True})
    view.refresh(history_of(1, lambda epoch: epoch + 1), run.snapshot)
    assert not view.plot.x_scale.log  # epoch 0 alone has no place there
    view.refresh(history_of(101, lambda epoch: epoch + 1), run.snapshot)
    assert view.plot.x_scale.log
    assert view.plot.x_range[0] == 0.0
    assert view.plot.x_range[1] == pytest.approx(2.0, rel=0.02)


def test_curves_are_never_cut(make: Callable[..., View], run: Run) -> None:
    rng = np.random.default_rng(1)
    view = make("loss")
    assert isinstance(view, CurvesView)
    for length in (2, 10, 100, 5000):
        history = history_of(length, lambda epoch: rng.normal(size=len(epoch)) * 10 ** rng.uniform(-3, 3))
        view.refresh(history, run.snapshot)
        low, high = view.plot.y_range
        for ys in view._ys:
            assert low <= ys.min()
            assert ys.max() <= high


def test_best_epoch_is_marked_once_it_is_past(make: Callable[..., View], run: Run) -> None:
    view = make("loss")
    assert isinstance(view, PlotView)
    view.refresh(history_of(1000, lambda epoch: (epoch - 212) ** 2 + 1), run.snapshot)
    (mark,) = view.plot.overlay._marks
    assert (mark.x, mark.text) == (212, "best · 212")
    view.refresh(history_of(1000, lambda epoch: 2000 - epoch), run.snapshot)
    assert view.plot.overlay._marks == ()


def test_gap_is_filled_where_test_is_above_train(make: Callable[..., View], run: Run) -> None:
    epochs = np.arange(100, dtype=np.float64)
    history = History()
    history.append({"epoch": epochs, "train_loss": 1 - epochs / 200, "test_loss": np.full(100, 0.75)})
    view = make("loss")
    view.refresh(history, run.snapshot)
    path = view._gap.path()
    assert path.contains(QPointF(80, 0.7))
    assert not path.contains(QPointF(20, 0.8))


def test_error_is_in_percent_or_in_the_targets_unit(make: Callable[..., View], trained_run: Train) -> None:
    classes = trained_run(needs=NEEDS)
    table = make("error").table(classes.history, classes.snapshot)
    np.testing.assert_allclose(table["train (% wrong)"], 100 * classes.history.column("train_error"), rtol=1e-6)
    np.testing.assert_allclose(table["gap (% wrong)"], table["test (% wrong)"] - table["train (% wrong)"], rtol=1e-6)
    values = trained_run(EXPERIMENTS["values of many features"], needs=NEEDS, epochs=3)
    table = make("error").table(values.history, values.snapshot)
    np.testing.assert_array_equal(
        table["train (RMSE of progression after one year)"], values.history.column("train_error")
    )


def test_layers_are_named_and_keep_their_colours(make: Callable[..., View], trained_run: Train) -> None:
    layers = [layer for _ in range(10) for layer in ({"kind": "linear", "units": 3}, "sigmoid")]
    run = trained_run(from_plain({"network": {"layers": layers}}, "test"), epochs=3)
    view = make("gradient_norm")
    view.refresh(run.history, run.snapshot)
    keys = view.legend()
    assert [key.label for key in keys][:2] == ["1 linear 3", "2 linear 3"]
    assert keys[-1].label == "11 output"
    assert len({key.color.name() for key in keys}) == 11


def test_a_legend_of_very_many_layers_names_some(make: Callable[..., View], trained_run: Train) -> None:
    layers = [{"kind": "linear", "units": 2} for _ in range(40)]
    run = trained_run(from_plain({"network": {"layers": layers}}, "test"), epochs=2)
    view = make("gradient_norm")
    view.refresh(run.history, run.snapshot)
    labels = [key.label for key in view.legend()]
    assert labels[0] == "1 linear 2"
    assert labels[-1] == "41 output"
    assert len(labels) == 6
    assert len(view.table(run.history, run.snapshot)) == 42


# ------------------------------------------------------------ surface, representation, confusion, weights


def test_the_surface_lies_where_the_samples_are(make: Callable[..., View], run: Run) -> None:
    """The picture's corner pixels belong to the corners of the plane in displayed units, first row at the bottom."""
    assert run.snapshot is not None
    surface = np.zeros((100, 100, 2), np.float32)
    surface[:50, :, 0] = 1.0  # below: the first class, orange
    surface[50:, :, 1] = 1.0
    view = make("surface")
    assert isinstance(view, PlotView)
    view.refresh(run.history, replace(run.snapshot, arrays={"surface": surface}))
    left, right, bottom, top = run.snapshot.plane.display_bounds
    assert view.plot.x_range == pytest.approx((left, right))
    assert view.plot.y_range == pytest.approx((bottom, top))
    image = picture(view)
    edge = 0.02
    for share, blue in ((edge, False), (1 - edge, True)):
        at = view.plot.to_pixel(left + edge * (right - left), bottom + share * (top - bottom)).toPoint()
        color = image.pixelColor(at)
        assert (color.blue() > color.red()) is blue


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_sure_answers_have_the_colour_of_the_class(classes: int) -> None:
    from nnviz.gui.views.parts.colors import class_pixels, rgb

    one_hot = np.eye(classes, dtype=np.float32)[None]
    for hard in (False, True):
        shown = class_pixels(one_hot, LIGHT, hard)[0, :, :3].astype(float)
        card = rgb(LIGHT.color("card"))
        colors = np.array([card + 0.78 * (rgb(LIGHT.class_color(i)) - card) for i in range(classes)])
        distance = np.linalg.norm(shown[:, None] - colors[None], axis=2)
        assert (distance.argmin(axis=1) == np.arange(classes)).all()
    chance = np.full((1, 1, classes), 1 / classes, np.float32)
    assert class_pixels(chance, LIGHT, False)[0, 0, :3] == pytest.approx(rgb(LIGHT.color("card")), abs=3)


def test_many_samples_are_thinned_and_stamped(make: Callable[..., View], trained_run: Train) -> None:
    run = trained_run(experiment(source={"kind": "circles", "samples": 20_000}), needs=NEEDS, epochs=1)
    view = make("surface")
    view.refresh(run.history, run.snapshot)
    assert "of 20,000" in view.caption
    assert len(view._dots._xy) <= 4_000
    assert view._crowd.isVisible()
    began = time.perf_counter()
    view.refresh(run.history, run.snapshot)
    assert time.perf_counter() - began < 0.1


def test_caption_names_the_signs(make: Callable[..., View], run: Run) -> None:
    view = make("surface")
    view.refresh(run.history, run.snapshot)
    assert view.caption == "train ● test ○"
    view.restore({"test": False})
    view.refresh(run.history, run.snapshot)
    assert view.caption == "train ●"


def test_the_representation_does_not_flip(make: Callable[..., View], trained_run: Train) -> None:
    run = trained_run(EXPERIMENTS["three classes"], needs=NEEDS, epochs=3)
    assert run.snapshot is not None
    train, test = run.snapshot.arrays["representation"]
    view = make("representation")
    view.refresh(run.history, run.snapshot)
    first = view._dots._xy.copy()
    rng = np.random.default_rng(0)
    for _ in range(5):
        moved = tuple(each + 0.01 * rng.normal(size=each.shape).astype(np.float32) for each in (train, test))
        view.refresh(run.history, replace(run.snapshot, arrays={"representation": moved}))
        np.testing.assert_allclose(view._dots._xy, first, atol=0.1 * np.abs(first).max())
    other = make("representation", theme=EXPORT)
    other.restore(view.state())
    other.refresh(run.history, run.snapshot)
    np.testing.assert_allclose(other._dots._xy, first, atol=0.1 * np.abs(first).max())


def test_two_units_are_shown_as_they_are(make: Callable[..., View], run: Run) -> None:
    assert run.snapshot is not None
    train, test = run.snapshot.arrays["representation"]
    table = make("representation").table(run.history, run.snapshot)
    np.testing.assert_array_equal(np.column_stack([table["unit 1"], table["unit 2"]]), np.concatenate([train, test]))
    assert (table["part"] == np.repeat(["train", "test"], [len(train), len(test)])).all()


def test_confusion_is_of_the_chosen_part(make: Callable[..., View], run: Run) -> None:
    assert run.snapshot is not None
    counts = run.snapshot.arrays["confusion"]
    view = make("confusion")
    for number, part in enumerate(("train", "test")):
        view.restore({"part": part})
        view.refresh(run.history, run.snapshot)
        table = view.table(run.history, run.snapshot)
        names = run.snapshot.data.class_names
        shown = np.column_stack([table[f"predicted {name}"] for name in names])
        np.testing.assert_array_equal(shown, counts[number])
        assert view.caption == f"{part} · {100 * np.trace(counts[number]) / counts[number].sum():.1f} % right"
    assert "taken for" in view._matrix.words_at(view._matrix._area().center())
    assert view._matrix.words_at(QPointF(-1, -1)) == ""


def test_confusion_of_regression_says_why_it_is_empty(make: Callable[..., View], trained_run: Train) -> None:
    run = trained_run(EXPERIMENTS["curve"], needs=NEEDS, epochs=3)
    view = make("confusion")
    view.refresh(run.history, run.snapshot)
    assert view._matrix._sentence == "Confusion needs classes; this is regression."
    assert view.table(run.history, run.snapshot) == {}


@pytest.mark.parametrize("count", [2, 12, 30, 200])
def test_confusion_of_many_classes(count: int, make: Callable[..., View], run: Run) -> None:
    assert run.snapshot is not None
    data = replace(run.snapshot.data, class_names=tuple(f"class {i}" for i in range(count)))
    counts = np.tile(np.eye(count, dtype=np.int64) * 9, (2, 1, 1))
    view = make("confusion")
    view.refresh(run.history, replace(run.snapshot, data=data, arrays={"confusion": counts}))
    assert ink(view) > 0.02


def test_text_on_cells_can_be_read() -> None:
    def contrast(a: QColor, b: QColor) -> float:
        def luminance(color: QColor) -> float:
            parts = np.array([color.redF(), color.greenF(), color.blueF()])
            linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
            return float(linear @ [0.2126, 0.7152, 0.0722])

        light, dark = sorted((luminance(a), luminance(b)), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    for red in range(0, 256, 51):
        for green in range(0, 256, 51):
            for blue in range(0, 256, 51):
                ground = QColor(red, green, blue)
                assert contrast(ground, legible(ground)) >= 4.5


def test_weights_of_one_layer_or_all(make: Callable[..., View], run: Run) -> None:
    assert run.snapshot is not None
    view = make("weights")
    labels = set()
    for layer in range(4):
        view.restore({"layer": layer})
        view.refresh(run.history, run.snapshot)
        labels.add(view.layer_label(run.snapshot.plan))
        table = view.table(run.history, run.snapshot)
        width = table["weight"][1] - table["weight"][0]
        for heading, column in table.items():
            if heading != "weight":
                assert 0.8 < column.sum() * width <= 1.0 + 1e-9
    assert labels == {"all layers", "1 linear 4", "2 linear 2", "3 output"}
    assert f"density, epoch {run.history.keyframes.spread(24)[-1].epoch}" in table


def test_weights_of_another_network_are_left_out(make: Callable[..., View], run: Run) -> None:
    assert run.snapshot is not None
    history = History()
    history.keyframes.add(0, np.zeros(run.snapshot.plan.n_parameters + 1))
    view = make("weights")
    view.refresh(history, run.snapshot)
    assert view.table(history, run.snapshot) == {}


def test_figures_are_a_column_wide() -> None:
    for name in NAMES:
        assert views[name].figure_size[0] * 25.4 / 96 == pytest.approx(85, abs=0.5)
