"""Differences between experiments, in words."""

from __future__ import annotations

import pytest

from nnviz.data.drawings.drawing import Drawing
from nnviz.data.drawings.editing import add_points, relabel
from nnviz.experiment import Experiment, bundled, bundled_names
from nnviz.network.layers import Layer
from nnviz.network.layers.dropout import Dropout
from nnviz.network.layers.linear import Linear
from nnviz.network.layers.relu import ReLU
from nnviz.network.layers.tanh import Tanh
from nnviz.settings import changed
from nnviz.words import aligned, differences_in_words

BASE = Experiment().with_settings(
    ["network.layers=[{kind='linear', units=8}, 'tanh', {kind='linear', units=4}, 'tanh']"]
)


def words(*settings: str, base: Experiment = BASE) -> list[str]:
    return [each.words for each in differences_in_words(base, base.with_settings(list(settings)))]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("training.learning_rate=0.1", "Learning rate 0.03 → 0.1"),
        ("data.label_noise=0.2", "Label noise 0 % → 20 %"),
        ("data.train_share=0.333", "Train share 50 % → 33.3 %"),
        ("training.weight_decay=0.01", "Weight decay (L2) off → 0.01"),
        ("training.patience=60", "Early stopping off → 60 epochs"),
        ("training.epochs=12000", "Epoch limit no limit → 12,000"),
        ("training.optimizer=adam", "Optimizer SGD → Adam"),
        ("training.optimizer={kind='adam', beta1=0.8}", "Optimizer SGD → Adam (beta 1 0.8)"),
        ("data.standardize=true", "Standardize off → on"),
        ("data.source=spirals", "Source Circles → Spirals"),
        ("data.source.samples=60000", "Circles: samples 500 → 60,000"),
        ("data.shift=3", "Shift 1 px → 3 px"),
        ("data.seed=12345", "Data seed 0 → 12345"),
        ("training.engine=torch", "Engine automatic → torch"),
        ("network.initializer=he", "Initializer Glorot → He"),
        ("network.initializer.distribution=normal", "Glorot: distribution uniform → normal"),
        ("network.layers[0].units=6", "Layer 1: units 8 → 6"),
        ("network.layers[1]=relu", "Layer 2: tanh → ReLU"),
        ("network.layers=[]", "Layers 1 to 4 (Linear 8, tanh, Linear 4, tanh) removed"),
    ],
)
def test_one_change_is_one_line(setting: str, said: str) -> None:
    assert words(setting)[0].casefold() == said.casefold()


def test_what_does_not_matter_is_not_told() -> None:
    assert words() == []
    assert words("name=other", "description=x", "data.plane.mode=principal") == []


def layers(*chosen: Layer) -> Experiment:
    return BASE.replace(network=BASE.network.replace(layers=chosen))


def test_layers_are_aligned() -> None:
    before = layers(Linear(units=8), Tanh(), Linear(units=4), Tanh())
    after = layers(Linear(units=6), Tanh(), Dropout(rate=0.2), Linear(units=4), ReLU())
    assert [each.words for each in differences_in_words(before, after)] == [
        "Layer 1: units 8 → 6",
        "Dropout 20 % inserted after layer 2",
        "Layer 4: tanh → ReLU",
    ]
    assert [each.words for each in differences_in_words(after, before)] == [
        "Layer 1: units 6 → 8",
        "Layer 3 (Dropout 20 %) removed",
        "Layer 5: ReLU → tanh",
    ]


def test_the_same_layer_is_found_rather_than_the_first_of_its_kind() -> None:
    before, after = layers(Linear(units=16), Tanh(), Linear(units=8), Tanh()), layers(Linear(units=8), Tanh())
    assert [each.words for each in differences_in_words(before, after)] == ["Layers 1 and 2 (Linear 16, tanh) removed"]
    assert [each.words for each in differences_in_words(after, before)] == ["Linear 16, tanh inserted at the beginning"]


def test_an_alignment_names_every_layer_once() -> None:
    before, after = bundled("digits").network.layers, bundled("spirals").network.layers
    pairs = aligned(before, after)
    assert [i for i, _ in pairs if i is not None] == list(range(len(before)))
    assert [j for _, j in pairs if j is not None] == list(range(len(after)))
    assert aligned((), ()) == []


def test_values_are_given_as_they_are_where_they_are_plain() -> None:
    (rate,) = differences_in_words(BASE, changed(BASE, "training.learning_rate", 0.1))
    assert (rate.path, rate.before, rate.after) == ("training.learning_rate", 0.03, 0.1)
    (dropout,) = differences_in_words(layers(Tanh()), layers(Tanh(), Dropout(rate=0.5)))
    assert (dropout.path, dropout.before, dropout.after) == ("network.layers[1]", None, "Dropout 50 %")


def test_drawings_are_told_apart_by_their_points() -> None:
    empty = BASE.replace(data=BASE.data.replace(source=Drawing()))
    drawing = add_points(Drawing(), [(0.0, 0.0), (1.0, 1.0)], 0)
    drawn = empty.replace(data=empty.data.replace(source=drawing))
    other = drawn.replace(data=drawn.data.replace(source=relabel(drawing, drawing.positions[:, 0] > 0.5, 1)))
    assert [each.words for each in differences_in_words(empty, drawn)] == ["Drawing: 0 → 2 points"]
    assert [each.words for each in differences_in_words(drawn, other)] == ["Drawing: points moved or relabelled"]
    assert [each.words for each in differences_in_words(BASE, drawn)] == ["Source Circles → Drawing (2 points)"]


def test_any_two_experiments_can_be_compared() -> None:
    for one in map(bundled, bundled_names()):
        for other in map(bundled, bundled_names()):
            found = differences_in_words(one, other)
            assert all(each.words and each.path for each in found)
            assert len({each.path for each in found if "layers" not in each.path}) == len(
                [each for each in found if "layers" not in each.path]
            )
