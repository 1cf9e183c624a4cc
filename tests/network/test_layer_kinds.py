"""Every layer kind: what it says about shapes and parameters against what torch makes of it."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import erf

from nnviz.network.layers import Layer, Parameter, ShapeError
from nnviz.network.layers.average_pool import AveragePool
from nnviz.network.layers.batch_norm import BatchNorm
from nnviz.network.layers.conv2d import Conv2d
from nnviz.network.layers.flatten import Flatten
from nnviz.network.layers.layer_norm import LayerNorm
from nnviz.network.layers.leaky_relu import LeakyReLU
from nnviz.network.layers.linear import Linear
from nnviz.network.layers.max_pool import MaxPool
from nnviz.settings import SettingsError, decode, encode, fields

SHAPES = [(1,), (3,), (16,), (1, 8, 8), (3, 5, 7)]
CONVOLUTIONS = [
    Conv2d(filters=4, kernel=kernel, stride=stride, padding=padding)
    for kernel in (1, 2, 3, 4, 5)
    for stride in (1, 2, 3)
    for padding in ("same", "valid")
]
VARIANTS = [*(kind() for kind in Layer.registry), *CONVOLUTIONS, MaxPool(size=3), AveragePool(size=5)]


def accepted():
    for layer in VARIANTS:
        for shape in SHAPES:
            try:
                layer.output_shape(shape)
            except ShapeError:
                continue
            yield pytest.param(layer, shape, id=f"{layer.kind} {layer.summary()} on {shape}")


@pytest.mark.parametrize(("layer", "shape"), list(accepted()))
@pytest.mark.parametrize("training", [True, False])
def test_output_shape_is_that_of_torch(layer, shape, training):
    module = layer.module(shape).train(training)
    for batch in (1, 2, 5):
        output = module(torch.randn(batch, *shape))
        assert tuple(output.shape) == (batch, *layer.output_shape(shape))
        assert torch.isfinite(output).all()


@pytest.mark.parametrize(("layer", "shape"), list(accepted()))
def test_parameters_are_those_of_torch_in_order(layer, shape):
    ours = [(p.name, p.shape) for p in layer.parameters(shape)]
    theirs = [(name.rpartition(".")[2], tuple(p.shape)) for name, p in layer.module(shape).named_parameters()]
    assert ours == theirs


@pytest.mark.parametrize(("layer", "shape"), list(accepted()))
def test_fans_are_those_of_torch(layer, shape):
    for parameter in layer.parameters(shape):
        if parameter.role == "weight":
            fans = torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(parameter.shape))
            assert (parameter.fan_in, parameter.fan_out) == fans


def test_roles():
    def roles(layer, shape):
        return [p.role for p in layer.parameters(shape)]

    assert roles(Linear(), (3,)) == ["weight", "bias"]
    assert roles(Conv2d(), (1, 8, 8)) == ["weight", "bias"]
    assert roles(BatchNorm(), (3,)) == roles(LayerNorm(), (3,)) == ["scale", "shift"]
    assert Parameter("weight", (2, 3), "weight").size == 6


@pytest.mark.parametrize("kind", Layer.registry, ids=lambda kind: kind.__name__)
def test_every_kind_explains_itself(kind):
    assert kind.title
    assert len(kind.help) > 20
    assert kind.help.endswith(".")
    assert kind.__doc__
    assert kind.group in ("units", "activation", "regularization", "normalization", "image")
    assert kind().kind == kind().kind.lower()
    assert all(field.help and field.title for field in fields(kind))


@pytest.mark.parametrize("layer", VARIANTS, ids=lambda layer: f"{layer.kind} {layer.summary()}")
def test_settings_round_trip(layer):
    assert decode(Layer, encode(layer)) == layer
    assert decode(Layer, layer.kind) == type(layer)()


@pytest.mark.parametrize("kind", Layer.registry, ids=lambda kind: kind.__name__)
def test_numbers_out_of_range_are_refused(kind):
    for field in fields(kind):
        if field.maximum is not None:
            with pytest.raises(SettingsError):
                decode(kind, {"kind": kind().kind, field.name: field.maximum + 1})


LIVE = [(kind, field) for kind in Layer.registry for field in fields(kind) if field.live]


@pytest.mark.parametrize(("kind", "field"), LIVE, ids=[f"{kind.__name__} {field.name}" for kind, field in LIVE])
def test_live_settings_reach_a_module_in_training(kind, field):
    def numbers(module):
        return {name: value for name, value in vars(module).items() if isinstance(value, float)}

    module = kind().module((3,))
    after = kind().replace(**{field.name: field.maximum / 2})
    assert numbers(module) != numbers(after.module((3,)))
    after.configure(module)
    assert numbers(module) == numbers(after.module((3,)))


# ---------------------------------------------------------------- formulas

FORMULAS = {
    "relu": lambda x: max(x, 0.0),
    "leaky-relu": lambda x: x if x > 0 else 0.01 * x,
    "gelu": lambda x: x / 2 * (1 + erf(x / math.sqrt(2))),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "sine": math.sin,
}


@pytest.mark.parametrize("name", FORMULAS)
def test_activation_computes_its_formula(name):
    x = np.linspace(-6, 6, 41)
    y = Layer.registry[name]().module((41,))(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(y, [FORMULAS[name](v) for v in x], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    ("layer", "nonlinearity"),
    [
        *((Layer.registry[name](), name) for name in ("relu", "tanh", "sigmoid", "linear", "conv2d")),
        (LeakyReLU(), "leaky_relu"),
        (LeakyReLU(slope=0.3), "leaky_relu"),
    ],
    ids=str,
)
def test_gain_is_that_of_torch(layer, nonlinearity):
    slope = getattr(layer, "slope", None)
    assert layer.gain == pytest.approx(torch.nn.init.calculate_gain(nonlinearity, slope), rel=1e-15)


@pytest.mark.parametrize("name", ["relu", "gelu", "silu", "softplus", "sine"])
def test_gain_keeps_the_mean_square(name):
    def weighted(z):
        return FORMULAS[name](z) ** 2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    mean_square = quad(weighted, -12, 0)[0] + quad(weighted, 0, 12)[0]
    assert Layer.registry[name]().gain == pytest.approx(1 / math.sqrt(mean_square), rel=1e-8)


@pytest.mark.parametrize("layer", CONVOLUTIONS, ids=lambda layer: f"{layer.summary()} {layer.stride} {layer.padding}")
def test_convolution_computes_its_formula(layer):
    torch.manual_seed(0)
    module = layer.module((2, 7, 6)).double()
    weight, bias = (p.detach().numpy() for p in module.parameters())
    x = np.random.default_rng(0).normal(size=(2, 7, 6))
    before = (layer.kernel - 1) // 2 if layer.padding == "same" else 0
    after = layer.kernel - 1 - before if layer.padding == "same" else 0
    padded = np.pad(x, ((0, 0), (before, after), (before, after)))
    expected = np.empty(layer.output_shape(x.shape))
    for f, i, j in np.ndindex(expected.shape):
        top, left = layer.stride * i, layer.stride * j
        seen = padded[:, top : top + layer.kernel, left : left + layer.kernel]
        expected[f, i, j] = bias[f] + (weight[f] * seen).sum()
    y = module(torch.from_numpy(x)[None])[0].detach().numpy()
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-13)


def test_same_padding_keeps_the_size_for_stride_one():
    for kernel in range(1, 12):
        assert Conv2d(filters=2, kernel=kernel).output_shape((1, 3, 5)) == (2, 3, 5)
        assert Conv2d(filters=2, kernel=kernel, stride=2).output_shape((1, 3, 5)) == (2, 2, 3)


# ---------------------------------------------------------------- normalization


@pytest.mark.parametrize("shape", [(4,), (4, 1, 1)])
def test_batch_norm_of_a_single_value_uses_the_running_averages(shape):
    module = BatchNorm().module(shape)
    for _ in range(20):
        module(3.0 + 2.0 * torch.randn(64, *shape))
    mean, variance = module.running_mean.clone(), module.running_var.clone()
    x = torch.randn(1, *shape)
    in_training = module(x)
    torch.testing.assert_close(in_training, module.eval()(x))
    torch.testing.assert_close(in_training.flatten(), (x.flatten() - mean) / torch.sqrt(variance + 1e-5))
    assert torch.equal(mean, module.running_mean)
    assert torch.equal(variance, module.running_var)


@pytest.mark.parametrize(("shape", "reference"), [((4,), torch.nn.BatchNorm1d), ((4, 3, 3), torch.nn.BatchNorm2d)])
def test_batch_norm_is_torchs_otherwise(shape, reference):
    ours, theirs = BatchNorm(momentum=0.3).module(shape), reference(4, momentum=0.3)
    for batch in (2, 5) if len(shape) == 1 else (1, 2, 5):
        x = 1.0 + torch.randn(batch, *shape)
        assert torch.equal(ours(x), theirs(x))
        assert torch.equal(ours.running_var, theirs.running_var)
    assert torch.equal(ours.eval()(x), theirs.eval()(x))


@pytest.mark.parametrize("shape", [(6,), (2, 3, 4)])
def test_layer_norm_looks_at_one_sample_at_a_time(shape):
    x = 5.0 + 3.0 * torch.randn(7, *shape, dtype=torch.float64)
    y = LayerNorm().module(shape).double()(x).flatten(1)
    torch.testing.assert_close(y.mean(1), torch.zeros(7, dtype=torch.float64))
    torch.testing.assert_close(y.var(1, correction=0), torch.ones(7, dtype=torch.float64), rtol=1e-3, atol=0)


# ---------------------------------------------------------------- what cannot work


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (Linear(), (1, 8, 8), ["A linear layer", "1×8×8", "insert a Flatten layer before it"]),
        (Conv2d(), (5,), ["A convolution", "5 features", "image data"]),
        (MaxPool(), (5,), ["A max pool", "5 features"]),
        (AveragePool(), (5,), ["An average pool", "5 features"]),
        (Conv2d(kernel=5, padding="valid"), (1, 8, 4), ["5×5", "8×4", "smaller kernel size", "`same`"]),
        (MaxPool(), (3, 1, 1), ["2×2", "1×1", "remove it."]),
        (AveragePool(size=4), (3, 3, 8), ["4×4", "3×8", "smaller size"]),
        (LayerNorm(), (1,), ["Layer norm", "only one", "remove it"]),
    ],
    ids=str,
)
def test_shape_errors_say_what_to_do(layer, shape, words):
    with pytest.raises(ShapeError) as caught:
        layer.output_shape(shape)
    sentence = str(caught.value)
    assert all(word in sentence for word in words), sentence
    assert sentence.endswith(".")


def test_flatten_leaves_a_flat_input_alone():
    x = torch.randn(2, 5)
    assert Flatten().output_shape((5,)) == (5,)
    assert torch.equal(Flatten().module((5,))(x), x)


def test_pools_leave_out_incomplete_squares():
    x = torch.arange(15.0).reshape(1, 1, 3, 5)
    assert MaxPool().module((1, 3, 5))(x).tolist() == [[[[6.0, 8.0]]]]
    assert AveragePool().module((1, 3, 5))(x).tolist() == [[[[3.0, 5.0]]]]


def test_planning_a_network_does_not_load_torch():
    script = (
        "import sys\n"
        "from nnviz.network.shapes import plan\n"
        "from nnviz.network import edit\n"
        "from nnviz.network.layers import Layer\n"
        "from nnviz.network.settings import NetworkSettings\n"
        "for kind in Layer.registry:\n"
        "    plan(NetworkSettings(layers=(kind(),)), (1, 8, 8), 2).describe()\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
