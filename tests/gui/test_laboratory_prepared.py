"""The pages of prepared experiments, sharpness and drift, as a user meets them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from laboratory_stage import laboratory_on
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnviz.experiment import Experiment, bundled, bundled_names
from nnviz.gui.controller import Controller
from nnviz.gui.laboratory.page import pages
from nnviz.gui.laboratory.pages.drift import DriftPage
from nnviz.gui.laboratory.pages.prepared import PREPARED, PreparedPage
from nnviz.gui.laboratory.pages.sharpness import SharpnessPage
from nnviz.gui.laboratory.window import LaboratoryWindow
from nnviz.snapshot import Status
from nnviz.studies.sharpness import SharpnessReport
from nnviz.studies.states import StatesStudy, kept_states

TINY = Experiment(name="tiny").with_settings(
    [
        "data.source.samples=60",
        "network.layers=[{kind='linear', units=4}, 'tanh', {kind='linear', units=3}, 'relu']",
        "training.batch_size=1000",
        "training.learning_rate=0.5",
        "training.epochs=40",
    ]
)


def come_to(controller: Controller, status: Status, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is status, timeout=60_000)


@pytest.fixture
def controller(qapp: QApplication, qtbot: QtBot) -> Iterator[Controller]:
    """Return a controller whose run is trained to its epoch limit."""
    made = Controller(TINY)
    come_to(made, Status.READY, qtbot)
    made.toggle()
    come_to(made, Status.FINISHED, qtbot)
    qtbot.waitUntil(lambda: made.tick() is not None and kept_states(made.run)[-1].epoch == 40, timeout=20_000)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def laboratory(controller: Controller) -> Iterator[LaboratoryWindow]:
    with laboratory_on(controller) as made:
        yield made


def measured(page: SharpnessPage | DriftPage, qtbot: QtBot) -> None:
    """Measure what is kept of the run in front."""
    page.button.click()
    study = page.study
    assert isinstance(study, StatesStudy), page.sentence.text()

    def all_there() -> bool:
        page.refresh()
        done, total = study.count
        return done == total and page._shown is not None and len(page._shown.epochs) == done

    qtbot.waitUntil(all_there, timeout=60_000)


# ---------------------------------------------------------------- cards


def test_every_card_opens_something_that_there_is() -> None:
    for prepared in PREPARED:
        assert prepared.experiment in bundled_names(), prepared.experiment
        assert not prepared.page or prepared.page in pages.names(), prepared.page
        assert not prepared.twin or prepared.twin in bundled_names()
        assert prepared.plays or prepared.page
        assert prepared.text.endswith(".")
    assert {"double-descent", "grokking", "lazy", "edge-of-stability"} <= {each.experiment for each in PREPARED}


@pytest.fixture
def prepared(laboratory: LaboratoryWindow) -> PreparedPage:
    laboratory.show_page("prepared")
    shown = laboratory.page
    assert isinstance(shown, PreparedPage)
    return shown


def test_a_card_opens_its_experiment_and_trains_it(
    prepared: PreparedPage, controller: Controller, qtbot: QtBot
) -> None:
    prepared.buttons["edge-of-stability"].click()
    assert controller.experiment == bundled("edge-of-stability")
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.epoch > 10, timeout=60_000)
    assert controller.session.playing
    controller.session.pause()
    controller.undo_stack.undo()
    assert controller.experiment == TINY


def test_the_two_of_a_pair_train_side_by_side(prepared: PreparedPage, controller: Controller, qtbot: QtBot) -> None:
    prepared.buttons["lazy"].click()
    lazy, feature = controller.session.runs[-2:]
    assert (lazy.experiment, feature.experiment) == (bundled("lazy"), bundled("feature-learning"))
    assert feature.origin is not None
    assert (feature.origin.run, feature.origin.epoch) == (lazy.number, 0)
    qtbot.waitUntil(lambda: controller.tick() is not None and min(lazy.epoch, feature.epoch) >= 2, timeout=60_000)
    controller.session.pause()


def test_a_card_turns_to_the_page_that_measures_it(laboratory: LaboratoryWindow, prepared: PreparedPage) -> None:
    prepared.measures["edge-of-stability"].click()
    assert isinstance(laboratory.page, SharpnessPage)


def test_where_the_page_trains_the_card_turns_to_it(
    laboratory: LaboratoryWindow, prepared: PreparedPage, controller: Controller
) -> None:
    assert "few-digits" not in prepared.measures
    prepared.buttons["few-digits"].click()
    assert controller.experiment == bundled("few-digits")
    assert not controller.session.playing
    assert laboratory.page is not None
    assert laboratory.page.name == "random-labels"


# ---------------------------------------------------------------- sharpness


@pytest.fixture
def sharpness(laboratory: LaboratoryWindow) -> SharpnessPage:
    laboratory.show_page("sharpness")
    shown = laboratory.page
    assert isinstance(shown, SharpnessPage)
    return shown


def test_sharpness_is_measured_drawn_and_put_into_words(
    sharpness: SharpnessPage, controller: Controller, qtbot: QtBot
) -> None:
    measured(sharpness, qtbot)
    table = sharpness.table()
    assert table["epoch"].tolist() == [each.epoch for each in kept_states(controller.run)]
    np.testing.assert_allclose(table["stability limit"], 4.0)
    assert np.isfinite(table["sharpness"]).all()
    assert [trace.name for trace in sharpness.plot.traces] == ["λmax, sharpness", "2/η"]
    assert f"sharpness is {table['sharpness'][-1]:.4g}" in sharpness.sentence.text()
    assert "2/η = 4" in sharpness.sentence.text()
    assert "more come as the run trains" in sharpness.status.text()
    assert sharpness.button.text() == "Stop"
    sharpness.button.click()
    qtbot.waitUntil(lambda: sharpness.study is None or sharpness.study.progress().over, timeout=10_000)
    sharpness.refresh()
    assert sharpness.status.text() == "Stopped: the results so far."


def test_it_goes_on_as_the_run_does_and_stops_at_another_run(
    sharpness: SharpnessPage, controller: Controller, qtbot: QtBot
) -> None:
    measured(sharpness, qtbot)
    controller.change(controller.experiment.with_settings(["training.epochs=60"]), "Longer")
    controller.session.play()

    def further() -> bool:
        controller.tick()
        sharpness.refresh()
        return len(sharpness.table()["epoch"]) > 0 and sharpness.table()["epoch"][-1] == 60

    qtbot.waitUntil(further, timeout=60_000)
    study = sharpness.study
    assert study is not None
    controller.fork()
    sharpness.refresh()
    qtbot.waitUntil(lambda: study.progress().over, timeout=10_000)
    sharpness.refresh()
    assert "not the run in front" in sharpness.status.text()


def test_a_run_that_plays_goes_on_playing(sharpness: SharpnessPage, controller: Controller, qtbot: QtBot) -> None:
    controller.change(controller.experiment.with_settings(["training.epochs=0"]), "No limit")
    controller.session.limit_speed(50.0)
    controller.session.play()
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.epoch > 42, timeout=30_000)
    sharpness.button.click()
    assert controller.session.playing
    reached = controller.run.epoch
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.epoch > reached + 3, timeout=30_000)
    controller.session.pause()


def test_epochs_can_be_logarithmic(sharpness: SharpnessPage, qtbot: QtBot) -> None:
    measured(sharpness, qtbot)
    before = sharpness.plot.x_range
    sharpness._set_log(True)
    assert sharpness.plot.x_range != before
    assert sharpness.plot.x_range[1] == pytest.approx(np.log10(40), abs=0.1)


# ---------------------------------------------------------------- drift


def test_drift_is_measured_drawn_and_put_into_words(
    laboratory: LaboratoryWindow, controller: Controller, qtbot: QtBot
) -> None:
    laboratory.show_page("drift")
    page = laboratory.page
    assert isinstance(page, DriftPage)
    measured(page, qtbot)
    table = page.table()
    names = ["1: Linear 4", "2: Linear 3", "output"]
    assert [trace.name for trace in page.plot.traces] == names
    assert [trace.name for trace in page.plots[1].traces] == [*names, "all weights"]
    assert table["epoch"][-1] == 40
    assert table["change of all weights [%]"][-1] > 1.0
    np.testing.assert_allclose(table["similarity to the beginning, output"][0], 1.0, rtol=1e-5)
    assert page.sentence.text().startswith("From epoch 0 to 40 the weights have changed by ")
    assert "the test error is " in page.sentence.text()


def test_reports_without_a_row_are_drawn_as_nothing(sharpness: SharpnessPage) -> None:
    nothing = np.zeros(0)
    sharpness.show_report(SharpnessReport(np.zeros(0, np.int64), nothing, nothing, nothing, nothing))
    assert sharpness.table() == {}
    assert sharpness.plot.traces == ()
