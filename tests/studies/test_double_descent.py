"""Double descent: each network is the one that its experiment gives, and the course is told as it is."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from study_stage import report_of

from nnviz.data.dataset import DataError
from nnviz.engines.schedules import Schedule
from nnviz.experiment import Experiment, bundled
from nnviz.project.library import Library
from nnviz.settings import SettingsError
from nnviz.studies.axes import axes, number, places
from nnviz.studies.axes.epochs import Epochs
from nnviz.studies.axes.samples import Samples
from nnviz.studies.axes.width import Width
from nnviz.studies.double_descent import MEASURED, Descent, DoubleDescentStudy, sentence
from nnviz.training.trainer import Trainer


def small(*settings: str) -> Experiment:
    return bundled("double-descent").with_settings(
        ["data.source.samples=120", "data.train_share=0.3", "training.epochs=40", *settings]
    )


def trained(experiment: Experiment, epochs: int) -> dict[str, float]:
    trainer = Trainer(experiment, Library().prepare(experiment.data))
    while trainer.engine.epoch < epochs:
        rows = trainer.slice(10.0, epochs - trainer.engine.epoch)
        assert rows is not None
    return {name: float(rows[name][-1]) for name in MEASURED}


@pytest.mark.parametrize("axis", list(axes), ids=lambda axis: axis.name)
def test_every_place_of_every_axis_is_an_experiment(axis: type) -> None:
    made = axis()
    experiment = small()
    data = Library().prepare(experiment.data)
    low, high = made.usual(experiment, data)
    values = places(made, low, min(high, 40.0), 3)
    study = DoubleDescentStudy(experiment, made, values, 40, seeds=2)
    found = report_of(study)
    assert found.done == len(values) * 2
    for place in (0, len(values) - 1):
        opened = study.experiment_at(place, seed=1)
        alone = trained(opened, int(values[place]) if made.within else 40)
        for name in MEASURED:
            assert getattr(found, name)[place, 1] == alone[name], name


def test_widths_keep_the_proportion_of_the_layers() -> None:
    experiment = bundled("spirals")
    data = Library().prepare(experiment.data)
    units = [layer.units for layer in experiment.network.layers if layer.kind == "linear"]
    wider = Width().applied(experiment, 3.0 * max(units), data)
    assert [layer.units for layer in wider.network.layers if layer.kind == "linear"] == [3 * each for each in units]
    thin = Width().applied(experiment, 1.0, data)
    assert all(layer.units == 1 for layer in thin.network.layers if layer.kind == "linear")


def test_parameters_are_counted() -> None:
    found = report_of(DoubleDescentStudy(small(), Width(), (1, 5, 60), 3, seeds=1))
    np.testing.assert_array_equal(found.n_parameters, [75 * h + 10 for h in (1, 5, 60)])
    samples = len(Library().prepare(small().data).train)
    assert found.threshold == 10 * samples
    assert found.threshold_at == pytest.approx(np.interp(10 * samples, found.n_parameters, found.values))


def test_epochs_are_passed_by_one_training() -> None:
    study = DoubleDescentStudy(small(), Epochs(), (1, 7, 40), 40, seeds=1)
    found = report_of(study)
    straight = trained(small("training.epochs=40"), 40)
    assert found.test_loss[2, 0] == straight["test_loss"]
    assert study.experiment_at(1).training.epochs == 7


@pytest.mark.parametrize("schedule", Schedule.registry.names())
def test_an_epoch_of_any_schedule_opens_as_a_run_that_ends_with_its_numbers(schedule: str) -> None:
    study = DoubleDescentStudy(small(f"training.schedule={schedule}"), Epochs(), (7, 40), 40, seeds=1)
    found = report_of(study)
    opened = study.experiment_at(0)
    trainer = Trainer(opened, Library().prepare(opened.data))
    while trainer.end is None:
        trainer.slice(10.0)
    assert trainer.engine.epoch == 7
    assert found.test_loss[0, 0] == trainer.engine.measure()["test_loss"][0]
    straight = trained(small(f"training.schedule={schedule}"), 7)  # of forty
    assert found.test_loss[0, 0] == straight["test_loss"]


def test_more_samples_than_can_be_had_are_as_many_as_can() -> None:
    experiment = small()
    data = Library().prepare(experiment.data)
    assert Samples().applied(experiment, 10_000.0, data).data.train_share == 0.95


@pytest.mark.parametrize("settings", [[], ["data.validation_share=0.2"], ["data.copies=2"]])
def test_networks_are_drawn_at_the_number_of_samples_that_they_were_trained_on(settings: list[str]) -> None:
    study = DoubleDescentStudy(small(*settings), Samples(), (2, 3, 50, 100, 2000, 3000), 5, seeds=1)
    found = report_of(study)
    assert np.isfinite(found.test_loss).all()
    splits = [Library().prepare(study.experiment_at(place).data) for place in range(len(found.values))]
    assert found.values.tolist() == [len(split.train) // (1 + split.copies) for split in splits]
    assert all(len(split.test) for split in splits)
    assert len(set(found.values.tolist())) == len(found.values) < 5, "what is fewer or more than can be had comes once"
    for place in (0, len(found.values) - 1):
        assert found.test_loss[place, 0] == trained(study.experiment_at(place), 5)["test_loss"]


def what_is_wrong(experiment: Experiment, axis: Width, values: tuple) -> str:
    """Return the sentence with which a study cannot be made, or has failed."""
    try:
        study = DoubleDescentStudy(experiment, axis, values, 5)
    except SettingsError as error:
        return str(error)
    with study:
        study.start()
        assert study.join(60)
        assert study.progress().state == "failed"
        return study.progress().text


@pytest.mark.parametrize(
    ("settings", "axis", "values", "reason"),
    [
        ([], Width(), (), "nothing to train"),
        ([], Width(), (0.0, 3.0), "lies outside"),
        (["network.layers=['flatten']"], Width(), (1.0, 2.0), "no hidden layer"),
    ],
)
def test_what_cannot_be_studied_is_said_in_a_sentence(
    settings: list[str], axis: Width, values: tuple, reason: str
) -> None:
    assert reason in what_is_wrong(small(*settings), axis, values)


def test_label_noise_needs_classes() -> None:
    experiment = bundled("sine")
    study = DoubleDescentStudy(experiment, axes["label-noise"](), (0.0, 0.2), 5)
    with study:
        study.start()
        assert study.join(60)
    assert "regression" in study.progress().text


def test_it_ends_soon_when_nobody_wants_more() -> None:
    with DoubleDescentStudy(small(), Width(), (10, 2000), 100_000, seeds=4) as study:
        study.start()
        study.cancel()
        assert study.join(20)
        assert study.progress().state == "cancelled"


def test_samples_that_cannot_be_had_are_said() -> None:
    class Nothing(Library):
        def prepare(self, settings: object) -> object:  # type: ignore[override]
            raise DataError("The file is gone.")

    with DoubleDescentStudy(small(), Width(), (1, 2), 5, library=Nothing()) as study:
        study.start()
        assert study.join(60)
        assert (study.progress().state, study.progress().text) == ("failed", "The file is gone.")


def course(values: list[float], losses: list[float], errors: list[float]) -> Descent:
    shape = (len(values), 1)
    zeros = np.zeros(shape)
    return Descent(
        Width(),
        np.array(values),
        (0,),
        np.array([75 * int(v) + 10 for v in values]),
        zeros,
        np.array(errors).reshape(shape),
        np.array(losses).reshape(shape),
        zeros,
        threshold=2000,
    )


def test_the_course_is_told() -> None:
    twice = course([1, 10, 22, 90, 300], [1.5, 0.9, 3.4, 0.9, 0.6], [0.8, 0.2, 0.1, 0, 0])
    assert sentence(twice).startswith(
        "The test loss rises from 0.9 to 3.4 at 22 units, 1,660 parameters, and falls to 0.6. It descends twice."
    )
    once = course([1, 10, 22, 90, 300], [0.9, 0.8, 0.7, 0.6, 0.5], [0.8, 0.2, 0.1, 0, 0])
    assert sentence(once).startswith("No second descent here: the test loss is lowest, 0.5, at 300 units")
    empty = dataclasses.replace(once, test_loss=np.full((5, 1), math.nan))
    assert "Every network diverged" in sentence(empty)
    some = dataclasses.replace(once, test_loss=np.where(np.arange(5)[:, None] < 2, 0.5, math.nan))
    assert "too few" in sentence(some)


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        (
            [4.0, 1.0, 3.0, 0.9, 0.6],
            "rises from 1 to 3 at 22 units, 1,660 parameters, and falls to 0.6. It descends twice",
        ),
        ([4.0, 1.0, 3.0, 2.9, 2.8], "No second descent"),
        ([4.0, 1.0, 1.1, 0.9, 0.6], "No second descent"),
        (
            [0.9, 1.5, 3.4, 0.9, 0.6],
            "rises from 0.9 to 3.4 at 22 units, 1,660 parameters, and falls to 0.6. It descends once",
        ),
        ([0.95, 0.9, 3.4, 0.9, 0.6], "It descends once, after the peak"),
        ([0.6, 0.9, 1.0, 2.0, 4.0], "No second descent"),
        ([4.0, math.nan, 1.0, 3.0, 0.6], "to 3 at 90 units, 6,760 parameters, and falls to 0.6. It descends twice"),
        ([1.0, 1.0, 1.0, 1.0, 1.0], "No second descent"),
    ],
)
def test_a_descent_is_one_of_a_tenth_before_or_after_a_peak(losses: list[float], said: str) -> None:
    places = [1.0, 10.0, 22.0, 90.0, 300.0]
    assert said in sentence(course(places, losses, [0.8, 0.2, 0.1, 0, 0]))
    noise = dataclasses.replace(course(places, losses[::-1], [0.0] * 5), axis=axes["label-noise"]())
    assert ("descends twice" in sentence(noise)) == ("descends twice" in said), "read from where it fits least"


def test_places_are_spread_and_whole() -> None:
    assert places(Width(), 1, 8, 4) == (1.0, 2.0, 4.0, 8.0)
    assert places(Width(), 1, 3, 16) == (1.0, 2.0, 3.0)
    decay = places(axes["weight-decay"](), 0.0, 0.1, 4)
    assert decay[0] == 0.0
    assert decay[-1] == pytest.approx(0.1)
    assert list(decay) == sorted(set(decay))
    noise = places(axes["label-noise"](), 0.0, 0.5, 6)
    np.testing.assert_allclose(noise, [0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert number(axes["label-noise"](), 0.25) == "25 %"
