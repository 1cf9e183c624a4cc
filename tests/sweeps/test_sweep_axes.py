"""What `--vary` accepts and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sessions import quick

from nnviz.settings import SettingsError
from nnviz.sweeps.axes import Axis, at_point, label, parse_axes, within

DROPOUT = ["network.layers=[{kind='linear', units=3}, {kind='dropout', rate=0.2}]"]


def axis(text: str, *settings: str) -> Axis:
    return parse_axes(quick(*settings), [text])[0]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("training.weight_decay=0,1e-4,1e-3", (0.0, 1e-4, 1e-3)),
        ("training.weight_decay=.5,1", (0.5, 1.0)),
        ("training.weight_decay=1e-4:1:log5", (1e-4, 1e-3, 1e-2, 1e-1, 1.0)),
        ("training.weight_decay=0,1e-2:1:log3", (0.0, 0.01, 0.1, 1.0)),
        ("training.weight_decay=0:1:lin5", (0.0, 0.25, 0.5, 0.75, 1.0)),
        ("training.weight_decay=0:0.3:0.1", (0.0, 0.1, 0.2, 0.3)),
        ("training.weight_decay=2:2:log1", (2.0,)),
        ("network.layers[0].units=1:4", (1, 2, 3, 4)),
        ("network.layers.0.units=2:9:3", (2, 5, 8)),
        ("network.layers[0].units=1:3:lin9", (1, 2, 3)),
        ("training.optimizer=sgd,adam", ("sgd", "adam")),
        ('training.optimizer=sgd,{kind="adam", beta1=0.8}', ("sgd", {"kind": "adam", "beta1": 0.8})),
        ('training.optimizer=adam,{kind="adam"}', ("adam",)),
        ("data.standardize=false,true", (False, True)),
        ("network.layers=[],['tanh'],[{kind='linear', units=2}, 'relu']", None),
    ],
)
def test_values(text: str, values: tuple[object, ...] | None) -> None:
    found = axis(text)
    if values is None:
        assert len(found) == 3
    else:
        assert found.values == values
        assert [type(a) for a in found.values] == [type(b) for b in values]
    assert found.path in ("network.layers[0].units", text.partition("=")[0])


def test_sixteen_widths_from_one_to_three_hundred() -> None:
    found = axis("network.layers[0].units=1:300:log16")
    exact = np.geomspace(1, 300, 16)
    assert set(found.values) == {round(each) for each in exact}
    assert found.values[0] == 1
    assert found.values[-1] == 300
    assert list(found.values) == sorted(found.values)


@given(low=st.floats(1e-6, 1e-2), ratio=st.floats(1.001, 1e3), n=st.integers(2, 40))
def test_a_logarithmic_range_has_equal_ratios(low: float, ratio: float, n: int) -> None:
    values = axis(f"training.learning_rate={low!r}:{low * ratio!r}:log{n}").values
    steps = np.diff(np.log(values))
    assert len(values) == n
    assert values[0] == pytest.approx(low, rel=1e-10)
    assert values[-1] == pytest.approx(low * ratio, rel=1e-10)
    assert steps == pytest.approx(np.full(n - 1, math.log(ratio) / (n - 1)), abs=1e-9)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("training.weight_decay", "varies nothing"),
        ("=1,2", "varies nothing"),
        ("training.weight_decay=", "no values"),
        ("training.weight_decay=0,,1", "empty value"),
        ("training.weight_decay=0,-1", "training.weight_decay: Expected a number of at least 0, not -1"),
        ("training.weight_decay=0,much", "training.weight_decay: Expected a number, not 'much'"),
        ("training.weight_decay=nan", "nan is not a finite number"),
        ("training.weight_decay=1e400:1:log2", "not a finite number"),
        ("training.weight_decay=0:1:log3", "positive ends only"),
        ("training.weight_decay=1:0:lin3", "write the smaller end first"),
        ("training.weight_decay=0:1:0", "needs a step above 0"),
        ("training.weight_decay=0:1:lin0", "asks for 0 values"),
        ("training.weight_decay=0:1:1e-9", "larger step"),
        ("training.weight_decay=0:1:lin999999999", "999,999,999 values"),
        ("training.weight_dekay=0,1", "Did you mean 'weight_decay'"),
        ("training.optimizer=sgd,adamm", "Did you mean 'adam'"),
        ("training.optimizer.beta1=0.5", "There is no setting called 'beta1'"),
        ("network.layers[0].units=0:3", "network.layers[0].units: Expected a whole number of at least 1, not 0"),
        ("network.layers[0].units=1.5", "not 1.5"),
        ("network.layers[7].units=1,2", "network.layers[7].units: network.layers has entries 0 to 1"),
        ("seed=1,2", "--seeds"),
        ("name=a,b", "no bearing on training"),
        ("data.plane.first=0,1", "no bearing on training"),
    ],
)
def test_what_will_not_do_is_said_with_path_and_value(text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        axis(text)
    assert said in str(caught.value)


def test_one_setting_is_varied_once() -> None:
    with pytest.raises(SettingsError, match="Varied twice"):
        parse_axes(quick(), ["network.layers[0].units=1,2", "network.layers.0.units=3"])


def test_a_setting_of_a_kind_that_is_varied_too() -> None:
    experiment = quick()
    texts = ["training.optimizer.beta1=0.5,0.9", "training.optimizer=adam,adamw"]
    axes = parse_axes(experiment, texts)
    assert [each.path for each in axes] == ["training.optimizer.beta1", "training.optimizer"], "in the order given"
    made = at_point(experiment, axes, (0.5, "adamw"))
    assert (made.training.optimizer.kind, made.training.optimizer.beta1) == ("adamw", 0.5)  # type: ignore[attr-defined]
    with pytest.raises(SettingsError, match="beta1"):
        parse_axes(experiment, [texts[0], "training.optimizer=adam,sgd"])


@pytest.mark.parametrize(("inner", "outer"), [("a.b", "a"), ("a[1].b", "a"), ("a.b[0]", "a.b")])
def test_within(inner: str, outer: str) -> None:
    assert within(inner, outer)
    assert not within(outer, inner)
    assert not within(outer, outer)
    assert not within("ab.c", "a")


@given(share=st.floats(0.0, 1.0, exclude_max=True))
def test_drawing_stays_within(share: float) -> None:
    widths, rates, kinds = parse_axes(
        quick(),
        ["network.layers[0].units=2:50:log5", "training.learning_rate=0.01:1:log4", "training.optimizer=sgd,adam"],
    )
    assert widths.draw(share) in range(2, 51)
    assert 0.01 <= rates.draw(share) <= 1.0
    assert type(rates.draw(np.float64(share))) is float
    assert kinds.draw(share) in ("sgd", "adam")
    assert kinds.distinct == 2
    assert widths.distinct == 49
    assert rates.distinct == math.inf


def test_cells_lead_back_to_values() -> None:
    texts = ["data.standardize=true,false", "training.optimizer=sgd,{kind='adam', beta1=0.8}", "training.l1=0,0.5"]
    kinds = [bool, str, float]
    for found, kind in zip(parse_axes(quick(), texts), kinds, strict=True):
        assert found.kind is kind
        assert [found.value_of(found.cell(value)) for value in found.values] == list(found.values)


def test_labels() -> None:
    assert [label(each) for each in (True, 3, 0.1, "adam", {"kind": "adam"})] == [
        "true",
        "3",
        "0.1",
        "adam",
        '{"kind": "adam"}',
    ]


def test_a_rate_inside_a_layer_has_its_own_title() -> None:
    found = axis("network.layers[1].rate=0,0.5", *DROPOUT)
    assert found.title != found.path
    assert found.values == (0.0, 0.5)


ODD = st.text("0123456789_.,:eE+-[]{}\"'= logintrue\n²٣-T", max_size=24)
"""Texts of what numbers, ranges, dates and tables consist of."""


@given(text=st.one_of(ODD, st.text(max_size=12)), path=st.sampled_from(["training.l1", "training.patience", "seed"]))
def test_any_text_varies_something_or_is_refused_in_a_sentence(text: str, path: str) -> None:
    try:
        found = axis(f"{path}={text}")
    except SettingsError:
        return
    assert all(at_point(quick(), [found], [value]) for value in found.values)


@given(ends=st.tuples(st.floats(), st.floats()), how=st.one_of(st.floats(), st.sampled_from(["log3", "lin3", "lin1"])))
def test_any_range_is_finite_or_refused(ends: tuple[float, float], how: float | str) -> None:
    for path in ("training.weight_decay", "training.patience"):
        try:
            found = axis(f"{path}={ends[0]}:{ends[1]}:{how}")
        except SettingsError:
            continue
        assert all(math.isfinite(value) for value in found.values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("1_,2", "Expected a number, not '1_'"),
        ("2020-01-01,1", "2020-01-01 holds a date"),
        ("[12:30:00]", "[12:30:00] holds a date, a time"),
        ("0:1e308:1e-308", "more than 10,000 values"),
        ("-1e308:1e308:1", "ends too far apart"),
        ("{x=nan}", "a number that is not finite"),
        ("1" * 5000, "not a finite number"),
        ("[" * 5000, "Expected a number"),
    ],
)
def test_numbers_that_are_none_are_said(values: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        axis(f"training.weight_decay={values}")
    assert said in str(caught.value)


def test_digits_may_be_grouped() -> None:
    assert axis("training.weight_decay=1_0,.2_5,3_0:4_0:lin2").values == (10.0, 0.25, 30.0, 40.0)


# ---------------------------------------------------------------- what searches draw from


def test_both_ends_of_a_span_are_checked() -> None:
    with pytest.raises(SettingsError, match=r"training.label_smoothing: .*5"):
        axis("training.label_smoothing=0:5:lin1")


@given(low=st.floats(0.0, 20.0), width=st.floats(0.0, 20.0), scale=st.sampled_from(["lin", "log"]))
def test_whole_numbers_are_drawn_from_whole_ends(low: float, width: float, scale: str) -> None:
    try:
        found = axis(f"training.patience={low}:{low + width}:{scale}2")
    except SettingsError:
        assert scale == "log"
        assert np.round(low) == 0
        return
    drawn = {found.draw(share) for share in np.linspace(0.0, 1.0, 400, endpoint=False)}
    assert {type(value) for value in drawn} == {int}
    assert min(drawn) == min(found.values)
    assert len(drawn) <= found.distinct == found.values[-1] - found.values[0] + 1
