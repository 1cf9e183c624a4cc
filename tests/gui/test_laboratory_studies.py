"""What all pages with a study owe to their user: nothing of another study, nothing of a locked test part."""

from __future__ import annotations

import numpy as np
import pytest
from compare_stage import train
from laboratory_stage import pages_of, ready
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from study_pages import SMALL, STUDY_PAGES, make_small, plots_of, study_on

from nnviz.experiment import Experiment
from nnviz.gui.laboratory.parts.sample_list import SampleList
from nnviz.gui.theme import DARK, LIGHT
from nnviz.gui.vault_keeper import keeper_of

SETTINGS = [
    "data.label_noise=0.2",
    "network.layers=[{kind='linear', units=4}, 'tanh']",
    "training.batch_size=1000",
    "training.learning_rate=0.1",
]
GENERATED = ["data.source={kind='circles', samples=60, noise=0.3}", *SETTINGS]
IRIS = ["data.source=iris", *SETTINGS]

BLIND = {"memorisation", "onset", "sharpness"}
"""Pages that show nothing of the test part, whatever the samples; the onset's curves are those of the run itself."""

JUDGED_ANEW = {"bias-variance", "gap-parts", "test-vault"}
"""Pages that ask new samples where a generator can make them, and the test part else."""

BEGIN_WITHOUT = {"cross-validation", "regularisation-path"}
"""Pages that leave the test part out while it is locked."""


@pytest.fixture
def open_page(qapp, qtbot):
    """Return a function that trains an experiment for 20 epochs and opens a page of the laboratory on it."""
    with pages_of(
        qtbot, lambda *settings: ready(qtbot, Experiment(name="quick").with_settings([*settings]), 20)
    ) as made:
        yield made


def numbers(table):
    return {name: np.asarray(values).tolist() for name, values in table.items()}


def shown(page):
    """Return what can be read on a page: its numbers, sentence, lists, and what plots say or are named."""
    keys = [str(key) for plot in plots_of(page) if hasattr(plot, "legend") for key in plot.legend()]
    lists = [each.numbers for each in page.findChildren(SampleList)]
    said = [plot.overlay._sentence for plot in plots_of(page)]
    buttons = [(each.text(), each.isEnabled()) for each in page.findChildren(QPushButton) if each is not page.button]
    labels = [each.text() for each in page.findChildren(QLabel) if each not in (page.status, page.problem)]
    return repr((numbers(page.table()), keys, lists, said, buttons, labels))


def picture_of(page):
    """Return how a page looks once its parts have found their places, but for options that follow results."""
    for _ in range(3):
        QApplication.sendPostedEvents()
        QApplication.processEvents()
    part = {"learning-curve": "legend", "regularisation-path": "strip"}.get(page.name)
    return (getattr(page, part) if part else page).grab().toImage()


# ---------------------------------------------------------------- the test part


@pytest.mark.parametrize("settings", [GENERATED, IRIS], ids=["generated", "iris"])
@pytest.mark.parametrize("name", STUDY_PAGES)
def test_nothing_of_a_locked_test_part_is_left_on_the_page(name, settings, open_page, qtbot):
    page = open_page(name, *settings)
    keeper = keeper_of(page.controller)
    make_small(page)
    looks = keeper.vault.looks
    study_on(page, qtbot)
    open_words, table = shown(page), page.table()
    assert table
    sees = name not in BLIND and not (name in JUDGED_ANEW and settings is GENERATED)
    assert keeper.vault.looks == looks + sees, "one look for each study that shows what the test part says"
    keeper.lock()
    page.refresh()
    assert (page.table() == {}) == sees
    assert name in JUDGED_ANEW or not [column for column in page.table() if "test" in column.lower()]
    assert (page.sentence.text() == "") == sees
    assert ("open the test vault to see it again" in page.problem.text()) == sees
    names = [trace.name for plot in plots_of(page) for trace in getattr(plot, "traces", ())]
    assert not [each for each in names if "test" in each]
    if sees and name != "influence":
        assert all(plot.overlay._sentence for plot in plots_of(page)), "no plot shows anything"
    keeper.open()
    page.refresh()
    if hasattr(page, "_frames"):
        qtbot.waitUntil(lambda: not page._due, timeout=10_000)
    assert shown(page) == open_words
    assert keeper.vault.looks == looks + sees


@pytest.mark.parametrize("settings", [GENERATED, IRIS], ids=["generated", "iris"])
@pytest.mark.parametrize("name", STUDY_PAGES)
def test_what_needs_the_test_part_does_not_begin_while_it_is_locked(name, settings, open_page, qtbot):
    page = open_page(name, *settings)
    keeper = keeper_of(page.controller)
    make_small(page)
    keeper.lock()
    looks = keeper.vault.looks
    if name in BLIND | BEGIN_WITHOUT or (name in JUDGED_ANEW and settings is GENERATED):
        study_on(page, qtbot)
        assert page.table()
        tested = [values for column, values in page.table().items() if column.startswith("test error")]
        assert not np.isfinite(tested).any()
        assert not page.hidden
    else:
        page.begin()
        assert page.study is None
        assert page.problem.text().endswith("open the test vault first.")
    keeper.open()
    page.refresh()
    assert keeper.vault.looks == looks


@pytest.mark.parametrize("name", ["learning-curve", "cross-validation", "regularisation-path"])
def test_what_is_cancelled_before_it_shows_a_test_error_is_no_look(name, open_page, qtbot):
    page = open_page(name, *GENERATED)
    make_small(page)
    page.epochs.setValue(page.epochs.maximum())
    looks = keeper_of(page.controller).vault.looks
    page.begin()
    qtbot.waitUntil(lambda: page.study.progress().state == "training", timeout=60_000)
    page.refresh()
    page.study.close()
    page.refresh()
    assert page.status.text().startswith("Cancelled")
    assert keeper_of(page.controller).vault.looks == looks


def test_what_fails_is_no_look(open_page, qtbot):
    page = open_page("learning-curve", *GENERATED)
    make_small(page)
    page.smallest.setValue(1_000)
    looks = keeper_of(page.controller).vault.looks
    page.begin()
    qtbot.waitUntil(lambda: page.study.progress().over, timeout=60_000)
    page.refresh()
    assert page.sentence.text().startswith("A learning curve needs")
    assert keeper_of(page.controller).vault.looks == looks


def test_the_look_says_what_was_trained(open_page, qtbot):
    page = open_page("learning-curve", *GENERATED)
    make_small(page)
    study_on(page, qtbot)
    sizes = len(page.report.sizes)
    assert keeper_of(page.controller).vault.events[-1].text == f"Learning curve of {sizes} sizes and 1 seed"


# ---------------------------------------------------------------- one study after another


def hold(monkeypatch, page):
    """Have the page's next study, a real one, find nothing until it is cancelled."""
    make = page.make_study

    def held():
        study = make()
        monkeypatch.setattr(study, "study", study._cancelled.wait)
        return study

    monkeypatch.setattr(page, "make_study", held)


@pytest.mark.parametrize("name", STUDY_PAGES)
def test_a_new_study_begins_with_nothing_on_the_page(name, open_page, qtbot, monkeypatch):
    page = open_page(name, *GENERATED)
    make_small(page)
    hold(monkeypatch, page)
    page.begin()
    empty, picture = shown(page), picture_of(page)
    page.study.close()
    monkeypatch.undo()
    study_on(page, qtbot)
    assert shown(page) != empty
    assert picture_of(page) != picture
    page.end()
    hold(monkeypatch, page)
    page.begin()
    assert shown(page) == empty
    assert picture_of(page) == picture
    page.apply_theme(LIGHT)
    page.apply_theme(DARK)
    assert picture_of(page) == picture, "other colours bring nothing back"


@pytest.mark.parametrize("name", STUDY_PAGES)
def test_a_study_that_is_refused_changes_nothing(name, open_page, qtbot):
    page = open_page(name, *GENERATED)
    controller, first = page.controller, page.run
    make_small(page)
    study_on(page, qtbot)
    page.end()
    if name == "influence":
        page._choose_none()  # samples of a run are forgotten with it
    if name == "memorisation":
        page._choose(3)
    page.refresh()
    before, picture = shown(page), picture_of(page)
    controller.new_seed()  # a run that is not ready
    page.begin()
    assert "not ready yet" in page.problem.text()
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.snapshot is not None, timeout=20_000)
    if name in ("influence", "memorisation", "noisy-labels", "onset"):
        page.begin()
        assert "has not been trained yet" in page.problem.text()
    controller.select(first)
    page.refresh()
    assert shown(page) == before
    assert picture_of(page) == picture


def test_a_new_path_begins_at_its_first_value(open_page, qtbot, monkeypatch):
    page = open_page("regularisation-path", *GENERATED)
    make_small(page)
    page.count.setValue(5)
    study_on(page, qtbot)
    page.slider.setValue(4)
    assert page.place == 4
    page.count.setValue(3)
    hold(monkeypatch, page)
    heard = []
    page.slider.valueChanged.connect(heard.append)
    page.begin()
    assert (page.place, page.slider.value(), page.slider.maximum()) == (0, 0, 2)
    assert not heard, "what is still shown has as many values as before"


FOLLOWING = [name for name in STUDY_PAGES if "epochs" in SMALL.get(name, {}) and name != "double-descent"]
"""Pages with a field for the epochs that networks are trained; double descent has a recipe of its own."""


@pytest.mark.parametrize("name", FOLLOWING)
def test_as_many_epochs_as_the_run_has_are_offered_until_others_are_typed(name, open_page):
    page = open_page(name, *GENERATED)
    assert page.epochs.value() == 20
    train(page.controller, 7)
    page.refresh()
    assert page.epochs.value() == 27
    page.epochs.setValue(12)
    train(page.controller, 2)
    page.refresh()
    assert page.epochs.value() == 12


def test_what_looks_cost_is_told_of_the_run_in_front(open_page, qtbot):
    page = open_page("test-vault", *GENERATED)
    controller, first = page.controller, page.run
    assert "by its error on 30 test samples" not in page.cost.text()
    controller.set("training.learning_rate", 0.2, "Rate")
    train(controller, 5)
    page.refresh()
    assert "by its error on 30 test samples" in page.cost.text()
    controller.begin(Experiment(name="larger").with_settings([*GENERATED, "data.source.samples=200"]), "larger")
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.snapshot is not None, timeout=20_000)
    page.refresh()
    assert "by its error on 100 test samples" in page.cost.text()
    controller.select(first)
    page.refresh()
    assert "by its error on 30 test samples" in page.cost.text()


@pytest.mark.parametrize("name", ["drift", "sharpness"])
def test_one_kept_state_is_no_curve(name, qapp, qtbot):
    with pages_of(qtbot, lambda: ready(qtbot, Experiment(name="quick").with_settings(GENERATED))) as opened:
        page = opened(name)
        said = [plot.overlay._sentence for plot in page.plots]
        study_on(page, qtbot)
        assert len(page.table()["epoch"]) == 1
        assert all(said)
        assert [plot.overlay._sentence for plot in page.plots] == said
        assert page.legend.text() == ""
