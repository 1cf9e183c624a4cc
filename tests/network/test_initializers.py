"""Every initializer: its spread against the closed form, and what does not depend on what."""

import math

import numpy as np
import pytest

from nnviz.network.initializers import Initializer
from nnviz.network.initializers.glorot import Glorot
from nnviz.network.initializers.he import He
from nnviz.network.initializers.lecun import LeCun
from nnviz.network.initializers.normal import Normal
from nnviz.network.initializers.orthogonal import Orthogonal
from nnviz.network.initializers.uniform import Uniform
from nnviz.network.initializers.zeros import Zeros
from nnviz.network.layers import Parameter
from nnviz.network.layers.batch_norm import BatchNorm
from nnviz.network.layers.conv2d import Conv2d
from nnviz.network.layers.dropout import Dropout
from nnviz.network.layers.flatten import Flatten
from nnviz.network.layers.layer_norm import LayerNorm
from nnviz.network.layers.linear import Linear
from nnviz.network.layers.relu import ReLU
from nnviz.network.layers.tanh import Tanh
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import initial_parameters, plan
from nnviz.settings import decode, encode, fields

WEIGHT = Parameter("weight", (500, 300), "weight", fan_in=300, fan_out=500)
FILTERS = Parameter("weight", (64, 32, 5, 5), "weight", fan_in=32 * 25, fan_out=64 * 25)
GAIN = 1.7

DEVIATIONS = [
    (Glorot(), lambda p: GAIN * math.sqrt(2 / (p.fan_in + p.fan_out))),
    (He(), lambda p: math.sqrt(2 / p.fan_in)),
    (LeCun(), lambda p: math.sqrt(1 / p.fan_in)),
    (Normal(std=0.3), lambda p: 0.3),
    (Uniform(limit=0.5), lambda p: 0.5 / math.sqrt(3)),
    (Orthogonal(), lambda p: GAIN / math.sqrt(max(p.shape[0], p.size // p.shape[0]))),
]
SHAPED = [
    (initializer.replace(distribution=name), deviation)
    for initializer, deviation in DEVIATIONS[:3]
    for name in ("uniform", "normal")
]


def _id(value):
    """Name a case by its initializer; the text of a function holds an address, which differs between processes."""
    return "deviation" if callable(value) else str(value)


def draw(initializer, parameter=WEIGHT, seed=0, gain=GAIN):
    return initializer.sample(np.random.default_rng(seed), parameter, gain)


@pytest.mark.parametrize("parameter", [WEIGHT, FILTERS], ids=["linear", "convolution"])
@pytest.mark.parametrize(("initializer", "deviation"), [*SHAPED, *DEVIATIONS[3:]], ids=_id)
def test_mean_and_variance_are_the_closed_form(initializer, deviation, parameter):
    weights = draw(initializer, parameter)
    expected = deviation(parameter)
    assert weights.shape == parameter.shape
    assert weights.dtype == np.float64
    assert abs(weights.mean()) <= 4 * expected / math.sqrt(parameter.size)
    # Var(sample variance) ≤ 2σ⁴/n for normal numbers, less for uniform ones.
    assert abs(weights.var() / expected**2 - 1) <= 4 * math.sqrt(2 / parameter.size)


@pytest.mark.parametrize(("initializer", "deviation"), SHAPED, ids=_id)
def test_distribution_has_its_shape(initializer, deviation):
    weights = draw(initializer) / deviation(WEIGHT)
    kurtosis = (weights**4).mean()
    if initializer.distribution == "uniform":
        assert np.abs(weights).max() <= math.sqrt(3)
        assert kurtosis == pytest.approx(9 / 5, rel=0.02)
    else:
        assert np.abs(weights).max() > 3.5
        assert kurtosis == pytest.approx(3, rel=0.03)


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5), (3, 2, 3, 3), (40, 2, 3, 3), (1, 6), (6, 1)])
def test_orthogonal_rows_or_columns_are_orthonormal(shape):
    matrix = draw(Orthogonal(), Parameter("weight", shape, "weight")).reshape(shape[0], -1)
    short = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(short, GAIN**2 * np.eye(min(matrix.shape)), atol=1e-13)


def test_orthogonal_signs_are_uniform():
    # Without the sign correction LAPACK's first column would always point the same way.
    parameter = Parameter("weight", (3, 3), "weight")
    corner = np.array([draw(Orthogonal(), parameter, seed=seed)[0, 0] for seed in range(400)])
    assert abs((corner > 0).mean() - 0.5) <= 4 * 0.5 / math.sqrt(400)
    assert (corner**2).mean() == pytest.approx(GAIN**2 / 3, rel=0.2)


def test_zeros_are_zero():
    assert not draw(Zeros()).any()


@pytest.mark.parametrize("kind", Initializer.registry, ids=lambda kind: kind.__name__)
def test_every_kind_explains_itself_and_round_trips(kind):
    assert kind.title
    assert kind.help.endswith(".")
    assert kind.__doc__
    assert all(field.help for field in fields(kind))
    assert decode(Initializer, encode(kind())) == kind()
    assert decode(Initializer, kind().kind) == kind()


@pytest.mark.parametrize("kind", Initializer.registry, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (2, 3, 1, 1)])
def test_every_kind_draws_small_shapes(kind, shape):
    fan_in = math.prod(shape[1:])
    weights = draw(kind(), Parameter("weight", shape, "weight", fan_in, shape[0]))
    assert weights.shape == shape
    assert np.isfinite(weights).all()


# ---------------------------------------------------------------- whole networks


def start(*layers, seed=0, initializer=None, shape=(3,)):
    """Return the weight arrays of a network at its start."""
    network = NetworkSettings(layers=layers, initializer=initializer or Glorot())
    planned = plan(network, shape, 2)
    flat = initial_parameters(network, planned, seed)
    return [slot.view(flat) for slot in planned.weight_slots]


def test_the_same_seed_gives_the_same_start_and_another_one_does_not():
    assert all(map(np.array_equal, start(Linear()), start(Linear())))
    assert not np.array_equal(start(Linear())[0], start(Linear(), seed=1)[0])


def test_arrays_of_one_network_differ():
    first, second, _ = start(Linear(units=3), Linear(units=3))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("kind", Initializer.registry, ids=lambda kind: kind.__name__)
def test_changing_one_layer_leaves_the_others_as_they_were(kind):
    narrow = start(Linear(units=4), Tanh(), Linear(units=5), Tanh(), Linear(units=6), initializer=kind())
    wide = start(Linear(units=9), Tanh(), Linear(units=5), Tanh(), Linear(units=6), initializer=kind())
    assert np.array_equal(narrow[2], wide[2])
    assert np.array_equal(narrow[3], wide[3])


@pytest.mark.parametrize("extra", [Dropout(), BatchNorm(), LayerNorm()], ids=lambda layer: layer.kind)
def test_a_layer_without_weights_leaves_all_weights_as_they_were(extra):
    plain = start(Linear(), Tanh(), Linear(), Tanh())
    with_extra = start(Linear(), extra, Tanh(), Linear(), Tanh())
    assert all(map(np.array_equal, plain, with_extra))


def test_biases_and_shifts_start_at_zero_and_scales_at_one():
    network = NetworkSettings(layers=(Conv2d(), BatchNorm(), ReLU(), Flatten(), Linear(), LayerNorm()))
    planned = plan(network, (1, 4, 4), 3)
    flat = initial_parameters(network, planned, 0)
    values = {"bias": 0.0, "shift": 0.0, "scale": 1.0}
    seen = set()
    for slot in planned.slots:
        if slot.parameter.role != "weight":
            assert (slot.view(flat) == values[slot.parameter.role]).all()
        seen.add(slot.parameter.role)
    assert seen == {"weight", "bias", "scale", "shift"}


def test_the_gain_is_that_of_the_activation_before_the_next_weights():
    def gains(*layers):
        return [np.abs(w).max() * math.sqrt(sum(w.shape) / 6) for w in start(*layers, shape=(400,))]

    hidden, output = gains(Linear(units=400), BatchNorm(), Dropout(), ReLU())
    assert hidden == pytest.approx(math.sqrt(2), rel=0.01)
    assert output == pytest.approx(1, rel=0.02)
    first, second, _ = gains(Linear(units=400), Linear(units=400), Tanh())
    assert first == pytest.approx(1, rel=0.01)
    assert second == pytest.approx(5 / 3, rel=0.01)


@pytest.mark.parametrize("layers", [(ReLU(), He()), (Tanh(), Glorot()), (ReLU(), Orthogonal())], ids=str)
def test_signals_keep_their_size_through_many_layers(layers):
    activation, initializer = layers
    x = np.random.default_rng(0).normal(size=(200, 256))
    stack = [layer for _ in range(10) for layer in (Linear(units=256), activation)]
    for weights in start(*stack, initializer=initializer, shape=(256,))[:-1]:
        x = x @ weights.T
        x = np.maximum(x, 0) if isinstance(activation, ReLU) else np.tanh(x)
    assert 0.2 <= math.sqrt((x**2).mean()) <= 2.0
