"""What every cure owes to whoever offers it, and what each one does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnviz.cures import Cure, NoCure, cures
from nnviz.data.dataset import SplitData
from nnviz.data.split import prepare, split_indices
from nnviz.engines.choose import plan_for
from nnviz.experiment import Experiment, bundled, bundled_names
from nnviz.network.layers.dropout import Dropout
from nnviz.network.layers.linear import Linear
from nnviz.settings import differences
from nnviz.training.trainer import Trainer

SAMPLES = {name: prepare(bundled(name).data) for name in bundled_names()}


def cured(name: str, experiment: Experiment, data: SplitData | None = None) -> Experiment:
    return cures[name]().applied(experiment, prepare(experiment.data) if data is None else data)


def applied(cure: type[Cure], experiment: Experiment, data: SplitData) -> Experiment | NoCure:
    try:
        return cure().applied(experiment, data)
    except NoCure as reason:
        return reason


def refusal(name: str, *settings: str, start: str = "noisy-labels") -> str:
    with pytest.raises(NoCure) as caught:
        cured(name, bundled(start).with_settings(list(settings)))
    return str(caught.value)


# ---------------------------------------------------------------- all of them


@pytest.mark.parametrize("name", bundled_names())
@pytest.mark.parametrize("cure", cures, ids=lambda cure: str(cure.name))
def test_a_cured_experiment_differs_in_what_it_says_and_trains(cure: type[Cure], name: str) -> None:
    experiment, data = bundled(name), SAMPLES[name]
    before = experiment.replace()
    after = applied(cure, experiment, data)
    if isinstance(after, NoCure):
        assert str(after).endswith(".")
        assert str(after)[0].isupper()
        return
    assert experiment == before
    changes = differences(experiment, after)
    assert {change.path for change in changes} - {"name"}, "something is changed"
    for change in changes:
        assert change.path == "name" or change.path.startswith(cure.touches), change
    assert 3 < len(after.name) < 30
    assert after.name == after.name.strip(" .")
    trainer = Trainer(after, prepare(after.data))
    assert trainer.begin()["epoch"].tolist() == [0]
    while trainer.engine.epoch < 2:
        trainer.slice(1.0, 2 - trainer.engine.epoch)
    assert trainer.end is None
    assert np.isfinite(trainer.engine.parameters()).all()


@pytest.mark.parametrize("cure", cures, ids=lambda cure: str(cure.name))
def test_a_cure_explains_itself(cure: type[Cure]) -> None:
    assert len(cure.help) > 40
    assert cure.help.endswith(".")
    assert cure.touches
    assert cure.judged_at in ("last", "best")


@pytest.mark.parametrize("cure", cures, ids=lambda cure: str(cure.name))
@pytest.mark.parametrize("name", ["noisy-labels", "few-digits", "circles"])
def test_nothing_is_cured_twice(cure: type[Cure], name: str) -> None:
    """What a cure has done, it says when it is asked again; what can be repeated without end is not a cure."""
    experiment = bundled(name)
    for _ in range(8):
        after = applied(cure, experiment, prepare(experiment.data))
        if isinstance(after, NoCure):
            return
        experiment = after
    raise AssertionError(f"{cure.title} goes on for ever")


def test_an_experiment_that_overfits_has_every_cure() -> None:
    names = [cured(name, bundled("noisy-labels"), SAMPLES["noisy-labels"]).name for name in cures.names()]
    assert len(set(names)) == len(names) >= 7


# ---------------------------------------------------------------- one by one


def test_dropout_comes_after_every_wide_hidden_activation() -> None:
    experiment = bundled("noisy-labels").with_settings(
        ["network.layers=[{kind='linear', units=8}, 'relu', {kind='linear', units=3}, 'tanh', 'layer-norm', 'tanh']"]
    )
    after = cured("dropout", experiment)
    assert [layer.kind for layer in after.network.layers] == [
        *("linear", "relu", "dropout", "linear", "tanh", "layer-norm", "tanh")
    ]
    assert after.network.layers[2] == Dropout(rate=0.25)
    assert after.name == "dropout 25 %"


def test_dropout_leaves_pictures_and_weights_as_they_are() -> None:
    experiment, data = bundled("digits"), SAMPLES["digits"]
    after = cured("dropout", experiment, data)
    kinds = [layer.kind for layer in after.network.layers]
    assert kinds == ["conv2d", "relu", "max-pool", "conv2d", "relu", "flatten", "linear", "relu", "dropout"]
    starts = [Trainer(each, data).engine.parameters() for each in (experiment, after)]
    np.testing.assert_array_equal(*starts)


def test_dropout_without_an_activation_goes_to_the_end() -> None:
    layers = "network.layers=[{kind='conv2d', filters=4}, 'relu', 'flatten']"
    after = cured("dropout", bundled("digits").with_settings([layers]))
    assert [layer.kind for layer in after.network.layers] == ["conv2d", "relu", "flatten", "dropout"]


def test_where_dropout_cannot_help() -> None:
    assert "dropout already" in refusal("dropout", "network.layers=[{kind='linear', units=8}, 'tanh', 'dropout']")
    assert "no hidden layer" in refusal("dropout", "network.layers=[]")
    assert "no hidden layer" in refusal("dropout", "network.layers=['tanh']")
    assert "4 units" in refusal("dropout", "network.layers=[{kind='linear', units=3}, 'tanh']")


@pytest.mark.parametrize(("optimizer", "dose"), [("sgd", 0.01), ("adam", 0.01), ("adamw", 0.5)])
def test_weight_decay_is_dosed_by_what_it_joins(optimizer: str, dose: float) -> None:
    experiment = bundled("noisy-labels").with_settings([f"training.optimizer={optimizer}"])
    after = cured("weight-decay", experiment)
    assert after.training.weight_decay == dose
    assert after.name == f"weight decay {dose:g}"
    weaker = experiment.with_settings([f"training.weight_decay={dose / 2}"])
    assert cured("weight-decay", weaker).training.weight_decay == dose
    assert "already" in refusal("weight-decay", f"training.optimizer={optimizer}", f"training.weight_decay={dose}")


def test_early_stopping_takes_its_samples_from_the_test_part() -> None:
    experiment = bundled("noisy-labels")
    after = cured("early-stopping", experiment)
    dataset = experiment.data.source.load(experiment.data.seed)
    before, now = (split_indices(dataset, each.data) for each in (experiment, after))
    np.testing.assert_array_equal(before[0], now[0])
    np.testing.assert_array_equal(np.sort(np.concatenate(now[1:])), before[2])
    assert len(now[1]) == pytest.approx(0.2 * dataset.n_samples, abs=2)
    assert after.training.patience > 0
    assert cures["early-stopping"].judged_at == "best"


def test_early_stopping_uses_the_validation_part_that_is_there() -> None:
    experiment = bundled("noisy-labels").with_settings(["data.validation_share=0.05"])
    assert cured("early-stopping", experiment).data == experiment.data


def test_where_early_stopping_cannot_help() -> None:
    assert "already" in refusal("early-stopping", start="early-stopping")
    assert "12 test samples" in refusal("early-stopping", "data.train_share=0.95")


def test_fewer_units_are_half_of_them() -> None:
    layers = "network.layers=[{kind='conv2d', filters=7}, 'relu', 'flatten', {kind='linear', units=4}, 'relu']"
    after = cured("fewer-units", bundled("digits").with_settings([layers]))
    assert after.network.layers[0].replace(filters=1) == bundled("digits").network.layers[0].replace(filters=1)
    assert [layer.summary() for layer in after.network.layers if layer.starts_column] == ["3×3 · 4", "4"]
    wide = cured("fewer-units", bundled("noisy-labels"))
    assert [layer.units for layer in wide.network.layers if isinstance(layer, Linear)] == [32, 32]


def test_where_fewer_units_cannot_help() -> None:
    assert "no hidden layer" in refusal("fewer-units", "network.layers=[]")
    assert "more than 4" in refusal("fewer-units", "network.layers=[{kind='linear', units=4}, 'relu']")


def drawn(experiment: Experiment) -> Experiment:
    from nnviz.data.drawings.editing import from_dataset

    drawing: Any = from_dataset(experiment.data.source.load(0))
    return experiment.replace(data=experiment.data.replace(source=drawing))


@pytest.mark.parametrize("drawing", [False, True])
def test_more_data_keeps_what_the_smaller_part_has(drawing: bool) -> None:
    experiment = bundled("noisy-labels").with_settings(["data.train_share=0.3", "data.validation_share=0.1"])
    experiment = drawn(experiment) if drawing else experiment
    after = cured("more-data", experiment)
    assert after.data.train_share == 0.6
    assert after.name == "train share 60 %"
    dataset = experiment.data.source.load(experiment.data.seed)
    before, now = (split_indices(dataset, each.data) for each in (experiment, after))
    assert set(before[0]) < set(now[0])
    assert set(now[2]) < set(before[2])
    assert len(now[2]) == pytest.approx(len(before[2]) / 2, rel=0.3 if drawing else 0.05)


def test_where_more_data_cannot_help() -> None:
    assert "80 % of the samples" in refusal("more-data", "data.train_share=0.8")
    assert "12 test samples" in refusal("more-data", "data.train_share=0.7", "data.validation_share=0.25")


def test_augmentation_joins_copies_in_training_alone() -> None:
    experiment = bundled("few-digits")
    after = cured("augmentation", experiment)
    data = prepare(after.data)
    assert len(data.train) == 5 * len(SAMPLES["few-digits"].train)
    assert len(data.test) == len(SAMPLES["few-digits"].test)
    assert "4 changed copies already" in refusal("augmentation", "data.copies=4")


def test_label_smoothing_needs_classes() -> None:
    assert cured("label-smoothing", bundled("noisy-labels")).training.label_smoothing == 0.1
    assert "regression has none" in refusal("label-smoothing", start="sine")
    assert "20 % already" in refusal("label-smoothing", "training.label_smoothing=0.2")


def test_a_cure_is_asked_with_plans_and_samples_of_its_own_task() -> None:
    """A network whose later layers cannot work still gets dropout where it can."""
    broken = bundled("noisy-labels").with_settings(["network.layers=[{kind='linear', units=8}, 'tanh', 'max-pool']"])
    data = prepare(broken.data)
    assert plan_for(broken.network, broken.training, data).errors
    kinds = [layer.kind for layer in cured("dropout", broken, data).network.layers]
    assert kinds == ["linear", "tanh", "dropout", "max-pool"]
