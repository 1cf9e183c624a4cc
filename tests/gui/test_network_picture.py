"""The network picture: geometry, link strengths and drawing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainterPath

from nnviz.data.settings import DataSettings
from nnviz.data.split import prepare
from nnviz.engines.choose import plan_for
from nnviz.engines.settings import TrainingSettings
from nnviz.gui.network.layout import arrange
from nnviz.gui.network.picture import NetworkPicture, _bezier_height
from nnviz.gui.network.strengths import link_strengths
from nnviz.gui.theme import DARK, LIGHT
from nnviz.network.layers import Layer
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import plan

KINDS = Layer.registry


def network(*layers: Layer) -> NetworkSettings:
    return NetworkSettings(layers=layers)


def dense(*units: int) -> NetworkSettings:
    return network(*(KINDS["linear"](units=n) for n in units))


@given(units=st.lists(st.integers(1, 200), max_size=8), width=st.floats(240, 2000), height=st.floats(140, 1200))
@settings(max_examples=60, deadline=None)
def test_tiles_stay_inside_and_never_overlap(units, width, height):
    layout = arrange(plan(dense(*units), (2,), 1), width, height, top=40)
    assert [column.x for column in layout.columns] == sorted(column.x for column in layout.columns)
    for column in layout.columns:
        assert len(column.tiles) + column.folded == column.units
        assert column.tiles
        for above, below in zip(column.tiles, column.tiles[1:], strict=False):
            assert above.bottom() < below.top()
        assert column.tiles[0].top() >= 40
        assert column.tiles[-1].bottom() <= max(height, 110)


def test_links_between_numbers_are_the_weights():
    made = plan(dense(3), (2,), 1)
    flat = np.arange(1.0, 14.0)
    first, second = link_strengths(made, flat)
    assert np.array_equal(first.values, flat[:6].reshape(3, 2))
    assert np.array_equal(second.values, flat[9:12].reshape(1, 3))
    assert np.abs(first.relative).max() == 1.0


def test_links_of_filters_are_signed_norms():
    made = plan(network(KINDS["conv2d"](filters=2), KINDS["flatten"]()), (1, 8, 8), 3)
    rng = np.random.default_rng(0)
    flat = rng.normal(size=made.n_parameters)
    filters, output = link_strengths(made, flat)
    window = made.weight_slots[0].view(flat)[1, 0]
    expected = np.sqrt((window**2).sum()) * np.sign(window.sum())
    assert filters.values[1, 0] == pytest.approx(expected)
    assert output.values.shape == (3, 2), "one link per feature map, not per pixel"


def test_links_cope_with_numbers_that_are_not_finite():
    made = plan(dense(2), (2,), 1)
    for links in link_strengths(made, np.full(made.n_parameters, np.nan)):
        assert np.isfinite(links.relative).all()


def test_the_height_of_a_link_is_where_qt_draws_it():
    path = QPainterPath(QPointF(10, 20))
    path.cubicTo(60, 20, 60, 90, 110, 90)
    for percent in (0.1, 0.35, 0.5, 0.8):
        point = path.pointAtPercent(percent)
        height = _bezier_height(np.array([[20.0]]), np.array([[90.0]]), 10, 110, point.x())
        assert height[0, 0] == pytest.approx(point.y(), abs=0.05)


def test_it_draws_tiles_and_links_of_both_signs(qtbot, trained_run):
    run = trained_run(needs={"unit_maps", "parameters"})
    picture = NetworkPicture(DARK)
    qtbot.addWidget(picture)
    picture.resize(600, 300)
    picture.show_plan(run.snapshot.plan)
    before = picture.grab().toImage()
    picture.show_snapshot(run.snapshot)
    after = picture.grab().toImage()
    assert before != after
    colors = {after.pixelColor(x, y).name() for x in range(0, 600, 2) for y in range(0, 300, 2)}
    assert len(colors) > 100
    picture.apply_theme(LIGHT)
    assert picture.grab().toImage() != after


def test_a_network_that_cannot_work_leaves_the_picture_empty(qtbot):
    data = prepare(DataSettings())
    broken = plan_for(network(KINDS["conv2d"]()), TrainingSettings(), data)
    assert broken.errors
    picture = NetworkPicture(DARK)
    qtbot.addWidget(picture)
    picture.show_plan(broken)
    assert picture.arrangement is None
    picture.grab()


def test_hover_names_unit_and_weight(qtbot, trained_run):
    run = trained_run(needs={"unit_maps", "parameters"})
    picture = NetworkPicture(DARK)
    qtbot.addWidget(picture)
    picture.resize(600, 300)
    picture.show_plan(run.snapshot.plan)
    picture.show_snapshot(run.snapshot)
    layout = picture.arrangement
    assert layout.tile_at(layout.columns[1].tiles[2].center()) == (1, 2)
    card = picture._unit_card(1, 2)
    weights = run.snapshot.plan.weight_slots[0].view(run.snapshot.arrays["parameters"])
    assert f"{weights[2][np.abs(weights[2]).argmax()]:+.3g}" in card
    with qtbot.waitSignal(picture.unit_clicked) as clicked:
        qtbot.mouseClick(picture, Qt.MouseButton.LeftButton, pos=layout.columns[1].tiles[2].center().toPoint())
    assert clicked.args == [1, 2]
