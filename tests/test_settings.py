"""Settings: what is accepted, what is refused and in which words, and what differs between two."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.data.settings import DataSettings
from nnviz.engines.optimizers import Optimizer
from nnviz.engines.optimizers.adam import Adam
from nnviz.engines.optimizers.sgd import Sgd
from nnviz.engines.settings import TrainingSettings
from nnviz.experiment import Experiment
from nnviz.network.layers import Layer
from nnviz.network.layers.linear import Linear
from nnviz.network.layers.relu import ReLU
from nnviz.network.settings import NetworkSettings
from nnviz.settings import (
    Settings,
    SettingsError,
    changed,
    decode,
    differences,
    encode,
    fields,
    knob,
    parse_assignment,
)


def test_fields_carry_what_a_form_needs() -> None:
    by_name = {field.name: field for field in fields(TrainingSettings)}
    rate = by_name["learning_rate"]
    assert (rate.type, rate.default, rate.minimum, rate.maximum) == (float, 0.03, 0.0, 100.0)
    assert (rate.scale, rate.live, rate.soft_max) == ("log", True, 10.0)
    assert by_name["optimizer"].registry is Optimizer.registry
    assert by_name["precision"].options == ("float32", "float64")
    assert not by_name["precision"].live
    assert by_name["precision"].advanced


def test_a_field_without_a_knob_still_has_a_title() -> None:
    class Bare(Settings, frozen=True):
        train_share: float = 0.5

    assert fields(Bare)[0].title == "Train share"


def test_a_default_factory_gives_its_value() -> None:
    import msgspec

    class Listed(Settings, frozen=True):
        names: Annotated[list[str], knob("Names", "Some names.")] = msgspec.field(default_factory=lambda: ["a"])

    assert fields(Listed)[0].default == ["a"]


WRONG = [
    (TrainingSettings, {"learning_rate": -1.0}, "learning_rate: Expected a number above 0, not -1.0."),
    (TrainingSettings, {"batch_size": 2.5}, "batch_size: Expected a whole number, not 2.5."),
    (
        TrainingSettings,
        {"lerning_rate": 1.0},
        "There is no setting called 'lerning_rate'. Did you mean 'learning_rate'?",
    ),
    (TrainingSettings, {"optimizer": "adm"}, "optimizer: There is no optimizer called 'adm'. Did you mean 'adam'?"),
    (TrainingSettings, {"optimizer": 3}, "optimizer: Expected the name of an optimizer, or a table with its kind"),
    (
        TrainingSettings,
        {"optimizer": {"kind": "adam", "beta1": 2.0}},
        "optimizer.beta1: Expected a number below 1, not 2.0.",
    ),
    (NetworkSettings, {"layers": [{"kind": "linear", "units": 0}]}, "layers[0].units: Expected a whole number"),
    (
        NetworkSettings,
        {"layers": ["tanh", {"kind": "linear", "unit": 4}]},
        "layers[1]: There is no setting called 'unit'",
    ),
    (NetworkSettings, {"layers": "tanh"}, "layers: Expected a list, not 'tanh'."),
    (DataSettings, {"source": {"kind": "circles", "samples": "many"}}, "source.samples: Expected a whole number"),
    (Experiment, {"network": {"layers": [{"kind": "linear", "units": -3}]}}, "network.layers[0].units: Expected"),
    (Experiment, {"data": {"plane": {"mode": "oblique"}}}, "data.plane.mode: Expected one of features, principal"),
    (Experiment, {"seed": 2**31}, "seed: Expected a whole number of at most 2147483647, not 2147483648."),
]


@pytest.mark.parametrize(("cls", "raw", "sentence"), WRONG, ids=[str(case[2])[:40] for case in WRONG])
def test_what_is_wrong_is_said_with_its_place(cls: type[Settings], raw: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        decode(cls, raw)
    said = str(caught.value)
    assert said.startswith(sentence.replace("`", "")), said
    assert said.endswith((".", "?"))
    assert "\n" not in said
    assert "`" not in said


def test_where_comes_first() -> None:
    with pytest.raises(SettingsError, match=r"^mine\.toml\.training\.l1: "):
        decode(Experiment, {"training": {"l1": -1.0}}, where="mine.toml")


def test_a_choice_is_a_name_or_a_table_or_itself() -> None:
    for raw in ("adam", {"kind": "adam"}, Adam()):
        assert decode(TrainingSettings, {"optimizer": raw}).optimizer == Adam()
    assert decode(TrainingSettings, {"optimizer": {"kind": "adam", "beta1": 0.5}}).optimizer == Adam(beta1=0.5)


def test_changed_replaces_one_setting_and_leaves_the_original_alone() -> None:
    before = Experiment()
    after = changed(before, "network.layers[0].units", 7)
    assert after.network.layers[0] == Linear(units=7)
    assert before.network.layers[0] == Linear(units=4)
    assert changed(before, "training.optimizer", "adam").training.optimizer == Adam()
    assert changed(before, "training.optimizer", Adam(beta2=0.9)).training.optimizer == Adam(beta2=0.9)
    assert changed(before, "network.layers", [ReLU(), {"kind": "linear"}]).network.layers == (ReLU(), Linear())


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("training.lerning_rate", 1.0, "There is no setting called 'lerning_rate'. Did you mean 'learning_rate'?"),
        ("network.layers[9].units", 1, "network.layers has entries 0 to 3"),
        ("network.layers[0].units", 0, "network.layers[0].units: Expected a whole number of at least 1, not 0."),
        ("training.optimizer.kind", "adam", "There is no setting called 'kind'"),
        ("seed.deeper", 1, "There is no setting called 'deeper'"),
        ("", 1, ""),
    ],
)
def test_changed_refuses_with_the_path(path: str, value: Any, sentence: str) -> None:
    if not path:  # replacing nothing is no change
        assert changed(Experiment(), path, value) == Experiment()
        return
    with pytest.raises(SettingsError) as caught:
        changed(Experiment(), path, value)
    assert sentence in str(caught.value)
    assert path.split(".")[0] in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("training.epochs=50", ("training.epochs", 50)),
        ("training.learning_rate = 1e-3", ("training.learning_rate", 0.001)),
        ("training.optimizer=adam", ("training.optimizer", "adam")),
        ("data.standardize=true", ("data.standardize", True)),
        (
            'network.layers=[{kind="linear", units=3}, "relu"]',
            ("network.layers", [{"kind": "linear", "units": 3}, "relu"]),
        ),
        ("name=a = b", ("name", "a = b")),
        ("name=", ("name", "")),
    ],
)
def test_assignments_are_read_as_toml_or_as_text(text: str, expected: tuple[str, Any]) -> None:
    assert parse_assignment(text) == expected


@pytest.mark.parametrize("text", ["training.epochs", "=5", "  =5", ""])
def test_an_assignment_needs_both_sides(text: str) -> None:
    with pytest.raises(SettingsError, match="write it as path=value"):
        parse_assignment(text)


def test_differences_are_found_setting_by_setting() -> None:
    before = Experiment()
    after = changed(changed(before, "training.learning_rate", 0.1), "network.layers[2].units", 5)
    found = {change.path: change for change in differences(before, after)}
    assert set(found) == {"training.learning_rate", "network.layers[2].units"}
    assert found["training.learning_rate"].live
    assert not found["network.layers[2].units"].live
    assert str(found["training.learning_rate"]) == "Learning rate 0.03 → 0.1"
    assert differences(before, before) == ()


def test_a_changed_list_is_one_difference() -> None:
    before = NetworkSettings()
    (change,) = differences(before, before.replace(layers=before.layers[:2]))
    assert change.path == "layers"
    assert not change.live
    assert str(change) == "Layers 4 entries → 2 entries"


def test_another_kind_is_one_difference_named_by_its_title() -> None:
    (change,) = differences(TrainingSettings(optimizer=Sgd()), TrainingSettings(optimizer=Adam()))
    assert str(change) == "Optimizer SGD → Adam"
    assert change.live


def test_settings_cannot_be_changed_in_place() -> None:
    with pytest.raises(AttributeError):
        Experiment().seed = 3  # type: ignore[misc]


layers = st.lists(
    st.sampled_from([kind() for kind in Layer.registry]) | st.builds(Linear, units=st.integers(1, 64)), max_size=6
)


@given(layers, st.floats(1e-6, 100.0), st.integers(1, 512), st.integers(0, 2**31 - 1))
def test_any_experiment_survives_being_plain(hidden: list[Layer], rate: float, batch_size: int, seed: int) -> None:
    experiment = Experiment(
        network=NetworkSettings(layers=tuple(hidden)),
        training=TrainingSettings(learning_rate=rate, batch_size=batch_size),
        seed=seed,
    )
    assert decode(Experiment, encode(experiment)) == experiment


def test_a_type_that_is_no_setting_is_a_defect() -> None:
    class Odd(Settings, frozen=True):
        what: complex | Literal["x"] = "x"

    with pytest.raises((TypeError, NotImplementedError)):
        decode(Odd, {"what": "y"})
