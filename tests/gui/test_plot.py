"""Ticks, ranges and the items that stand on a plot."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot
from view_stage import Make, history_of

from nnviz.gui.plot import Band, Curve, Dot, Dots, Plot, Scale
from nnviz.gui.plot.chart import nearest, steady
from nnviz.gui.plot.ticks import linear_ticks, log_ticks, number, value_text
from nnviz.gui.theme import DARK

NUMBERS = st.floats(-1e12, 1e12)


@given(NUMBERS, st.floats(1e-6, 1e12), st.integers(1, 12))
@example(0.0625, 1e-6, 2)
def test_linear_ticks_are_inside_even_and_few(low: float, span: float, most: int) -> None:
    high = low + span
    if high - low < 1e-9 * max(abs(low), abs(high)):
        return
    ticks = linear_ticks(low, high, most)
    places = [at for at, _ in ticks]
    slack = 1e-6 * (high - low)
    assert all(low - slack <= at <= high + slack for at in places)
    assert len(places) <= 1.25 * most + 2
    steps = np.diff(places)
    assert np.allclose(steps, steps[0], rtol=1e-3) if len(steps) else True
    assert len({text for _, text in ticks}) == len(ticks) or max(abs(low), abs(high)) / span > 1e5


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(1, 12))
def test_log_ticks_are_there_for_any_range(low: float, span: float, most: int) -> None:
    assert len(log_ticks(low, low + span, most)) <= 1.25 * most + 4


@given(st.floats(-300, 290), st.floats(1e-3, 500), st.integers(1, 12))
def test_log_ticks_are_inside_and_few(low: float, span: float, most: int) -> None:
    ticks = log_ticks(low, min(low + span, 300.0), most)
    assert all(low - 1e-6 <= at <= low + span + 1e-6 for at, _ in ticks)
    assert len(ticks) <= 1.25 * most + 4


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (0, 1, 5, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-6, 6, 4, ["−5", "0", "5"]),
        (0, 12_000, 4, ["0", "5k", "10k"]),
        (0, 2_500_000, 3, ["0", "1M", "2M"]),
        (0, 2500, 3, ["0", "1,000", "2,000"]),
        (0, 4e-5, 2, ["0", "2e−5", "4e−5"]),
    ],
)
def test_linear_labels(low: float, high: float, most: int, texts: list[str]) -> None:
    assert [text for _, text in linear_ticks(low, high, most)] == texts


def test_whole_ticks_have_no_fractions() -> None:
    assert [text for _, text in linear_ticks(0, 2, 9, whole=True)] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (-2, 1, ["0.01", "0.1", "1", "10"]),
        (-6, 0, ["10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]),
        (0, 0.8, ["1", "2", "5"]),
        (0, 5, ["1", "100", "10k"]),
    ],
)
def test_log_labels(low: float, high: float, texts: list[str]) -> None:
    assert [text for _, text in log_ticks(low, high, 4)] == texts


def test_a_narrow_log_axis_still_has_ticks() -> None:
    ticks = log_ticks(math.log10(0.61), math.log10(0.72), 4)
    assert len(ticks) >= 2
    for at, text in ticks:
        assert 10**at == pytest.approx(float(text))


def test_an_absurd_range_has_no_ticks() -> None:
    assert Scale(log=True).ticks(0.0, 1e30, 5) == []
    assert Scale(log=True).ticks(400.2, 400.5, 5) == []
    assert Scale().ticks(float("nan"), 1.0, 5) == []
    assert Scale().ticks(1.0, 1.0, 5) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (float("nan"), "–"),
        (0.5, "0.500"),
        (0.04123, "0.0412"),
        (-12.345, "−12.3"),
        (1234.5, "1,234"),
        (1.5e7, "1.50e7"),
        (2e-5, "2.00e−5"),
    ],
)
def test_read_out_numbers(value: float, text: str) -> None:
    assert value_text(value) == text


@given(NUMBERS)
def test_read_out_numbers_are_near_the_value(value: float) -> None:
    read = float(value_text(value).replace("−", "-").replace(",", ""))
    assert read == pytest.approx(value, rel=6e-3, abs=1e-300)


def test_numbers_use_true_minus_signs() -> None:
    assert "-" not in number(-5.0, 1.0) + number(-1e-9, 1e-9) + number(-3e20, 1e20)


@given(st.lists(st.tuples(NUMBERS, st.floats(0, 1e12)), min_size=1, max_size=20), st.booleans())
def test_steady_ranges_hold_the_data(reaches: list[tuple[float, float]], anchored: bool) -> None:
    now = (0.0, 1.0)
    for low, span in reaches:
        now = steady(now, low, low + span, anchored)
        assert now[0] <= low <= low + span <= now[1]
        assert now[0] == low or not anchored


def test_steady_ranges_stand_still_while_data_move_a_little() -> None:
    now = steady((0.0, 1.0), 0.0, 10.0)
    for high in np.linspace(9.0, 10.0, 50):
        assert steady(now, 0.0, high) == now


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30, unique=True), st.floats(-120, 120))
def test_nearest(values: list[float], at: float) -> None:
    x = np.sort(values)
    assert abs(x[nearest(x, at)] - at) == np.abs(x - at).min()


@pytest.fixture
def plot(qtbot: QtBot) -> Plot:
    plot = Plot(DARK, Scale("x"), Scale("y"))
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    plot.grab()
    plot.set_range((0.0, 10.0), (0.0, 10.0))
    return plot


def at(plot: Plot, image: QImage, x: float, y: float) -> QColor:
    return image.pixelColor(plot.to_pixel(x, y).toPoint())


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (5.0, 120.0), (-1e6, 1e5), (3.25, -7.5)])
def test_pixels_and_positions_are_inverse(x: float, y: float, plot: Plot) -> None:
    plot.set_range((-3.0, 7.0), (100.0, 250.0))
    back = plot.from_pixel(plot.to_pixel(x, y))
    assert back == (pytest.approx(x, abs=1e-9 * (1 + abs(x))), pytest.approx(y, abs=1e-9 * (1 + abs(y))))


@pytest.mark.parametrize("wanted", [(1.0, 1.0), (float("nan"), 1.0), (0.0, float("inf")), (0.0, 0.0), (1e300, 1e300)])
def test_any_range_can_be_asked_for(wanted: tuple[float, float], plot: Plot) -> None:
    plot.set_range(wanted, wanted)
    assert plot.x_range[0] < plot.x_range[1]
    plot.grab()


def test_a_scale_and_its_range_change_together(plot: Plot, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    ticks = Scale.ticks

    def noted(scale: Scale, low: float, high: float, most: int) -> list[tuple[float, str]]:
        seen.append((scale.log, low, high))
        return ticks(scale, low, high, most)

    plot.set_range((0.0, 600.0), (0.0, 1.0))
    monkeypatch.setattr(Scale, "ticks", noted)
    plot.set_scales(Scale("x", log=True), x_range=(0.0, 2.8))
    assert set(seen) == {(True, 0.0, 2.8), (False, 0.0, 1.0)}
    seen.clear()
    plot.set_scales(Scale("x"), Scale("y", log=True), (0.0, 600.0), (-3.0, 0.0))
    assert set(seen) == {(False, 0.0, 600.0), (True, -3.0, 0.0)}


@pytest.mark.parametrize("order", [("log_x", "log_y"), ("log_y", "log_x")])
@pytest.mark.parametrize("epochs", [600, 5000])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_axes_become_logarithmic_and_linear_again(
    scale: float, epochs: int, order: tuple[str, str], make_view: Make
) -> None:
    history = history_of(epochs, lambda epoch: scale / (epoch + 1))
    for name in ("loss", "gradient_norm"):
        view = make_view(name)
        view.restore({"log_x": False, "log_y": False})
        view.refresh(history, None)
        for on in (True, False):
            for axis in order:
                view.restore({axis: on})
                view.refresh(history, None)
                view.grab()
                assert view.plot.x_scale.log is view.log_x
                assert view.plot.y_scale.log is view.log_y
                end = math.log10(epochs - 1) if view.log_x else epochs - 1
                assert view.plot.x_range[1] == pytest.approx(end, rel=0.02)


def test_a_curve_runs_through_its_points(plot: Plot) -> None:
    curve = plot.add(Curve())
    curve.setPen(DARK.pen("train"))
    curve.draw(np.array([1.0, 9.0]), np.array([2.0, 8.0]))
    image = plot.grab().toImage()
    for x, y in ((3.0, 3.5), (5.0, 5.0), (7.0, 6.5)):
        middle = plot.to_pixel(x, y).toPoint()
        assert max(image.pixelColor(middle.x(), middle.y() + step).blue() for step in (-1, 0, 1)) > 150
    assert at(plot, image, 5.0, 8.0).blue() < 80


def test_a_curve_has_gaps(plot: Plot) -> None:
    curve = plot.add(Curve())
    curve.setPen(DARK.pen("train"))
    curve.draw(np.arange(11.0), np.where(np.arange(11) == 5, np.nan, 5.3))
    image = plot.grab().toImage()
    assert at(plot, image, 2.5, 5.3).blue() > 150
    assert at(plot, image, 5.0, 5.3).blue() < 100


def test_a_band_lies_between(plot: Plot) -> None:
    band = plot.add(Band())
    band.setBrush(QColor("#ff0000"))
    x = np.linspace(0, 10, 400)
    for most in (10_000, 50):
        band.draw(x, np.full(400, 2.0), np.where(x < 5, 8.0, 4.0), most)
        image = plot.grab().toImage()
        assert at(plot, image, 2.0, 7.0).red() == 255
        assert at(plot, image, 8.0, 7.0).red() < 100
        assert at(plot, image, 8.0, 3.0).red() == 255
    band.draw(x, np.full(400, np.nan), x)
    assert band.path().isEmpty()


@pytest.mark.parametrize("vector", [False, True])
def test_dots_are_where_they_should_be(vector: bool, plot: Plot) -> None:
    dots = plot.add(Dots())
    dots.vector = vector
    xy = np.array([[2.0, 3.0], [8.0, 7.0], [np.nan, 1.0]])
    looks = [Dot(((9.0, QColor("#ff0000")),)), Dot(((9.0, QColor("#00ff00")),))]
    dots.draw(xy, np.array([0, 1, 0]), looks)
    image = plot.grab().toImage()
    assert at(plot, image, 2.0, 3.0) == QColor("#ff0000")
    assert at(plot, image, 8.0, 7.0) == QColor("#00ff00")
    dots.draw(xy[:0], np.empty(0, np.intp), [])
    assert at(plot, plot.grab().toImage(), 2.0, 3.0) == QColor(DARK.card)


def test_a_sentence_replaces_the_plot(plot: Plot) -> None:
    plot.say("Nothing yet.")
    assert not plot.box.isVisible()
    plot.say("")
    assert plot.box.isVisible()
    assert plot.area.contains(QPointF(150, 100))
