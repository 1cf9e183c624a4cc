"""Views of the network at one moment: surface, representation, confusion, weights."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor
from sessions import keyframe
from view_stage import EXPERIMENTS, NEEDS, Make, Train, experiment, ink, picture

from nnviz.gui.theme import EXPORT, LIGHT
from nnviz.gui.views.parts.matrix import legible
from nnviz.gui.views.parts.plot_view import PlotView
from nnviz.history.history import History
from nnviz.session import Run


def test_the_surface_lies_where_the_samples_are(make_view: Make, run: Run) -> None:
    """The picture's corner pixels belong to the corners of the plane in displayed units, first row at the bottom."""
    assert run.snapshot is not None
    surface = np.zeros((100, 100, 2), np.float32)
    surface[:50, :, 0] = 1.0  # below: the first class, orange
    surface[50:, :, 1] = 1.0
    view = make_view("surface")
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


def test_many_samples_are_thinned_and_stamped(make_view: Make, trained_run: Train) -> None:
    run = trained_run(experiment(source={"kind": "circles", "samples": 20_000}), needs=NEEDS, epochs=1)
    view = make_view("surface")
    view.refresh(run.history, run.snapshot)
    assert "of 20,000" in view.caption
    assert len(view._dots._xy) <= 4_000
    assert view._crowd.isVisible()
    began = time.perf_counter()
    view.refresh(run.history, run.snapshot)
    assert time.perf_counter() - began < 0.1


def test_caption_names_the_signs(make_view: Make, run: Run) -> None:
    view = make_view("surface")
    view.refresh(run.history, run.snapshot)
    assert view.caption == "train ● test ○"
    view.restore({"test": False})
    view.refresh(run.history, run.snapshot)
    assert view.caption == "train ●"


def test_the_representation_does_not_flip(make_view: Make, trained_run: Train) -> None:
    run = trained_run(EXPERIMENTS["three classes"], needs=NEEDS, epochs=3)
    assert run.snapshot is not None
    train, test = run.snapshot.arrays["representation"]
    view = make_view("representation")
    view.refresh(run.history, run.snapshot)
    first = view._dots._xy.copy()
    rng = np.random.default_rng(0)
    for _ in range(5):
        moved = tuple(each + 0.01 * rng.normal(size=each.shape).astype(np.float32) for each in (train, test))
        view.refresh(run.history, replace(run.snapshot, arrays={"representation": moved}))
        np.testing.assert_allclose(view._dots._xy, first, atol=0.1 * np.abs(first).max())
    other = make_view("representation", theme=EXPORT)
    other.restore(view.state())
    other.refresh(run.history, run.snapshot)
    np.testing.assert_allclose(other._dots._xy, first, atol=0.1 * np.abs(first).max())


def test_two_units_are_shown_as_they_are(make_view: Make, run: Run) -> None:
    assert run.snapshot is not None
    train, test = run.snapshot.arrays["representation"]
    table = make_view("representation").table(run.history, run.snapshot)
    np.testing.assert_array_equal(np.column_stack([table["unit 1"], table["unit 2"]]), np.concatenate([train, test]))
    assert (table["part"] == np.repeat(["train", "test"], [len(train), len(test)])).all()


def test_confusion_is_of_the_chosen_part(make_view: Make, run: Run) -> None:
    assert run.snapshot is not None
    counts = run.snapshot.arrays["confusion"]
    view = make_view("confusion")
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


def test_confusion_of_regression_says_why_it_is_empty(make_view: Make, trained_run: Train) -> None:
    run = trained_run(EXPERIMENTS["curve"], needs=NEEDS, epochs=3)
    view = make_view("confusion")
    view.refresh(run.history, run.snapshot)
    assert view._matrix._sentence == "Confusion needs classes; this is regression."
    assert view.table(run.history, run.snapshot) == {}


@pytest.mark.parametrize("count", [2, 12, 30, 200])
def test_confusion_of_many_classes(count: int, make_view: Make, run: Run) -> None:
    assert run.snapshot is not None
    data = replace(run.snapshot.data, class_names=tuple(f"class {i}" for i in range(count)))
    counts = np.tile(np.eye(count, dtype=np.int64) * 9, (2, 1, 1))
    view = make_view("confusion")
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


def test_weights_of_one_layer_or_all(make_view: Make, run: Run) -> None:
    assert run.snapshot is not None
    view = make_view("weights")
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


def test_weights_of_another_network_are_left_out(make_view: Make, run: Run) -> None:
    assert run.snapshot is not None
    history = History()
    history.keyframes.add(keyframe(0, np.zeros(run.snapshot.plan.n_parameters + 1)))
    view = make_view("weights")
    view.refresh(history, run.snapshot)
    assert view.table(history, run.snapshot) == {}
