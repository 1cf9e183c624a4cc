"""Maps of two networks: lines of zero, answers on a common plane, layers that are alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sessions import quick

from nnviz.analysis.contour import zero_lines
from nnviz.analysis.similarity import cka
from nnviz.data.dataset import Scaling
from nnviz.gui.compare.likeness import NoLikeness, common_samples, cosines_of, likeness
from nnviz.gui.compare.surfaces import NoDifference, answers
from nnviz.snapshot import Snapshot

# ---------------------------------------------------------------- lines of zero


def test_lines_of_a_plane_lie_where_it_is_zero() -> None:
    rows, columns = np.indices((6, 8), dtype=np.float64)
    lines = zero_lines(columns - 2.25 + 0.5 * rows)
    points = lines.reshape(-1, 2)
    np.testing.assert_allclose(points[:, 0] - 2.25 + 0.5 * points[:, 1], 0.0, atol=1e-12)
    assert points[:, 1].min() == 0.0
    length = np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1).sum()
    assert length == pytest.approx(np.hypot(2.25, 4.5)), "one line from the bottom to the left side, without gaps"


def test_a_circle_is_closed() -> None:
    y, x = np.indices((60, 60)) - 29.5
    lines = zero_lines(15.3 - np.hypot(x, y))
    radii = np.linalg.norm(lines.reshape(-1, 2) - 29.5, axis=1)
    np.testing.assert_allclose(radii, 15.3, atol=0.02)
    _, counts = np.unique(lines.reshape(-1, 2).round(9), axis=0, return_counts=True)
    assert (counts == 2).all(), "every end is the beginning of the next one"
    assert np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1).sum() == pytest.approx(2 * np.pi * 15.3, rel=2e-3)


@pytest.mark.parametrize(("middle", "joined"), [(3.0, True), (-3.0, False)])
def test_the_mean_decides_at_a_saddle(middle: float, joined: bool) -> None:
    values = np.array([[1.0 + middle, -1.0], [-1.0, 1.0 + middle]] if joined else [[1.0, -4.0], [-4.0, 1.0]])
    lines = zero_lines(values)
    assert lines.shape == (2, 2, 2)
    centre = lines.mean(axis=1)  # with both positive corners joined, the lines cut off the negative ones
    off_diagonal = np.abs(centre[:, 0] - centre[:, 1])
    assert (off_diagonal > 0.3).all() == joined


def test_nothing_crosses_what_is_not_finite_or_never_zero() -> None:
    assert zero_lines(np.ones((4, 4))).shape == (0, 2, 2)
    values = np.ones((3, 3))
    values[1, 1] = np.nan
    assert len(zero_lines(values)) == 0


# ---------------------------------------------------------------- answers on a common plane


@pytest.fixture
def snapshot(trained_run):
    """Return a function that trains some experiment and returns its snapshot."""
    needs = {"surface", "activations", "parameters"}

    def made(*settings: str) -> Snapshot:
        return trained_run(quick(*settings), needs=needs, epochs=4).snapshot

    return made


WIDE = "network.layers=[{kind='linear', units=8}, 'tanh']"
REGRESSION = "data.source=plane"
THREE = "data.source={kind='blobs', classes=3}"


def test_answers_over_the_same_plane_are_subtracted_point_by_point(snapshot) -> None:
    a, b = snapshot(), snapshot(WIDE)
    found = answers(a, b)
    assert found is not None
    assert found.bounds == a.plane.display_bounds
    np.testing.assert_array_equal(found.change(1), b.arrays["surface"][:, :, 1] - a.arrays["surface"][:, :, 1])
    np.testing.assert_allclose(found.change(0), -found.change(1), atol=1e-6)
    other = (a.arrays["surface"][:, :, 1] > 0.5) != (b.arrays["surface"][:, :, 1] > 0.5)
    assert found.disagreement() == pytest.approx(other.mean())


def test_a_network_agrees_with_itself(snapshot) -> None:
    a = snapshot()
    found = answers(a, a)
    assert found.disagreement() == 0.0
    assert np.abs(found.change(1)).max() == 0.0


def test_planes_of_other_samples_are_compared_where_both_reach(snapshot) -> None:
    """The same function, seen through two frames, is the same on what they share."""
    a = snapshot()
    left, right, bottom, top = a.plane.bounds
    moved = replace(a.plane, bounds=(left + 1.0, right + 2.0, bottom, top - 1.0))
    grid = moved.grid(100)
    (su, ku), (sv, kv) = a.plane.to_units

    def answer(plane) -> np.ndarray:
        uv = plane.project(plane.grid(100))
        p = 1 / (1 + np.exp(-(uv[:, 0] + 0.5 * uv[:, 1])))
        return np.column_stack([1 - p, p]).reshape(100, 100, 2)

    first = replace(a, arrays={"surface": answer(a.plane)})
    second = replace(a, plane=moved, arrays={"surface": answer(moved)})
    found = answers(first, second)
    assert found.bounds[0] == pytest.approx((left + 1.0) * ku + su)
    assert found.bounds[1] == pytest.approx(right * ku + su)
    assert found.bounds[3] == pytest.approx((top - 1.0) * kv + sv)
    assert np.abs(found.change(1)).max() < 2e-3
    assert len(grid) == 10_000


def test_values_and_curves_are_subtracted_too(snapshot) -> None:
    a, b = snapshot(REGRESSION), snapshot(REGRESSION, WIDE)
    assert not answers(a, b).classes
    assert answers(a, b).change(0).shape == (100, 100)
    curve = answers(snapshot("data.source=noisy-sine"), snapshot("data.source=noisy-sine", WIDE))
    assert curve.change(0).shape == (100,)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ((REGRESSION,), "classes and the other one values"),
        (("data.source=iris",), "different features"),
        (("data.plane.first=1", "data.plane.second=0"), "different planes"),
        ((THREE,), "different classes"),
    ],
)
def test_it_is_said_why_two_answers_cannot_be_subtracted(snapshot, settings, words: str) -> None:
    with pytest.raises(NoDifference, match=words) as caught:
        answers(snapshot(), snapshot(*settings))
    assert str(caught.value).endswith(".")


def test_planes_through_many_features_have_to_be_the_same(snapshot) -> None:
    iris = ("data.source=iris", "training.batch_size=30")
    a, b = snapshot(*iris), snapshot(*iris, "data.seed=3")
    assert answers(a, a) is not None
    with pytest.raises(NoDifference, match="different planes"):
        answers(a, b)
    scaled = snapshot(*iris, "data.standardize=true")
    assert np.allclose(a.plane.display_bounds, scaled.plane.display_bounds, rtol=1e-4)
    assert answers(a, scaled) is not None, "the same points, whatever the network is given for them"


def test_nothing_in_common_and_nothing_measured(snapshot) -> None:
    a = snapshot()
    _, right, bottom, top = a.plane.bounds
    far = replace(a, plane=replace(a.plane, bounds=(right + 1, right + 2, bottom, top)))
    with pytest.raises(NoDifference, match="so far apart"):
        answers(a, far)
    assert answers(a, replace(a, arrays={})) is None


# ---------------------------------------------------------------- layers that are alike


def test_every_pair_of_layers_is_compared_on_the_same_samples(snapshot) -> None:
    a, b = snapshot(), snapshot(WIDE)
    found = likeness(a, b, debiased=False)
    x, y = a.arrays["activations"], b.arrays["activations"]
    assert found.similarity.shape == (2, 2)
    assert found.similarity[0, 1] == pytest.approx(cka(x[0], y[1]))
    assert found.samples == 30
    assert found.units == ((3, 1), (8, 1))
    assert not found.biased
    assert likeness(a, b, debiased=True).similarity[0, 0] == pytest.approx(cka(x[0], y[0], debiased=True))
    same = likeness(a, a, debiased=False)
    np.testing.assert_allclose(np.diag(same.similarity), 1.0)
    np.testing.assert_allclose(same.cosines, 1.0)


def test_few_samples_for_wide_layers_are_biased(snapshot) -> None:
    wide = snapshot("network.layers=[{kind='linear', units=64}, 'tanh']")
    assert likeness(wide, wide, debiased=False).biased
    assert not likeness(wide, wide, debiased=True).biased


def test_weights_of_other_shapes_have_no_cosine(snapshot) -> None:
    a, b = snapshot(), snapshot(WIDE)
    assert np.isnan(cosines_of(a.plan, a.arrays["parameters"], b.plan, b.arrays["parameters"])).all()
    deeper = snapshot("network.layers=[{kind='linear', units=3}, 'tanh', {kind='linear', units=4}, 'tanh']")
    found = cosines_of(a.plan, a.arrays["parameters"], deeper.plan, deeper.arrays["parameters"])
    assert np.isfinite(found[0])
    assert np.isnan(found[1])
    assert len(cosines_of(deeper.plan, deeper.arrays["parameters"], a.plan, a.arrays["parameters"])) == 3


def test_samples_are_the_same_in_the_units_of_their_source(snapshot) -> None:
    a, scaled = snapshot(), snapshot("data.standardize=true")
    here, there = common_samples(a.data, scaled.data)
    assert len(here) == len(a.data.test)
    np.testing.assert_array_equal(here, there)
    shuffled = np.random.default_rng(0).permutation(len(a.data.test))
    test = replace(a.data.test, x=a.data.test.x[shuffled])
    scaling = Scaling(a.data.scaling.shift, a.data.scaling.scale + 1e-9)
    here, there = common_samples(a.data, replace(a.data, test=test, scaling=scaling))
    np.testing.assert_array_equal(shuffled[there], here)


def test_other_samples_are_not_compared(snapshot) -> None:
    with pytest.raises(NoLikeness, match="no test samples in common"):
        likeness(snapshot(), snapshot("data.seed=5"), debiased=False)
    with pytest.raises(NoLikeness, match="no test samples in common"):
        likeness(snapshot(), snapshot("data.source=iris", "training.batch_size=30"), debiased=False)
    more = snapshot("data.train_share=0.7")
    found = likeness(snapshot(), more, debiased=False)
    assert found.samples == len(more.data.test), "the split is nested: a smaller test part lies in the larger one"
