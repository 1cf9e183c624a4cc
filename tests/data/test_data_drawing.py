"""Drawings: every tool does what its name says, at 200,000 points too, and a drawing travels unharmed."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import numpy as np
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnviz.data.bundled.iris import Iris
from nnviz.data.dataset import DataError
from nnviz.data.drawings.drawing import MAX_POINTS, Drawing
from nnviz.data.drawings.editing import (
    add_points,
    brush,
    clear,
    delete,
    erase,
    from_dataset,
    lasso,
    move,
    near,
    relabel,
    spray,
    with_mode,
)
from nnviz.data.generators.blobs import Blobs
from nnviz.data.generators.circles import Circles
from nnviz.data.generators.noisy_sine import NoisySine
from nnviz.data.generators.plane import TiltedPlane
from nnviz.data.settings import DataSettings
from nnviz.data.split import prepare, split_indices
from nnviz.settings import SettingsError, changed, decode, encode

coordinates = st.floats(-6, 6, width=32)
positions = hnp.arrays(np.float32, st.tuples(st.integers(0, 40), st.just(2)), elements=coordinates)
spots = st.tuples(coordinates, coordinates)
quick = settings(deadline=None, max_examples=50)


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    points = draw(positions)
    labels = draw(hnp.arrays(np.uint8, len(points), elements=st.integers(0, 9)))
    numbers = np.arange(len(points)) * 3 + 5
    return Drawing.of("classification", points, labels, numbers)


def two_classes() -> Drawing:
    return add_points(add_points(Drawing(), [[0, 0], [1, 1], [2, 2]], 0), [[-1, 0], [-2, 0]], 1)


# ---------------------------------------------------------------- as settings


@given(drawing=drawings())
@quick
def test_survives_toml(drawing: Drawing) -> None:
    text = tomli_w.dumps(encode(DataSettings(source=drawing)))
    again = decode(DataSettings, tomllib.loads(text)).source
    assert again == drawing
    assert hash(again) == hash(drawing)


def test_one_setting_can_be_changed() -> None:
    data = changed(DataSettings(source=two_classes()), "source.mode", "regression")
    assert data.source == two_classes().replace(mode="regression")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ({"labels": "AA=="}, "damaged: 5 points, 1 labels and 5 identities"),
        ({"labels": "AAAAAMg="}, "at most 10 classes"),
        ({"points": "////////////////////////////////////////////////////////AAA="}, "damaged|not finite"),
        ({"mode": "clustering"}, "not 'clustering'"),
    ],
)
def test_a_damaged_drawing_is_refused_with_its_place(damage: dict[str, str], sentence: str) -> None:
    raw = encode(DataSettings(source=two_classes()))
    raw["source"].update(damage)
    with pytest.raises(SettingsError, match=sentence) as caught:
        decode(DataSettings, raw)
    assert str(caught.value).startswith("source")


def test_not_a_number_and_too_many_points_are_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        Drawing.of("classification", np.array([[np.nan, 0.0]]), np.zeros(1, np.uint8))
    n = MAX_POINTS + 1
    with pytest.raises(ValueError, match="at most 200,000 points, not 200,001"):
        Drawing.of("classification", np.zeros((n, 2)), np.zeros(n, np.uint8))


# ---------------------------------------------------------------- as samples


def test_loads_classes_with_identities() -> None:
    data = two_classes().load(0)
    assert data.task == "classification"
    assert data.class_names == ("A", "B")
    np.testing.assert_array_equal(data.targets, [0, 0, 0, 1, 1])
    np.testing.assert_array_equal(data.identities, np.arange(5))
    np.testing.assert_array_equal(data.features, [[0, 0], [1, 1], [2, 2], [-1, 0], [-2, 0]])


def test_loads_values() -> None:
    drawing = add_points(Drawing(mode="regression"), [[-6, 1.5], [0, 0], [3, -1], [6, 0.5]], 7)
    data = drawing.load(0)
    assert (data.task, data.n_features, data.class_names) == ("regression", 1, ())
    np.testing.assert_array_equal(data.targets, [1.5, 0, -1, 0.5])
    assert not drawing.classes.any()


@pytest.mark.parametrize(
    ("drawing", "sentence"),
    [
        (Drawing(), "The drawing is empty; draw samples of two classes."),
        (Drawing(mode="regression"), "The drawing is empty; draw at least 4 points."),
        (add_points(Drawing(), np.zeros((9, 2)), 1), "All samples of the drawing are of class B; draw some of another"),
        (delete(two_classes(), np.array([1, 1, 0, 1, 0], bool)), "has only 2 samples; draw at least 4 samples of two"),
        (add_points(Drawing(mode="regression"), [[0, 0]], 0), "has only 1 sample; draw at least 4 points"),
    ],
)
def test_says_what_to_draw_next(drawing: Drawing, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        drawing.load(0)


def test_classes_keep_their_number_when_one_between_is_empty() -> None:
    data = relabel(two_classes(), np.array([0, 0, 0, 1, 1], bool), 3).load(0)
    assert data.class_names == ("A", "B", "C", "D")
    assert set(data.targets.tolist()) == {0, 3}


def test_adding_and_erasing_moves_no_sample_across_the_split() -> None:
    rng = np.random.default_rng(0)
    drawing = spray(spray(Drawing(), (0, 0), 5.0, 0, 300, rng), (1, 1), 4.0, 1, 300, rng)
    options = DataSettings(source=drawing)
    train = set(drawing.numbers[split_indices(drawing.load(0), options)[0]].tolist())
    after = erase(add_points(drawing, rng.uniform(-6, 6, (200, 2)), 1), (-3, 0), (3, 0), 0.7)
    assert 300 < after.n_points < 800
    new = set(after.numbers[split_indices(after.load(0), options)[0]].tolist())
    old = set(after.numbers.tolist()) & set(drawing.numbers.tolist())
    assert train & old == new & old
    assert len(set(after.numbers.tolist())) == after.n_points


# ---------------------------------------------------------------- tools


@given(drawing=drawings(), new=positions, label=st.integers(0, 9))
@quick
def test_added_points_come_last_with_new_identities(drawing: Drawing, new: np.ndarray, label: int) -> None:
    after = add_points(drawing, new, label)
    n = drawing.n_points
    np.testing.assert_array_equal(after.positions[:n], drawing.positions)
    np.testing.assert_array_equal(after.positions[n:], new)
    assert (after.classes[n:] == label).all()
    assert len(np.unique(after.numbers)) == after.n_points
    assert n == 0 or len(new) == 0 or after.numbers[n:].min() > drawing.numbers.max()


def test_points_outside_the_frame_are_left_out() -> None:
    assert add_points(Drawing(), [[0, 0], [6.1, 0], [0, -7], [np.nan, 0], [6, -6]], 0).n_points == 2
    assert add_points(Drawing(mode="regression"), [[0, 1.4], [0, 1.6]], 0).n_points == 1


@pytest.mark.parametrize("label", [-1, 10])
def test_there_are_ten_classes(label: int) -> None:
    with pytest.raises(DataError, match=f"at most 10 classes, numbered from 0; there is no class {label}"):
        add_points(Drawing(), [[0, 0]], label)


def test_a_full_drawing_says_so() -> None:
    full = Drawing.of("classification", np.zeros((MAX_POINTS, 2)), np.zeros(MAX_POINTS, np.uint8))
    with pytest.raises(DataError, match="at most 200,000 points; erase some"):
        add_points(full, [[0, 0]], 0)


def test_spray_fills_a_disc_evenly() -> None:
    drawing = spray(Drawing(), (1, -1), 2.0, 3, 20_000, np.random.default_rng(0))
    distance = np.hypot(*(drawing.positions - [1, -1]).T)
    assert distance.max() <= 2.0 + 1e-6
    np.testing.assert_allclose(np.mean(distance < 1.0), 0.25, atol=0.02)
    assert drawing == spray(Drawing(), (1, -1), 2.0, 3, 20_000, np.random.default_rng(0))


def test_spray_may_be_an_ellipse() -> None:
    drawing = spray(Drawing(mode="regression"), (0, 0), (2.0, 0.5), 0, 1_000, np.random.default_rng(0))
    assert 1.8 < np.abs(drawing.positions[:, 0]).max() <= 2.0
    assert 0.45 < np.abs(drawing.positions[:, 1]).max() <= 0.5


def test_brush_spaces_points_along_the_whole_path() -> None:
    corner = [[0, 0], [3, 0], [3, 4]]
    drawing = brush(Drawing(), corner, 1, 0.5)
    assert drawing.n_points == 15
    steps = np.hypot(*np.diff(drawing.positions, axis=0).T)
    np.testing.assert_allclose(steps, 0.5, atol=1e-6)
    finer = [[0, 0], [1.3, 0], [2.2, 0], [3, 0], [3, 0.1], [3, 4]]
    np.testing.assert_allclose(brush(Drawing(), finer, 1, 0.5).positions, drawing.positions, atol=1e-6)


def test_brush_on_one_spot_makes_one_point() -> None:
    assert brush(Drawing(), [[1, 2]], 0, 0.5).n_points == 1
    assert brush(Drawing(), np.empty((0, 2)), 0, 0.5) == Drawing()


@given(drawing=drawings(), start=spots, end=spots, radius=st.floats(0.05, 4))
@quick
def test_erase_takes_what_is_near_the_segment(
    drawing: Drawing, start: tuple[float, float], end: tuple[float, float], radius: float
) -> None:
    a, b = np.array(start), np.array(end)
    p = drawing.positions.astype(np.float64)
    along = np.clip((p - a) @ (b - a) / max((b - a) @ (b - a), 1e-12), 0, 1)
    distance = np.hypot(*(p - a - along[:, None] * (b - a)).T)
    hit = near(drawing, start, end, radius)
    clear_cut = np.abs(distance - radius) > 1e-3
    np.testing.assert_array_equal(hit[clear_cut], distance[clear_cut] < radius)
    assert erase(drawing, start, end, radius) == delete(drawing, hit)


def even_odd(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    inside = np.zeros(len(points), bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            spans = (points[:, 1] >= min(y0, y1)) & (points[:, 1] < max(y0, y1))
            inside ^= spans & (points[:, 0] < x0 + (x1 - x0) * (points[:, 1] - y0) / (y1 - y0))
    return inside


@given(seed=st.integers(0, 2**31), m=st.integers(3, 40))
@quick
def test_lasso_follows_the_even_odd_rule(seed: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    drawing = add_points(Drawing(), rng.uniform(-6, 6, (2_000, 2)), 0)
    corners = rng.uniform(-7, 7, (m, 2))
    disagree = lasso(drawing, corners) != even_odd(drawing.positions.astype(np.float64), corners)
    assert disagree.sum() <= 1  # a point on the outline itself may fall on either side


@given(drawing=drawings(), corners=hnp.arrays(np.float32, (4, 2), elements=coordinates))
@quick
def test_lasso_takes_any_outline(drawing: Drawing, corners: np.ndarray) -> None:
    mask = lasso(drawing, corners)
    assert mask.shape == (drawing.n_points,)
    low, high = corners.min(axis=0), corners.max(axis=0)
    p = drawing.positions[mask]
    assert ((p >= low) & (p <= high)).all()


def test_lasso_of_a_square_and_of_less_than_a_triangle() -> None:
    drawing = two_classes()
    np.testing.assert_array_equal(lasso(drawing, [[0.5, 0.5], [5, 0.5], [5, 5], [0.5, 5]]), [0, 1, 1, 0, 0])
    assert not lasso(drawing, [[0, 0], [1, 1]]).any()


@given(drawing=drawings(), delta=spots, data=st.data())
@quick
def test_move_shifts_the_chosen_and_the_frame_holds_them(
    drawing: Drawing, delta: tuple[float, float], data: st.DataObject
) -> None:
    mask = data.draw(hnp.arrays(np.bool_, drawing.n_points))
    after = move(drawing, mask, delta)
    expected = np.clip(drawing.positions[mask] + np.float32(delta), -6, 6)
    np.testing.assert_allclose(after.positions[mask], expected, atol=1e-6)
    np.testing.assert_array_equal(after.positions[~mask], drawing.positions[~mask])
    assert (after.labels, after.identities) == (drawing.labels, drawing.identities)


@given(drawing=drawings(), label=st.integers(0, 9), data=st.data())
@quick
def test_relabel_and_delete_touch_only_the_chosen(drawing: Drawing, label: int, data: st.DataObject) -> None:
    mask = data.draw(hnp.arrays(np.bool_, drawing.n_points))
    labelled = relabel(drawing, mask, label)
    assert (labelled.classes[mask] == label).all()
    np.testing.assert_array_equal(labelled.classes[~mask], drawing.classes[~mask])
    less = delete(drawing, mask)
    np.testing.assert_array_equal(less.positions, drawing.positions[~mask])
    np.testing.assert_array_equal(less.numbers, drawing.numbers[~mask])
    np.testing.assert_array_equal(less.classes, drawing.classes[~mask])


def test_clear_keeps_the_task() -> None:
    assert clear(with_mode(two_classes(), "regression")) == Drawing(mode="regression")


def test_changing_the_task_keeps_the_picture_and_comes_back() -> None:
    flat = with_mode(two_classes(), "regression")
    np.testing.assert_allclose(flat.positions[:, 1] / flat.frame[3], two_classes().positions[:, 1] / 6.0)
    assert with_mode(flat, "classification") == two_classes()


# ---------------------------------------------------------------- on top of other samples


@pytest.mark.parametrize("source", [Circles(), Blobs(classes=10), NoisySine()])
def test_starts_from_the_samples_of_a_generator(source: Circles | Blobs | NoisySine) -> None:
    data = source.load(0)
    again = from_dataset(data).load(0)
    inside = (np.abs(data.features) <= 6).all(axis=1)
    assert again.task == data.task
    np.testing.assert_array_equal(again.features[inside], data.features[inside])
    np.testing.assert_array_equal(again.targets, data.targets)
    assert np.abs(again.features).max() <= 6


def test_starts_from_a_scaled_split_in_units_of_the_source() -> None:
    data = prepare(DataSettings(source=NoisySine(), standardize=True))
    drawn = from_dataset(data).load(0)
    original = NoisySine().load(0)
    np.testing.assert_allclose(np.sort(drawn.features[:, 0]), np.sort(original.features[:, 0]), atol=1e-5)
    np.testing.assert_allclose(np.sort(drawn.targets), np.sort(original.targets), atol=1e-5)


def test_samples_far_outside_the_frame_are_scaled_into_it() -> None:
    iris = Iris().load(0)
    two = replace(iris, features=iris.features[:, :2] * 100, feature_names=iris.feature_names[:2])
    p = from_dataset(two).positions
    np.testing.assert_allclose([p.min(axis=0), p.max(axis=0)], [[-5.4, -5.4], [5.4, 5.4]], atol=1e-5)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (Iris(), "classification shows 2 features, and these samples have 4"),
        (TiltedPlane(), "regression shows 1 feature,"),
    ],
)
def test_other_numbers_of_features_are_refused(source: Iris | TiltedPlane, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        from_dataset(source.load(0))
