"""The canvas: what its tools do to a drawing, and how it is shown."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QRectF, Qt
from PySide6.QtGui import QAction, QFocusEvent, QGuiApplication
from PySide6.QtWidgets import QMainWindow

from nnviz.data.drawings.drawing import MAX_POINTS, Drawing
from nnviz.data.settings import DataSettings
from nnviz.data.split import split_indices
from nnviz.gui.theme import DARK, LIGHT
from nnviz.gui.widgets.canvas import Canvas
from nnviz.gui.widgets.point_text import read_points, write_points
from nnviz.gui.widgets.samples import Frame, beginning, drawn
from nnviz.gui.widgets.strokes import BrushStroke

NOTHING = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def canvas(qtbot):
    made = Canvas(DARK)
    qtbot.addWidget(made)
    made.resize(280, 200)
    made.rng = np.random.default_rng(0)
    made.show_drawing(Drawing(), DataSettings())
    made.handed = []
    made.edited.connect(lambda drawing, text, key: made.handed.append((drawing, text, key)))
    return made


def at(canvas: Canvas, x: float, y: float) -> QPoint:
    return canvas.frame.to_pixel(x, y).toPoint()


def drag(qtbot, canvas: Canvas, *places: tuple[float, float], release: bool = True) -> None:
    qtbot.mousePress(canvas, LEFT, NOTHING, at(canvas, *places[0]))
    for place in places[1:]:
        qtbot.mouseMove(canvas, at(canvas, *place))
        canvas.advance()
    if release:
        qtbot.mouseRelease(canvas, LEFT, NOTHING, at(canvas, *places[-1]))


def square(canvas: Canvas, n: int = 400) -> Drawing:
    rng = np.random.default_rng(3)
    drawing = Drawing.of("classification", rng.uniform(-3, 3, (n, 2)), rng.integers(0, 2, n))
    canvas.show_drawing(drawing, DataSettings())
    return drawing


def picture(canvas: Canvas):
    canvas.grab()
    return canvas.picture._all.pixels.copy()


# ------------------------------------------------------------ strokes


def test_a_brush_lays_points_of_the_class_along_the_way(qtbot, canvas):
    canvas.set_label(1)
    drag(qtbot, canvas, (-4, 0), (0, 3), (4, 0))
    drawing = canvas.sketch.drawing
    assert drawing.n_points > 30
    assert set(drawing.classes.tolist()) == {1}
    x, y = drawing.positions.T
    assert (abs(y - (3 - 0.75 * abs(x))) < 0.8).all()
    assert np.ptp(x) > 7.5
    assert len(set(drawing.numbers.tolist())) == drawing.n_points


def test_all_steps_of_a_stroke_share_a_key_and_the_last_is_handed_on(qtbot, canvas):
    drag(qtbot, canvas, (-4, 0), (0, 3), (4, 0))
    drag(qtbot, canvas, (-4, -2), (4, -2))
    keys = [key for _, _, key in canvas.handed]
    assert len(set(keys)) == 2
    assert all(keys)
    assert canvas.handed[-1][0] is canvas.sketch.drawing
    assert canvas.handed[-1][1] == "Draw"


@given(cuts=st.lists(st.integers(1, 39), max_size=12))
@settings(max_examples=40, deadline=None)
def test_a_brush_stroke_does_not_depend_on_how_often_the_pointer_is_looked_at(cuts):
    path = np.column_stack([np.linspace(-4, 4, 40), np.sin(np.linspace(0, 6, 40))])
    edges = [0, *sorted(set(cuts)), 40]
    strokes = []
    for bounds in ([0, 40], edges):
        stroke = BrushStroke(Drawing(), 0, (1e-6, 1e-6), np.random.default_rng(0))
        for first, last in pairwise(bounds):
            stroke.extend(path[first:last])
        strokes.append(stroke.result.positions)
    assert abs(len(strokes[0]) - len(strokes[1])) <= 1
    n = min(map(len, strokes))
    assert np.allclose(strokes[0][:n], strokes[1][:n], atol=1e-4)


def test_a_spray_goes_on_while_the_button_is_held(qtbot, canvas):
    canvas.set_tool("spray")
    drag(qtbot, canvas, (1, 1), release=False)
    before = canvas.sketch.stroke.result.n_points
    for _ in range(5):
        canvas.advance()
    assert canvas.sketch.stroke.result.n_points > before
    canvas.finish()
    assert (np.hypot(*(canvas.sketch.drawing.positions - (1, 1)).T) < canvas.radius + 0.1).all()


def test_each_click_with_the_point_tool_is_one_point(qtbot, canvas):
    canvas.set_tool("point")
    drag(qtbot, canvas, (1, 2), (3, 3))
    qtbot.mouseDClick(canvas, LEFT, NOTHING, at(canvas, -2, 0))
    canvas.finish()
    assert np.allclose(canvas.sketch.drawing.positions, [(1, 2), (-2, 0)], atol=0.1)


def test_nothing_is_drawn_beside_the_plane(qtbot, canvas):
    canvas.set_tool("point")
    qtbot.mouseClick(canvas, LEFT, NOTHING, QPoint(3, 100))
    assert canvas.sketch.drawing.n_points == 0
    assert not canvas.handed


def test_the_eraser_removes_what_it_passes_over(qtbot, canvas):
    before = square(canvas)
    canvas.set_tool("erase")
    drag(qtbot, canvas, (-5, 0), (0, 0), (5, 0))
    after = canvas.sketch.drawing
    assert 0 < after.n_points < before.n_points
    assert (abs(after.positions[:, 1]) > 0.35).all()
    assert set(after.numbers.tolist()) < set(before.numbers.tolist())


def test_a_full_drawing_says_so_and_keeps_what_it_has(qtbot, canvas):
    n = MAX_POINTS - 3
    canvas.show_drawing(Drawing.of("classification", np.zeros((n, 2)), np.arange(n) % 2), DataSettings())
    with qtbot.waitSignal(canvas.said) as said:
        drag(qtbot, canvas, (-4, 0), (4, 0))
    assert "200,000" in said.args[0]
    assert canvas.sketch.stroke is None
    assert canvas.sketch.drawing.n_points <= MAX_POINTS


def test_escape_takes_a_stroke_back(qtbot, canvas):
    before = square(canvas)
    drag(qtbot, canvas, (-5, 0), (5, 0), release=False)
    assert canvas.handed
    with qtbot.waitSignal(canvas.cancelled) as cancelled:
        qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert cancelled.args == [canvas.handed[0][2]]
    assert canvas.sketch.drawing is before
    canvas.finish()
    assert canvas.sketch.drawing is before


# ------------------------------------------------------------ selection


def surround(qtbot, canvas: Canvas) -> None:
    canvas.set_tool("lasso")
    drag(qtbot, canvas, (-3.5, -3.5), (0, -3.5), (0, 3.5), (-3.5, 3.5))


def test_a_lasso_selects_and_moves(qtbot, canvas):
    before = square(canvas)
    surround(qtbot, canvas)
    mask = canvas.sketch.mask
    assert (mask == (before.positions[:, 0] < 0)).mean() > 0.97
    drag(qtbot, canvas, (-1, 0), (-2, 1))
    moved = canvas.sketch.drawing.positions - before.positions
    assert np.allclose(moved[mask], (-1, 1), atol=0.1)
    assert not moved[~mask].any()
    assert (canvas.sketch.mask == mask).all(), "what was moved stays selected"


def test_a_move_stops_at_the_edge_and_keeps_the_shape(qtbot, canvas):
    before = square(canvas)
    surround(qtbot, canvas)
    mask = canvas.sketch.mask
    drag(qtbot, canvas, (-1, 0), (-40, 0))
    moved = (canvas.sketch.drawing.positions - before.positions)[mask]
    assert np.allclose(moved, moved[0], atol=1e-5)
    assert canvas.sketch.drawing.positions[:, 0].min() == pytest.approx(-6.0, abs=1e-5)


def test_delete_and_a_class_act_on_the_selection(qtbot, canvas):
    before = square(canvas)
    surround(qtbot, canvas)
    mask = canvas.sketch.mask
    qtbot.keyClick(canvas, Qt.Key.Key_2)
    assert set(canvas.sketch.drawing.classes[mask].tolist()) == {1}
    assert (canvas.sketch.drawing.classes[~mask] == before.classes[~mask]).all()
    qtbot.keyClick(canvas, Qt.Key.Key_Delete)
    assert canvas.sketch.drawing.n_points == (~mask).sum()
    assert canvas.sketch.mask is None
    assert [text for _, text, _ in canvas.handed] == ["Relabel points", "Delete points"]


def test_escape_and_other_tools_drop_the_selection(qtbot, canvas):
    square(canvas)
    surround(qtbot, canvas)
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.sketch.mask is None
    surround(qtbot, canvas)
    qtbot.keyClick(canvas, Qt.Key.Key_B)
    assert canvas.sketch.mask is None
    assert not canvas.handed


def test_a_lasso_around_nothing_selects_nothing(qtbot, canvas):
    square(canvas)
    canvas.set_tool("lasso")
    drag(qtbot, canvas, (4, 4), (5, 4), (5, 5))
    assert canvas.sketch.mask is None
    qtbot.mouseClick(canvas, LEFT, NOTHING, at(canvas, 0, 0))
    assert canvas.sketch.mask is None


# ------------------------------------------------------------ keys


def test_keys_choose_tools_classes_and_sizes(qtbot, canvas):
    for key, tool in zip("SPELB", ("spray", "point", "erase", "lasso", "brush"), strict=True):
        qtbot.keyClick(canvas, key)
        assert canvas.tool == tool
    qtbot.keyClick(canvas, "2")
    assert canvas.label == 1
    qtbot.keyClick(canvas, "7")
    assert canvas.label == 1, "there are two classes"
    size = canvas.radius
    qtbot.keyClicks(canvas, "]]")
    assert canvas.radius == pytest.approx(size * 1.44)
    qtbot.keyClicks(canvas, "[" * 40)
    assert canvas.radius == pytest.approx(0.1)


def test_tool_keys_are_the_canvas_s_only_while_it_has_the_focus(qtbot):
    window, used = QMainWindow(), []
    qtbot.addWidget(window)
    canvas = Canvas(DARK)
    canvas.show_drawing(Drawing(), DataSettings())
    window.setCentralWidget(canvas)
    export = QAction("Export", window)
    export.setShortcut("E")
    export.triggered.connect(lambda: used.append("E"))
    window.addAction(export)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    qtbot.keyClick(canvas, "E")
    assert (canvas.tool, used) == ("erase", [])
    canvas.clearFocus()
    qtbot.keyClick(window, "E")
    assert used == ["E"]


def test_with_the_focus_by_tab_arrows_and_enter_draw(qtbot, canvas):
    canvas.focusInEvent(QFocusEvent(QEvent.Type.FocusIn, Qt.FocusReason.TabFocusReason))
    canvas.set_tool("point")
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    qtbot.keyClick(canvas, Qt.Key.Key_Up)
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    (x, y) = canvas.sketch.drawing.positions[0]
    assert 0 < x < 1
    assert 0 < y < 1


def test_copy_and_paste(qtbot, canvas):
    before = square(canvas, 40)
    qtbot.keyClick(canvas, "A", Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(canvas, "C", Qt.KeyboardModifier.ControlModifier)
    canvas.show_drawing(Drawing(), DataSettings())
    qtbot.keyClick(canvas, "V", Qt.KeyboardModifier.ControlModifier)
    after = canvas.sketch.drawing
    order, wanted = (np.lexsort((d.positions[:, 1], d.positions[:, 0])) for d in (after, before))
    assert np.allclose(after.positions[order], before.positions[wanted], atol=1e-4)
    assert (after.classes[order] == before.classes[wanted]).all()


def test_what_cannot_be_pasted_is_said(qtbot, canvas):
    QGuiApplication.clipboard().setText("hello")
    with qtbot.waitSignal(canvas.said):
        canvas.paste()
    QGuiApplication.clipboard().setText("x\ty\n1\t2\n99\t0\n3\tno\n")
    with qtbot.waitSignal(canvas.said) as said:
        canvas.paste()
    assert said.args[0].startswith("2 of the pasted lines")
    assert canvas.sketch.drawing.n_points == 1


@pytest.mark.parametrize(
    ("text", "positions", "classes"),
    [
        ("1\t2\n3\t4", [(1, 2), (3, 4)], [-1, -1]),
        ("x,y,class\n1,2,A\n-1.5,0,c\n", [(1, 2), (-1.5, 0)], [0, 2]),
        ("1, 2, 1\n3, 4, 2", [(1, 2), (3, 4)], [0, 1]),
        ("1 2 0\n3 4 1", [(1, 2), (3, 4)], [0, 1]),
        ("1,5\t2\tA\n", [(1.5, 2)], [0]),
        ("1;2,5\n", [(1, 2.5)], [-1]),
        ("1,2,99\nnan,1\n1\n", [], []),
    ],
)
def test_columns_are_read_as_points(text, positions, classes):
    read = read_points(text)
    assert read.positions.tolist() == [list(map(float, p)) for p in positions]
    assert read.classes.tolist() == classes


def test_points_of_a_regression_have_no_class():
    drawing = Drawing.of("regression", np.array([(1.0, 0.5), (2.0, -0.5)]), np.zeros(2, np.uint8))
    assert write_points(drawing, np.array([True, False])) == "1\t0.5\n"


# ------------------------------------------------------------ the picture


def test_the_picture_grows_and_shrinks_as_if_drawn_anew(qtbot, canvas):
    square(canvas)
    picture(canvas)
    drag(qtbot, canvas, (-5, 4), (5, 5))
    canvas.set_tool("erase")
    drag(qtbot, canvas, (-5, 0), (5, 0))
    by_parts = picture(canvas)
    canvas.picture.redraw()
    # Edges of overlapping dots of two colours depend on the order in which dots were drawn.
    assert (by_parts != picture(canvas)).mean() < 0.02


def test_undoing_a_change_restores_the_picture(qtbot, canvas):
    drawing = square(canvas)
    before = picture(canvas)
    drag(qtbot, canvas, (-5, 4), (5, 5))
    assert (picture(canvas) != before).any()
    canvas.show_drawing(drawing, DataSettings())
    assert (picture(canvas) == before).all()


def test_a_theme_recolours_and_a_size_redraws(qtbot, canvas):
    square(canvas)
    dark = canvas.grab().toImage()
    canvas.apply_theme(LIGHT)
    light = canvas.grab().toImage()
    assert light.pixelColor(20, 20).lightness() > dark.pixelColor(20, 20).lightness() + 100
    canvas.resize(420, 300)
    canvas.grab()
    assert canvas.picture._all.image.width() > 420


def test_test_samples_are_rings_and_keep_their_part(canvas):
    drawing = square(canvas)
    samples = drawn(drawing, DataSettings(train_share=0.7, validation_share=0.1))
    parts = samples.part_of(slice(None))
    assert np.bincount(parts, minlength=3) / len(parts) == pytest.approx([0.7, 0.1, 0.2], abs=0.08)
    some = np.arange(100, 200)
    assert (samples.part_of(some) == parts[some]).all()
    _, held = samples.look(DARK, some)
    assert (held == (parts[some] > 0)).all()


def test_a_drawing_begins_with_the_samples_in_their_parts():
    data = DataSettings(validation_share=0.2)
    dataset = data.source.load(data.seed)
    wanted = split_indices(dataset, data)
    drawing = beginning(data)
    parts = drawn(drawing, data).part_of(slice(None))
    assert np.allclose(drawing.positions, dataset.features, atol=1e-6)
    assert (drawing.classes == dataset.targets).all()
    for number, rows in enumerate(wanted):
        assert (parts[rows] == number).all()


def test_an_empty_drawing_says_what_to_draw(canvas):
    assert "two classes" in canvas.words.text
    canvas.show_drawing(Drawing.of("classification", np.zeros((5, 2)), np.zeros(5, np.uint8)), DataSettings())
    assert "another class" in canvas.words.hint
    assert "another class" in canvas.accessibleDescription()


@given(x=st.floats(-6, 6), y=st.floats(-1.5, 1.5), width=st.floats(50, 900), height=st.floats(50, 900))
@settings(max_examples=80, deadline=None)
def test_the_frame_maps_there_and_back(x, y, width, height):
    frame = Frame.fit((-6.0, 6.0, -1.5, 1.5), QRectF(7, 7, width, height), equal=False)
    assert frame.to_plane(frame.to_pixel(x, y)) == pytest.approx((x, y), abs=1e-6)
    px, py = frame.to_pixels(np.array([(x, y)], np.float32))
    place = frame.to_pixel(x, y)
    assert (float(px[0]), float(py[0])) == pytest.approx((place.x(), place.y()), abs=1e-2)
    rx, ry = frame.radii(0.5)
    sx, sy = frame.scale
    assert rx * sx == pytest.approx(ry * sy)
