"""The pages of the window that compares runs: what each draws and says."""

from __future__ import annotations

import numpy as np
import pytest
from compare_stage import (
    CURVES,
    MAP,
    SIDE,
    SIMILARITY,
    WORDS,
    colors,
    drawn,
    opened,
    picture,
    shows,
    train,
    until,
)
from PySide6.QtGui import QColor
from view_stage import pixels

from nnviz.gui.compare.curves import CurvesPage
from nnviz.gui.compare.difference_map import DifferenceMapPage
from nnviz.gui.compare.side_by_side import SideBySidePage, columns_for, share_axes
from nnviz.gui.compare.similarity import SimilarityPage
from nnviz.gui.compare.window import SMALLEST
from nnviz.gui.compare.words import WordsPage
from nnviz.gui.plot import Plot, Scale
from nnviz.gui.theme import DARK, LIGHT
from nnviz.gui.views import views
from nnviz.snapshot import Status

PAGES = (CurvesPage, SideBySidePage, DifferenceMapPage, SimilarityPage, WordsPage)


@pytest.mark.parametrize("number", range(5), ids=lambda number: PAGES[number].__name__)
def test_every_page_draws_two_runs_in_both_themes(controller, two_runs, open_compare, number: int) -> None:
    window = open_compare(number)
    assert isinstance(window.page, PAGES[number])
    drawn(window, controller)
    dark = pixels(picture(window.page)).mean()
    assert colors(window.page) > 8
    window.apply_theme(LIGHT)
    assert colors(window.page) > 8
    follows = number in (SIMILARITY, WORDS)  # their cards follow the application
    assert follows or pixels(picture(window.page)).mean() > dark + 20
    window.resize(SMALLEST)
    window.draw()
    assert window.size() == SMALLEST
    assert colors(window.page) > 8
    assert window.page.accessibleName()
    assert window.page.accessibleDescription()


def test_all_pages_cope_with_runs_of_all_sorts(controller, open_compare) -> None:
    opened(controller, epochs=2)
    opened(controller, "data.source=noisy-sine", epochs=2)
    opened(controller, "data.source=iris", "training.batch_size=30", epochs=2)
    opened(controller, "seed=7", "training.learning_rate=100", "training.loss=squared", epochs=20)
    assert controller.run.status is Status.DIVERGED
    window = open_compare()
    assert len(window.chosen.runs) == 4
    for number in range(5):
        window.tabs.setCurrentIndex(number)
        until(controller, lambda: window.needs <= controller.run.snapshot.arrays.keys())
        window.draw()
        assert window.page.isVisible()


def test_curves_are_in_the_colors_of_their_runs(controller, two_runs, open_compare) -> None:
    window = open_compare(CURVES)
    page = window.page
    page.log_x = True
    window.draw()
    assert page.plot.x_scale.log
    assert len(page._traces) == 4
    for trace in page._traces:
        assert shows(page.plot, QColor(trace.color.name()))
    assert "base" in page.caption
    reading = page._reading(float(np.log10(3)))
    assert [entry.word for entry in reading.lines] == [
        "epoch 3",
        *(f"{name} · {part}" for name in ("base", "wide") for part in ("train", "test")),
    ]
    assert float(reading.lines[2].value) == pytest.approx(100 * two_runs[0].history.column("test_error")[3], rel=1e-3)


def test_the_difference_is_taken_from_the_chosen_reference(controller, two_runs, open_compare) -> None:
    window = open_compare(CURVES)
    page = window.page
    page._choose_parts(3)
    page.difference_switch.setChecked(True)
    (trace,) = page._traces
    change = two_runs[1].history.column("test_error") - two_runs[0].history.column("test_error")
    np.testing.assert_allclose(trace.values, 100 * change.astype(float), atol=1e-5)
    assert page.plot.y_scale.label == "% wrong, minus base"
    assert page.plot.y_range[0] < 0 < page.plot.y_range[1] or not change.any()
    assert "one seed says nothing about chance" in page.words.text()
    page._choose_reference(1)
    np.testing.assert_allclose(page._traces[0].values, -100 * change.astype(float), atol=1e-5)


def test_seeds_of_a_pair_make_a_band(controller, open_compare) -> None:
    for units in (3, 8):
        for seed in (1, 2):
            opened(controller, f"seed={seed}", f"network.layers[0].units={units}", name=f"{units} units, seed {seed}")
    window = open_compare(CURVES)
    page = window.page
    for run in controller.session.runs:
        window.chosen.choose(run, run.experiment.seed == 1)
    page._choose_parts(3)
    page.difference_switch.setChecked(True)
    (trace,) = page._traces
    assert trace.low is not None
    assert page._bands[0].isVisible()
    assert "2 seeds" in page.words.text()
    assert "interval" in page.caption


def test_views_side_by_side_share_axes_and_choices(controller, two_runs, open_compare, qtbot) -> None:
    train(controller, 6)
    window = open_compare(SIDE)
    page = window.page
    page._choose_kind([kind.name for kind in page._kinds].index("loss"))
    drawn(window, controller)
    first, second = (panel.view for panel in page.panels)
    assert type(first) is type(second) is views["loss"]
    assert first.plot.x_range == second.plot.x_range
    page._set_same_axes(False)
    assert first.plot.x_range != second.plot.x_range
    first._switches[1].setChecked(True)
    assert second.state()["log_y"]
    assert [panel.name.whole for panel in page.panels] == ["base · epoch 6", "wide · epoch 12"]


@pytest.mark.parametrize("kind", views.names())
def test_every_view_can_stand_side_by_side(controller, two_runs, open_compare, kind: str) -> None:
    window = open_compare(SIDE)
    window.page._choose_kind([each.name for each in window.page._kinds].index(kind))
    assert window.needs == views[kind].needs
    drawn(window, controller)
    assert all(panel.view.isVisible() for panel in window.page.panels)
    assert colors(window.page) > 8


def test_colors_of_values_mean_the_same_in_all_panels(controller, open_compare) -> None:
    opened(controller, "data.source={kind='plane', noise=0.0}")
    opened(controller, "data.source={kind='plane', noise=0.9}")
    window = open_compare(SIDE)
    drawn(window, controller)
    shared = {panel.view.shared_values for panel in window.page.panels}
    assert len(shared) == 1
    low, high = shared.pop()
    for run in window.chosen.runs:
        data = run.snapshot.data
        values = data.scaling.unscaled_target(data.train.targets)
        assert low <= values.min()
        assert values.max() <= high
    window.page._set_same_axes(False)
    assert [panel.view.shared_values for panel in window.page.panels] == [None, None]


def test_panels_find_a_good_arrangement() -> None:
    assert [columns_for(count, 2.4) for count in (1, 2, 3, 4)] == [1, 2, 3, 2]
    assert columns_for(2, 0.7) == 1
    assert columns_for(4, 6.0) == 4


def test_axes_with_other_scales_are_not_shared(qtbot) -> None:
    plots = [Plot(DARK, Scale("epoch"), Scale("loss", log=log)) for log in (False, True)]
    for plot in plots:
        qtbot.addWidget(plot)
    plots[0].set_range((0, 10), (0, 1))
    plots[1].set_range((0, 20), (-3, 0))
    share_axes(plots)
    assert [plot.x_range for plot in plots] == [(0, 20), (0, 20)]
    assert [plot.y_range for plot in plots] == [(0, 1), (-3, 0)]
    plots[1].say("Nothing yet.")
    plots[1].set_range((0, 500))
    share_axes(plots)
    assert plots[0].x_range == (0, 20), "an empty plot has no say"


def test_the_map_states_the_disagreement(controller, two_runs, open_compare) -> None:
    window = open_compare(MAP)
    page = window.page
    drawn(window, controller)
    share = page._found.disagreement()
    assert page.number.text() == f"{100 * share:.1f} %"
    assert "different classes" in page.words.text()
    before = page._found.change(1).copy()
    page.pair._swap()
    np.testing.assert_allclose(page._found.change(1), -before)
    reading = page._reading(page._found, 0.0, 0.0)
    assert [entry.word for entry in reading.lines] == ["A", "B", "B − A"]


def test_the_map_says_where_it_has_no_meaning(controller, two_runs, open_compare) -> None:
    opened(controller, "data.source=noisy-sine", epochs=1)
    window = open_compare(MAP)
    page = window.page
    page.pair._choose(1, controller.run.number)
    until(controller, lambda: page.plot.overlay._sentence.endswith("nothing to subtract."))
    assert not page._aside.isVisible()


def test_similarity_states_samples_and_units(controller, two_runs, open_compare) -> None:
    window = open_compare(SIMILARITY)
    page = window.page
    drawn(window, controller)
    assert page._shown.found.debiased
    assert "n = 30" in page.words.text()
    assert "p = 3, 1 in A and 8, 1 in B" in page.words.text()
    page._point(0, 0)
    assert page.reading.text().startswith("A 1 linear 3 (p = 3) and B 1 linear 8 (p = 8): ")
    assert "cosine" in page.cosines.accessibleDescription()
    page.debiased_switch.setChecked(False)
    until(controller, lambda: page._shown is not None and not page._shown.found.debiased)
    page.pair._swap()
    until(controller, lambda: page._shown is not None and page._shown.names == ("wide", "base"))


def test_words_name_what_differs_and_what_was_changed(controller, two_runs, open_compare) -> None:
    controller.select(two_runs[0])
    controller.describe(two_runs[0], "name", "a < b")
    controller.set("training.learning_rate", 0.2, "Learning rate")
    train(controller, 1)
    window = open_compare(WORDS)
    words = window.page.text.text()
    assert "3 → 8" in words
    assert "a &lt; b" in words
    assert "twins" in words
    assert "epoch 6: Learning rate 0.03 → 0.2" in words
