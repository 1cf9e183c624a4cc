"""A whole network: its plan against the torch module that is built from it."""

import typing

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.network.build import build
from nnviz.network.layers import Layer, ShapeError
from nnviz.network.layers.conv2d import Conv2d
from nnviz.network.layers.dropout import Dropout
from nnviz.network.layers.flatten import Flatten
from nnviz.network.layers.linear import Linear
from nnviz.network.layers.max_pool import MaxPool
from nnviz.network.layers.relu import ReLU
from nnviz.network.layers.tanh import Tanh
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import initial_parameters, plan
from nnviz.settings import decode, encode, fields


def some_values(field):
    if field.options:
        return st.sampled_from(field.options)
    if field.type is int:
        return st.integers(int(field.minimum), int(min(field.maximum, field.minimum + 5)))
    if field.type is float:
        return st.floats(field.minimum, field.maximum, exclude_min=field.minimum == 0)
    raise NotImplementedError(f"no strategy for {field.type}")


def some_layers(kinds=tuple(Layer.registry)):
    return st.one_of([st.builds(kind, **{field.name: some_values(field) for field in fields(kind)}) for kind in kinds])


any_stacks = st.lists(some_layers(), max_size=6)
image_stacks = st.builds(
    lambda image, flat: [*image, Flatten(), *flat],
    st.lists(
        some_layers([kind for kind in Layer.registry if kind.group not in ("units", "image")] + [Conv2d]), max_size=4
    ),
    st.lists(some_layers([kind for kind in Layer.registry if kind.group != "image"]), max_size=4),
)
some_networks = st.builds(lambda layers: NetworkSettings(layers=tuple(layers)), any_stacks | image_stacks)
some_shapes = st.sampled_from([(1,), (3,), (16,), (1, 8, 8), (3, 5, 7), (2, 1, 1)])


@settings(max_examples=150, deadline=None)
@given(some_networks, some_shapes, st.integers(1, 4))
def test_a_plan_is_what_torch_makes_of_it_or_says_why_not(network, shape, n_outputs):
    planned = plan(network, shape, n_outputs)
    assert planned.describe()
    assert [stage for column in planned.columns() for stage in column] == list(planned.stages)
    assert decode(NetworkSettings, encode(network)) == network
    if planned.errors:
        with pytest.raises(ShapeError, match=r"\.$"):
            build(planned)
        return
    module = build(planned)
    assert planned.n_parameters == sum(p.numel() for p in module.parameters())
    assert [s.parameter.shape for s in planned.slots] == [tuple(p.shape) for p in module.parameters()]
    assert initial_parameters(network, planned, 1).shape == (planned.n_parameters,)
    assert planned.n_outputs == n_outputs
    x = torch.zeros(2, *shape)
    for stage, child in zip(planned.stages, module, strict=True):
        assert tuple(x.shape[1:]) == stage.input_shape
        x = child(x)
        assert tuple(x.shape[1:]) == stage.output_shape


@settings(max_examples=60, deadline=None)
@given(st.lists(some_layers(), max_size=5), st.integers(1, 3))
def test_a_stack_of_flat_layers_after_flatten_never_asks_for_another_flatten(layers, n_outputs):
    flat = [layer for layer in layers if layer.group != "image"]
    planned = plan(NetworkSettings(layers=(Flatten(), *flat)), (2, 3, 3), n_outputs)
    assert not any("Flatten" in error for error in planned.errors)


def test_image_without_flatten_before_a_linear_layer():
    planned = plan(NetworkSettings(layers=(Conv2d(), Linear(), Tanh())), (1, 8, 8), 2)
    assert planned.errors == (
        "A linear layer works on a flat list of features, and its input is an image of 8×8×8; "
        "insert a Flatten layer before it.",
    )
    assert [stage.output_shape for stage in planned.stages] == [(8, 8, 8), None, None, None]
    assert planned.n_outputs == 0


@pytest.mark.parametrize("layers", [(), (Conv2d(filters=1), ReLU())])
def test_image_without_flatten_before_the_output(layers):
    planned = plan(NetworkSettings(layers=layers), (1, 8, 8), 2)
    assert planned.errors == (
        "The output layer works on a flat list of features, and its input is an image of 1×8×8; "
        "add a Flatten layer at the end of the network.",
    )
    assert planned.stages[-1].role == "output"
    assert not plan(NetworkSettings(layers=(*layers, Flatten())), (1, 8, 8), 2).errors


def test_kernel_larger_than_the_image_is_told_where_it_stands():
    layers = (MaxPool(size=2), Conv2d(kernel=5, padding="valid"), Flatten())
    planned = plan(NetworkSettings(layers=layers), (1, 8, 8), 2)
    assert planned.stages[1].error == planned.errors[0]
    assert "5×5" in planned.errors[0]
    assert "4×4" in planned.errors[0]


@pytest.mark.parametrize(
    ("layers", "shape", "line"),
    [
        ((), (2,), "2 → 3"),
        ((Linear(units=8), Tanh()), (2,), "2 → 8 tanh → 3"),
        ((Linear(units=8), ReLU(), Dropout()), (2,), "2 → 8 ReLU Dropout → 3"),
        ((Flatten(), Linear(units=8)), (1, 4, 4), "1×4×4 → Flatten → 8 → 3"),
        ((Dropout(), ReLU(), Linear(units=8)), (2,), "2 → Dropout ReLU → 8 → 3"),
        (
            (Conv2d(filters=16), ReLU(), MaxPool(), Flatten()),
            (1, 8, 8),
            "1×8×8 → 3×3 · 16 ReLU Max pool Flatten → 3",
        ),
    ],
)
def test_describe(layers, shape, line):
    assert plan(NetworkSettings(layers=layers), shape, 3).describe() == line


def test_columns_start_at_layers_with_weights():
    layers = (Flatten(), Linear(), Tanh(), Dropout(), Linear(), Tanh())
    columns = plan(NetworkSettings(layers=layers), (1, 2, 2), 1).columns()
    assert [[stage.index for stage in column] for column in columns] == [[0], [1, 2, 3], [4, 5], [6]]


def test_slots_cover_the_flat_array_in_order():
    planned = plan(NetworkSettings(layers=(Conv2d(filters=2), Flatten(), Linear(units=3))), (1, 3, 3), 2)
    flat = np.arange(planned.n_parameters, dtype=np.float64)
    assert [slot.start for slot in planned.slots] == [0, *(slot.stop for slot in planned.slots)][:-1]
    assert planned.slots[-1].stop == planned.n_parameters == 2 * 9 + 2 + 3 * 18 + 3 + 2 * 3 + 2
    views = [slot.view(flat) for slot in planned.slots]
    assert np.array_equal(np.concatenate([view.ravel() for view in views]), flat)
    assert all(np.shares_memory(view, flat) for view in views)
    assert [slot.stage for slot in planned.weight_slots] == [0, 2, 3]


def test_flat_parameters_give_torch_the_same_network():
    network = NetworkSettings()
    planned = plan(network, (2,), 1)
    flat = initial_parameters(network, planned, 5)
    module = build(planned).double()
    torch.nn.utils.vector_to_parameters(torch.from_numpy(flat), module.parameters())
    x = np.random.default_rng(0).normal(size=(4, 2))
    w1, b1, w2, b2, w3, b3 = (slot.view(flat) for slot in planned.slots)
    expected = np.tanh(np.tanh(x @ w1.T + b1) @ w2.T + b2) @ w3.T + b3
    np.testing.assert_allclose(module(torch.from_numpy(x)).detach().numpy(), expected, rtol=1e-12)


def test_every_group_has_a_layer():
    groups = set(typing.get_args(typing.get_args(typing.get_type_hints(Layer)["group"])[0]))
    assert {kind.group for kind in Layer.registry} == groups
