"""The probe of activations: which samples, which layers, and that nobody else holds the arrays."""

from __future__ import annotations

import numpy as np
import pytest
from sessions import quick

from nnviz.data.plane import make_plane
from nnviz.data.split import prepare
from nnviz.engines.choose import plan_for
from nnviz.probes import probes, shown_samples
from nnviz.probes.activations import MOST_SAMPLES, MOST_UNITS
from nnviz.training.trainer import Trainer

DEEP = "network.layers=[{kind='linear', units=4}, 'tanh', {kind='dropout', rate=0.5}, {kind='linear', units=3}, 'relu']"
WIDE = "network.layers=[{kind='linear', units=1500}, 'tanh']"
IMAGES = [
    "data.source={kind='digits', samples=200}",
    "network.layers=[{kind='conv2d', filters=3}, 'relu', 'flatten', {kind='linear', units=5}]",
]


def measured(*settings: str):
    experiment = quick(*settings)
    data = prepare(experiment.data)
    trainer = Trainer(experiment, data)
    plane = make_plane(experiment.data.plane, data)
    return trainer.engine, probes["activations"]().measure(trainer.engine, plane)


@pytest.mark.parametrize("engine", ["compiled", "torch"])
def test_it_is_what_the_next_layer_gets(engine: str) -> None:
    made, layers = measured(DEEP, f"training.engine={engine}")
    assert [layer.shape for layer in layers] == [(30, 4), (30, 3), (30, 1)]
    stages = made.activations(made.data.test.x)
    np.testing.assert_array_equal(layers[0], stages[2])  # dropout is off, so it passes on what tanh gives
    np.testing.assert_array_equal(layers[1], stages[4])
    np.testing.assert_array_equal(layers[2], made.predict(made.data.test.x))
    first = layers[0].copy()
    made.train_epochs(1)
    np.testing.assert_array_equal(layers[0], first)
    assert not np.array_equal(made.activations(made.data.test.x)[2], first)


def test_samples_and_units_are_evenly_chosen() -> None:
    made, layers = measured(WIDE, "data.source.samples=1400")
    assert layers[0].shape == (MOST_SAMPLES, MOST_UNITS)
    chosen = shown_samples(len(made.data.test), MOST_SAMPLES)
    whole = made.activations(made.data.test.x[chosen])[1]
    np.testing.assert_array_equal(layers[0], whole[:, shown_samples(1500, MOST_UNITS)])


def test_images_are_flattened_and_what_comes_before_the_first_layer_is_left_out() -> None:
    made, layers = measured(*IMAGES)
    n = len(made.data.test)
    channels, height, width = made.plan.stages[1].output_shape
    assert [layer.shape for layer in layers] == [(n, channels * height * width), (n, 5), (n, 10)]
    _, alone = measured(IMAGES[0], "network.layers=['flatten']")
    assert [layer.shape for layer in alone] == [(n, 10)]


def test_the_columns_are_those_of_the_plan() -> None:
    experiment = quick(DEEP)
    plan = plan_for(experiment.network, experiment.training, prepare(experiment.data))
    _, layers = measured(DEEP)
    assert len(layers) == len(plan.picture()) - 1
